using System.Runtime.CompilerServices;
using GraphCompiler.IR;
using GraphCompiler.IR.Diagnostics;
using GraphCompiler.IR.Ops;

namespace GraphCompiler.Frontend.Layers;

/// <summary>Fully connected layers, and the flattening before them.</summary>
public static class DenseSyntax
{
    extension(Value x)
    {
        /// <summary>x·kernel + bias for x[batch, n]: the result is [batch, units].</summary>
        /// <param name="units">Number of outputs, at least 1.</param>
        /// <param name="name">Prefix of the variables <c>name/kernel</c> [n, units] and <c>name/bias</c> [units].</param>
        /// <param name="kernel">First elements of the kernel; He normal when null.</param>
        /// <param name="activation">Applied to the result, such as <c>h => h.Relu()</c>; none when null.</param>
        /// <param name="file">Filled in by the compiler.</param>
        /// <param name="line">Filled in by the compiler.</param>
        /// <exception cref="GraphException">SGC1003: x is not a matrix. SGC1006: name taken. SGC1011: units below 1.</exception>
        public Value Dense(int units, string name = "dense", Initializer? kernel = null, Func<Value, Value>? activation = null,
            [CallerFilePath] string file = "", [CallerLineNumber] int line = 0)
        {
            ArgumentNullException.ThrowIfNull(x);
            ArgumentNullException.ThrowIfNull(name);
            var location = x.Builder.Pinned ?? new Location(file, line);
            if (x.Builder is not GraphBuilder graph)
                throw new GraphException(DiagnosticCode.ForeignValue, $"Dense: {x} is not of a GraphBuilder, so it can have no variables",
                    location);
            if (x.Rank != 2)
                throw new GraphException(DiagnosticCode.RankMismatch, $"Dense: needs [batch, features], got {x} : {x.Type}; reshape it",
                    location);
            if (units < 1)
                throw new GraphException(DiagnosticCode.BadArgument, $"Dense: units must be at least 1, got {units}", location);
            return x.Compose(location, () =>
            {
                var weights = graph.Variable($"{name}/kernel", x.DType[x.Shape[1], units], kernel ?? Initializer.HeNormal);
                var bias = graph.Variable($"{name}/bias", x.DType[units], Initializer.Zeros);
                var y = x.MatMul(weights) + bias;
                return activation is null ? y : activation(y)
                    ?? throw new GraphException(DiagnosticCode.BadArgument, "Dense: the activation gives null", location);
            });
        }

        /// <summary>x[batch, …] as [batch, features], all but the first axis joined in row-major order.</summary>
        /// <exception cref="GraphException">SGC1003: x is a scalar.</exception>
        public Value Flatten([CallerFilePath] string file = "", [CallerLineNumber] int line = 0)
        {
            ArgumentNullException.ThrowIfNull(x);
            var location = x.Builder.Pinned ?? new Location(file, line);
            if (x.Rank == 0)
                throw new GraphException(DiagnosticCode.RankMismatch, $"Flatten: needs a batch axis, got {x} : {x.Type}", location);
            return x.Emit(Reshape.Instance, location, Reshape.Attributes(Shape.Of(x.Shape[0], x.Shape.Without(0).ElementCount)));
        }
    }
}
