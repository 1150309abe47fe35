using System.Globalization;
using GraphCompiler.IR;
using GraphCompiler.IR.Diagnostics;
using GraphCompiler.Passes;
using Attribute = GraphCompiler.IR.Attribute;

namespace GraphCompiler.Frontend.Derivatives;

/// <summary>Derivatives of y by x beside central differences, in f64 and by the reference interpreter.</summary>
internal sealed class GradientCheck
{
    private const double Step = 1e-5;
    private const int MostElements = 256;
    private const long MostInterpreted = 1 << 20;

    private readonly Location _location;
    private readonly Function _value;
    private readonly Function _derivatives;
    private readonly string _what;

    /// <summary>Copies what y depends on, with x as a parameter of its own; a cotangent of y and a tangent of x are further ones.</summary>
    public GradientCheck(Value y, Value x, Location location)
    {
        (_location, _what) = (location, $"of {y} by {x}");
        var graph = new DeadCodeElimination().Run(y.Builder.Snapshot(y, x), new PassContext());
        if (graph.Parameters.Concat(graph.Operations.SelectMany(o => o.Results)).Any(v => v.Shape.ElementCount > MostInterpreted))
            throw new GraphException(DiagnosticCode.TooLarge,
                $"a check of the derivative {_what} interprets tensors of at most {MostInterpreted} elements", location);
        var builder = new FunctionBuilder(graph.Name);
        using var pin = builder.At(location);
        var map = graph.Parameters.ToDictionary(p => p, p => builder.Parameter(p.Name!, Widened(p.Type)));
        var moved = builder.ParameterLike("moved", Widened(x.Type), default);
        var (cotangent, tangent) = (builder.ParameterLike("ct", Widened(y.Type), default), builder.ParameterLike("t", moved.Type, default));
        var (copiedY, copiedX) = (graph.Results[0], graph.Results[1]);
        var at = map.GetValueOrDefault(copiedX);
        if (at is not null) map[copiedX] = moved;
        foreach (var operation in graph.Operations)
        {
            Clone(builder, operation, map);
            if (!operation.Results.Contains(copiedX)) continue;
            (at, map[copiedX]) = (map[copiedX], moved);
        }
        var result = map[copiedY];
        var gradient = Adjoint.AppendDense(builder, result, [moved], cotangent)[0];
        var forward = Jvp.Append(builder, [result], [moved], [tangent])[0] ?? result.Constant(0);
        (_value, _derivatives) = (builder.Snapshot(result), builder.Build(at!, gradient, forward));
    }

    /// <summary>The largest difference, relative to max(1, |central difference|).</summary>
    /// <exception cref="GraphException">SGC1014: it is above the tolerance.</exception>
    public double Largest(IReadOnlyDictionary<string, double[]> at, int seed, double tolerance)
    {
        var arguments = Arguments(at, new Random(seed));
        var (moved, ct, t) = (arguments.Length - 3, arguments.Length - 2, arguments.Length - 1);
        arguments[moved] = ReferenceInterpreter.Run(_derivatives, arguments)[0];
        var (largest, count) = (0.0, (int)arguments[moved].Type.Shape.ElementCount);
        for (var i = 0; i < count; i += Math.Max(1, count / MostElements))
        {
            arguments[t] = With(arguments[t], all: 0, i, 1);
            var results = ReferenceInterpreter.Run(_derivatives, arguments);
            var step = Step * Math.Max(1, Math.Abs((double)arguments[moved][i]));
            var expected = (Shifted(step) - Shifted(-step)) / (2 * step);
            var (reverse, forward) = ((double)results[1][i], Product(arguments[ct], results[2]));
            var difference = Math.Max(Math.Abs(reverse - expected), Math.Abs(forward - expected)) / Math.Max(1, Math.Abs(expected));
            if (!(difference <= tolerance)) throw Wrong(i, reverse, forward, expected);
            largest = Math.Max(largest, difference);

            double Shifted(double by)
            {
                Literal[] shifted = [.. arguments];
                shifted[moved] = With(arguments[moved], null, i, (double)arguments[moved][i] + by);
                return Product(arguments[ct], ReferenceInterpreter.Run(_value, shifted)[0]);
            }
        }
        return largest;
    }

    private GraphException Wrong(int element, double reverse, double forward, double expected) =>
        new(DiagnosticCode.WrongDerivative, string.Create(CultureInfo.InvariantCulture,
            $"the derivative {_what} is wrong at element {element}: reverse mode gives {reverse:g9}, forward mode {forward:g9}, ")
            + string.Create(CultureInfo.InvariantCulture, $"central differences {expected:g9}"), _location);

    private Literal[] Arguments(IReadOnlyDictionary<string, double[]> at, Random random)
    {
        foreach (var (name, elements) in at)
        {
            var parameter = _value.Parameters.SkipLast(3).FirstOrDefault(p => p.Name == name)
                ?? throw new GraphException(DiagnosticCode.BadName, $"the value {_what} has no input or variable \"{name}\"", _location);
            if (elements is null || elements.Length != parameter.Shape.ElementCount)
                throw new GraphException(DiagnosticCode.BadArgument,
                    $"\"{name}\" is {parameter.Type} and given {elements?.Length ?? 0} elements", _location);
        }
        return [.. _value.Parameters.Select(p => new Literal(p.Type, at.TryGetValue(p.Name!, out var elements) ? elements
            : [.. Enumerable.Range(0, (int)p.Shape.ElementCount).Select(_ => p.DType.IsFloating ? 2 * random.NextDouble() - 1 : 0)]))];
    }

    private static double Product(Literal a, Literal b) => a.ToArray().Zip(b.ToArray(), (x, y) => x * y).Sum();

    private static Literal With(Literal literal, double? all, int element, double value)
    {
        var elements = literal.ToArray();
        if (all is { } number) Array.Fill(elements, number);
        elements[element] = value;
        return new Literal(literal.Type, elements);
    }

    private static TensorType Widened(TensorType type) => type.DType.IsFloating ? type.With(DType.F64) : type;

    private static void Clone(FunctionBuilder builder, Operation operation, Dictionary<Value, Value> map)
    {
        var attributes = operation.Attributes["dtype"] is Attribute.Word { Text: var name } && DType.Find(name) is { IsFloating: true }
            ? operation.Attributes.With("dtype", DType.F64.Name) : operation.Attributes;
        var results = builder.EmitAll(operation.Op, [.. operation.Operands.Select(o => map[o])], attributes, operation.Location,
            operation.Body is { } body ? Widened(body) : null);
        for (var i = 0; i < results.Length; i++) map[operation.Results[i]] = results[i];
    }

    private static Function Widened(Function function)
    {
        var builder = new FunctionBuilder(function.Name);
        var map = function.Parameters.ToDictionary(p => p, p => builder.Parameter(p.Name!, Widened(p.Type), p.Location));
        foreach (var operation in function.Operations) Clone(builder, operation, map);
        return builder.Build([.. function.Results.Select(r => map[r])]);
    }
}
