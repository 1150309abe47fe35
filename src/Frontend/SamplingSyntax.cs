using System.Runtime.CompilerServices;
using GraphCompiler.IR;
using GraphCompiler.IR.Diagnostics;
using GraphCompiler.IR.Ops;

namespace GraphCompiler.Frontend;

/// <summary>Samples of distributions whose parameters are values of a model; see <see cref="RandomSyntax"/>.</summary>
public static class SamplingSyntax
{
    extension(Value x)
    {
        /// <summary>True with the probability that each element of x is, else false; never for what is below 0 or NaN, always for what is
        /// not below 1.</summary>
        /// <exception cref="GraphException">SGC1001: not floating point. SGC1008: not a value of a <see cref="GraphBuilder"/>.</exception>
        public Value Bernoulli([CallerFilePath] string file = "", [CallerLineNumber] int line = 0) =>
            RandomSyntax.Draw(RandomSyntax.GraphOf(x, "Bernoulli", new(file, line)), x.Type, "Bernoulli", new(file, line),
                (draw, compute) => draw.Unit(compute).Less(x.ConvertTo(compute)));

        /// <summary>An index along the last axis, drawn with the probabilities softmax(x): x[…, classes] gives i32[…].</summary>
        /// <remarks>By the largest of x + g, g Gumbel's (Gumbel 1954). A class of -∞ is never drawn where another is finite; with a NaN it
        /// is the last class.</remarks>
        /// <exception cref="GraphException">SGC1001: not floating point. SGC1002: no classes. SGC1003: a scalar. SGC1008: not a value of a
        /// <see cref="GraphBuilder"/>.</exception>
        public Value Categorical([CallerFilePath] string file = "", [CallerLineNumber] int line = 0)
        {
            var graph = RandomSyntax.GraphOf(x, "Categorical", new(file, line));
            if (x.Rank == 0)
                throw new GraphException(DiagnosticCode.RankMismatch, "Categorical: needs [.., classes], got a scalar",
                    graph.Pinned ?? new Location(file, line));
            return RandomSyntax.Draw(graph, x.Type, "Categorical", new(file, line), (draw, compute) =>
            {
                // 1 is infinitely improbable, and Gumbel's number for it -∞.
                var exponential = -(-draw.Positive(compute).Clip(0, RandomSyntax.Below(compute, 1))).Log1p();
                var score = x.ConvertTo(compute) - exponential.Log();
                var axis = x.Rank - 1;
                var isLargest = score.Equal(score.Max([axis], keepAxes: true));
                var index = graph.Emit(Iota.Instance, [], Iota.Attributes(new(DType.I32, x.Shape), axis));
                return isLargest.Select(index, index.Constant(x.Shape[axis] - 1)).Min([axis]);
            });
        }
    }
}
