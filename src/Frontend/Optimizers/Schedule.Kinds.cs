using GraphCompiler.IR;
using GraphCompiler.IR.Diagnostics;
using GraphCompiler.IR.Ops;

namespace GraphCompiler.Frontend.Optimizers;

/// <content>How each kind of schedule computes its number.</content>
public abstract partial record Schedule
{
    // From one number to another by half a cosine; fraction: from 0 to 1.
    private static Value HalfCosine(double from, double to, Value fraction) =>
        to + (from - to) / 2 * (1 + (fraction * Math.PI).Cos());

    private sealed record Fixed(double Value) : Schedule
    {
        internal override double? Number => Value;
        internal override Value Compute(Value t, Func<string, double, Value> setting) => t.Constant(Value);
    }

    private sealed record Setting(double Initial, string Name) : Schedule
    {
        internal override Value Compute(Value t, Func<string, double, Value> setting) => setting(Name, Initial);
    }

    private sealed record Scaled(double Factor, Schedule Inner) : Schedule
    {
        internal override Value Compute(Value t, Func<string, double, Value> setting) => Factor * Inner.Compute(t, setting);
    }

    private sealed record Decay(double From, double To, int Steps, double Power) : Schedule
    {
        internal override Value Compute(Value t, Func<string, double, Value> setting)
        {
            var left = 1 - t.Minimum(Steps) / Steps;
            return To + (From - To) * left.Pow(Power);
        }
    }

    private sealed record Powers(double Rate, double Factor, int Every) : Schedule
    {
        internal override Value Compute(Value t, Func<string, double, Value> setting) =>
            Rate * t.Constant(Factor).Pow(Every == 1 ? t : (t / Every).Floor());
    }

    private sealed record Wave(double Rate, double Floor, int Steps, int? Growth) : Schedule
    {
        internal override Value Compute(Value t, Func<string, double, Value> setting) => HalfCosine(Rate, Floor, Growth switch
        {
            null => t.Minimum(Steps) / Steps,
            1 => (t - (t / Steps).Floor() * Steps) / Steps,
            { } growth => Fraction(t, growth),
        });

        // Cycle c starts at n·(gᶜ - 1)/(g - 1) and lasts n·gᶜ steps. The logarithm may be off by an ulp where a cycle starts.
        private Value Fraction(Value t, int growth)
        {
            Value Length(Value cycle) => (t.Constant(growth).Pow(cycle)).Round() * Steps;
            Value Start(Value cycle) => (Length(cycle) - Steps) / (growth - 1);
            var guess = ((t * (growth - 1) / Steps + 1).Log() / Math.Log(growth)).Round();
            var cycle = guess - (t < Start(guess)).ConvertTo(DType.F64);
            return (t - Start(cycle)) / Length(cycle);
        }
    }

    private sealed record Cycle(double First, double Peak, double Last, double Turn, double End) : Schedule
    {
        internal override Value Compute(Value t, Func<string, double, Value> setting) => (t <= Turn).Select(
            HalfCosine(First, Peak, t / Turn), HalfCosine(Peak, Last, (t.Minimum(End) - Turn) / (End - Turn)));
    }

    private sealed record WarmUp(int Steps, Schedule Inner) : Schedule
    {
        internal override Value Compute(Value t, Func<string, double, Value> setting) =>
            ((t + 1) / Steps).Minimum(1) * Inner.Compute((t - Steps).Maximum(0), setting);
    }

    private sealed record Sequence(Schedule First, int Steps, Schedule Next) : Schedule
    {
        internal override Value Compute(Value t, Func<string, double, Value> setting) =>
            (t < Steps).Select(First.Compute(t, setting), Next.Compute((t - Steps).Maximum(0), setting));
    }

    private sealed record Custom(Func<Value, Value> Rate, Location Location) : Schedule
    {
        internal override Value Compute(Value t, Func<string, double, Value> setting)
        {
            var rate = Rate(t) ?? throw Argument.Bad("the function of Schedule.Of gives null", Location);
            if (rate.Builder != t.Builder)
                throw new GraphException(DiagnosticCode.ForeignValue,
                    $"Schedule.Of: {rate} belongs to \"{rate.Builder.Name}\", not to the step", Location);
            TypeCheck.Replacement("Schedule.Of", t, rate, Location);
            return rate;
        }
    }
}
