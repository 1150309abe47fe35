using GraphCompiler.IR;
using GraphCompiler.IR.Ops;

namespace GraphCompiler.Tests.Shared;

// Windows, what is computed of them, and choices of two results.
internal sealed partial class RandomProgram
{
    // Both results can be read by what follows.
    private Value Both((Value Value, Value Index) pair)
    {
        var (drawn, other) = _random.Next(2) == 0 ? pair : (pair.Index, pair.Value);
        if (other.Shape.ElementCount <= _mostElements) _pool.Add(other);
        return drawn;
    }

    // The largest or smallest of each window and where it is, as a pool and its derivative need them, and a value of either.
    private Value[] ChoiceAmongWindows()
    {
        if (Windows(Exact(v => IsNumber(v) && v.Rank is > 0 and < 4 && v.Shape.ElementCount > 0)) is not { } windows) return [];
        var geometry = Window.Geometry.Of(windows.Definition!);
        int[] taps = [.. geometry.Size.Select((_, i) => geometry.FirstTap + i)];
        var (value, index) = _random.Next(2) == 0 ? windows.MaxWithIndex(taps) : windows.MinWithIndex(taps);
        return [value, index, value + index.ConvertTo(value.DType)];
    }

    // Along one or two axes.
    private Value? Windows(Value? x)
    {
        if (x is null) return null;
        int[] axes = [.. Enumerable.Range(0, x.Rank).Where(a => x.Shape[a] > 0).OrderBy(_ => _random.Next()).Take(2).Order()];
        if (axes.Length == 0) return null;
        int[] size = [.. axes.Select(a => _random.Next(1, Math.Min(3, x.Shape[a]) + 1))];
        int[] dilation = [.. axes.Select((a, i) => size[i] == 1 ? 2 : _random.Next(1, (x.Shape[a] - 1) / (size[i] - 1) + 1))];
        return x.Window(axes, size, [.. axes.Select(_ => _random.Next(1, 4))], dilation);
    }

    private Value? Overlapping()
    {
        if (Windows(Any(v => IsNumber(v) && v.Rank is > 0 and < 3)) is not { } windows) return null;
        var read = windows.Definition!;
        return (_random.Next(2) == 0 ? windows : windows * windows).Emit(OverlapAdd.Instance, default,
            OverlapAdd.Attributes(Window.Geometry.Of(read), read.Operands[0].Shape));
    }

    // Windows with a constant kernel, of several channels where the value has a last axis that is not windowed.
    private Value? Convolution()
    {
        if (Windows(Any(v => IsNumber(v) && v.Rank is > 0 and < 4)) is not { } windows) return null;
        var geometry = Window.Geometry.Of(windows.Definition!);
        int[] taps = [.. geometry.Size.Select((_, i) => geometry.FirstTap + i)];
        int[] contracted = _random.Next(2) == 0 ? taps : [.. Enumerable.Range(geometry.FirstTap, windows.Rank - geometry.FirstTap)];
        var kernel = _b.Constant(Draw(new TensorType(windows.DType, new Shape([.. contracted.Select(a => windows.Shape[a]), 2]))));
        var axes = new DotGeneral.Axes([], [], contracted, [.. contracted.Select((_, i) => i)]);
        return windows.Rank - contracted.Length > 3 ? null : windows.Emit(DotGeneral.Instance, default, axes.Attributes, kernel);
    }
}
