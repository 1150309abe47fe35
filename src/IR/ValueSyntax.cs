using GraphCompiler.IR.Ops;

namespace GraphCompiler.IR;

/// <summary>How fluent calls append operations: the one place that checks the value they are called on for null.</summary>
public static class ValueSyntax
{
    extension(Value x)
    {
        /// <summary>Appends an operation at x's builder, with x as the first operand.</summary>
        /// <exception cref="Diagnostics.GraphException">The op's shape rule refuses the operands.</exception>
        public Value Emit(Op op, Location location, AttributeMap attributes, params ReadOnlySpan<Value> more)
        {
            ArgumentNullException.ThrowIfNull(x);
            ArgumentNullException.ThrowIfNull(attributes);
            return x.Builder.Emit(op, [x, .. more], attributes, location);
        }

        /// <summary>Declares a value by several operations at x's builder, as <see cref="FunctionBuilder.Compose"/> does.</summary>
        public Value Compose(Location location, Func<Value> declare)
        {
            ArgumentNullException.ThrowIfNull(x);
            return x.Builder.Compose(location, declare);
        }
    }
}
