using System.Runtime.CompilerServices;
using GraphCompiler.IR;
using GraphCompiler.IR.Diagnostics;
using GraphCompiler.IR.Ops;

namespace GraphCompiler.Frontend.Metrics;

// Means, and functions of them.
public abstract partial class Metric
{
    /// <summary>The mean of all elements: of losses of examples, or of anything else.</summary>
    /// <param name="values">Numbers of any shape. Of a scalar, as a loss that is a mean already, each batch counts as many times as it has
    /// rows.</param>
    /// <param name="weights">What each element counts, of the values' shape; an element of weight 0 does not count, whatever it is. 1 each
    /// when null.</param>
    /// <param name="higherIsBetter">Whether more of it is better.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    /// <exception cref="GraphException">SGC1001: numbers are needed. SGC1002: weights of another shape. SGC1008: of another
    /// builder.</exception>
    public static Metric Mean(Value values, Value? weights = null, bool higherIsBetter = false,
        [CallerFilePath] string file = "", [CallerLineNumber] int line = 0)
    {
        var call = Call("Mean", values, new(file, line));
        return new MeanMetric(Sums(call, weights), x => x, higherIsBetter) { CountsRows = IsOfRows(values, weights) };
    }

    /// <summary>exp of the mean of losses: of a language model the number of tokens between which it is as uncertain.</summary>
    /// <param name="losses">-log p of each token, of any shape, as <c>SoftmaxCrossEntropy</c> gives them.</param>
    /// <param name="weights">What each token counts, as 0 for padding; 1 each when null.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    /// <exception cref="GraphException">As of <see cref="Mean"/>.</exception>
    public static Metric Perplexity(Value losses, Value? weights = null,
        [CallerFilePath] string file = "", [CallerLineNumber] int line = 0)
    {
        var call = Call("Perplexity", losses, new(file, line));
        return new MeanMetric(Sums(call, weights), Math.Exp) { CountsRows = IsOfRows(losses, weights) };
    }

    /// <summary>The mean of |prediction - target| over all elements.</summary>
    /// <exception cref="GraphException">SGC1001, SGC1002: not floating point of one type and shape. SGC1008: of another
    /// builder.</exception>
    public static Metric MeanAbsoluteError(Value prediction, Value target,
        [CallerFilePath] string file = "", [CallerLineNumber] int line = 0)
    {
        var call = Call("MeanAbsoluteError", prediction, new(file, line)).Same(target, nameof(target));
        return new MeanMetric(Declared(call, () => [Difference(prediction, target).Abs().Sum(), Count(prediction)]), x => x);
    }

    /// <summary>The root of the mean of (prediction - target)² over all elements.</summary>
    /// <exception cref="GraphException">As of <see cref="MeanAbsoluteError"/>.</exception>
    public static Metric RootMeanSquaredError(Value prediction, Value target,
        [CallerFilePath] string file = "", [CallerLineNumber] int line = 0)
    {
        var call = Call("RootMeanSquaredError", prediction, new(file, line)).Same(target, nameof(target));
        return new MeanMetric(Declared(call, () => [Difference(prediction, target).Square().Sum(), Count(prediction)]), Math.Sqrt);
    }

    /// <summary>The part of the targets' variance that is predicted, 1 - Σ(y - ŷ)²/Σ(y - mean y)², over all elements; NaN where all targets
    /// are equal.</summary>
    /// <remarks>Deviations of batches are added up around their common mean (Chan, Golub and LeVeque 1979), so that none are lost where the
    /// mean is large.</remarks>
    /// <exception cref="GraphException">As of <see cref="MeanAbsoluteError"/>.</exception>
    public static Metric RSquared(Value prediction, Value target, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0)
    {
        var call = Call("RSquared", prediction, new(file, line)).Same(target, nameof(target));
        return new RSquaredMetric(Declared(call, () =>
        {
            var wide = target.ConvertTo(DType.F64);
            var mean = wide.Mean(keepAxes: true);
            return [Difference(prediction, target).Square().Sum(), Count(target), mean.Reshape([]), (wide - mean).Square().Sum()];
        }));
    }

    private static SyntaxCall Call(string name, Value x, Location at, [CallerArgumentExpression(nameof(x))] string? parameter = null)
    {
        ArgumentNullException.ThrowIfNull(x, parameter);
        return new(name, x, at);
    }

    // In f64, also of elements that are not finite.
    private static Value Difference(Value x, Value y) => x.ConvertTo(DType.F64) - y.ConvertTo(DType.F64);

    private static Value Count(Value x) => x.Builder.Constant(new Literal(DType.F64.Scalar, x.Shape.ElementCount));

    private static bool IsOfRows(Value values, Value? weights) => values.Rank == 0 && weights is null;

    // All of the call's results, or nothing is declared.
    private static Value[] Declared(SyntaxCall call, Func<Value[]> declare)
    {
        Value[] all = [];
        call.Compose(() => (all = declare())[^1]);
        return all;
    }

    private static Value[] Sums(SyntaxCall call, Value? weights)
    {
        var x = call.X;
        call.Require(x.DType != DType.Bool, DiagnosticCode.DTypeMismatch, () => $"needs numbers, got {x.Type}; convert them");
        if (weights is null) return Declared(call, () => [x.ConvertTo(DType.F64).Sum(), Count(x)]);
        call.Own(weights, nameof(weights));
        call.Require(weights.Shape == x.Shape, DiagnosticCode.ShapeMismatch, () => $"weights {weights.Type} do not fit {x.Type}");
        call.Require(weights.DType != DType.Bool, DiagnosticCode.DTypeMismatch, () => $"weights are numbers, got {weights.Type}");
        return Declared(call, () =>
        {
            var w = weights.ConvertTo(DType.F64);
            return [w.Equal(0).Select(w.Constant(0), w * x.ConvertTo(DType.F64)).Sum(), w.Sum()];
        });
    }
}

/// <summary>A function of Σ values / Σ weights.</summary>
internal sealed class MeanMetric : Metric
{
    private readonly Func<double, double> _finish;

    public MeanMetric(Value[] sums, Func<double, double> finish, bool higherIsBetter = false) : base([.. sums]) =>
        (_finish, HigherIsBetter) = (finish, higherIsBetter);

    /// <summary>Whether the value is a batch's, which counts as often as it has rows.</summary>
    public bool CountsRows { get; init; }

    internal override MetricTotals Begin() => new Totals(this);

    private sealed class Totals(MeanMetric metric) : MetricTotals
    {
        private double _sum, _weight;

        public override double Result => metric._finish(_sum / _weight);

        public override void Add(MetricBatch batch)
        {
            var times = metric.CountsRows ? batch.Rows : 1;
            _sum += times * batch.Sum(0);
            _weight += times * batch.Sum(1);
        }
    }
}

/// <inheritdoc cref="Metric.RSquared"/>
internal sealed class RSquaredMetric : Metric
{
    public RSquaredMetric(Value[] values) : base([.. values]) => HigherIsBetter = true;

    internal override MetricTotals Begin() => new Totals();

    private sealed class Totals : MetricTotals
    {
        private double _errors, _count, _mean, _deviations;

        public override double Result => _deviations > 0 || double.IsNaN(_deviations) ? 1 - _errors / _deviations : double.NaN;

        public override void Add(MetricBatch batch)
        {
            var (count, mean) = (batch.Sum(1), batch.Sum(2));
            if (count == 0) return;
            var (all, apart) = (_count + count, mean - _mean);
            _errors += batch.Sum(0);
            _deviations += batch.Sum(3) + apart * apart * (_count * count / all);
            _mean += apart * (count / all);
            _count = all;
        }
    }
}
