using System.Runtime.CompilerServices;
using GraphCompiler.IR.Diagnostics;

namespace GraphCompiler.IR;

/// <content>Constants: numbers, arrays and spans, of the element type that .NET's type has (<see cref="DType.Of{T}"/>).</content>
public partial class FunctionBuilder
{
    /// <summary>A constant tensor.</summary>
    public Value Constant(Literal literal, Location location = default)
    {
        ArgumentNullException.ThrowIfNull(literal);
        return Emit(Ops.Constant.Instance, [], Ops.Constant.Attributes(literal), location);
    }

    /// <summary>A constant scalar: <c>Constant(1f)</c> is an <c>f32</c>, <c>Constant(1)</c> an <c>i32</c>.</summary>
    /// <exception cref="GraphException">SGC1001: no element type is T.</exception>
    public Value Constant<T>(T value, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0) where T : unmanaged =>
        Constant<T>([value], Shape.Scalar, file, line);

    /// <summary>A constant vector.</summary>
    /// <exception cref="GraphException">SGC1001: no element type is T.</exception>
    public Value Constant<T>(T[] values, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0) where T : unmanaged
    {
        ArgumentNullException.ThrowIfNull(values);
        return Constant<T>(values, new Shape(values.Length), file, line);
    }

    /// <summary>A constant matrix.</summary>
    /// <exception cref="GraphException">SGC1001: no element type is T.</exception>
    public Value Constant<T>(T[,] values, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0) where T : unmanaged
    {
        ArgumentNullException.ThrowIfNull(values);
        CheckElement<T>(new(file, line));
        return Constant(Literal.Of(values), new Location(file, line));
    }

    /// <summary>A constant tensor of this shape, from its elements in row-major order.</summary>
    /// <exception cref="GraphException">SGC1001: no element type is T. SGC1002: another number of elements.</exception>
    public Value Constant<T>(ReadOnlySpan<T> values, Shape shape, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0)
        where T : unmanaged
    {
        CheckElement<T>(new(file, line));
        if (values.Length != shape.ElementCount)
            throw new GraphException(DiagnosticCode.ShapeMismatch,
                $"a constant of {shape} has {shape.ElementCount} elements, given {values.Length}", _pinned ?? new Location(file, line));
        return Constant(Literal.Of(shape, values), new Location(file, line));
    }

    private void CheckElement<T>(Location location) where T : unmanaged
    {
        if (DType.Find<T>() is null) throw DType.NoSuch<T>(_pinned ?? location);
    }
}
