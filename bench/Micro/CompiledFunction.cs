using System.Collections.Immutable;
using GraphCompiler.Frontend;
using GraphCompiler.IR;
using GraphCompiler.Runtime;

namespace GraphCompiler.Bench.Micro;

/// <summary>A case as the compiler makes it; operands live in memory of its own.</summary>
internal sealed class CompiledFunction : IDisposable
{
    private readonly MicroCase _case;
    private readonly Executable _executable;

    public CompiledFunction(MicroCase @case, int threads)
    {
        _case = @case;
        var builder = new FunctionBuilder("micro");
        Value[] operands = [.. @case.Operands.Select((shape, i) => builder.Parameter(NameOf(i), new TensorType(DType.F32, shape)))];
        var function = builder.Build(@case.Compiled(builder, operands));
        ImmutableArray<BufferRole> roles = [.. operands.Select(_ => BufferRole.State)];
        (_executable, _) = Compiler.Compile(function, roles, [.. @case.Replaced], [.. @case.Results.Select((_, i) => $"result{i}")],
            new CompileOptions { Threads = threads }, state: null);
        var elements = @case.CreateOperands();
        for (var i = 0; i < elements.Length; i++) elements[i].CopyTo(_executable.State<float>(NameOf(i)));
    }

    public void Run() => _executable.Run();

    public float[] Result(int i) => _case.Replaced[i] >= 0
        ? _executable.State<float>(NameOf(_case.Replaced[i])).ToArray() : _executable.Output<float>($"result{i}").ToArray();

    public void Dispose() => _executable.Dispose();

    private static string NameOf(int operand) => $"operand{operand}";
}
