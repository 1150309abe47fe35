using System.Runtime.CompilerServices;
using GraphCompiler.IR;
using GraphCompiler.IR.Diagnostics;
using GraphCompiler.IR.Ops;

namespace GraphCompiler.Frontend.Layers;

/// <summary>Fully connected layers.</summary>
public static class DenseSyntax
{
    extension(Value x)
    {
        /// <summary>x·kernel + bias for x[batch, n]: the result is [batch, units].</summary>
        /// <param name="units">Number of outputs, at least 1.</param>
        /// <param name="name">Prefix of the variables <c>name/kernel</c> [n, units] and <c>name/bias</c> [units].</param>
        /// <param name="kernel">First elements of the kernel; He normal when null.</param>
        /// <param name="file">Filled in by the compiler.</param>
        /// <param name="line">Filled in by the compiler.</param>
        /// <exception cref="GraphException">SGC1003: x is not a matrix. SGC1006: name taken. SGC1011: units below 1.</exception>
        public Value Dense(int units, string name = "dense", Initializer? kernel = null,
            [CallerFilePath] string file = "", [CallerLineNumber] int line = 0)
        {
            var location = new Location(file, line);
            using var pin = x.Builder.At(location);
            if (x.Builder is not GraphBuilder graph)
                throw new GraphException(DiagnosticCode.ForeignValue, $"Dense: {x} is not of a GraphBuilder, so it can have no variables", location);
            if (x.Rank != 2)
                throw new GraphException(DiagnosticCode.RankMismatch, $"Dense: needs [batch, features], got {x} : {x.Type}; reshape it", location);
            if (units < 1)
                throw new GraphException(DiagnosticCode.BadArgument, $"Dense: units must be at least 1, got {units}", location);
            var weights = graph.Variable($"{name}/kernel", x.DType[x.Shape[1], units], kernel ?? Initializer.HeNormal);
            var bias = graph.Variable($"{name}/bias", x.DType[units], Initializer.Zeros);
            return x.MatMul(weights) + bias;
        }
    }
}
