using System.Collections.Immutable;

namespace GraphCompiler.IR.Ops;

/// <summary>What index maps share: reading an attribute's integers, and evaluation from a map of indices.</summary>
internal static class IndexMap
{
    /// <summary>The integers of an attribute that the shape rule has checked.</summary>
    public static int[] Ints(Operation operation, string name) =>
        [.. ((Attribute.Numbers)operation.Attributes[name]!).Values.Select(v => (int)v)];

    /// <summary>The integer of an attribute that the shape rule has checked.</summary>
    public static int Int(Operation operation, string name) => (int)((Attribute.Number)operation.Attributes[name]!).Value;

    /// <summary>Evaluates an operation whose element at an index is an element of <paramref name="x"/> at a mapped one.</summary>
    /// <param name="operation">The operation.</param>
    /// <param name="x">What it reads.</param>
    /// <param name="map">Fills the second array with the source of the first.</param>
    public static Literal Evaluate(Operation operation, Literal x, Action<int[], int[]> map)
    {
        var type = operation.Result.Type;
        var values = new double[type.Shape.ElementCount];
        var (index, source) = (new int[type.Rank], new int[x.Type.Rank]);
        for (var i = 0L; i < values.Length; i++)
        {
            type.Shape.Unravel(i, index);
            map(index, source);
            values[i] = x[x.Type.Shape.Ravel(source)];
        }
        return new Literal(type, values);
    }
}
