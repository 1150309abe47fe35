using System.Collections.Immutable;
using GraphCompiler.IR;
using GraphCompiler.IR.Loops;

namespace GraphCompiler.Passes.Lowering;

/// <summary>Lowers operations that differ in their operands only once: layers that are alike have kernels with one body, which is printed,
/// compared and compiled once too.</summary>
internal sealed class DistinctKernels(WeightUse weights)
{
    private readonly Dictionary<Operation, Kernel> _known = new(new Alike(weights));

    /// <summary>The kernel of an operation.</summary>
    /// <param name="operation">Outside of fusions.</param>
    /// <param name="lower">Makes it, of nothing but the operation, its operands' types, and how the step uses them.</param>
    public Kernel KernelOf(Operation operation, Func<Operation, Kernel> lower) => _known.TryGetValue(operation, out var known)
        ? LocatedAt(LocationsOf(operation), known) : _known[operation] = lower(operation);

    private static Kernel LocatedAt(ImmutableArray<Location> locations, Kernel kernel) => kernel with
    {
        Locations = locations, InPlace = kernel.InPlace is { } less ? less with { Locations = locations } : null,
    };

    private static ImmutableArray<Location> LocationsOf(Operation operation) =>
        [.. (operation.Body?.Operations ?? [operation]).Select(o => o.Location).Where(l => l.IsKnown).Distinct()];

    /// <summary>Whether operations are equal in all that lowering may depend on: types, which operands are one value, what the step does
    /// with those that are parameters, and the region.</summary>
    private sealed class Alike(WeightUse weights) : IEqualityComparer<Operation>
    {
        public bool Equals(Operation? x, Operation? y)
        {
            if (x is null || y is null || !IsAlike(x, y)) return false;
            for (var i = 0; i < x.Operands.Length; i++)
                if (x.Operands.IndexOf(x.Operands[i]) != y.Operands.IndexOf(y.Operands[i])
                    || x.Operands[i].Type != y.Operands[i].Type || UseOf(x.Operands[i]) != UseOf(y.Operands[i])) return false;
            return true;
        }

        public int GetHashCode(Operation operation)
        {
            var hash = new HashCode();
            Add(ref hash, operation);
            foreach (var operand in operation.Operands) hash.Add(operand.Type);
            return hash.ToHashCode();
        }

        private (bool, bool, bool) UseOf(Value operand)
        {
            var root = LowerToLoops.Root(operand);
            return (weights.ReadByRows.Contains(operand), weights.ReadByRows.Contains(root), weights.Replaced.Contains(root));
        }

        private static void Add(ref HashCode hash, Operation operation)
        {
            hash.Add(operation.Op);
            hash.Add(operation.Attributes);
            foreach (var result in operation.Results) hash.Add(result.Type);
            foreach (var inner in operation.Body?.Operations ?? [])
            {
                Add(ref hash, inner);
                foreach (var operand in inner.Operands) hash.Add(operand.Id);
            }
        }

        // Operands aside.
        private static bool IsAlike(Operation x, Operation y) => x.Op == y.Op && x.Operands.Length == y.Operands.Length
            && x.Attributes.Equals(y.Attributes) && AreOfTypes(x.Results, y.Results)
            && (x.Body is { } body ? y.Body is { } other && IsAlike(body, other) : y.Body is null);

        // Values of a region are compared by their numbers, which are alike where it was made alike.
        private static bool IsAlike(Function x, Function y)
        {
            if (!AreNumbered(x.Results, y.Results) || !AreNumbered(x.Parameters, y.Parameters) || !AreOfTypes(x.Parameters, y.Parameters)
                || x.Operations.Length != y.Operations.Length) return false;
            for (var i = 0; i < x.Parameters.Length; i++)
                if (x.Parameters[i].Name != y.Parameters[i].Name) return false;
            for (var i = 0; i < x.Operations.Length; i++)
            {
                var (a, b) = (x.Operations[i], y.Operations[i]);
                if (!IsAlike(a, b) || !AreNumbered(a.Operands, b.Operands) || !AreNumbered(a.Results, b.Results)) return false;
            }
            return true;
        }

        private static bool AreNumbered(ImmutableArray<Value> x, ImmutableArray<Value> y)
        {
            if (x.Length != y.Length) return false;
            for (var i = 0; i < x.Length; i++)
                if (x[i].Id != y[i].Id) return false;
            return true;
        }

        private static bool AreOfTypes(ImmutableArray<Value> x, ImmutableArray<Value> y)
        {
            if (x.Length != y.Length) return false;
            for (var i = 0; i < x.Length; i++)
                if (x[i].Type != y[i].Type) return false;
            return true;
        }
    }
}
