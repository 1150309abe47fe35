namespace GraphCompiler.IR.Ops;

/// <summary>What index maps share: evaluation from a map of indices.</summary>
internal static class IndexMap
{
    /// <summary>Evaluates an operation whose element at an index is an element of <paramref name="x"/> at a mapped one.</summary>
    /// <param name="operation">The operation.</param>
    /// <param name="x">What it reads.</param>
    /// <param name="map">Fills the second array with the source of the first.</param>
    public static Literal Evaluate(Operation operation, Literal x, Action<int[], int[]> map)
    {
        var type = operation.Result.Type;
        var values = new Scalar[type.Shape.ElementCount];
        var (index, source) = (new int[type.Rank], new int[x.Type.Rank]);
        for (var i = 0L; i < values.Length; i++)
        {
            type.Shape.Unravel(i, index);
            map(index, source);
            values[i] = x[x.Type.Shape.Ravel(source)];
        }
        return Literal.Rounded(type, values);
    }
}
