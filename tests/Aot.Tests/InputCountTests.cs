using System.Reflection;
using System.Runtime.CompilerServices;
using System.Runtime.Loader;
using GraphCompiler.Frontend;
using GraphCompiler.Frontend.Optimizers;
using GraphCompiler.IR;
using GraphCompiler.IR.Ops;
using GraphCompiler.Runtime;
using GraphCompiler.Runtime.Deployment;
using Xunit;
using static GraphCompiler.IR.DType;

namespace GraphCompiler.Aot.Tests;

/// <summary>Facades and C functions take as many inputs as the model has.</summary>
public sealed class InputCountTests
{
    private const int MostInputs = 1024;

    // Even inputs are s_even, odd ones s_odd. All numbers are small multiples of 1/2: sums are exact.
    private static readonly float[] s_even = [1, 2, -3];
    private static readonly int[] s_odd = [4, -5, 6];

    // y = w (2 + sum of i + 1 times input i); the step has one input more, which is of even number.
    private static (GraphBuilder Graph, Value Y) Declare(int inputs)
    {
        var g = new GraphBuilder("many");
        var w = g.Variable("w", F32[3], Initializer.Constant(1));
        var y = w * 2f;
        for (var i = 0; i < inputs; i++)
        {
            var x = i % 2 == 0 ? g.Input($"x{i}", F32[3]) : g.Input($"x{i}", I32[3]).ConvertTo(F32);
            y += w * x * (i + 1f);
        }
        return (g, y);
    }

    private static float[] Slopes(int inputs) => [.. Enumerable.Range(0, 3).Select(e =>
        2 + Enumerable.Range(0, inputs).Sum(i => (i + 1) * (i % 2 == 0 ? s_even[e] : s_odd[e])))];

    private static string Arguments(int inputs) => string.Join(", ", Enumerable.Range(0, inputs).Select(i => i % 2 == 0 ? "even" : "odd"));

    /// <summary>A program that calls the facade, compiled against it as a user's is. Its argument says whether to do it wrong.</summary>
    private static Func<bool, float[]> Program(BuiltModel built, string body)
    {
        File.WriteAllText(built["Use.cs"], $$"""
            public static class Use
            {
                public static float[] Run(string folder, bool wrong)
                {
                    using var m = new CompiledModels.Many(threads: 1, folder: folder);
                    float[] even = [{{string.Join(',', s_even)}}], two = [1, 2];
                    int[] odd = [{{string.Join(',', s_odd)}}];
                    {{body}}
                }
            }
            """);
        CSharp.Compile(built["Use.cs"], built["Use.dll"], built["many.dll"], typeof(CompiledModel).Assembly.Location);
        var context = new AssemblyLoadContext("use");
        context.LoadFromAssemblyPath(built["many.dll"]);
        var run = context.LoadFromAssemblyPath(built["Use.dll"]).GetType("Use")!.GetMethod("Run")!;
        return wrong => (float[])run.Invoke(null, BindingFlags.DoNotWrapExceptions, null, [built.Folder, wrong], null)!;
    }

    private static string CallFromC(BuiltModel built, string body)
    {
        File.WriteAllText(built["main.c"], $$"""
            #include <stdio.h>
            #include "many.h"
            int main(void) {
                many_model *m;
                float even[3] = { {{string.Join(',', s_even)}} }, loss = 0, y[3];
                int32_t odd[3] = { {{string.Join(',', s_odd)}} };
                int status = many_create(1, &m);
                (void)even, (void)odd;
                if (status) return 1;
                {{body}}
                printf("%.9g %.9g %.9g %.9g", loss, y[0], y[1], y[2]);
                many_destroy(m);
                return status;
            }
            """);
        Assert.Equal((0, ""), BuiltModel.Run("cc", "-std=c11", "-Wall", "-Wextra", "-Wpedantic", "-Werror", "-I", built.Folder,
            "-o", built["main"], built["main.c"], "-L", built.Folder, "-lmany", $"-Wl,-rpath,{built.Folder}"));
        var (code, text) = BuiltModel.Run(built["main"]);
        Assert.Equal(0, code);
        return text;
    }

    [Theory]
    [InlineData(0)]
    [InlineData(40)]
    public void AStepAndItsPredictionTakeAnyNumber(int inputs)
    {
        var (g, y) = Declare(inputs);
        var last = inputs % 2 == 0 ? g.Input("last", F32[3]) : g.Input("last", I32[3]).ConvertTo(F32);
        var plan = g.Minimize(y.Sum() + last.Sum(), new Sgd(0.5));
        using var built = new BuiltModel("many", new ModelDeclaration(plan, y));
        var slopes = Slopes(inputs);
        // The gradient of w is the slope.
        float[] expected = [slopes.Sum() + (inputs % 2 == 0 ? s_even.Sum() : s_odd.Sum()), .. slopes.Select(s => (1 - 0.5f * s) * s)];
        var (all, fewer) = (Arguments(inputs + 1), Arguments(inputs));
        Assert.Equal(expected, Program(built, $"return [m.TrainStep({all}), .. m.Predict({fewer})];")(false));
        var given = fewer.Length == 0 ? "" : $"{fewer}, ";
        Assert.Equal(string.Join(' ', expected),
            CallFromC(built, $"status = many_train_step(m, {all}, &loss); if (!status) status = many_predict(m, {given}y);"));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(17)]
    public void AFunctionTakesAnyNumberAndChecksEachLength(int inputs)
    {
        var (g, y) = Declare(inputs);
        using var built = new BuiltModel("many", new ModelDeclaration(g.Function(("y", y))));
        var arguments = Arguments(inputs);
        var wrong = inputs == 0 ? "" : $"if (wrong) m.Run({Arguments(inputs - 1)}, two); ";
        var program = Program(built, $"{wrong}m.Run({arguments}); return m.Y.ToArray();");
        Assert.Equal(Slopes(inputs), program(false));
        var given = arguments.Length == 0 ? "" : $"{arguments}, ";
        Assert.Equal($"0 {string.Join(' ', Slopes(inputs))}", CallFromC(built, $"status = many_run(m, {given}y);"));
        if (inputs == 0) return;
        var error = Assert.ThrowsAny<Exception>(() => program(true)); // Of the runtime that the facade's context shares.
        Assert.Contains("SGC5001: input 'x16' is f32[3]: 3 elements expected, 2 given", error.Message, StringComparison.Ordinal);
    }

    private static ModelManifest Manifest(int inputs) =>
        NameTests.Manifest("many", [.. Enumerable.Range(0, inputs).Select(i => $"x{i}")], [], []);

    [Fact]
    public void TheLargestFacadeCompilesAndPinsEachInput()
    {
        using var image = new MemoryStream(Facade.Write(Manifest(MostInputs)));
        var step = new AssemblyLoadContext("largest").LoadFromStream(image).GetType("CompiledModels.Many")!.GetMethod("TrainStep")!;
        RuntimeHelpers.PrepareMethod(step.MethodHandle);
        Assert.Equal(MostInputs, step.GetParameters().Length);
        Assert.Equal(MostInputs, step.GetMethodBody()!.LocalVariables.Count(l => l.IsPinned && l.LocalType.IsByRef));
    }

    [Fact]
    public void AFacadeOfMoreInputsIsRefused()
    {
        var error = Assert.Throws<AotException>(() => Facade.Write(Manifest(MostInputs + 1)));
        Assert.Equal("SGC7109", error.Code);
        Assert.Contains("1025", error.Message, StringComparison.Ordinal);
    }
}
