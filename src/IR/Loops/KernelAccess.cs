namespace GraphCompiler.IR.Loops;

/// <summary>What a kernel does to one of its arguments.</summary>
/// <param name="Reads">Whether any element is read.</param>
/// <param name="Writes">Whether any element is written.</param>
/// <param name="Partition">How the iterations of the kernel's parallel loops partition the elements; null where any iteration may
/// touch any element, or any worker run any iteration (<see cref="ForStatement.Chunk"/>).</param>
public sealed record KernelAccess(bool Reads, bool Writes, AccessPartition? Partition)
{
    /// <summary>An access to each argument of a kernel. Cost: linear in the kernel's text.</summary>
    public static IReadOnlyList<KernelAccess> Of(Kernel kernel)
    {
        var analysis = new Analysis();
        foreach (var statement in kernel.Body) analysis.Top(statement);
        return [.. kernel.Arguments.Select(analysis.AccessOf)];
    }

    /// <summary>Walks a kernel and gathers, for each buffer, by which iterations it is touched.</summary>
    private sealed class Analysis
    {
        private readonly Dictionary<LoopBuffer, KernelAccess> _accesses = [];
        private readonly Dictionary<LoopVariable, IndexRange> _ranges = [];
        private LoopVariable? _parallel;
        private long _count;
        private long _step = 1;

        public KernelAccess AccessOf(LoopBuffer buffer) => _accesses.GetValueOrDefault(buffer) ?? new(false, false, null);

        // A parallel loop gives each worker a range of iterations; those of a vector loop are whole vectors. Who claims which is unknown.
        public void Top(Statement statement)
        {
            if (statement is ForStatement { Kind: LoopKind.Parallel or LoopKind.ParallelVector, Chunk: 0 } loop)
            {
                _parallel = loop.Variable;
                _step = loop.Kind == LoopKind.ParallelVector ? loop.Lanes : 1;
                _count = loop.Shares;
                // The variable is iteration · step and, in a vector, the lane.
                _ranges[loop.Variable] = new(_step, 0, _step - 1);
                foreach (var inner in loop.Body) Visit(inner);
            }
            else
            {
                _parallel = null;
                Visit(statement);
            }
        }

        private void Visit(Statement statement)
        {
            switch (statement)
            {
                case ForStatement loop: _ranges[loop.Variable] = new(0, 0, loop.Extent - 1); break;
                case StoreStatement store: Touch(store.Buffer, store.Position, isWrite: true); break;
                case TransposeStatement transpose:
                    Add(transpose.To, new(false, true, null));
                    Add(transpose.From, new(true, false, null));
                    break;
                case LetStatement or AssignStatement or AccumulateStatement or ChooseStatement: break;
                case PrefetchStatement or BarrierStatement: break;
                default: throw new Diagnostics.InternalCompilerException("access", $"unknown statement {statement.GetType().Name}");
            }
            foreach (var operand in statement.Operands) Visit(operand);
            foreach (var inner in statement.Nested) Visit(inner);
        }

        private void Visit(ScalarExpr expression)
        {
            switch (expression)
            {
                case LoadExpr load: Touch(load.Buffer, load.Position, isWrite: false, load.Copies); break;
                case ConstantExpr or VariableExpr or LocalExpr or UnaryExpr or BinaryExpr or MultiplyAddExpr or CompareExpr: break;
                case PairExpr or PairDotExpr or BitcastExpr: break;
                case SelectExpr or ConvertExpr or CallExpr: break;
                default: throw new Diagnostics.InternalCompilerException("access", $"unknown expression {expression.GetType().Name}");
            }
            foreach (var operand in expression.Operands) Visit(operand);
        }

        private void Touch(LoopBuffer buffer, ScalarExpr position, bool isWrite, int elements = 1)
        {
            var range = _parallel is null ? null : RangeOf(position);
            var divides = range is { Low: >= 0 } r && r.PerIteration > r.High + elements - 1;
            Add(buffer, new(!isWrite, isWrite, divides ? new(_count, range!.PerIteration) : null));
        }

        private void Add(LoopBuffer buffer, KernelAccess access)
        {
            if (_accesses.TryGetValue(buffer, out var known))
                access = new(known.Reads || access.Reads, known.Writes || access.Writes,
                    known.Partition == access.Partition ? access.Partition : null);
            _accesses[buffer] = access;
        }

        private IndexRange? RangeOf(ScalarExpr expression) => expression switch
        {
            ConstantExpr c => new(0, (long)c.Value, (long)c.Value),
            VariableExpr v => _ranges.GetValueOrDefault(v.Variable),
            BinaryExpr b => Combine(b),
            _ => null,
        };

        private IndexRange? Combine(BinaryExpr binary)
        {
            if (RangeOf(binary.X) is not { } x || RangeOf(binary.Y) is not { } y) return null;
            if (binary.Kind == BinaryKind.Add) return new(x.PerIteration + y.PerIteration, x.Low + y.Low, x.High + y.High);
            if (y is not { PerIteration: 0, Low: > 0 } || y.Low != y.High) return null;
            var constant = y.Low;
            return binary.Kind switch
            {
                BinaryKind.Mul => new(x.PerIteration * constant, x.Low * constant, x.High * constant),
                BinaryKind.Min when x.PerIteration * (_count - 1) + x.High <= constant => x,
                BinaryKind.Div or BinaryKind.Rem when x.Low >= 0 => Divide(binary.Kind, x, constant),
                _ => null,
            };
        }

        // Whole multiples of the divisor apart, iterations do not share a quotient.
        private static IndexRange? Divide(BinaryKind kind, IndexRange x, long divisor)
        {
            var isQuotient = kind == BinaryKind.Div;
            if (x.PerIteration == 0 && isQuotient) return new(0, x.Low / divisor, x.High / divisor);
            if (x.PerIteration == 0) return x.High < divisor ? x : new(0, 0, divisor - 1);
            if (x.PerIteration % divisor != 0) return null;
            if (isQuotient) return new(x.PerIteration / divisor, x.Low / divisor, x.High / divisor);
            return x.High < divisor ? new(0, x.Low, x.High) : new(0, 0, divisor - 1);
        }
    }

    /// <summary>iteration · PerIteration + something from Low to High.</summary>
    private sealed record IndexRange(long PerIteration, long Low, long High);
}

/// <summary>Iteration i touches elements from i · <paramref name="Elements"/> on, below those of iteration i + 1.</summary>
/// <param name="Count">Iterations.</param>
/// <param name="Elements">Elements from one iteration to the next.</param>
public sealed record AccessPartition(long Count, long Elements);
