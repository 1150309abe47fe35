using System.Runtime.CompilerServices;
using GraphCompiler.IR;
using GraphCompiler.IR.Diagnostics;
using GraphCompiler.IR.Ops;

namespace GraphCompiler.Frontend.Layers;

/// <summary>Keys and values of the positions that sequences have passed, in variables: attention that is applied through it
/// (<see cref="MultiHeadAttention.Decode"/>, <see cref="TransformerBlock.Decode"/>) computes one position, and looks at those before it
/// without computing them again.</summary>
/// <remarks>A function that decodes carries out <see cref="Assignments"/>, which keep each position's keys and values. Positions are given
/// in their order, from 0 on: a sequence begins anew with 0, since what is kept of later positions is not looked at before it is written.
/// Declared after <c>Minimize</c>, the variables are not the training step's. They are [batch, length, key heads, width of a head] of x's
/// type, two for each layer. Cost of a position: that of a product for each kernel, and a walk over all positions that are kept:
/// <code>
/// var cache = new KeyValueCache(g.Input("position", I32), length: 64);
/// var next = block.Decode(x, cache);                       // x[batch, 1, width]
/// using var decoder = g.Function(next).Assigning([.. cache.Assignments]).Compile(store: step.Variables);
/// </code></remarks>
public sealed class KeyValueCache
{
    private readonly GraphBuilder _graph;
    private readonly List<Value> _variables = [];

    /// <summary>A cache of nothing, which layers declare their variables in as they are applied.</summary>
    /// <param name="position">i32 or i64, a scalar: the position that a run of the function computes, 0 to <paramref name="length"/> -
    /// 1. At other positions nothing is kept, and none is hidden from those beyond the end.</param>
    /// <param name="length">Positions that are kept, at least 1.</param>
    /// <param name="name">The scope of the variables: <c>name/block0/attention/keys</c> and <c>name/block0/attention/values</c>.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    /// <exception cref="GraphException">SGC1001: the position is not i32 or i64. SGC1003: it is no scalar. SGC1006: a malformed name.
    /// SGC1008: it is not of a <see cref="GraphBuilder"/>. SGC1011: fewer than one position.</exception>
    public KeyValueCache(Value position, int length, string name = "cache", [CallerFilePath] string file = "",
        [CallerLineNumber] int line = 0)
    {
        ArgumentNullException.ThrowIfNull(position);
        var location = position.Builder.Pinned ?? new Location(file, line);
        GraphException Error(DiagnosticCode code, string message) => new(code, $"{nameof(KeyValueCache)}: {message}", location);
        _graph = position.Builder as GraphBuilder
            ?? throw Error(DiagnosticCode.ForeignValue, $"{position} is not of a GraphBuilder, so there can be no variables");
        if (position.DType != DType.I32 && position.DType != DType.I64)
            throw Error(DiagnosticCode.DTypeMismatch, $"a position is i32 or i64, got {position} : {position.Type}");
        if (position.Rank != 0) throw Error(DiagnosticCode.RankMismatch, $"a position is a scalar, got {position} : {position.Type}");
        if (length < 1) throw Error(DiagnosticCode.BadArgument, $"length must be at least 1, got {length}");
        using var scope = _graph.Scope(name, location.File, location.Line);
        (Position, Length, Name) = (position, length, _graph.Path.TrimEnd('/'));
    }

    /// <summary>The position that a run computes.</summary>
    public Value Position { get; }

    /// <summary>Positions that are kept.</summary>
    public int Length { get; }

    /// <summary>The scope of the variables, with those that it was made in.</summary>
    public string Name { get; }

    /// <summary>What a function that decodes carries out, <c>FunctionPlan.Assigning</c>; a training step carries it out only where it is
    /// asked to.</summary>
    public IReadOnlyList<Assignment> Assignments => [.. _graph.Assignments.Where(a => _variables.Contains(a.Variable.Value))];

    /// <summary>Which positions are seen: bool [1, 1, 1, length].</summary>
    internal Value Seen => Counted(3) <= Position;

    /// <summary>All keys or values, those of the present position among them.</summary>
    /// <param name="layer">Whose they are.</param>
    /// <param name="what">The variable's name within the layer.</param>
    /// <param name="x">[batch, 1, key heads, width].</param>
    /// <param name="location">Of the call.</param>
    internal Value Keep(string layer, string what, Value x, Location location)
    {
        var type = x.DType[x.Shape[0], Length, x.Shape[2], x.Shape[3]];
        var variable = _graph.Declare("", $"{Name}/{layer}/{what}", type, Initializer.Zeros, trainable: false, location);
        var kept = Counted(1).Equal(Position).Select(x, variable);
        _variables.Add(variable);
        return _graph.Assign(variable, kept, AssignmentUse.Request, location).Next;
    }

    /// <summary>Refuses a value of another graph.</summary>
    internal bool IsOf(FunctionBuilder graph) => _graph == graph;

    // 0, 1, 2 and so on along an axis of four.
    private Value Counted(int axis)
    {
        int[] sizes = [1, 1, 1, 1];
        sizes[axis] = Length;
        return _graph.Emit(Iota.Instance, [], Iota.Attributes(new TensorType(Position.DType, new Shape(sizes)), axis));
    }
}
