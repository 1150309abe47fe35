using CsCheck;
using GraphCompiler.IR;
using GraphCompiler.IR.Ops;
using GraphCompiler.Tests.Shared;
using Xunit;

namespace GraphCompiler.Passes.Tests;

/// <summary>Every pass keeps the meaning of random functions, makes valid IR, and is idempotent where it says so.</summary>
public sealed class PassSemanticsTests
{
    public static TheoryData<string> Passes => ["canonicalize", "fold", "cse", "dce", "decompose", "scatter_rows", "split_reductions",
        "store_padded"];

    private static IPass Create(string name) => PassRegistry.Create(name, new Dictionary<string, string>());

    // Identities and detours around the operations of a random function: what the rules must see through.
    private static Function Disguised(Function function, int seed)
    {
        var random = new Random(seed);
        return Rewriter.Rebuild(function, (operation, builder, operands) =>
        {
            var y = builder.Emit(operation.Op, operands.AsSpan(), operation.Attributes);
            return [y.DType.IsFloating ? Detour(y, random) : y];
        });
    }

    private static Value Detour(Value y, Random random) => random.Next(17) switch
    {
        0 => y * 1,
        1 => -(-y),
        2 => y - 0,
        3 => y.Reshape([-1]).Reshape([.. y.Shape]),
        4 when y.Rank == 2 => y.Transpose().Transpose(),
        5 when y.Rank > 0 => y + y.Constant(0.25).Sum([0], keepAxes: true),
        6 => y / 4,
        7 => y - (-y.Tanh()),
        8 => y.Constant(1, IR.Shape.Scalar).Equal(y.Constant(1, IR.Shape.Scalar)) is var p ? Broadcasting.To(p, y.Shape).Select(y, -y) : y,
        9 when y.Rank > 0 => Broadcasting.To(y.Sum(), y.Shape).Mean([0], keepAxes: true) * 0.01 + y,
        10 when y.Rank > 0 => Repeated(y).Max([0]),
        11 when y.Rank > 0 => Repeated(y).Mean([0]),
        12 when y.Rank > 0 => y.Max([0], keepAxes: true).Max([0], keepAxes: true) + y,
        13 when y.Rank == 2 => y.Transpose().MatMul(y).Transpose().Tanh().Sum() * 0.01 + y,
        14 when y.Rank > 0 => y.Slice([.. y.Shape.Select(_ => 0)], [.. y.Shape]).StopGradient(),
        15 => y + y.Constant(0).Exp() - 1 * y.Constant(1),
        _ => -y * 2 * -1,
    };

    private static Value Repeated(Value y) => Broadcasting.To(y, new Shape([3, .. y.Shape]));

    private static double Tolerance(DType type) => type == DType.F64 ? 1e-11 : 1e-4;

    [Theory]
    [MemberData(nameof(Passes))]
    public void Keeps_the_meaning(string name) => Gen.Int[0, 1_000_000].Sample(seed =>
    {
        foreach (var type in (DType[])[DType.F32, DType.F64])
        {
            var before = Disguised(RandomGraph.Create(seed, type), seed);
            Verifier.Verify(before);
            var after = Create(name).Run(before, new PassContext());
            Verifier.Verify(after);
            Numeric.SameResults(before, after, seed, Tolerance(type));
        }
    }, iter: 60);

    [Theory]
    [MemberData(nameof(Passes))]
    public void Is_idempotent(string name) => Gen.Int[0, 1_000_000].Sample(seed =>
    {
        var once = Create(name).Run(Disguised(RandomGraph.Create(seed, DType.F32), seed), new PassContext());
        Assert.Equal(once.ToString(), Create(name).Run(once, new PassContext()).ToString());
    }, iter: 60);

    [Fact]
    public void Canonicalize_never_adds_live_operations_beside_constants() => Gen.Int[0, 1_000_000].Sample(seed =>
    {
        static int Live(Function f) => new DeadCodeElimination().Run(f, new()).Operations.Count(o => o.Op is not (Constant or Broadcast));
        var before = Disguised(RandomGraph.Create(seed, DType.F32), seed);
        var after = new Canonicalize().Run(before, new PassContext());
        Assert.True(Live(after) <= Live(before), $"{before}\n{after}");
    }, iter: 60);

    [Fact]
    public void Every_bisection_of_the_rewrites_is_correct() => Gen.Int[0, 1_000_000].Sample(seed =>
    {
        var before = Disguised(RandomGraph.Create(seed, DType.F64), seed);
        for (var limit = 0; limit < 12; limit++)
        {
            var context = new PassContext { Budget = new RewriteBudget(limit), VerifyEach = true };
            var after = new PassRunner([.. Pipeline.Training.Where(e => e.Name != "fuse")]).Run(before, context);
            Assert.InRange(context.Budget.Spent, 0, limit);
            Numeric.SameResults(before, after, seed, 1e-11);
        }
    }, iter: 10);

    [Fact]
    public void Derivatives_may_be_optimized() => Gen.Int[0, 1_000_000].Sample(seed =>
    {
        var graph = RandomGraph.Create(seed, DType.F64);
        var b = new FunctionBuilder("f");
        Value[] parameters = [.. graph.Parameters.Select(p => b.Parameter(p.Name!, p.Type))];
        var y = b.Inline(graph, parameters).Where(r => r.DType.IsFloating).Select(r => r.Mean()).Aggregate((s, t) => s + t);
        var before = b.Build(Adjoint.AppendDense(b, y, [.. parameters.Where(p => p.DType.IsFloating)]));
        var after = new PassRunner(Pipeline.Training).Run(before, new PassContext { VerifyEach = true });
        Numeric.SameResults(before, after, seed, 1e-9);
    }, iter: 60);
}
