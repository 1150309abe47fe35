using System.Runtime.CompilerServices;
using GraphCompiler.IR;
using GraphCompiler.IR.Diagnostics;
using GraphCompiler.IR.Ops;

namespace GraphCompiler.Frontend.Layers;

/// <summary>A fully connected layer: x·kernel + bias for x[batch, n] is [batch, units].</summary>
public sealed class Dense : Layer
{
    private readonly int _units;
    private readonly Initializer _kernelInitializer;
    private readonly Initializer? _biasInitializer;
    private readonly Func<Value, Value>? _activation;
    private Value? _kernel, _bias;

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
        : base(name, trainable)
    {
        if (units < 1) throw Error(DiagnosticCode.BadArgument, $"units must be at least 1, got {units}", new(file, line));
        if (!bias && biasInitializer is not null)
            throw Error(DiagnosticCode.BadArgument, "bias is false, so there is none to initialize", new(file, line));
        (_units, _kernelInitializer, _activation) = (units, kernel ?? Initializer.HeNormal, activation);
        _biasInitializer = bias ? biasInitializer ?? Initializer.Zeros : null;
    }

    /// <inheritdoc/>
    protected override string Kind => "dense";

    /// <summary>The kernel [n, units].</summary>
    /// <exception cref="GraphException">SGC1008: the layer has not been applied.</exception>
    public Value Kernel => Applied(_kernel);

    /// <summary>The bias [units]; null for a layer without one.</summary>
    /// <exception cref="GraphException">SGC1008: the layer has not been applied.</exception>
    public Value? Bias => _biasInitializer is null ? null : Applied(_bias);

    /// <inheritdoc/>
    protected override void Check(Value x, Location location)
    {
        if (x.Rank != 2)
            throw Error(DiagnosticCode.RankMismatch, $"needs [batch, features], got {x} : {x.Type}; reshape it", location);
        if (Variables.Count == 0) return;
        if (x.DType != Kernel.DType)
            throw Error(DiagnosticCode.DTypeMismatch, $"it was built for {Kernel.DType}, got {x} : {x.Type}", location);
        if (x.Shape[1] != Kernel.Shape[0])
            throw Error(DiagnosticCode.ShapeMismatch, $"it was built for {Kernel.Shape[0]} features, got {x} : {x.Type}", location);
    }

    /// <inheritdoc/>
    protected override void Build(TensorType input)
    {
        ArgumentNullException.ThrowIfNull(input);
        _kernel = Variable("kernel", input.DType[input.Shape[1], _units], _kernelInitializer);
        if (_biasInitializer is { } initializer) _bias = Variable("bias", input.DType[_units], initializer);
    }

    /// <inheritdoc/>
    protected override Value Forward(Value x)
    {
        var y = x.MatMul(Kernel);
        if (Bias is { } bias) y += bias;
        return _activation is null ? y : _activation(y)
            ?? throw Error(DiagnosticCode.BadArgument, "the activation gives null", y.Location);
    }
}

/// <summary>Fully connected layers in one call, and the flattening before them.</summary>
public static class DenseSyntax
{
    extension(Value x)
    {
        /// <summary>x·kernel + bias for x[batch, n]: a new <see cref="Dense"/> layer applied once.</summary>
        /// <exception cref="GraphException">SGC1003: x is not a matrix. SGC1006: name taken. SGC1008: x is not of a
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
