using GraphCompiler.IR;
using GraphCompiler.IR.Loops;
using GraphCompiler.IR.Ops;
using GraphCompiler.Passes;
using Xunit;
using static GraphCompiler.IR.DType;

namespace GraphCompiler.Backend.Llvm.Tests;

/// <summary>Dense constants of any size and element type.</summary>
[Trait("Category", "Target")]
public sealed class ConstantDataTests
{
    public static TheoryData<int> Sizes => [1, 7, 1023, 1024, 1025, 40_000];

    private static Literal Numbers(TensorType type, int seed = 1)
    {
        var random = new Random(seed);
        return new Literal(type, [.. Enumerable.Range(0, (int)type.Shape.ElementCount)
            .Select(_ => Math.Round(random.NextDouble() * 100) / (type.DType.IsFloating ? 64 : 1))]);
    }

    private static Value Constant(FunctionBuilder builder, Literal literal) =>
        builder.Emit(IR.Ops.Constant.Instance, [], IR.Ops.Constant.Attributes(literal));

    [Theory]
    [MemberData(nameof(Sizes))]
    public void HaveTheirElements(int size)
    {
        foreach (var dtype in (DType[])[F32, F64, F16, BF16, I64, I32, U32, I8, U8])
        {
            var builder = new FunctionBuilder("constant");
            var x = builder.Parameter("x", dtype[size]);
            CompiledFunctionTests.AgreeOnce(builder.Build(x + Constant(builder, Numbers(x.Type))), 0.01, seed: 1, workers: 1);
        }
    }

    [Fact]
    public void OfTruthValues()
    {
        var builder = new FunctionBuilder("constant");
        var x = builder.Parameter("x", F32[5000]);
        var mask = new Literal(Bool[5000], [.. Enumerable.Range(0, 5000).Select(i => i % 3 == 0 ? 1.0 : 0)]);
        CompiledFunctionTests.AgreeOnce(builder.Build(Constant(builder, mask).Select(x, -x)), 0, seed: 1, workers: 2);
    }

    /// <summary>Equal constants are stored once, and a byte of a constant takes a byte.</summary>
    [Fact]
    public void AreStoredOnceAsTheirBytes()
    {
        const int Size = 300_000;
        var builder = new FunctionBuilder("twice");
        var (x, numbers) = (builder.Parameter("x", F32[Size]), Numbers(F32[Size]));
        var program = Lower(builder.Build(x + Constant(builder, numbers),
            x * Constant(builder, Literal.FromBytes(numbers.Type, numbers.ToBytes()))));
        Assert.Equal(2, program.Constants.Length);
        Assert.InRange(StepCompiler.Compile(program, TargetInfo.Create()).Length, Size * sizeof(float), Size * sizeof(float) + 16_384);
    }

    // Without the passes that would make one constant of the two.
    private static IR.Loops.LoopProgram Lower(Function function)
    {
        var fused = new PassRunner([.. Pipeline.Training.Where(p => p.Required)]).Run(function, new PassContext());
        var target = TargetInfo.Create();
        return LowerToLoops.Lower(fused, [-1, -1],
            target.Traits(1), 0);
    }
}
