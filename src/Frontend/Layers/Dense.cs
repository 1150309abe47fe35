using System.Runtime.CompilerServices;
using GraphCompiler.IR;
using GraphCompiler.IR.Diagnostics;
using GraphCompiler.IR.Ops;

namespace GraphCompiler.Frontend.Layers;

/// <summary>A fully connected layer: x·kernel + bias for x[batch, …, n] is [batch, …, units].</summary>
public sealed class Dense : KernelLayer
{
    /// <summary>A layer that <see cref="Layer.Apply"/> applies, once or several times.</summary>
    /// <param name="units">Number of outputs, at least 1.</param>
    /// <param name="name">Prefix of the variables <c>name/kernel</c> [n, units] and <c>name/bias</c> [units]; <c>dense</c>,
    /// <c>dense_1</c> and so on when null.</param>
    /// <param name="kernel">First elements of the kernel; He normal when null.</param>
    /// <param name="activation">Applied to the result, such as <c>h => h.Relu()</c>; none when null.</param>
    /// <param name="bias">Whether there is a bias.</param>
    /// <param name="biasInitializer">First elements of the bias; zeros when null.</param>
    /// <param name="trainable">Whether an optimizer changes kernel and bias.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    /// <exception cref="GraphException">SGC1011: units below 1, or an initializer for no bias.</exception>
    public Dense(int units, string? name = null, Initializer? kernel = null, Func<Value, Value>? activation = null, bool bias = true,
        Initializer? biasInitializer = null, bool trainable = true, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0)
        : base(new(units, name, kernel, activation, bias, biasInitializer, trainable, new(file, line)))
    {
    }

    /// <inheritdoc/>
    protected override string Kind => "dense";
    private protected override string OutputsName => "units";
    private protected override string FeaturesName => "features";

    private protected override void CheckShape(Value x, Location location)
    {
        if (x.Rank < 2)
            throw Error(DiagnosticCode.RankMismatch, $"needs [batch, features], got {x} : {x.Type}; reshape it", location);
    }

    private protected override int FeaturesOf(TensorType input) => input.Shape[^1];
    private protected override Shape KernelFor(TensorType input, int outputs) => new(input.Shape[^1], outputs);

    private protected override Value Multiply(Value x) => x.MatMul(Kernel);
}

/// <summary>Fully connected layers in one call, and the flattening before them.</summary>
public static class DenseSyntax
{
    extension(Value x)
    {
        /// <summary>x·kernel + bias for x[batch, …, n]: a new <see cref="Dense"/> layer applied once.</summary>
        /// <exception cref="GraphException">SGC1003: x has fewer than two axes. SGC1006: name taken. SGC1008: x is not of a
        /// <see cref="GraphBuilder"/>. SGC1011: units below 1, or an initializer for no bias.</exception>
        /// <inheritdoc cref="Layers.Dense.Dense(int,string,Initializer,Func{Value,Value},bool,Initializer,bool,string,int)" path="/param"/>
        public Value Dense(int units, string? name = null, Initializer? kernel = null, Func<Value, Value>? activation = null,
            bool bias = true, Initializer? biasInitializer = null, bool trainable = true,
            [CallerFilePath] string file = "", [CallerLineNumber] int line = 0)
        {
            ArgumentNullException.ThrowIfNull(x);
            var location = x.Builder.Pinned ?? new Location(file, line);
            return new Dense(units, name, kernel, activation, bias, biasInitializer, trainable, location.File, location.Line)
                .Apply(x, file, line);
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
