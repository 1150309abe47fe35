using System.Runtime.CompilerServices;
using GraphCompiler.IR;
using GraphCompiler.IR.Diagnostics;
using GraphCompiler.IR.Ops;

namespace GraphCompiler.Frontend.Layers;

/// <summary>Group normalization (Wu and He 2018): (x - mean) / √(variance + ε) · scale + bias with the mean and the variance of each group
/// of neighbouring channels of each example, over all positions.</summary>
/// <remarks>Scale and bias are a channel's.</remarks>
public sealed class GroupNorm : ChannelNormalization
{
    private readonly int _groups;
    private readonly double _epsilon;

    /// <summary>A layer that <see cref="Layer.Apply"/> applies, once or several times.</summary>
    /// <param name="groups">How many groups; it divides the number of channels.</param>
    /// <param name="name">Prefix of the variables <c>name/scale</c> and <c>name/bias</c>, each [channels]; <c>group_norm</c>,
    /// <c>group_norm_1</c> and so on when null.</param>
    /// <param name="epsilon">Added to the variance, at least 0.</param>
    /// <param name="axis">The axis of channels, which is not the first; negative ones count from the end.</param>
    /// <param name="scale">Whether the result is scaled.</param>
    /// <param name="bias">Whether a bias is added.</param>
    /// <param name="scaleInitializer">First elements of the scale; ones when null.</param>
    /// <param name="biasInitializer">First elements of the bias; zeros when null.</param>
    /// <param name="trainable">Whether an optimizer changes scale and bias.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    /// <exception cref="GraphException">SGC1011: fewer than one group, groups that do not divide the channels, a negative ε, or an
    /// initializer for what is left out.</exception>
    public GroupNorm(int groups, string? name = null, double epsilon = 1e-5, int axis = -1, bool scale = true, bool bias = true,
        Initializer? scaleInitializer = null, Initializer? biasInitializer = null, bool trainable = true,
        [CallerFilePath] string file = "", [CallerLineNumber] int line = 0)
        : base(name, axis, minRank: 2, epsilon, new(scale, bias, scaleInitializer, biasInitializer), trainable, new(file, line))
    {
        if (groups < 1) throw Error(DiagnosticCode.BadArgument, $"groups must be at least 1, got {groups}", new(file, line));
        (_groups, _epsilon) = (groups, epsilon);
    }

    /// <inheritdoc/>
    protected override string Kind => "group_norm";

    private protected override void CheckAxes(Value x, Location location)
    {
        base.CheckAxes(x, location);
        CheckNotBatch(x, location);
        if (x.Shape[Axis(x.Rank)] % _groups != 0)
            throw Error(DiagnosticCode.BadArgument,
                $"{_groups} groups do not divide the {x.Shape[Axis(x.Rank)]} channels of {x} : {x.Type}", location);
    }

    private protected override Value Normalize(Value x)
    {
        var axis = Axis(x.Rank);
        var grouped = x.Reshape([.. x.Shape.Take(axis), _groups, x.Shape[axis] / _groups, .. x.Shape.Skip(axis + 1)]);
        int[] axes = [.. Enumerable.Range(1, x.Rank).Where(a => a != axis)];
        return Transformed(grouped.Standardize(axes, _epsilon).Reshape([.. x.Shape]), p => AlongChannels(p, x));
    }
}

/// <summary>Group normalization in one call.</summary>
public static class GroupNormSyntax
{
    extension(Value x)
    {
        /// <summary>x normalized by the mean and the variance of each group of channels of an example: a new <see cref="Layers.GroupNorm"/>
        /// layer applied once.</summary>
        /// <exception cref="GraphException">SGC1001: x is not floating point. SGC1003: x has fewer than two axes. SGC1004: no such axis, or
        /// the first. SGC1006: name taken. SGC1008: x is not of a <see cref="GraphBuilder"/>. SGC1011: fewer than one group, groups that do
        /// not divide the channels, a negative ε, or an initializer for what is left out.</exception>
        /// <inheritdoc cref="Layers.GroupNorm.GroupNorm(int,string,double,int,bool,bool,Initializer,Initializer,bool,string,int)"
        /// path="/param"/>
        public Value GroupNorm(int groups, string? name = null, double epsilon = 1e-5, int axis = -1, bool scale = true,
            bool bias = true, Initializer? scaleInitializer = null, Initializer? biasInitializer = null, bool trainable = true,
            [CallerFilePath] string file = "", [CallerLineNumber] int line = 0)
        {
            ArgumentNullException.ThrowIfNull(x);
            var location = x.Builder.Pinned ?? new Location(file, line);
            return new GroupNorm(groups, name, epsilon, axis, scale, bias, scaleInitializer, biasInitializer, trainable,
                location.File, location.Line).Apply(x, file, line);
        }
    }
}
