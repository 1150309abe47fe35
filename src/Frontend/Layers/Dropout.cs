using System.Runtime.CompilerServices;
using GraphCompiler.IR;
using GraphCompiler.IR.Diagnostics;
using GraphCompiler.IR.Ops;

namespace GraphCompiler.Frontend.Layers;

/// <summary>Dropout.</summary>
public static class DropoutSyntax
{
    extension(Value x)
    {
        /// <summary>In training each element is 0 with probability <paramref name="rate"/> and else x / (1 - rate), so that its mean is x;
        /// in inference it is x (Srivastava et al. 2014, scaled in training).</summary>
        /// <remarks>Two calls drop different elements; the gradient passes through the elements that are kept.</remarks>
        /// <exception cref="GraphException">SGC1001: x is not floating point. SGC1008: x is not a value of a <see cref="GraphBuilder"/>.
        /// SGC1011: the rate is not in 0..1.</exception>
        public Value Dropout(double rate, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0)
        {
            var graph = RandomSyntax.GraphOf(x, "Dropout", new(file, line));
            var location = graph.Pinned ?? new Location(file, line);
            if (!x.DType.IsFloating)
                throw new GraphException(DiagnosticCode.DTypeMismatch, $"Dropout: needs floating point, got {x.Type}", location);
            if (!(rate >= 0 && rate <= 1))
                throw new GraphException(DiagnosticCode.BadArgument, $"Dropout: the rate is {rate}; it must be 0 to 1", location);
            if (rate == 0) return x;
            return x.Compose(location, () =>
            {
                var zero = x.Constant(0);
                if (rate == 1) return zero.ByMode(x);
                var isKept = graph.Bernoulli(x.Shape, 1 - rate);
                return isKept.Select(x * (1 / (1 - rate)), zero).ByMode(x);
            });
        }
    }
}
