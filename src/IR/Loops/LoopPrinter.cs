using System.Text;

namespace GraphCompiler.IR.Loops;

/// <summary>Writes kernels as readable text, for dumps and tests; there is no parser for it.</summary>
/// <remarks>An expression used more than once in a statement is written once, before it, as <c>t0 := …</c>.</remarks>
public static class LoopPrinter
{
    /// <summary>The text of a kernel, ending with a newline.</summary>
    public static string Print(Kernel kernel)
    {
        var writer = new Writer();
        writer.Kernel(kernel);
        return writer.ToString();
    }

    /// <summary>The calls of a program in order, each with the storage of its buffers: <c>external0</c> for external memory,
    /// <c>arena[64]</c> for bytes from 64 on, <c>constant0</c>. <c>barrier</c> precedes calls that wait for all workers.</summary>
    public static string Print(LoopProgram program)
    {
        var text = new StringBuilder($"program @{program.Name} externals={program.ExternalCount} ")
            .Append($"arena={program.ArenaBytes} keep_all={program.KeepAllBytes} {{\n");
        foreach (var call in program.Calls)
        {
            if (call.NeedsBarrier) text.Append("  barrier\n");
            var arguments = call.Kernel.Arguments.Zip(call.Arguments, (b, s) => (b.IsWritten ? "out " : "") + Name(s));
            text.Append($"  {(call.IsParallel ? "parallel " : "")}{call.Kernel.Name}({string.Join(", ", arguments)})\n");
        }
        return text.Append("}\n").ToString();
    }

    /// <summary>One expression, with parentheses where precedence needs them.</summary>
    public static string Print(ScalarExpr expression) => new ExpressionPrinter().Print(expression);

    private sealed class Writer
    {
        private readonly StringBuilder _text = new();
        private int _indent;

        public override string ToString() => _text.ToString();

        public void Kernel(Kernel kernel)
        {
            var arguments = kernel.Arguments.Select(a => $"{(a.IsWritten ? "out " : "")}{Declare(a)}");
            Line($"kernel @{kernel.Name}({string.Join(", ", arguments)}) work={(Scalar)kernel.Work} {{");
            _indent++;
            foreach (var buffer in kernel.Scratch) Line($"{Word(buffer.Scope)} {Declare(buffer)}");
            foreach (var statement in kernel.Body) Statement(statement);
            _indent--;
            Line("}");
        }

        private void Statement(Statement statement)
        {
            switch (statement)
            {
                case ForStatement loop:
                    For(loop);
                    break;
                case LetStatement let:
                    Line(e => $"let {let.Local}: {let.Local.DType}{Size(let.Local)} = {e.Print(let.Value)}", let.Operands);
                    break;
                case AssignStatement assign:
                    Line(e => $"{Element(assign.Local, assign.Element)} = {e.Print(assign.Value)}", assign.Operands);
                    break;
                case AccumulateStatement add:
                    Line(e => $"{add.Local} {Word(add.Kind)}= {e.Print(add.Value)}", add.Operands);
                    break;
                case ChooseStatement choose:
                    Line(e => $"{choose.Local}, {choose.Index} {Word(choose.Kind)}= {e.Print(choose.Value)}, {e.Print(choose.At)}",
                        choose.Operands);
                    break;
                case StoreStatement store:
                    Line(e => $"{store.Buffer}[{e.Print(store.Position)}{e.Guard(store.Guard)}] = {e.Print(store.Value)}",
                        store.Operands);
                    break;
                case TransposeStatement t:
                    Line(e => $"transpose {t.To}[{e.Print(t.ToPosition)} + c*{t.ToStride} + r] = "
                        + $"{t.From}[{e.Print(t.FromPosition)} + r*{t.FromStride} + c] for r in 0..{t.Rows}, c in 0..{t.Columns}",
                        t.Operands);
                    break;
                case PrefetchStatement p:
                    Line(e => $"prefetch L{p.Level} {p.Buffer}[{e.Print(p.Position)}]", p.Operands);
                    break;
                case BarrierStatement:
                    Line("barrier");
                    break;
                default:
                    throw new Diagnostics.InternalCompilerException("loop printer", $"unknown statement {statement.GetType().Name}");
            }
        }

        private void For(ForStatement loop)
        {
            var how = (loop.Unroll > 1 ? $"unroll({loop.Unroll}) " : "") + (loop.Chunk > 0 ? $"claim({loop.Chunk}) " : "");
            Line(e => $"{Kind(loop)}for {loop.Variable} in 0..{(loop.Count is { } count ? $"({e.Print(count)}) of {loop.Extent}"
                 : loop.Extent)} {how}{{", loop.Operands);
            _indent++;
            foreach (var inner in loop.Body) Statement(inner);
            _indent--;
            Line("}");
        }

        private void Line(Func<ExpressionPrinter, string> statement, params ReadOnlySpan<ScalarExpr> expressions)
        {
            var printer = new ExpressionPrinter();
            foreach (var definition in printer.NameShared(expressions)) Line(definition);
            Line(statement(printer));
        }

        private void Line(string line) => _text.Append(' ', 2 * _indent).Append(line).Append('\n');

        private static string Kind(ForStatement loop) => loop.Kind switch
        {
            LoopKind.Serial => "",
            LoopKind.Parallel => "parallel ",
            LoopKind.Vector => $"vector({loop.Lanes}) ",
            _ => $"parallel vector({loop.Lanes}) ",
        };

        private static string Declare(LoopBuffer buffer) => $"{buffer}: {buffer.DType}[{buffer.Elements}]";
        private static string Size(Local local) => local.Elements == 1 ? "" : $"[{local.Elements}]";
    }

