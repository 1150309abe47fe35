using System.Runtime.CompilerServices;
using GraphCompiler.Frontend.Derivatives;
using GraphCompiler.IR;
using GraphCompiler.IR.Diagnostics;
using GraphCompiler.IR.Ops;

namespace GraphCompiler.Frontend.Layers;

/// <summary>Batch normalization (Ioffe and Szegedy 2015): (x - mean) / √(variance + ε) · scale + bias with a mean and a variance for each
/// channel, over all other axes.</summary>
/// <remarks>In training they are the batch's, and running ones move towards them; in inference they are the running ones:
/// <c>name/running_mean</c>, which starts at 0, and <c>name/running_variance</c>, which starts at 1. The batch is divided by its
/// population's variance, and the running one moves towards that of a sample, as PyTorch's. One value for each channel has variance 0,
/// where PyTorch refuses to train. A layer that is applied twice in a step moves them twice, in the order of the calls. What is assigned is
/// ordinary state (<see cref="GraphBuilder.Assignments"/>): a step that is told to carry out no assignments leaves them.</remarks>
public sealed class BatchNorm : ChannelNormalization
{
    private readonly double? _momentum;
    private readonly double _epsilon;
    private Value? _mean, _variance, _count;

    /// <summary>A layer that <see cref="Layer.Apply"/> applies, once or several times.</summary>
    /// <param name="name">Prefix of the variables <c>name/scale</c>, <c>name/bias</c>, <c>name/running_mean</c> and
    /// <c>name/running_variance</c>, each [channels]; <c>batch_norm</c>, <c>batch_norm_1</c> and so on when null.</param>
    /// <param name="momentum">How far running statistics move towards the batch's in a step, 0 to 1, as PyTorch counts it (Keras's is one
    /// minus this). When null they are the means of all batches so far, which <c>name/count</c> counts.</param>
    /// <param name="epsilon">Added to the variance, at least 0.</param>
    /// <param name="axis">The axis of channels; negative ones count from the end.</param>
    /// <param name="scale">Whether the result is scaled.</param>
    /// <param name="bias">Whether a bias is added.</param>
    /// <param name="scaleInitializer">First elements of the scale; ones when null.</param>
    /// <param name="biasInitializer">First elements of the bias; zeros when null.</param>
    /// <param name="trainable">Whether an optimizer changes scale and bias. Running statistics move all the same, as PyTorch's.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    /// <exception cref="GraphException">SGC1011: a momentum outside of 0..1, a negative ε, or an initializer for what is left
    /// out.</exception>
    public BatchNorm(string? name = null, double? momentum = 0.1, double epsilon = 1e-5, int axis = -1, bool scale = true, bool bias = true,
        Initializer? scaleInitializer = null, Initializer? biasInitializer = null, bool trainable = true,
        [CallerFilePath] string file = "", [CallerLineNumber] int line = 0)
        : base(name, axis, minRank: 2, epsilon, new(scale, bias, scaleInitializer, biasInitializer), trainable, new(file, line))
    {
        if (momentum is { } m && !(m >= 0 && m <= 1))
            throw Error(DiagnosticCode.BadArgument, $"momentum must be 0 to 1, got {m}", new(file, line));
        (_momentum, _epsilon) = (momentum, epsilon);
    }

    /// <inheritdoc/>
    protected override string Kind => "batch_norm";

    /// <summary>The running mean [channels], of x's type, or f32 where that has fewer bits.</summary>
    /// <exception cref="GraphException">SGC1008: the layer has not been applied.</exception>
    public Value RunningMean => Applied(_mean);

    /// <summary>The running variance [channels], of the same type.</summary>
    /// <exception cref="GraphException">SGC1008: the layer has not been applied.</exception>
    public Value RunningVariance => Applied(_variance);

