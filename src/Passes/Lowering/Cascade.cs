using GraphCompiler.IR;
using GraphCompiler.IR.Loops;

namespace GraphCompiler.Passes.Lowering;

/// <summary>Long accumulations as nested loops, each level with accumulators of its own, so that the rounding error grows with the logarithm of the
/// length (N. Higham, "The accuracy of floating point summation", 1993). Levels depend on the length alone.</summary>
internal static class Cascade
{
    /// <summary>Steps that one accumulator takes: 64 equal terms lose at most some 16 units in the last place.</summary>
    public const long MostSteps = 64;

    private const long LargestBlock = 32, SmallestBlock = 17;

    /// <summary>Runs steps 0 to <paramref name="count"/> - 1 into accumulators.</summary>
    /// <param name="count">Steps.</param>
    /// <param name="into">The accumulators.</param>
    /// <param name="open">Declares accumulators of a level, and says how they are added to those of the level above.</param>
    /// <param name="step">What a step does, given its number and the accumulators.</param>
    public static IEnumerable<Statement> Run<T>(long count, T into, Func<T, CascadeLevel<T>> open, Func<ScalarExpr, T, IEnumerable<Statement>> step)
    {
        if (count <= MostSteps) return [.. Loop(count, i => step(i, into))];
        var block = BlockOf(count);
        IEnumerable<Statement> Block(ScalarExpr first, long steps, T outer)
        {
            var level = open(outer);
            return [.. level.Declare, .. Loop(steps, i => step(first + i, level.Accumulators)), .. level.Add];
        }
        var blocks = Run(count / block, into, open, (i, outer) => Block(i * block, block, outer));
        return count % block is > 0 and var rest ? [.. blocks, .. Block(ScalarExpr.Index(count - rest), rest, into)] : blocks;
    }

    // One that divides the count leaves no second copy of the body for the remainder.
    private static long BlockOf(long count)
    {
        for (var block = LargestBlock; block >= SmallestBlock; block--)
            if (count % block == 0) return block;
        return LargestBlock;
    }

    private static IEnumerable<Statement> Loop(long count, Func<ScalarExpr, IEnumerable<Statement>> body)
    {
        if (count == 1) return body(ScalarExpr.Index(0));
        var variable = new LoopVariable("r");
        return [new ForStatement(variable, count, LoopKind.Serial, 1, [.. body(variable.Value)])];
    }
}

/// <summary>Accumulators of one level of a cascade.</summary>
/// <param name="Accumulators">Zero at first.</param>
/// <param name="Declare">Declares them.</param>
/// <param name="Add">Adds them to the level above.</param>
internal sealed record CascadeLevel<T>(T Accumulators, IEnumerable<Statement> Declare, IEnumerable<Statement> Add);
