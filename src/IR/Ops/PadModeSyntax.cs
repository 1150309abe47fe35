using System.Runtime.CompilerServices;
using GraphCompiler.IR.Diagnostics;

namespace GraphCompiler.IR.Ops;

/// <summary>Padding with a tensor's own elements.</summary>
public static class PadModeSyntax
{
    extension(Value x)
    {
        /// <summary>x with elements of its own before (low) and after (high) along each axis.</summary>
        /// <param name="low">A number for each axis, at least 0.</param>
        /// <param name="high">A number for each axis, at least 0.</param>
        /// <param name="mode">Which elements.</param>
        /// <param name="file">Filled in by the compiler.</param>
        /// <param name="line">Filled in by the compiler.</param>
        /// <exception cref="GraphException">SGC1003: another number of axes. SGC1005: a negative number, or more than the axis has such
        /// elements: all but one for reflect, all for circular; no such mode. SGC1012: too large.</exception>
        public Value Pad(int[] low, int[] high, PadMode mode, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0)
        {
            var call = new SyntaxCall("Pad", x, new(file, line)).ForEachAxis(low, nameof(low)).ForEachAxis(high, nameof(high));
            call.Require(Enum.IsDefined(mode), DiagnosticCode.BadAttribute, () => $"there is no mode {mode}");
            for (var i = 0; i < x.Rank; i++) Check(call, i, low[i], high[i], mode);
            return call.Compose(() =>
            {
                var padded = x;
                for (var i = 0; i < x.Rank; i++)
                    if (low[i] + (long)high[i] > 0) padded = Padded(padded, i, low[i], high[i], mode);
                return padded;
            });
        }
    }

    private static void Check(SyntaxCall call, int axis, int low, int high, PadMode mode)
    {
        var size = call.X.Shape[axis];
        var most = mode switch { PadMode.Reflect => Math.Max(size - 1, 0), PadMode.Edge when size > 0 => int.MaxValue, _ => size };
        call.Require(low >= 0 && high >= 0 && low <= most && high <= most, DiagnosticCode.BadAttribute,
            () => $"axis {axis} of {call.X.Type} has no {low} and {high} elements to pad with ({mode})");
    }

    private static Value Padded(Value x, int axis, int low, int high, PadMode mode)
    {
        var size = x.Shape[axis];
        Value Part(int start, int limit) => MovementSyntax.Part(x, axis, start, limit);
        Value Repeated(Value edge, int times)
        {
            long[] sizes = [.. x.Shape];
            sizes[axis] = times;
            return Broadcasting.To(edge, Shape.Of(sizes));
        }
        var (before, after) = mode switch
        {
            PadMode.Reflect => (Part(1, low + 1).Reverse(axis), Part(size - 1 - high, size - 1).Reverse(axis)),
            PadMode.Edge => (Repeated(Part(0, 1), low), Repeated(Part(size - 1, size), high)),
            _ => (Part(size - low, size), Part(0, high)),
        };
        return low == 0 ? x.Concat(after, axis) : high == 0 ? before.Concat(x, axis) : before.Concat([x, after], axis);
    }
}
