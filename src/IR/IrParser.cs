using System.Collections.Immutable;
using System.Globalization;
using GraphCompiler.IR.Diagnostics;
using GraphCompiler.IR.Ops;

namespace GraphCompiler.IR;

/// <summary>Reads IR text. Operations are located at their line of the text.</summary>
/// <remarks>Errors are <see cref="GraphException"/>s: SGC2001 for the text, with line, column and what was expected; SGC2002
/// where declared types differ from inferred ones; and the op's own code where its shape rule refuses.
/// Results may have any names (<c>%hidden</c>); printed, they are numbers.</remarks>
public static class IrParser
{
    /// <summary>Parses a text that holds one function.</summary>
    /// <param name="text">The text.</param>
    /// <param name="fileName">Names the text in locations.</param>
    /// <exception cref="GraphException">The text is not one valid function.</exception>
    public static Function ParseFunction(string text, string fileName = "")
    {
        var module = ParseModule(text, fileName);
        return module.Length == 1 ? module[0] : throw new GraphException(DiagnosticCode.Parse,
            $"line 1, column 1: expected one function, found {module.Length}", new Location(fileName, 1));
    }

    /// <summary>Parses a text of any number of functions, whose names are distinct.</summary>
    /// <param name="text">The text.</param>
    /// <param name="fileName">Names the text in locations.</param>
    /// <exception cref="GraphException">The text is not valid.</exception>
    public static ImmutableArray<Function> ParseModule(string text, string fileName = "")
    {
        ArgumentNullException.ThrowIfNull(text);
        ArgumentNullException.ThrowIfNull(fileName);
        return new FunctionParser(new TokenReader(text, fileName)).Module();
    }
}

/// <summary>The grammar of functions, operations and regions.</summary>
internal sealed class FunctionParser(TokenReader reader)
{
    // Regions nest by recursion; real ones are one deep, so this only keeps garbage from exhausting the stack.
    private const int MaxDepth = 32;
    private int _depth;

    public ImmutableArray<Function> Module()
    {
        var functions = ImmutableArray.CreateBuilder<Function>();
        var names = new HashSet<string>(StringComparer.Ordinal);
        while (reader.Peek.Kind != TokenKind.End)
        {
            reader.Expect("func");
            var name = reader.Take(TokenKind.Symbol, "a function's @name");
            if (!names.Add(name.Text)) throw reader.Error(name, "a name not used before");
            functions.Add(Body(name));
        }
        return functions.ToImmutable();
    }

    private Function Body(Token name)
    {
        if (!TokenReader.IsName(name.Text)) throw reader.Error(name, "a name that does not start with a digit");
        var builder = new FunctionBuilder(name.Text);
        var scope = new Dictionary<string, Value>(StringComparer.Ordinal);
        Parameters(builder, scope);
        reader.Expect("->");
        var first = reader.Peek;
        var declared = reader.Peek.Is("(") ? NoTypes() : reader.Types();
        reader.Expect("{");
        while (!reader.Peek.Is("return")) Operation(builder, scope);
        reader.Expect("return");
        var results = reader.Peek.Kind == TokenKind.Value ? Operands(scope) : [];
        CheckTypes(first, $"@{name.Text}", declared, [.. results.Select(r => r.Type)]);
        reader.Expect("}");
        return builder.Build(results.AsSpan());
    }

    private void Parameters(FunctionBuilder builder, Dictionary<string, Value> scope)
    {
        reader.Expect("(");
        while (!reader.Peek.Is(")"))
        {
            if (scope.Count > 0) reader.Expect(",");
            var name = reader.Take(TokenKind.Value, "a parameter's %name");
            if (!TokenReader.IsName(name.Text)) throw reader.Error(name, "a name that does not start with a digit");
            if (scope.ContainsKey(name.Text)) throw reader.Error(name, "a name not used before");
            reader.Expect(":");
            scope.Add(name.Text, builder.Parameter(name.Text, reader.Type(), reader.LocationOf(name)));
        }
        reader.Expect(")");
    }

    private List<TensorType> NoTypes()
    {
        reader.Expect("(");
        reader.Expect(")");
        return [];
    }

    private void Operation(FunctionBuilder builder, Dictionary<string, Value> scope)
    {
        var names = reader.List(() => reader.Take(TokenKind.Value, "a result's %name or 'return'"));
        reader.Expect("=");
        var mnemonic = reader.Take(TokenKind.Word, "an op");
        var op = OpRegistry.Find(mnemonic.Text) ?? throw reader.Error(mnemonic, "the name of an op");
        var operands = reader.Peek.Kind == TokenKind.Value ? Operands(scope) : [];
        var attributes = reader.Peek.Is("{") ? reader.Attributes() : AttributeMap.Empty;
        reader.Expect(":");
        var declared = reader.Types();
        var body = reader.Peek.Is("{") ? Region() : null;
        var results = Emit(builder, mnemonic, op, operands, attributes, body);
        CheckTypes(mnemonic, op.Name, declared, [.. results.Select(r => r.Type)]);
        if (names.Count != results.Length) throw reader.Error(names[0], $"{results.Length} result names for {op.Name}");
        for (var i = 0; i < results.Length; i++)
            if (!scope.TryAdd(names[i].Text, results[i])) throw reader.Error(names[i], "a name not used before");
    }

