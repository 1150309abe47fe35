using GraphCompiler.IR.Diagnostics;

namespace GraphCompiler.IR.Ops;

/// <summary>A fluent call that is made of several operations, and the checks that raise an error at it.</summary>
internal sealed class SyntaxCall
{
    public SyntaxCall(string name, Value x, Location location)
    {
        ArgumentNullException.ThrowIfNull(x);
        (Name, X, Location) = (name, x, x.Builder.Pinned ?? location);
    }

    /// <summary>Of what is called.</summary>
    public string Name { get; }
    /// <summary>The value that it is called on.</summary>
    public Value X { get; }
    /// <summary>Where it was written.</summary>
    public Location Location { get; }

    public GraphException Error(DiagnosticCode code, string message) => new(code, $"{Name}: {message}", Location);

    public SyntaxCall Require(bool condition, DiagnosticCode code, Func<string> message) => condition ? this : throw Error(code, message());

    public SyntaxCall Floating() => Require(X.DType.IsFloating, DiagnosticCode.DTypeMismatch, () => $"needs floating point, got {X.Type}");

    /// <summary>A value of the same builder, whatever its type.</summary>
    public SyntaxCall Own(Value other, string name)
    {
        ArgumentNullException.ThrowIfNull(other, name);
        return Require(other.Builder == X.Builder, DiagnosticCode.ForeignValue,
            () => $"{other} belongs to \"{other.Builder.Name}\", not to \"{X.Builder.Name}\"");
    }

    public SyntaxCall Rank(int least) =>
        Require(X.Rank >= least, DiagnosticCode.RankMismatch, () => $"needs {least} axes or more, got {X.Type}");

    /// <summary>An axis of x counted from 0.</summary>
    public int Axis(int axis)
    {
        var at = axis < 0 ? axis + X.Rank : axis;
        return at >= 0 && at < X.Rank ? at : throw Error(DiagnosticCode.BadAxis, $"{X.Type} has no axis {axis}");
    }

    /// <summary>A number for each axis.</summary>
    public SyntaxCall ForEachAxis(int[] numbers, string name)
    {
        ArgumentNullException.ThrowIfNull(numbers, name);
        return Require(numbers.Length == X.Rank, DiagnosticCode.RankMismatch,
            () => $"{name} needs {X.Rank} numbers for {X.Type}, got {numbers.Length}");
    }

    /// <summary>Declares the result by several operations, all of them or none.</summary>
    public Value Compose(Func<Value> declare) =>
        Compose(X, Location, declare, message => Error(DiagnosticCode.TooLarge, message));

    /// <summary>As the other, for a call that words its own errors: a shape that is too large has no line of its own, so it is the
    /// call's.</summary>
    public static Value Compose(Value x, Location location, Func<Value> declare, Func<string, GraphException> tooLarge)
    {
        try
        {
            return x.Compose(location, declare);
        }
        catch (GraphException e) when (e.Diagnostics[0] is { Code: DiagnosticCode.TooLarge, Location.IsKnown: false, Message: var message })
        {
            throw tooLarge(message);
        }
    }
}
