using GraphCompiler.IR.Diagnostics;

namespace GraphCompiler.IR.Ops;

/// <summary>A call of a convolution, pool or the like, and the checks of its arguments.</summary>
internal sealed record SpatialCall(string Name, Location Location, params Value[] Operands)
{
    /// <summary>A call on a value that must be [batch, …, channels] with a spatial axis at least.</summary>
    public static SpatialCall Of(string name, Value x, Layout layout, Location location)
    {
        ArgumentNullException.ThrowIfNull(x);
        var call = new SpatialCall(name, x.Builder.Pinned ?? location, x);
        call.CheckLayout(layout);
        return call;
    }

    /// <summary>What the call appends; a shape that is too large is the call's error.</summary>
    public Value Compose(Func<Value> declare) =>
        SyntaxCall.Compose(Operands[0], Location, declare, message => Error(DiagnosticCode.TooLarge, message));

    /// <summary>The error to throw, with a line for each operand.</summary>
    public GraphException Error(DiagnosticCode code, string message) =>
        new(new Diagnostic(code, $"{Name}: {message}", Location, [.. Operands.Select(OpCall.Describe)]));

    /// <summary>Raises an error unless <paramref name="condition"/>; the message is made only then.</summary>
    public void Require(bool condition, DiagnosticCode code, Func<string> message)
    {
        if (!condition) throw Error(code, message());
    }

    /// <summary>A number for each axis, each at least <paramref name="least"/>.</summary>
    public int[] Numbers(string name, PerAxis given, int axes, int otherwise, int least = 1)
    {
        var numbers = given.Of(axes, otherwise)
            ?? throw Error(DiagnosticCode.BadArgument, $"{name} = {given}, but there are {axes} spatial axes; give one number, or {axes}");
        Require(numbers.All(n => n >= least), DiagnosticCode.BadArgument,
            () => given.IsDefault ? $"{name} must be given" : $"{name} = {given} must be at least {least}");
        return numbers;
    }

    /// <summary>Refuses a layout that there is not, and values that are not [batch, …, channels] with a spatial axis at least.</summary>
    public void CheckLayout(Layout layout)
    {
        Require(Enum.IsDefined(layout), DiagnosticCode.BadArgument, () => $"{layout} is no layout");
        var x = Operands[0];
        Require(x.Rank >= 3, DiagnosticCode.RankMismatch, () => $"needs a batch, at least one spatial axis and channels, "
            + $"{(layout == Layout.ChannelsLast ? "[batch, …, channels]" : "[batch, channels, …]")}, got {x.Type}; reshape it");
    }

    /// <summary>Refuses truth values.</summary>
    public void CheckNumeric() => Require(Operands[0].DType != DType.Bool, DiagnosticCode.DTypeMismatch,
        () => $"needs numbers, got {Operands[0].Type}");

    /// <summary>Refuses what is not floating point.</summary>
    public void CheckFloating() => Require(Operands[0].DType.IsFloating, DiagnosticCode.DTypeMismatch,
        () => $"needs floating point, got {Operands[0].Type}; convert first, as with ConvertTo(F32)");
}
