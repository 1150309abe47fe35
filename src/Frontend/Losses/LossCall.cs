using GraphCompiler.Frontend.Optimizers;
using GraphCompiler.IR;
using GraphCompiler.IR.Diagnostics;
using GraphCompiler.IR.Ops;

namespace GraphCompiler.Frontend;

/// <summary>A call of a loss, and the checks that raise an error at it.</summary>
/// <remarks>Losses of types narrower than f32 are computed in f32 and rounded once.</remarks>
internal sealed class LossCall
{
    private readonly Value _x;

    public LossCall(string name, Value x, Location location)
    {
        ArgumentNullException.ThrowIfNull(x);
        (Name, _x, Location) = (name, x, x.Builder.Pinned ?? location);
    }

    /// <summary>Of the loss.</summary>
    public string Name { get; }

    /// <summary>Where it was written.</summary>
    public Location Location { get; }

    public GraphException Error(DiagnosticCode code, string message) => new(code, $"{Name}: {message}", Location);

    public LossCall Require(bool condition, DiagnosticCode code, Func<string> message) => condition ? this : throw Error(code, message());

    public LossCall Floating() =>
        Require(_x.DType.IsFloating, DiagnosticCode.DTypeMismatch, () => $"needs floating point, got {_x.Type}");

    /// <summary>A value of the same builder, whatever its type.</summary>
    public LossCall Own(Value other, string name)
    {
        ArgumentNullException.ThrowIfNull(other, name);
        return Require(other.Builder == _x.Builder, DiagnosticCode.ForeignValue,
            () => $"{other} belongs to \"{other.Builder.Name}\", not to \"{_x.Builder.Name}\"");
    }

    /// <summary>A value of x's type, which is floating point.</summary>
    public LossCall Same(Value other, string name) => OfShape(other, name, _x.Shape);

    /// <summary>A value of x's element type, which is floating point, and of a shape.</summary>
    public LossCall OfShape(Value other, string name, Shape shape)
    {
        Own(other, name);
        Require(other.DType == _x.DType && _x.DType.IsFloating, DiagnosticCode.DTypeMismatch,
            () => $"needs floating point of one type, got {_x.Type} and {other.Type}");
        return Require(other.Shape == shape, DiagnosticCode.ShapeMismatch,
            () => shape == _x.Shape ? $"shapes differ: {_x.Type} and {other.Type}"
                : $"{name} of {_x.Type} must be {shape}, got {other.Type}");
    }

    public LossCall Positive(double value, string name)
    {
        Argument.Positive(value, $"{Name}: {name}", Location);
        return this;
    }

    public LossCall NotNegative(double value, string name)
    {
        Argument.NotNegative(value, $"{Name}: {name}", Location);
        return this;
    }

    public LossCall Finite(double value, string name) =>
        Require(double.IsFinite(value), DiagnosticCode.BadArgument, () => $"{name} must be finite, got {value}");

    /// <summary>The axis counted from 0.</summary>
    public int Axis(int axis)
    {
        var at = axis < 0 ? axis + _x.Rank : axis;
        Require(at >= 0 && at < _x.Rank, DiagnosticCode.BadAxis, () => $"{_x.Type} has no axis {axis}");
        return at;
    }

    public LossCall Known(LossReduction reduction) =>
        Require(Enum.IsDefined(reduction), DiagnosticCode.BadArgument, () => $"there is no reduction {reduction}");

    /// <summary>Declares the loss, in f32 where x's type is narrower.</summary>
    public Value Compose(Func<Value> declare) => _x.Compose(Location, () =>
    {
        var loss = declare();
        return loss.DType == _x.DType ? loss : loss.ConvertTo(_x.DType);
    });

    /// <summary>Declares the losses of elements or examples, and reduces them.</summary>
    public Value Compose(LossReduction reduction, Func<Value> declare) => Compose(() => Reduced(declare(), reduction));

    public static Value Wide(Value x) => x.DType.IsFloating && x.DType.Bits < 32 ? x.ConvertTo(DType.F32) : x;

    private static Value Reduced(Value losses, LossReduction reduction) => reduction switch
    {
        LossReduction.Mean => losses.Mean(),
        LossReduction.Sum => losses.Sum(),
        _ => losses,
    };
}
