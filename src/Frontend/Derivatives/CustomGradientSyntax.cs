using System.Runtime.CompilerServices;
using GraphCompiler.IR;
using GraphCompiler.IR.Diagnostics;
using GraphCompiler.IR.Ops;
using GraphCompiler.Passes;

namespace GraphCompiler.Frontend.Derivatives;

/// <summary>Values with derivative rules of the user's own.</summary>
/// <remarks>A rule is linear in what it is given, and may read any values declared before. What one mode needs and no rule gives is the
/// other's transpose, taken where the cotangent is zero.</remarks>
public static class CustomGradientSyntax
{
    private const string What = "WithGradient";

    extension(Value y)
    {
        /// <summary>The same value, through which <paramref name="rule"/> of the cotangent flows back in place of it: <c>ct => -ct</c>
        /// reverses a gradient.</summary>
        /// <param name="rule">From y's cotangent to one of the same type.</param>
        /// <param name="file">Filled in by the compiler.</param>
        /// <param name="line">Filled in by the compiler.</param>
        /// <exception cref="GraphException">SGC1010: y is not floating point, or the rule gives another type. SGC1011: it gives null,
        /// or declares an input or variable. SGC1008: it gives a value of another builder.</exception>
        public Value WithGradient(Func<Value, Value> rule, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0)
        {
            ArgumentNullException.ThrowIfNull(y);
            ArgumentNullException.ThrowIfNull(rule);
            return y.WithRules(What, [y], ct => [rule(ct)], null, new(file, line));
        }

        /// <summary>y as computed, whose derivative by <paramref name="x"/> is the user's; by everything else it is zero.</summary>
        /// <param name="x">What y is a function of.</param>
        /// <param name="vjp">From y's cotangent to x's.</param>
        /// <param name="jvp">From x's tangent to y's; the transpose of <paramref name="vjp"/> when null.</param>
        /// <param name="file">Filled in by the compiler.</param>
        /// <param name="line">Filled in by the compiler.</param>
        /// <exception cref="GraphException">SGC1010: y or x is not floating point, or a rule gives another type. SGC1011: it gives
        /// null, or declares an input or variable. SGC1008: it gives a value of another builder, or x is of one.</exception>
        public Value WithGradient(Value x, Func<Value, Value> vjp, Func<Value, Value>? jvp = null, [CallerFilePath] string file = "",
            [CallerLineNumber] int line = 0)
        {
            ArgumentNullException.ThrowIfNull(x);
            ArgumentNullException.ThrowIfNull(vjp);
            return y.WithRules(What, [x], ct => [vjp(ct)], jvp is null ? null : tangents => jvp(tangents[0]), new(file, line));
        }

        /// <summary>y as computed, whose derivatives by each of <paramref name="x"/> are the user's; by everything else they are
        /// zero.</summary>
        /// <param name="x">What y is a function of, at least one.</param>
        /// <param name="vjp">From y's cotangent to one for each of x.</param>
        /// <param name="jvp">From a tangent for each of x to y's; the transpose of <paramref name="vjp"/> when null.</param>
        /// <param name="file">Filled in by the compiler.</param>
        /// <param name="line">Filled in by the compiler.</param>
        /// <exception cref="GraphException">SGC1010: y or one of x is not floating point, x is empty, or a rule gives other types or
        /// another number of values. SGC1011: it gives null, or declares an input or variable. SGC1008: it gives a value of another
        /// builder, or one of x is of one.</exception>
        public Value WithGradient(Value[] x, Func<Value, Value[]> vjp, Func<Value[], Value>? jvp = null,
            [CallerFilePath] string file = "", [CallerLineNumber] int line = 0)
        {
            ArgumentNullException.ThrowIfNull(x);
            foreach (var value in x) ArgumentNullException.ThrowIfNull(value, nameof(x));
            ArgumentNullException.ThrowIfNull(vjp);
            return y.WithRules(What, x, vjp, jvp, new(file, line));
        }

