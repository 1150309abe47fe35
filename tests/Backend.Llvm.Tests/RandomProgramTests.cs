using System.Collections.Immutable;
using GraphCompiler.IR;
using GraphCompiler.IR.Loops;
using GraphCompiler.IR.Ops;
using GraphCompiler.Passes;
using GraphCompiler.Tests.Shared;
using Xunit;

namespace GraphCompiler.Backend.Llvm.Tests;

/// <summary>Random programs of every op: interpreted, folded, with any subset of the optional passes, on one and two threads,
/// with donations.</summary>
[Trait("Category", "Target")]
public sealed class RandomProgramTests
{
    private const int FixedPrograms = 100;

    [Fact]
    public void EveryOpIsDrawn()
    {
        var drawn = new HashSet<Op>();
        for (var seed = 0; seed < 200; seed++) drawn.UnionWith(RandomProgram.Create(seed, DType.F32).Function.Operations.Select(o => o.Op));
        Assert.Empty(OpRegistry.All.Where(o => o is not Fusion && !(RandomProgram.Rules.ContainsKey(o) && drawn.Contains(o)))
            .Select(o => o.Name));
    }

    /// <summary>Among the fixed programs are reductions that are split, of several shapes.</summary>
    [Fact]
    public void LargeReductionsAreDrawn()
    {
        var split = new HashSet<IR.Shape>();
        for (var seed = 0; seed < 100; seed++)
        {
            var function = RandomProgram.Create(seed, DType.F32).Function;
            var live = new DeadCodeElimination().Run(function, new PassContext());
            var after = new SplitReductions().Run(function, new PassContext());
            if (after.Operations.Length != live.Operations.Length) split.Add(function.Parameters[0].Shape);
        }
        Assert.True(split.Count >= 3, $"reductions of {string.Join(", ", split)} are split");
    }

    /// <summary>Among the fixed programs are many whose results depend on windows and on both results of a choice, while kernels write
    /// over the state that they are given: of the same function that is run with its donations.</summary>
    [Fact]
    public void WindowsPairsAndReplacedStateAreDrawnTogether()
    {
        var (windows, pairs, replaced, together) = (0, 0, 0, 0);
        for (var seed = 0; seed < FixedPrograms; seed++)
        {
            var (donating, donated) = RandomDonation.Of(RandomProgram.Create(seed, DType.F32).Function, seed);
            var live = new DeadCodeElimination().Run(donating, new PassContext());
            var read = live.Operations.SelectMany(o => o.Operands).Concat(live.Results).ToHashSet();
            bool[] has = [live.Operations.Any(o => o.Op is Window),
                live.Operations.Any(o => o.Results.Length > 1 && o.Results.All(read.Contains)), OverwritesState(donating, donated)];
            if (has[0]) windows++;
            if (has[1]) pairs++;
            if (has[2]) replaced++;
            if (has.All(h => h)) together++;
        }
        Assert.True(together >= 15, $"of {FixedPrograms} programs {windows} have windows, {pairs} pairs of results, {replaced} replace "
            + $"state, and {together} all of these");
    }

    // Whether a kernel that computes something writes to memory of a parameter, which an operation reads.
    private static bool OverwritesState(Function function, ImmutableArray<int> donated)
    {
        var replaced = donated.Where((d, r) => d >= 0 && function.Results[r].Definition is not null).ToHashSet();
        var read = function.Operations.SelectMany(o => o.Operands).ToHashSet();
        if (!replaced.Any(d => read.Contains(function.Parameters[d]))) return false;
        var program = JitFunction.Lower(JitFunction.Optimized(function, Pipeline.Training), donated, workers: 2, parallelWork: 0);
        return program.Calls.Any(c => c.Kernel.Arguments.Zip(c.Arguments).Any(a => a.First.IsWritten
            && a.Second.Kind == StorageKind.External && replaced.Contains((int)a.Second.Index)));
    }

    /// <summary>A hundred fixed programs.</summary>
    [Fact]
    public void ProgramsAgreeWithTheInterpreter()
    {
        for (var seed = 0; seed < FixedPrograms; seed++) Agree(seed);
    }

    internal static void Agree(int seed)
    {
        var random = new Random(seed);
        var (function, arguments, isExact) = RandomProgram.Create(seed, random.Next(2) == 0 ? DType.F32 : DType.F64);
        var expected = ReferenceInterpreter.Run(function, arguments);
        void Check(Literal[] actual, string way)
        {
            for (var r = 0; r < isExact.Length; r++)
                for (var i = 0L; i < expected[r].Type.Shape.ElementCount; i++)
                    if (!IsSame(expected[r][i], actual[r][i], isExact[r]))
                        Assert.Fail($"seed {seed}, {way}: result {r}[{i}]: expected {expected[r][i]}, got {actual[r][i]}\n{function}");
        }
        var one = Run(function, Pipeline.Training, arguments, 1);
        Check(one, "one thread");
        var two = Run(function, Pipeline.Training, arguments, 2);
        for (var r = 0; r < one.Length; r++)
            Assert.True(one[r].ToBytes().SequenceEqual(two[r].ToBytes()),
                $"seed {seed}: result {r} depends on the number of threads\n{function}");
        Check(Run(function, [.. Pipeline.Training.Where(p => p.Required || random.Next(2) == 0)], arguments, 1), "some passes");
        Check(Run(function, [.. Pipeline.Training.Where(p => p.Required)], arguments, 3), "no optional passes");
        Check(Run(OfConstants(function, arguments), Pipeline.Training, [], 1), "constants");
        var (donating, donated) = RandomDonation.Of(function, seed);
        var fused = JitFunction.Optimized(donating, Pipeline.Training);
        CheckDonated(donating, arguments, JitFunction.RunFused(fused, arguments, 3, 0, donated), seed); // Claimed in chunks.
    }

    private static Literal[] Run(Function function, IReadOnlyList<PassEntry> passes, Literal[] arguments, int workers) =>
        JitFunction.RunFused(JitFunction.Optimized(function, passes), arguments, workers, 0);

    private static Function OfConstants(Function function, Literal[] arguments)
    {
        var b = new FunctionBuilder(function.Name);
        return b.Build(b.Inline(function, [.. arguments.Select(a => b.Constant(a))]).AsSpan());
    }

    // Which results are exact is not known for what the donation added, so all are compared within the tolerance.
    private static void CheckDonated(Function function, Literal[] arguments, Literal[] actual, int seed)
    {
        var expected = ReferenceInterpreter.Run(function, arguments);
        for (var r = 0; r < expected.Length; r++)
            for (var i = 0L; i < expected[r].Type.Shape.ElementCount; i++)
                if (!IsSame(expected[r][i], actual[r][i], isExact: false))
                    Assert.Fail($"seed {seed}, donated: result {r}[{i}]: expected {expected[r][i]}, got {actual[r][i]}\n{function}");
    }

    // Zeros of both signs are distinguished only where nothing is summed: a sum of no terms, or of zeros, has the sign of the order.
    private static bool IsSame(Scalar expected, Scalar actual, bool isExact)
    {
        if (expected == actual || expected.Equals(actual)) return true;
        if (isExact || !expected.IsFloating) return false;
        var (e, a) = ((double)expected, (double)actual);
        return double.IsNaN(e) ? double.IsNaN(a) : Math.Abs(e - a) <= 2e-4 * Math.Max(1, Math.Abs(e));
    }
}
