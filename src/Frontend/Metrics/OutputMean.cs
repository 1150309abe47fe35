using GraphCompiler.Runtime;

namespace GraphCompiler.Frontend.Metrics;

/// <summary>The mean of an output of one number, which counts as often as its batch has rows.</summary>
internal sealed class OutputMean(ElementType type) : Metric([])
{
    internal override MetricTotals Begin() => new Totals(type);

    private sealed class Totals(ElementType type) : MetricTotals
    {
        private double _sum;
        private long _rows;

        public override double Result => _sum / _rows;

        public override void Add(MetricBatch batch)
        {
            _sum += batch.Rows * (type == ElementType.F32 ? batch.Read<float>(0)[0] : batch.Read<double>(0)[0]);
            _rows += batch.Rows;
        }
    }
}
