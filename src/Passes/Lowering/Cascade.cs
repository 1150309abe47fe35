using GraphCompiler.IR;
using GraphCompiler.IR.Loops;

namespace GraphCompiler.Passes.Lowering;

/// <summary>Long accumulations as nested loops, each level with accumulators of its own, so that the rounding error grows with the
/// logarithm of the length (N. Higham, "The accuracy of floating point summation", 1993). Levels depend on the length alone.</summary>
internal static class Cascade
{
    /// <summary>Most steps that go into one accumulator: 64 equal terms lose at most some 16 ulp.</summary>
    public const long MostSteps = 64;

    /// <summary>Most multiply-adds that go into an accumulator in a register.</summary>
    public const long MostMultiplyAdds = 256;

    /// <summary>Fewest steps of a range within an axis.</summary>
    private const long LeastWithin = 8;

    /// <summary>Runs steps 0 to <paramref name="count"/> - 1 into accumulators.</summary>
    /// <param name="count">Steps.</param>
    /// <param name="into">The accumulators.</param>
    /// <param name="open">Declares accumulators of a level, and says how they are added to those of the level above.</param>
    /// <param name="step">What a step does, given its number and the accumulators.</param>
    /// <param name="most">Most steps that go into one accumulator; with more, a level has up to half as many.</param>
    /// <param name="name">Of the innermost loop's variable.</param>
    /// <param name="unroll">As of <see cref="Loop"/>, of the innermost loop.</param>
    public static IEnumerable<Statement> Run<T>(long count, T into, Func<T, CascadeLevel<T>> open,
        Func<ScalarExpr, T, IEnumerable<Statement>> step, long most = MostSteps, string name = "r", int unroll = 1) =>
        RunRanges(count, into, open, (first, steps, accumulators) => Loop(steps, name, i => step(first + i, accumulators), unroll), most,
            name);

    /// <summary>As <see cref="Run"/>, given the loop over the steps of one accumulator.</summary>
    /// <param name="count">Steps.</param>
    /// <param name="into">The accumulators.</param>
    /// <param name="open">Declares accumulators of a level.</param>
    /// <param name="range">Runs steps, given the first and how many.</param>
    /// <param name="most">Most steps that go into one accumulator.</param>
    /// <param name="name">Of the loops' variables.</param>
    /// <param name="along">The innermost axis of several that steps run over: ranges are within it, if it has a divisor that suits, so that
    /// no step divides its number.</param>
    public static IEnumerable<Statement> RunRanges<T>(long count, T into, Func<T, CascadeLevel<T>> open,
        Func<ScalarExpr, long, T, IEnumerable<Statement>> range, long most, string name, long along = 0)
    {
        if (count <= most) return [.. range(ScalarExpr.Index(0), count, into)];
        var block = along > 0 && along < count && DivisorOf(along, most, LeastWithin) is { } within ? within : BlockOf(count, most / 2);
        IEnumerable<Statement> Block(ScalarExpr first, long steps, T outer)
        {
            var level = open(outer);
            return [.. level.Declare, .. range(first, steps, level.Accumulators), .. level.Add];
        }
        var blocks = Run(count / block, into, open, (i, outer) => Block(i * block, block, outer), most, $"{name}_block");
        return count % block is > 0 and var remainder
            ? [.. blocks, .. Block(ScalarExpr.Index(count - remainder), remainder, into)] : blocks;
    }

    /// <summary>Accumulators of a tile that start at 0 and are added to those of the level above.</summary>
    public static CascadeLevel<Local> OpenTile(KernelBody body, Local outer)
    {
        var inner = body.NewLocal("c", outer.DType, outer.Elements);
        return new(inner, [new LetStatement(inner, ScalarExpr.Constant(outer.DType, 0))], Enumerable.Range(0, outer.Elements).Select(i =>
            new AssignStatement(outer, i, new LocalExpr(outer, i) + new LocalExpr(inner, i))));
    }

    // One that divides the count leaves no second copy of the body for the remainder.
    private static long BlockOf(long count, long largest) => DivisorOf(count, largest, largest / 2 + 1) ?? largest;

    private static long? DivisorOf(long count, long largest, long least)
    {
        for (var divisor = largest; divisor >= least; divisor--)
            if (count % divisor == 0) return divisor;
        return null;
    }

    /// <summary>A serial loop, or its body where it runs once.</summary>
    /// <param name="count">Iterations.</param>
    /// <param name="name">Of the loop's variable.</param>
    /// <param name="body">What runs.</param>
    /// <param name="unroll">About how many iterations stand in one of the code.</param>
    public static IEnumerable<Statement> Loop(long count, string name, Func<ScalarExpr, IEnumerable<Statement>> body, int unroll = 1)
    {
        if (count == 1) return body(ScalarExpr.Index(0));
        var variable = new LoopVariable(name, count);
        return [new ForStatement(variable, count, LoopKind.Serial, 1, [.. body(variable.Value)]).Unrolled(unroll)];
    }
}

/// <summary>Accumulators of one level of a cascade.</summary>
/// <param name="Accumulators">Zero at first.</param>
/// <param name="Declare">Declares them.</param>
/// <param name="Add">Adds them to the level above.</param>
internal sealed record CascadeLevel<T>(T Accumulators, IEnumerable<Statement> Declare, IEnumerable<Statement> Add);
