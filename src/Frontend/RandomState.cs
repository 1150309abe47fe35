using GraphCompiler.IR;
using GraphCompiler.IR.Ops;

namespace GraphCompiler.Frontend;

/// <summary>The random numbers of a model: the step that they are drawn for, which is a variable, and the streams given so far.</summary>
internal sealed class RandomState(GraphBuilder graph)
{
    /// <summary>The name of the variable that counts the runs that drew numbers; an i64[] that starts at 0.</summary>
    public const string StepName = "random/step";

    private ModelParameter? _step;
    private uint _streams;

    /// <summary>Bits for one draw: no other has its stream.</summary>
    public RandomDraw Draw(Shape shape, Location location) => new(Step(location), shape, graph.Seed, _streams++);

    // Declared by the first draw; anew where that call failed and took it back.
    private Value Step(Location location)
    {
        if (_step is null || !graph.ModelParameters.Contains(_step))
        {
            var step = graph.Declare("", StepName, DType.I64.Scalar, Initializer.Zeros, trainable: false, location);
            _step = graph.ModelParameters[^1];
            graph.Assign(step, step + 1, AssignmentUse.Reading, location);
        }
        return _step.Value;
    }
}

/// <summary>The bits of one draw, as numbers of the type that it computes in: f64 for f64, f32 for all others.</summary>
internal readonly record struct RandomDraw(Value Step, Shape Shape, ulong Seed, uint Stream)
{
    /// <summary>32 bits for each element; words 0 and 1 are independent.</summary>
    public Value Word(int word) => Step.RandomBits(Shape, Seed, Stream, word);

    /// <summary>Uniform over [0, 1): multiples of 2^-24, of 2^-53 in f64.</summary>
    public Value Unit(DType type)
    {
        if (type != DType.F64) return Word(0).ShiftRightLogical(8).ConvertTo(type) * Math.ScaleB(1, -24);
        var (high, low) = (Word(1).ShiftRightLogical(5).ConvertTo(type), Word(0).ShiftRightLogical(6).ConvertTo(type));
        return (high * Math.ScaleB(1, 26) + low) * Math.ScaleB(1, -53);
    }

    /// <summary>Uniform over (0, 1], in f32 with all its digits near 0: the argument of a logarithm.</summary>
    public Value Positive(DType type, int word = 0) => type == DType.F64
        ? Unit(type) + Math.ScaleB(1, -54)
        : (Word(word).ShiftRightLogical(1).ConvertTo(type) + 0.5) * Math.ScaleB(1, -31);

    /// <summary>Normal, with mean 0 and deviation 1 (Box and Muller 1958).</summary>
    /// <param name="type">That it computes in.</param>
    /// <param name="another">One more draw, which f64 needs: a block has bits for both numbers of f32, and for one of f64.</param>
    public Value Normal(DType type, Func<RandomDraw> another)
    {
        var second = type == DType.F64 ? another() : this;
        return (Positive(type).Log() * -2).Sqrt() * (second.Signed(type, word: 1) * Math.PI).Cos();
    }

    /// <summary>Uniform over [-1, 1].</summary>
    public Value Signed(DType type, int word = 0)
    {
        // A conversion to i32 wraps: the same bits, of which a processor converts signed ones.
        if (type != DType.F64) return Word(word).ConvertTo(DType.I32).ConvertTo(type) * Math.ScaleB(1, -31);
        return (Word(1).ConvertTo(DType.I32).ConvertTo(type) + Word(0).ConvertTo(type) * Math.ScaleB(1, -32)) * Math.ScaleB(1, -31);
    }
}