        /// <summary>How far y's derivative by <paramref name="x"/> is from central differences, in reverse and forward mode: the largest
        /// difference, relative to max(1, |central difference|). Evaluated in f64 by the reference interpreter, at some 256 elements of x
        /// at most: as a test, for small shapes.</summary>
        /// <param name="x">An input, a variable or an intermediate result.</param>
        /// <param name="tolerance">The largest difference that passes.</param>
        /// <param name="at">Elements of inputs and variables by name; others are drawn from -1 to 1, integers are 0.</param>
        /// <param name="seed">Of what is drawn.</param>
        /// <param name="file">Filled in by the compiler.</param>
        /// <param name="line">Filled in by the compiler.</param>
        /// <exception cref="GraphException">SGC1014: a difference is above the tolerance. SGC1010: y or x is not floating point. SGC1008: x
        /// is of another builder. SGC1006, SGC1011: at names what is no parameter, or has another number of elements. SGC1012: a tensor
        /// is too large to interpret.</exception>
        public double CheckGradient(Value x, double tolerance = 1e-6, IReadOnlyDictionary<string, double[]>? at = null, int seed = 0,
            [CallerFilePath] string file = "", [CallerLineNumber] int line = 0)
        {
            ArgumentNullException.ThrowIfNull(y);
            ArgumentNullException.ThrowIfNull(x);
            var location = y.Builder.Pinned ?? new Location(file, line);
            CheckDifferentiable(y, [y, x], location);
            return new GradientCheck(y, x, location).Largest(at ?? new Dictionary<string, double[]>(), seed, tolerance);
        }

        internal Value WithRules(string what, Value[] x, Func<Value, Value[]> vjp, Func<Value[], Value>? jvp, Location location) =>
            y.Compose(location, () =>
            {
                CheckDifferentiable(y, [y, .. x], y.Builder.Pinned ?? location);
                (string, TensorType)[] parameters = [("ct", y.Type), .. x.Select((v, i) => ($"t{i}", v.Type))];
                var (region, captured) = y.Builder.Region("rule", parameters, location, given =>
                {
                    var (cotangent, tangents) = (given[0], given[1..]);
                    var cotangents = Checked(what, vjp(cotangent), x, location);
                    var tangent = jvp is null ? Transposed(cotangent, cotangents, tangents)
                        : Checked(what, [jvp(tangents)], [y], location)[0];
                    return [.. cotangents, tangent];
                });
                return y.Builder.EmitAll(CustomGradient.Instance, [y, .. x, .. captured], CustomGradient.Attributes(x.Length), location,
                    region)[0];
            });
    }

    private static void CheckDifferentiable(Value y, Value[] values, Location location)
    {
        if (values.Length < 2)
            throw new GraphException(DiagnosticCode.NotDifferentiable, "there is nothing to differentiate with respect to", location);
        CheckOwner(y, values, location);
        foreach (var value in values)
        {
            if (!value.DType.IsFloating)
                throw new GraphException(DiagnosticCode.NotDifferentiable,
                    $"{value} is {value.Type}: only floating-point values have derivatives", location);
        }
    }

    private static void CheckOwner(Value y, Value[] values, Location location)
    {
        if (values.FirstOrDefault(v => v.Builder != y.Builder) is { } value)
            throw new GraphException(DiagnosticCode.ForeignValue,
                $"{value} belongs to \"{value.Builder.Name}\", not to \"{y.Builder.Name}\"", location);
    }

    // ⟨vjp(ct), t⟩ is linear in ct, and its gradient the tangent.
    private static Value Transposed(Value cotangent, Value[] cotangents, Value[] tangents)
    {
        var product = cotangents.Zip(tangents, (g, t) => (g * t).Sum()).Aggregate((a, b) => a + b.ConvertTo(a.DType));
        return Adjoint.AppendDense(cotangent.Builder, product, [cotangent])[0];
    }

    private static Value[] Checked(string what, Value[]? results, Value[] like, Location location)
    {
        if (results is null || results.Any(r => r is null))
            throw new GraphException(DiagnosticCode.BadArgument, $"{what}: a rule gives null", like[0].Builder.Pinned ?? location);
        CheckOwner(like[0], results, like[0].Builder.Pinned ?? location);
        if (!results.Select(r => r.Type).SequenceEqual(like.Select(v => v.Type)))
            throw new GraphException(DiagnosticCode.NotDifferentiable,
                $"{what}: a rule gives ({string.Join(", ", results.Select(r => r.Type))}) where "
                + $"({string.Join(", ", like.Select(v => v.Type))}) is needed", like[0].Builder.Pinned ?? location);
        return results;
    }
}
