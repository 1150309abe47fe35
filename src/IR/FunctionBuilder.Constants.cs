using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
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
        var elements = values.Length == 0 ? [] : MemoryMarshal.CreateReadOnlySpan(ref values[0, 0], values.Length);
        return Constant(elements, new Shape(values.GetLength(0), values.GetLength(1)), file, line);
    }

    /// <summary>A constant tensor of this shape, from its elements in row-major order.</summary>
    /// <exception cref="GraphException">SGC1001: no element type is T. SGC1002: another number of elements.</exception>
    public Value Constant<T>(ReadOnlySpan<T> values, Shape shape, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0)
        where T : unmanaged
    {
        var location = Pinned ?? new Location(file, line);
        try
        {
            return Constant(Literal.Of(shape, values), location);
        }
        catch (GraphException e) when (!e.Diagnostics[0].Location.IsKnown && location.IsKnown)
        {
            throw new GraphException(e.Diagnostics[0] with { Location = location });
        }
    }
}
