using System.Collections.Immutable;
using GraphCompiler.IR.Diagnostics;

namespace GraphCompiler.IR.Ops;

/// <summary>What a shape rule sees: operands and attributes of a call, and the checks that raise an error at it.</summary>
public sealed class OpCall
{
    internal OpCall(Op op, ImmutableArray<Value> operands, AttributeMap attributes, Function? body, Location location) =>
        (Op, Operands, Attributes, Body, Location) = (op, operands, attributes, body, location);

    /// <summary>The op called.</summary>
    public Op Op { get; }
    /// <summary>Its operands.</summary>
    public ImmutableArray<Value> Operands { get; }
    /// <summary>Its compile-time arguments.</summary>
    public AttributeMap Attributes { get; }
    /// <summary>Its region, if it has one.</summary>
    public Function? Body { get; }
    /// <summary>Where the call was written.</summary>
    public Location Location { get; }
    /// <summary>Number of operands.</summary>
    public int Count => Operands.Length;

    /// <summary>The type of operand <paramref name="index"/>.</summary>
    public TensorType this[int index] => Operands[index].Type;

    /// <summary>Raises an error unless <paramref name="condition"/>; the message is made only then.</summary>
    public void Require(bool condition, DiagnosticCode code, Func<string> message)
    {
        if (!condition) throw Error(code, message());
    }

    /// <summary>The error to throw, with a line for each operand: its name, type and where it was declared.</summary>
    public GraphException Error(DiagnosticCode code, string message) =>
        new(new Diagnostic(code, $"{Op.Name}: {message}", Location, [.. Operands.Select(Describe)]));

    /// <summary>Operand 0's type, which must be floating point.</summary>
    public TensorType Floating(int index = 0)
    {
        Require(this[index].DType.IsFloating, DiagnosticCode.DTypeMismatch, () => $"needs floating point, got {this[index]}");
        return this[index];
    }

    /// <summary>The operand's type, which must be a number, not a truth value.</summary>
    public TensorType Numeric(int index = 0)
    {
        Require(this[index].DType != GraphCompiler.IR.DType.Bool, DiagnosticCode.DTypeMismatch, () => $"needs numbers, got {this[index]}");
        return this[index];
    }

    /// <summary>Operand 0's type, which must be a truth value.</summary>
    public TensorType Boolean(int index = 0)
    {
        Require(this[index].DType == GraphCompiler.IR.DType.Bool, DiagnosticCode.DTypeMismatch, () => $"needs bool, got {this[index]}");
        return this[index];
    }

    /// <summary>The common type of all operands, which must be numbers.</summary>
    public TensorType SameNumeric()
    {
        Numeric();
        return Same();
    }

    /// <summary>The common type of all operands, which must be floating point.</summary>
    public TensorType SameFloating()
    {
        Floating();
        return Same();
    }

    /// <summary>Operand 0's type, which must be an integer.</summary>
    public TensorType Integer(int index = 0)
    {
        Require(this[index].DType.IsInteger, DiagnosticCode.DTypeMismatch, () => $"needs integers, got {this[index]}");
        return this[index];
    }

    /// <summary>Operand 0's type, which must be of bits: a truth value or an integer.</summary>
    public TensorType Bits(int index = 0)
    {
        Require(!this[index].DType.IsFloating, DiagnosticCode.DTypeMismatch, () => $"needs bool or integers, got {this[index]}");
        return this[index];
    }

    /// <summary>The common type of all operands, which must be integers.</summary>
    public TensorType SameInteger()
    {
        Integer();
        return Same();
    }

    /// <summary>The common type of all operands, which must be truth values or integers.</summary>
    public TensorType SameBits()
    {
        Bits();
        return Same();
    }

    /// <summary>The common type of the operands from <paramref name="first"/> on: same element type, same shape.</summary>
    public TensorType Same(int first = 0)
    {
        for (var i = first + 1; i < Count; i++)
        {
            var other = this[i];
            Require(other.DType == this[first].DType, DiagnosticCode.DTypeMismatch,
                () => $"element types differ: {this[first]} and {other}; convert one of them");
            Require(other.Shape == this[first].Shape, DiagnosticCode.ShapeMismatch, () => $"shapes differ: {this[first]} and {other}");
        }
        return this[first];
    }

    /// <summary>The integers of a required attribute.</summary>
    public int[] Ints(string name)
    {
        if (Attributes[name] is not Attribute.Numbers { Values: var values })
            throw Error(DiagnosticCode.BadAttribute, $"needs the attribute {name}=[…]");
        var ints = new int[values.Length];
        for (var i = 0; i < ints.Length; i++) ints[i] = ToInt(name, values[i]);
        return ints;
    }

    /// <summary>The integer of a required attribute.</summary>
    public int Int(string name) => ToInt(name, Number(name));

    /// <summary>The number of a required attribute.</summary>
    public Scalar Number(string name) => Attributes[name] is Attribute.Number n
        ? n.Value
        : throw Error(DiagnosticCode.BadAttribute, $"needs the attribute {name}=number");

    /// <summary>The number of a required attribute, which must be one that <paramref name="type"/> can hold.</summary>
    public Scalar Element(string name, DType type) => Element(Number(name), type);

    /// <summary>A number of an attribute, which must be one that <paramref name="type"/> can hold.</summary>
    public Scalar Element(Scalar value, DType type) =>
        Literal.Refusal(type, value) is { } refusal ? throw Error(refusal.Code, refusal.Message) : value;

    /// <summary>The word of a required attribute.</summary>
    public string Word(string name) => Attributes[name] is Attribute.Word w
        ? w.Text
        : throw Error(DiagnosticCode.BadAttribute, $"needs the attribute {name}=word");

    /// <summary>The element type named by a required attribute.</summary>
    public DType DType(string name) => IR.DType.Find(Word(name))
        ?? throw Error(DiagnosticCode.BadAttribute, $"{name}={Word(name)} is not an element type");

    /// <summary>The sizes of a required attribute, none negative.</summary>
    public Shape Sizes(string name)
    {
        var sizes = Ints(name);
        Require(sizes.All(s => s >= 0), DiagnosticCode.BadAttribute,
            () => $"an attribute is out of range: {name}=[{string.Join(",", sizes)}] has a negative size");
        return new Shape(sizes);
    }

    /// <summary>The distinct axes of a required attribute, each within <paramref name="rank"/>.</summary>
    public int[] Axes(string name, int rank)
    {
        var axes = Ints(name);
        foreach (var axis in axes)
            Require(axis >= 0 && axis < rank, DiagnosticCode.BadAxis, () => $"{name}: axis {axis} is outside 0..{rank - 1}");
        Require(axes.Distinct().Count() == axes.Length, DiagnosticCode.BadAxis,
            () => $"{name}=[{string.Join(",", axes)}] names an axis twice");
        return axes;
    }

    private int ToInt(string name, Scalar value) => value.IsWhole(out var whole) && whole == (int)whole
        ? (int)whole
        : throw Error(DiagnosticCode.BadAttribute, $"{name}: {value} is not an integer of 32 bits");

    /// <summary>A value in a note: its name or number, type and where it was declared.</summary>
    internal static string Describe(Value value)
    {
        var what = value.Name is { } name ? $"\"{name}\"" : $"{value} = {value.Definition!.Op.Name}";
        return $"{what} : {value.Type}{(value.Location.IsKnown ? $"   {value.Location}" : "")}";
    }
}