    /// <inheritdoc/>
    protected override void Build(TensorType input)
    {
        base.Build(input);
        var type = ComputedIn(input.DType)[input.Shape[Axis(input.Rank)]];
        _mean = State("running_mean", type, Initializer.Zeros);
        _variance = State("running_variance", type, Initializer.Ones);
        if (_momentum is null) _count = State("count", DType.I64, Initializer.Zeros);
    }

    private protected override Value Normalize(Value x)
    {
        int[] axes = [.. Enumerable.Range(0, x.Rank).Where(a => a != Axis(x.Rank))];
        var count = x.Shape.ElementCount / Math.Max(x.Shape[Axis(x.Rank)], 1);
        var (mean, variance) = (x.Mean(axes), x.Variance(axes));
        Move(mean, variance, count);
        var centered = x - AlongChannels(mean.ByMode(RunningMean), x);
        var inverse = (variance.ByMode(RunningVariance) + _epsilon).Rsqrt();
        var (scale, bias) = (Scale is { } s ? As(x.DType, s) : null, Bias is { } b ? As(x.DType, b) : null);
        var factor = scale is null ? inverse : inverse * scale;
        var y = centered * AlongChannels(factor, x);
        if (bias is not null) y += AlongChannels(bias, x);
        // Two sums over the batch, as in the paper; differentiated term by term there would be four, one of them after the others.
        Value[] Gradients(Value ct)
        {
            var (sum, product) = (ct.Sum(axes), (ct * centered).Sum(axes));
            var share = 1.0 / Math.Max(count, 1);
            var slope = AlongChannels(product * inverse * inverse * share, x);
            var dx = (ct - AlongChannels(sum * share, x) - centered * slope) * AlongChannels(factor, x);
            return [dx, .. scale is null ? [] : (Value[])[product * inverse], .. bias is null ? [] : (Value[])[sum]];
        }
        return y.WithGradient([x, .. new[] { scale, bias }.OfType<Value>()], Gradients).ByMode(y);
    }

    private void Move(Value mean, Value variance, long count)
    {
        var sample = variance * ((double)count / Math.Max(count - 1, 1));
        if (_momentum is { } momentum)
        {
            Update(RunningMean, m => (1 - momentum) * m + momentum * mean);
            Update(RunningVariance, v => (1 - momentum) * v + momentum * sample);
            return;
        }
        var share = 1 / Update(Applied(_count), c => c + 1).ConvertTo(mean.DType);
        Update(RunningMean, m => m + (mean - m) * share);
        Update(RunningVariance, v => v + (sample - v) * share);
    }
}

/// <summary>Batch normalization in one call.</summary>
public static class BatchNormSyntax
{
    extension(Value x)
    {
        /// <summary>x normalized by the mean and the variance of each channel of the batch: a new <see cref="Layers.BatchNorm"/> layer
        /// applied once.</summary>
        /// <exception cref="GraphException">SGC1001: x is not floating point. SGC1003: x has fewer than two axes. SGC1004: no such axis.
        /// SGC1006: name taken. SGC1008: x is not of a <see cref="GraphBuilder"/>. SGC1011: a momentum outside of 0..1, a negative ε, or an
        /// initializer for what is left out.</exception>
        /// <inheritdoc cref="Layers.BatchNorm.BatchNorm(string,double?,double,int,bool,bool,Initializer,Initializer,bool,string,int)"
        /// path="/param"/>
        public Value BatchNorm(string? name = null, double? momentum = 0.1, double epsilon = 1e-5, int axis = -1, bool scale = true,
            bool bias = true, Initializer? scaleInitializer = null, Initializer? biasInitializer = null, bool trainable = true,
            [CallerFilePath] string file = "", [CallerLineNumber] int line = 0)
        {
            ArgumentNullException.ThrowIfNull(x);
            var location = x.Builder.Pinned ?? new Location(file, line);
            return new BatchNorm(name, momentum, epsilon, axis, scale, bias, scaleInitializer, biasInitializer, trainable,
                location.File, location.Line).Apply(x, file, line);
        }
    }
}
