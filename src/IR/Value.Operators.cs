using System.Diagnostics;
using GraphCompiler.IR.Ops;

namespace GraphCompiler.IR;

/// <content>Arithmetic on symbolic values; shapes follow NumPy's broadcasting rules, the broadcast being explicit in the IR.</content>
public sealed partial class Value
{
    /// <summary>Elementwise sum.</summary>
    public static Value operator +(Value x, Value y) => Broadcasting.Emit(Add.Instance, x, y, OperatorLocation(x));
    /// <summary>Elementwise difference.</summary>
    public static Value operator -(Value x, Value y) => Broadcasting.Emit(Subtract.Instance, x, y, OperatorLocation(x));
    /// <summary>Elementwise product.</summary>
    public static Value operator *(Value x, Value y) => Broadcasting.Emit(Multiply.Instance, x, y, OperatorLocation(x));
    /// <summary>Elementwise quotient.</summary>
    public static Value operator /(Value x, Value y) => Broadcasting.Emit(Divide.Instance, x, y, OperatorLocation(x));
    /// <summary>Elementwise negation.</summary>
    public static Value operator -(Value x) => x.Emit(Negate.Instance, OperatorLocation(x), AttributeMap.Empty);

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

    private static Value WithNumber(Op op, Value x, Scalar c, bool isLeft = false) => x.Compose(OperatorLocation(x), () =>
    {
        var constant = x.Constant(c);
        return isLeft ? constant.Emit(op, default, AttributeMap.Empty, x) : x.Emit(op, default, AttributeMap.Empty, constant);
    });

    // An operator cannot take caller-information parameters, so the user's frame is found on the stack;
    // derivative rules and layers pin a location and skip the walk.
    private static Location OperatorLocation(Value x)
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
