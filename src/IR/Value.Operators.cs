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

    /// <summary>x + c.</summary>
    public static Value operator +(Value x, double c) => x + x.Constant(c);
    /// <summary>c + x.</summary>
    public static Value operator +(double c, Value x) => x.Constant(c) + x;
    /// <summary>x - c.</summary>
    public static Value operator -(Value x, double c) => x - x.Constant(c);
    /// <summary>c - x.</summary>
    public static Value operator -(double c, Value x) => x.Constant(c) - x;
    /// <summary>x · c.</summary>
    public static Value operator *(Value x, double c) => x * x.Constant(c);
    /// <summary>c · x.</summary>
    public static Value operator *(double c, Value x) => x.Constant(c) * x;
    /// <summary>x / c.</summary>
    public static Value operator /(Value x, double c) => x / x.Constant(c);
    /// <summary>c / x.</summary>
    public static Value operator /(double c, Value x) => x.Constant(c) / x;

    // An operator cannot take caller-information parameters, so the user's frame is found on the stack;
    // derivative rules and layers pin a location and skip the walk.
    private static Location OperatorLocation(Value x)
    {
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
