using GraphCompiler.IR.Diagnostics;

namespace GraphCompiler.IR;

/// <summary>What a token of IR text is.</summary>
internal enum TokenKind
{
    /// <summary>A bare word: keyword, mnemonic, element type or attribute name.</summary>
    Word,
    /// <summary><c>%name</c>, the text without the sign.</summary>
    Value,
    /// <summary><c>@name</c>, the text without the sign.</summary>
    Symbol,
    /// <summary>A number, <c>-inf</c> included; <c>inf</c> and <c>nan</c> are words.</summary>
    Number,
    /// <summary>One of <c>( ) { } [ ] , : = -&gt;</c>.</summary>
    Mark,
    /// <summary>The end of the text.</summary>
    End,
}

/// <summary>A token of IR text, its line and its column, both counted from 1.</summary>
internal readonly record struct Token(TokenKind Kind, string Text, int Line, int Column)
{
    public bool Is(string mark) => Kind is TokenKind.Mark or TokenKind.Word && Text == mark;

    public override string ToString() => Kind switch
    {
        TokenKind.End => "the end of the text",
        TokenKind.Value => $"'%{Text}'",
        TokenKind.Symbol => $"'@{Text}'",
        _ => $"'{Text}'",
    };
}

/// <summary>Splits IR text into tokens; spaces, line ends and <c>//</c> comments separate them.</summary>
internal ref struct IrLexer(string text, string fileName)
{
    private readonly ReadOnlySpan<char> _text = text;
    private int _position;
    private int _line = 1;
    private int _lineStart;

    /// <summary>All tokens, ended by one of kind <see cref="TokenKind.End"/>.</summary>
    public static List<Token> Tokenize(string text, string fileName)
    {
        var lexer = new IrLexer(text, fileName);
        var tokens = new List<Token>();
        do tokens.Add(lexer.Next());
        while (tokens[^1].Kind != TokenKind.End);
        return tokens;
    }

    private readonly char Peek(int ahead = 0) => _position + ahead < _text.Length ? _text[_position + ahead] : '\0';

    private Token Next()
    {
        SkipBlanks();
        if (_position >= _text.Length) return Make(TokenKind.End, _position);
        var start = _position;
        var c = Peek();
        if (char.IsAsciiLetter(c) || c == '_') return Make(TokenKind.Word, start, EndOfName(start));
        if (c is '%' or '@') return Make(c == '%' ? TokenKind.Value : TokenKind.Symbol, start + 1, NameAfterSign(c));
        if (c == '-' && Peek(1) == '>') return Make(TokenKind.Mark, start, start + 2);
        if (char.IsAsciiDigit(c) || c == '-') return Make(TokenKind.Number, start, EndOfNumber(start));
        if ("(){}[],:=".Contains(c)) return Make(TokenKind.Mark, start, start + 1);
        throw Error($"expected IR text, found the character {Show(c)}");
    }

    private void SkipBlanks()
    {
        for (; _position < _text.Length; _position++)
        {
            if (Peek() == '/' && Peek(1) == '/')
                while (_position + 1 < _text.Length && Peek(1) != '\n') _position++;
            else if (Peek() == '\n') (_line, _lineStart) = (_line + 1, _position + 1);
            else if (Peek() is not (' ' or '\t' or '\r')) return;
        }
    }

    private readonly int EndOfName(int start)
    {
        var end = start;
        while (end < _text.Length && (char.IsAsciiLetterOrDigit(_text[end]) || _text[end] is '_' or '.' or '/'))
        {
            if (_text[end] == '/' && end + 1 < _text.Length && _text[end + 1] == '/') break;
            end++;
        }
        return end;
    }

    private readonly int NameAfterSign(char sign)
    {
        var end = EndOfName(_position + 1);
        return end > _position + 1 ? end : throw Error($"expected a name after '{sign}'");
    }

    private readonly int EndOfNumber(int start)
    {
        if (_text[start..].StartsWith("-inf")) return start + 4;
        var end = start + 1;
        if (_text[start] == '-' && !char.IsAsciiDigit(Peek(1))) throw Error("expected a number or '->' at '-'");
        while (end < _text.Length && IsNumberPart(_text[end], _text[end - 1])) end++;
        return end;
    }

    private static bool IsNumberPart(char c, char before) =>
        char.IsAsciiDigit(c) || c is '.' or 'e' or 'E' || ((c is '+' or '-') && (before is 'e' or 'E'));

    private Token Make(TokenKind kind, int start, int end = -1)
    {
        var token = new Token(kind, end < 0 ? "" : _text[start..end].ToString(), _line, _position - _lineStart + 1);
        if (end >= 0) _position = end;
        return token;
    }

    private readonly GraphException Error(string message) =>
        new(DiagnosticCode.Parse, $"line {_line}, column {_position - _lineStart + 1}: {message}", new Location(fileName, _line));

    private static string Show(char c) => char.IsControl(c) || char.IsSurrogate(c) ? $"U+{(int)c:X4}" : $"'{c}'";
}
