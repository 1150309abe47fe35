using GraphCompiler.IR;

namespace GraphCompiler.Frontend.Metrics;

/// <summary>The part of the examples that is right.</summary>
internal sealed class FractionMetric : Metric
{
    private readonly string _name;

    public FractionMetric(Value[] counts, string name) : base([.. counts]) => (_name, HigherIsBetter) = (name, true);

    internal override MetricTotals Begin() => new Totals(_name);

    private sealed class Totals(string name) : MetricTotals
    {
        private long _count, _right;

        public override double Result => (double)_right / _count;

        public override void Add(MetricBatch batch)
        {
            ClassExamples.Check(name, batch.Count(0));
            _count += batch.Count(1);
            _right += batch.Count(2);
        }
    }
}

/// <summary>A figure of counts: of examples that were predicted to be of a class and are, that were predicted to be, and that
/// are.</summary>
internal delegate double ClassRate(long right, long predicted, long actual);

/// <summary>Precision, recall and what else is made of each class's counts.</summary>
internal sealed class ClassRateMetric : Metric
{
    private readonly string _name;
    private readonly ClassAverage _average;
    private readonly int? _positive;
    private readonly ClassRate _rate;

    public ClassRateMetric(Value[] counts, string name, ClassAverage average, int? positive, ClassRate rate) : base([.. counts]) =>
        (_name, _average, _positive, _rate, HigherIsBetter) = (name, average, positive, rate, true);

    internal override MetricTotals Begin() => new Totals(this);

    private sealed class Totals(ClassRateMetric metric) : MetricTotals
    {
        private readonly long[] _right = new long[metric.Values[1].Shape[0]], _predicted = new long[metric.Values[1].Shape[0]],
            _actual = new long[metric.Values[1].Shape[0]];

        public override double Result
        {
            get
            {
                if (_actual.Sum() == 0) return double.NaN;
                if (metric._positive is { } one) return Rate(one);
                if (metric._average == ClassAverage.Micro) return metric._rate(_right.Sum(), _predicted.Sum(), _actual.Sum());
                var there = Enumerable.Range(0, _actual.Length).Where(c => _predicted[c] > 0 || _actual[c] > 0);
                return metric._average == ClassAverage.Macro ? there.Average(Rate)
                    : there.Sum(c => _actual[c] * Rate(c)) / _actual.Sum();
            }
        }

        public override void Add(MetricBatch batch)
        {
            ClassExamples.Check(metric._name, batch.Count(0));
            Add(_right, batch.Read<long>(1));
            Add(_predicted, batch.Read<long>(2));
            Add(_actual, batch.Read<long>(3));
        }

        private double Rate(int c) => metric._rate(_right[c], _predicted[c], _actual[c]);

        private static void Add(long[] to, ReadOnlySpan<long> counts)
        {
            for (var c = 0; c < to.Length; c++) to[c] += counts[c];
        }
    }
}

/// <inheritdoc cref="Metric.ConfusionMatrix"/>
internal sealed class ConfusionMetric(Value[] counts, int classes) : Metric([.. counts])
{
    internal override bool IsNumber => false;

    internal override MetricTotals Begin() => new Totals(classes);

    private sealed class Totals(int classes) : MetricTotals
    {
        private readonly long[] _counts = new long[classes * classes];

        public override double Result => double.NaN;

        public override ConfusionMatrix Matrix => new(classes, [.. _counts]);

        public override void Add(MetricBatch batch)
        {
            ClassExamples.Check("ConfusionMatrix", batch.Count(0));
            var counts = batch.Read<long>(1);
            for (var i = 0; i < _counts.Length; i++) _counts[i] += counts[i];
        }
    }
}

/// <inheritdoc cref="Metric.Auc"/>
internal sealed class AucMetric : Metric
{
    public AucMetric(Value[] values) : base([.. values]) => HigherIsBetter = true;

    internal override MetricTotals Begin() => new Totals();

    private sealed class Totals : MetricTotals
    {
        private readonly List<double> _scores = [];
        private readonly List<bool> _labels = [];

        public override double Result
        {
            get
            {
                var (scores, labels) = (_scores.ToArray(), _labels.ToArray());
                Array.Sort(scores, labels);
                var (positives, negatives, twice) = (0L, 0L, 0.0); // Twice the pairs in order, those of equal scores once.
                for (var i = 0; i < scores.Length;)
                {
                    if (double.IsNaN(scores[i])) return double.NaN;
                    var (first, ofEqual) = (i, 0L);
                    for (; i < scores.Length && scores[i] == scores[first]; i++) ofEqual += labels[i] ? 1 : 0;
                    var below = i - first - ofEqual;
                    twice += ofEqual * (2.0 * negatives + below);
                    (positives, negatives) = (positives + ofEqual, negatives + below);
                }
                return twice / (2.0 * positives * negatives);
            }
        }

        public override void Add(MetricBatch batch)
        {
            ClassExamples.Check("Auc", batch.Count(0));
            var scores = batch.Read<double>(1);
            var labels = batch.Read<sbyte>(2);
            for (var i = 0; i < scores.Length; i++)
            {
                if (labels[i] < 0) continue;
                _scores.Add(scores[i]);
                _labels.Add(labels[i] > 0);
            }
        }
    }
}
