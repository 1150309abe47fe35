using System.Collections.Immutable;
using GraphCompiler.IR;
using GraphCompiler.IR.Diagnostics;
using GraphCompiler.IR.Ops;
using GraphCompiler.Passes.Narrowing;

namespace GraphCompiler.Passes;

/// <summary>What f32 products of a model multiply, and what its activations are kept as.</summary>
public enum Precision
{
    /// <summary>f32, as the model says.</summary>
    Float32,
    /// <summary>bf16, accumulated in f32; variables, optimizer state, gradients of variables, reductions and losses stay f32.</summary>
    BFloat16,
}

/// <summary>Rounds to bf16 what f32 products read, and activations that are kept for later kernels; sums stay f32.</summary>
/// <remarks>Needs: no composite ops, since their decompositions hold products. Ensures: no f32 product that accumulates in f32 is left; a
/// rounded value has one reader, its conversion, and all others read what the conversion gives; variables and results of the function keep
/// all their bits, and products read a copy. What was f64, f16 or an integer stays as it is. O(operations). See docs/adr/0020.</remarks>
public sealed class MixedPrecision : IPass
{
    private readonly Precision _precision;

    /// <summary>Compiles for this precision.</summary>
    /// <exception cref="GraphException">SGC1011: no precision.</exception>
    public MixedPrecision(Precision precision) => _precision = Enum.IsDefined(precision) ? precision
        : throw new GraphException(DiagnosticCode.BadArgument,
            $"{precision} is no precision; there are {string.Join(" and ", Enum.GetNames<Precision>())}");

    /// <inheritdoc/>
    public string Name => "mixed_precision";

    /// <inheritdoc/>
    public Function Run(Function function, PassContext context)
    {
        if (_precision == Precision.Float32 || !function.Operations.Any(RoundedValues.IsProduct)) return function;
        var narrowed = new Rewrite(function).Build();
        return new DeadCodeElimination().Run(narrowed, context);
    }

    private sealed class Rewrite(Function function)
    {
        private readonly FunctionBuilder _builder = new(function.Name);
        private readonly HashSet<Value> _rounded = RoundedValues.Of(function);
        private readonly Dictionary<Value, Value> _map = [];
        // In bf16: what is rounded, and copies of other values that products read.
        private readonly Dictionary<Value, Value> _narrow = [];

        public Function Build()
        {
            foreach (var parameter in function.Parameters)
                _map[parameter] = _builder.Parameter(parameter.Name!, parameter.Type, parameter.Location);
            foreach (var operation in function.Operations)
            {
                using var pin = _builder.At(operation.Location);
                Copy(operation);
            }
            return _builder.Build([.. function.Results.Select(r => _map[r])]);
        }

        private void Copy(Operation operation)
        {
            if (RoundedValues.IsProduct(operation))
            {
                var axes = ((IContractionOp)operation.Op).AxesOf(operation) with { Result = DType.F32 };
                ImmutableArray<Value> operands = [.. operation.Operands.Select(Narrow)];
                _map[operation.Result] = _builder.Emit(operation.Op, operands.AsSpan(), axes.Attributes);
            }
            else if (RoundedValues.SourceOf(operation) is { } source && _rounded.Contains(source))
            {
                // The elements of what is rounded are moved as they are in memory, and widened where they are read.
                _rounded.Add(operation.Result);
                _map[operation.Result] = Narrow(operation.Result).ConvertTo(DType.F32);
                return;
            }
            else
            {
                _builder.Clone(operation, _map);
            }
            foreach (var result in operation.Results.Where(_rounded.Contains)) _map[result] = Narrow(result).ConvertTo(DType.F32);
        }

        // Once for all products: what is moved is converted before, where it has fewer elements, or as many.
        private Value Narrow(Value value)
        {
            if (_narrow.TryGetValue(value, out var narrow)) return narrow;
            return _narrow[value] = value.Definition is { } map && RoundedValues.SourceOf(map) is { } source
                ? _builder.Emit(map.Op, [Narrow(source)], map.Attributes) : _map[value].ConvertTo(DType.BF16);
        }
    }
}
