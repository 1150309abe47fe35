using System.Diagnostics;
using GraphCompiler.IR.Diagnostics;
using GraphCompiler.IR.Loops;
using GraphCompiler.IR.Ops;

namespace GraphCompiler.IR;

/// <content>Arithmetic, comparisons and subscripts of symbolic values; shapes follow NumPy's broadcasting rules, the broadcast being
/// explicit in the IR.</content>
public sealed partial class Value
{
    /// <summary>Elementwise sum.</summary>
    public static Value operator +(Value x, Value y) => Broadcasting.Emit(Add.Instance, x, y, CallSite(x));
    /// <summary>Elementwise difference.</summary>
    public static Value operator -(Value x, Value y) => Broadcasting.Emit(Subtract.Instance, x, y, CallSite(x));
    /// <summary>Elementwise product.</summary>
    public static Value operator *(Value x, Value y) => Broadcasting.Emit(Multiply.Instance, x, y, CallSite(x));
    /// <summary>Elementwise quotient.</summary>
    public static Value operator /(Value x, Value y) => Broadcasting.Emit(Divide.Instance, x, y, CallSite(x));
    /// <summary>Elementwise negation.</summary>
    public static Value operator -(Value x) => x.Emit(Negate.Instance, CallSite(x), AttributeMap.Empty);

    /// <summary>x + c. As for every operator with a number: SGC1001 and SGC1005 where x's element type cannot hold it.</summary>
    public static Value operator +(Value x, Scalar c) => WithNumber(Add.Instance, x, c);
    /// <summary>c + x.</summary>
    public static Value operator +(Scalar c, Value x) => WithNumber(Add.Instance, x, c, isLeft: true);
    /// <summary>x - c.</summary>
    public static Value operator -(Value x, Scalar c) => WithNumber(Subtract.Instance, x, c);
    /// <summary>c - x.</summary>
    public static Value operator -(Scalar c, Value x) => WithNumber(Subtract.Instance, x, c, isLeft: true);
    /// <summary>x · c.</summary>
    public static Value operator *(Value x, Scalar c) => WithNumber(Multiply.Instance, x, c);
    /// <summary>c · x.</summary>
    public static Value operator *(Scalar c, Value x) => WithNumber(Multiply.Instance, x, c, isLeft: true);
    /// <summary>x / c.</summary>
    public static Value operator /(Value x, Scalar c) => WithNumber(Divide.Instance, x, c);
    /// <summary>c / x.</summary>
    public static Value operator /(Scalar c, Value x) => WithNumber(Divide.Instance, x, c, isLeft: true);

    /// <summary>x &lt; y, elementwise: a bool tensor, as of every comparison. Equality has a method,
    /// <see cref="CompareSyntax.Equal(Value, Value, string, int)"/>: == tells whether both are one value.</summary>
    public static Value operator <(Value x, Value y) => Compare(CompareKind.Lt, x, y);
    /// <summary>x &gt; y, elementwise.</summary>
    public static Value operator >(Value x, Value y) => Compare(CompareKind.Gt, x, y);
    /// <summary>x ≤ y, elementwise.</summary>
    public static Value operator <=(Value x, Value y) => Compare(CompareKind.Le, x, y);
    /// <summary>x ≥ y, elementwise.</summary>
    public static Value operator >=(Value x, Value y) => Compare(CompareKind.Ge, x, y);
    /// <summary>x &lt; c.</summary>
    public static Value operator <(Value x, Scalar c) => Compare(CompareKind.Lt, x, c);
    /// <summary>c &lt; x.</summary>
    public static Value operator <(Scalar c, Value x) => Compare(CompareKind.Gt, x, c);
    /// <summary>x &gt; c.</summary>
    public static Value operator >(Value x, Scalar c) => Compare(CompareKind.Gt, x, c);
    /// <summary>c &gt; x.</summary>
    public static Value operator >(Scalar c, Value x) => Compare(CompareKind.Lt, x, c);
    /// <summary>x ≤ c.</summary>
    public static Value operator <=(Value x, Scalar c) => Compare(CompareKind.Le, x, c);
    /// <summary>c ≤ x.</summary>
    public static Value operator <=(Scalar c, Value x) => Compare(CompareKind.Ge, x, c);
    /// <summary>x ≥ c.</summary>
    public static Value operator >=(Value x, Scalar c) => Compare(CompareKind.Ge, x, c);
    /// <summary>c ≥ x.</summary>
    public static Value operator >=(Scalar c, Value x) => Compare(CompareKind.Le, x, c);

    /// <summary>A part of the tensor: <c>x[0]</c> is the first along the first axis, which is dropped, <c>x[..10]</c> the first ten,
    /// <c>x[1..^1, 3]</c> a part of a column. Axes that are not named are taken whole.</summary>
    /// <exception cref="GraphException">SGC1003: more than x has axes. SGC1005: an element that x does not have.</exception>
    public Value this[params ReadOnlySpan<AxisSlice> slices]
    {
        get
        {
            var location = CallSite(this);
            if (slices.Length > Rank)
                throw new GraphException(DiagnosticCode.RankMismatch, $"{slices.Length} subscripts of {this} : {Type}", location);
            var (start, limit, dropped) = (new int[Rank], Shape.Sizes.ToArray(), new List<int>());
            for (var i = 0; i < slices.Length; i++)
            {
                (start[i], limit[i]) = slices[i].In(Shape[i]) ?? throw new GraphException(DiagnosticCode.BadAttribute,
                    $"[{slices[i]}]: axis {i} of {this} : {Type} has no such elements; the last of them is ^1", location);
                if (!slices[i].IsRange) dropped.Add(i);
            }
            var part = this.Slice(start, limit, file: location.File, line: location.Line);
            return dropped.Count == 0 ? part : part.Squeeze(dropped.ToArray(), location.File, location.Line);
        }
    }

    private static Value WithNumber(Op op, Value x, Scalar c, bool isLeft = false) => x.Compose(CallSite(x), () =>
    {
        var constant = x.Constant(c);
        return isLeft ? constant.Emit(op, default, AttributeMap.Empty, x) : x.Emit(op, default, AttributeMap.Empty, constant);
    });

    private static Value Compare(CompareKind kind, Value x, Value y) =>
        Broadcasting.Emit(Ops.Compare.Instance, x, y, CallSite(x), Ops.Compare.Attributes(kind));

    private static Value Compare(CompareKind kind, Value x, Scalar c) => x.Compose(CallSite(x), () =>
        x.Emit(Ops.Compare.Instance, default, Ops.Compare.Attributes(kind), x.Constant(c)));

    /// <summary>Where the user called what cannot take caller-information parameters: an operator, or one with <c>params</c>.</summary>
    // The user's frame is found on the stack; derivative rules and layers pin a location and skip the walk.
    internal static Location CallSite(Value x)
    {
        ArgumentNullException.ThrowIfNull(x);
        if (x.Builder.Pinned is { } pinned) return pinned;
        var trace = new StackTrace(skipFrames: 2, fNeedFileInfo: true);
        var frame = trace.GetFrames().FirstOrDefault(f => f.GetFileName() is not null && !IsOurs(f));
        return frame is null ? Location.Unknown : new Location(frame.GetFileName()!, frame.GetFileLineNumber());
    }

    private static bool IsOurs(StackFrame frame) =>
        DiagnosticMethodInfo.Create(frame)?.DeclaringAssemblyName is { } assembly
        && assembly.StartsWith("GraphCompiler.", StringComparison.Ordinal)
        && !assembly.Contains("Tests", StringComparison.Ordinal);
}
