using GraphCompiler.Frontend.Optimizers;
using GraphCompiler.IR;
using GraphCompiler.IR.Diagnostics;
using GraphCompiler.IR.Ops;

namespace GraphCompiler.Frontend;

/// <summary>What a loss checks beside what other calls do, and how it is declared.</summary>
/// <remarks>Losses of types narrower than f32 are computed in f32 and rounded once.</remarks>
internal static class LossCall
{
    public static Value Wide(Value x) => x.DType.IsFloating && x.DType.Bits < 32 ? x.ConvertTo(DType.F32) : x;

    private static Value Reduced(Value losses, LossReduction reduction) => reduction switch
    {
        LossReduction.Mean => losses.Mean(),
        LossReduction.Sum => losses.Sum(),
        _ => losses,
    };

    extension(SyntaxCall call)
    {
        /// <summary>A value of x's type, which is floating point.</summary>
        public SyntaxCall Same(Value other, string name) => call.OfShape(other, name, call.X.Shape);

        /// <summary>A value of x's element type, which is floating point, and of a shape.</summary>
        public SyntaxCall OfShape(Value other, string name, Shape shape)
        {
            var x = call.X;
            call.Own(other, name);
            call.Require(other.DType == x.DType && x.DType.IsFloating, DiagnosticCode.DTypeMismatch,
                () => $"needs floating point of one type, got {x.Type} and {other.Type}");
            return call.Require(other.Shape == shape, DiagnosticCode.ShapeMismatch,
                () => shape == x.Shape ? $"shapes differ: {x.Type} and {other.Type}"
                    : $"{name} of {x.Type} must be {shape}, got {other.Type}");
        }

        public SyntaxCall Positive(double value, string name)
        {
            Argument.Positive(value, $"{call.Name}: {name}", call.Location);
            return call;
        }

        public SyntaxCall NotNegative(double value, string name)
        {
            Argument.NotNegative(value, $"{call.Name}: {name}", call.Location);
            return call;
        }

        public SyntaxCall Finite(double value, string name) =>
            call.Require(double.IsFinite(value), DiagnosticCode.BadArgument, () => $"{name} must be finite, got {value}");

        public SyntaxCall Known(LossReduction reduction) =>
            call.Require(Enum.IsDefined(reduction), DiagnosticCode.BadArgument, () => $"there is no reduction {reduction}");

        /// <summary>Declares the loss, in f32 where x's type is narrower.</summary>
        public Value Loss(Func<Value> declare) => call.Compose(() =>
        {
            var loss = declare();
            return loss.DType == call.X.DType ? loss : loss.ConvertTo(call.X.DType);
        });

        /// <summary>Declares the losses of elements or examples, and reduces them.</summary>
        public Value Loss(LossReduction reduction, Func<Value> declare) => call.Loss(() => Reduced(declare(), reduction));
    }
}
