using GraphCompiler.IR.Diagnostics;

namespace GraphCompiler.IR.Ops;

/// <summary>The type that sums and products of many elements are accumulated in, apart from the type of the elements: an optional
/// attribute of reductions and contractions. The result is rounded to the elements' type once.</summary>
public static class Accumulation
{
    private const string Name = "accumulate";

    /// <summary>What an operation accumulates in: the type that it names, or else f32 for narrower floats, and any other type
    /// itself.</summary>
    public static DType TypeOf(Operation operation)
    {
        ArgumentNullException.ThrowIfNull(operation);
        return TypeOf(operation.Operands[0].DType, operation.Attributes);
    }

    internal static DType TypeOf(DType elements, AttributeMap attributes) =>
        Of(attributes) ?? (elements is { IsFloating: true, Bits: < 32 } ? DType.F32 : elements);

    /// <summary>The type that attributes name, or null.</summary>
    internal static DType? Of(AttributeMap attributes) => attributes[Name] is Attribute.Word word ? DType.Find(word.Text) : null;

    /// <summary>Attributes that name a type, if there is one to name.</summary>
    internal static AttributeMap In(this AttributeMap attributes, DType? accumulate) => attributes.With(Name, accumulate);

    internal static AttributeMap With(this AttributeMap attributes, string name, DType? type) =>
        type is null ? attributes : attributes.With(name, type.Name);

    internal static void Check(OpCall call)
    {
        if (call.Attributes[Name] is null) return;
        var (type, elements) = (call.DType(Name), call[0].DType);
        call.Require(elements.IsFloating && type.IsFloating && type.Bits >= Math.Max(elements.Bits, 32), DiagnosticCode.BadAttribute,
            () => $"accumulate={type} does not suit {elements}: floats accumulate in f32 or f64, no narrower than themselves");
    }
}