    /// <summary>The text of expressions that may share nodes.</summary>
    private sealed class ExpressionPrinter
    {
        private const int Unary = 9, Atom = 10;
        private readonly Dictionary<ScalarExpr, string> _names = new(ReferenceEqualityComparer.Instance);

        /// <summary>Names every inner node reached twice; gives the definitions, innermost first.</summary>
        public List<string> NameShared(ReadOnlySpan<ScalarExpr> roots)
        {
            var seen = new HashSet<ScalarExpr>(ReferenceEqualityComparer.Instance);
            var shared = new HashSet<ScalarExpr>(ReferenceEqualityComparer.Instance);
            var order = new List<ScalarExpr>();
            foreach (var root in roots) Visit(root, seen, shared, order);
            var definitions = new List<string>();
            foreach (var node in order.Where(shared.Contains))
            {
                var text = Print(node);
                _names[node] = $"t{definitions.Count}";
                definitions.Add($"{_names[node]} := {text}");
            }
            return definitions;
        }

        private static void Visit(ScalarExpr node, HashSet<ScalarExpr> seen, HashSet<ScalarExpr> shared, List<ScalarExpr> order)
        {
            if (node.Operands.IsEmpty) return;
            if (!seen.Add(node))
            {
                shared.Add(node);
                return;
            }
            foreach (var operand in node.Operands) Visit(operand, seen, shared, order);
            order.Add(node);
        }

        public string Print(ScalarExpr node, int context = 0)
        {
            if (_names.TryGetValue(node, out var name)) return name;
            var (text, precedence) = Render(node);
            return precedence < context ? $"({text})" : text;
        }

        public string Guard(ScalarExpr? guard) => guard is null ? "" : $" if {Print(guard)}";

        private (string Text, int Precedence) Render(ScalarExpr node) => node switch
        {
            ConstantExpr c => (c.DType == DType.Bool ? c.Value != 0 ? "true" : "false" : c.Value.ToString(), Atom),
            VariableExpr v => (v.Variable.Name, Atom),
            LocalExpr l => (Element(l.Local, l.Element), Atom),
            LoadExpr l => ($"{l.Buffer}[{Print(l.Position)}{Guard(l.Guard)}{(l.Copies > 1 ? $" x {l.Copies}" : "")}]", Atom),
            UnaryExpr { Kind: UnaryKind.Neg } u => ($"-{Print(u.X, Unary)}", Unary),
            UnaryExpr { Kind: UnaryKind.Not } u => ($"!{Print(u.X, Unary)}", Unary),
            UnaryExpr u => (Call(Word(u.Kind), u.X), Atom),
            BinaryExpr { Kind: BinaryKind.Min or BinaryKind.Max or BinaryKind.MultiplyHigh } b => (Call(Word(b.Kind), b.X, b.Y), Atom),
            BinaryExpr b => Infix(Symbol(b.Kind), b.X, b.Y),
            CompareExpr c => Infix(Symbol(c.Kind), c.X, c.Y),
            PairExpr p => (Call("pair", p.Low, p.High), Atom),
            BitcastExpr b => (Call("bits", b.X), Atom),
            PairDotExpr d => (Call("pair_dot", d.X, d.Y, d.Z), Atom),
            MultiplyAddExpr m => (Call("fma", m.X, m.Y, m.Z), Atom),
            SelectExpr s => (Call("select", s.Condition, s.WhenTrue, s.WhenFalse), Atom),
            ConvertExpr c => (Call(c.Type.Name, c.X), Atom),
            CallExpr c => (Call(Word(c.Function), [.. c.X]), Atom),
            _ => throw new Diagnostics.InternalCompilerException("loop printer", $"unknown expression {node.GetType().Name}"),
        };

        private (string Text, int Precedence) Infix((string Text, int Precedence) symbol, ScalarExpr x, ScalarExpr y) =>
            ($"{Print(x, symbol.Precedence)} {symbol.Text} {Print(y, symbol.Precedence + 1)}", symbol.Precedence);

        private string Call(string name, params ScalarExpr[] arguments) => $"{name}({string.Join(", ", arguments.Select(a => Print(a)))})";

        private static (string Text, int Precedence) Symbol(BinaryKind kind) => kind switch
        {
            BinaryKind.Or => ("|", 1),
            BinaryKind.Xor => ("^", 2),
            BinaryKind.And => ("&", 3),
            BinaryKind.ShiftLeft => ("<<", 6),
            BinaryKind.ShiftRightLogical => (">>>", 6),
            BinaryKind.ShiftRightArithmetic => (">>", 6),
            BinaryKind.Add => ("+", 7),
            BinaryKind.Sub => ("-", 7),
            BinaryKind.Mul => ("*", 8),
            BinaryKind.Div => ("/", 8),
            _ => ("%", 8),
        };

        private static (string Text, int Precedence) Symbol(CompareKind kind) => kind switch
        {
            CompareKind.Eq => ("==", 4),
            CompareKind.Ne => ("!=", 4),
            CompareKind.Lt => ("<", 5),
            CompareKind.Le => ("<=", 5),
            CompareKind.Gt => (">", 5),
            _ => (">=", 5),
        };
    }

    private static string Name(Storage storage) => storage.Kind switch
    {
        StorageKind.External => $"external{storage.Index}",
        StorageKind.Arena => $"arena[{storage.Index}]",
        _ => $"constant{storage.Index}",
    };

    private static string Element(Local local, int element) => local.Elements == 1 ? local.Name : $"{local}[{element}]";

    private static string Word(ReductionKind kind) => kind switch
    {
        ReductionKind.Sum => "+",
        ReductionKind.Product => "*",
        ReductionKind.Max => "max",
        _ => "min",
    };

    private static string Word<T>(T kind) where T : struct, Enum => kind.ToString().ToLowerInvariant();
}