    private ImmutableArray<Value> Emit(FunctionBuilder builder, Token at, Op op, ImmutableArray<Value> operands,
        AttributeMap attributes, Function? body)
    {
        try
        {
            return builder.EmitAll(op, operands.AsSpan(), attributes, reader.LocationOf(at), body);
        }
        catch (Exception e) when (e is ArgumentException or OverflowException)
        {
            // Attributes of the right kind may still hold numbers that no shape or axis can have.
            throw new GraphException(DiagnosticCode.BadAttribute,
                $"line {at.Line}, column {at.Column}: {op.Name}: an attribute is out of range ({e.Message})", reader.LocationOf(at));
        }
    }

    private Function Region()
    {
        var open = reader.Peek;
        if (++_depth > MaxDepth) throw reader.Error(open, $"at most {MaxDepth} nested regions");
        reader.Expect("{");
        var body = Body(new Token(TokenKind.Symbol, "body", open.Line, open.Column));
        reader.Expect("}");
        _depth--;
        return body;
    }

    private ImmutableArray<Value> Operands(Dictionary<string, Value> scope) => [.. reader.List(() =>
    {
        var name = reader.Take(TokenKind.Value, "a %value");
        return scope.GetValueOrDefault(name.Text) ?? throw reader.Error(name, "a value defined before");
    })];

    private void CheckTypes(Token at, string what, List<TensorType> declared, List<TensorType> inferred)
    {
        if (declared.SequenceEqual(inferred)) return;
        static string Show(List<TensorType> types) => types.Count == 0 ? "()" : string.Join(", ", types);
        throw new GraphException(DiagnosticCode.Invariant,
            $"line {at.Line}, column {at.Column}: {what} is declared {Show(declared)} but gives {Show(inferred)}", reader.LocationOf(at));
    }
}

/// <summary>Reads tokens one after another, and the grammar of types and attributes.</summary>
internal sealed class TokenReader(string text, string fileName)
{
    private readonly List<Token> _tokens = IrLexer.Tokenize(text, fileName);
    private int _next;

    public Token Peek => _tokens[_next];

    public static bool IsName(string text) => !char.IsAsciiDigit(text[0]);

    public Location LocationOf(Token token) => new(fileName, token.Line);

    public GraphException Error(Token found, string expected) => new(DiagnosticCode.Parse,
        $"line {found.Line}, column {found.Column}: expected {expected}, found {found}", LocationOf(found));

    public Token Take(TokenKind kind, string expected)
    {
        var token = Peek;
        if (token.Kind != kind) throw Error(token, expected);
        _next++;
        return token;
    }

    public void Expect(string mark)
    {
        if (!Peek.Is(mark)) throw Error(Peek, $"'{mark}'");
        _next++;
    }

    /// <summary>One or more items with commas between them.</summary>
    public List<T> List<T>(Func<T> item)
    {
        var items = new List<T> { item() };
        while (Peek.Is(","))
        {
            _next++;
            items.Add(item());
        }
        return items;
    }

    public List<TensorType> Types() => List(Type);

    public TensorType Type()
    {
        var name = Peek;
        if (name.Kind != TokenKind.Word || DType.Find(name.Text) is not { } dtype) throw Error(name, "a type such as f32[4,3]");
        _next++;
        return new TensorType(dtype, new Shape(Bracketed(() => Integer("a size", 0)).ToArray()));
    }

    public AttributeMap Attributes()
    {
        var map = AttributeMap.Empty;
        Expect("{");
        foreach (var (name, value) in List(NamedAttribute))
        {
            if (map[name.Text] is not null) throw Error(name, "an attribute not given before");
            map = map.With(name.Text, value);
        }
        Expect("}");
        return map;
    }

    private (Token Name, Attribute Value) NamedAttribute()
    {
        var name = Take(TokenKind.Word, "the name of an attribute");
        Expect("=");
        return (name, AttributeValue());
    }

    private Attribute AttributeValue()
    {
        if (Peek.Is("[")) return ListOrPairs();
        if (Peek.Kind == TokenKind.Number || Peek.Text is "nan" or "inf") return new Attribute.Number(Number());
        return new Attribute.Word(Take(TokenKind.Word, "a number, a list or a word").Text);
    }

    private Attribute ListOrPairs()
    {
        var start = _next;
        var numbers = Bracketed(Number);
        if (!Peek.Is("x")) return new Attribute.Numbers([.. numbers]);
        _next = start;
        var left = Bracketed(() => Integer("an axis", int.MinValue));
        Expect("x");
        return new Attribute.Pairs([.. left], [.. Bracketed(() => Integer("an axis", int.MinValue))]);
    }

    private List<T> Bracketed<T>(Func<T> item)
    {
        Expect("[");
        var items = Peek.Is("]") ? [] : List(item);
        Expect("]");
        return items;
    }

    private int Integer(string what, int minimum)
    {
        var token = Take(TokenKind.Number, what);
        return int.TryParse(token.Text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var value) && value >= minimum
            ? value
            : throw Error(token, minimum == 0 ? $"{what} from 0 to {int.MaxValue}" : what);
    }

    private Scalar Number()
    {
        var token = Peek;
        _next++;
        return token.Kind is TokenKind.Word or TokenKind.Number && Scalar.TryParse(token.Text, out var value)
            ? value : throw Error(token, "a number");
    }
}
