using GraphCompiler.IR;
using GraphCompiler.IR.Ops;
using Xunit;

namespace GraphCompiler.Backend.Llvm.Tests;

/// <summary>Functions whose result is selected against their own operand, where LLVM merges a select into the operation before it,
/// and functions of functions, where registers are few and constants stay in memory: of each one in five others, or all with
/// SGC_EXHAUSTIVE=1.</summary>
[Trait("Category", "Target")]
public sealed class SelectedFunctionTests
{
    private static readonly Op[] s_functions =
        [.. OpRegistry.All.OfType<ElementwiseOp>().Where(o => o.Arity == 1 && o is not (Not or Clamp or ClampIndex))];

    private static readonly DType[] s_types = [DType.F32, DType.F64];
    private static readonly bool s_isLong = Environment.GetEnvironmentVariable("SGC_EXHAUSTIVE") == "1";

    public static TheoryData<string> Cases => [.. s_functions.Select(f => f.Name)];

    [Theory]
    [MemberData(nameof(Cases))]
    public void OfItself(string name)
    {
        var b = new FunctionBuilder(name);
        CompiledFunctionTests.Agree(b.Build([.. s_types.SelectMany(t => Selected(b, OpRegistry.Find(name)!, t))]), seed: 3);
    }

    // Several rows, and columns that fill a vector in part: masked code.
    private static List<Value> Selected(FunctionBuilder b, Op op, DType type)
    {
        var x = b.Parameter($"x_{type}", type[7, 13]);
        Value f(Value v) => b.Emit(op, [v], AttributeMap.Empty);
        var column = x.Min([0]);
        List<Value> results = [f(column), f(f(column)), f(f(x)), f(x.Max([1])), f(f(x.Min([1])))];
        foreach (var v in (Value[])[x, column, x.Abs(), -x.Abs()])
        {
            var (y, half) = (f(v), v.Constant(0.5));
            results.AddRange([v.Less(half).Select(v, y), v.Less(half).Select(y, v), y.Less(half).Select(v, y), y.Abs(), -y, y.Maximum(v),
                y.Minimum(v), v.Less(half).Select(y, -v), y.Less(half).Select(y.Abs(), v.Abs())]);
        }
        return results;
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void OfOthers(string name)
    {
        var (b, op, first) = (new FunctionBuilder(name), OpRegistry.Find(name)!, Array.FindIndex(s_functions, f => f.Name == name));
        // Each has a parameter, and so a kernel, of its own.
        var results = s_functions.Where((_, i) => s_isLong || (i + first) % 5 == 0).SelectMany(g => s_types.Select(t => b.Emit(g,
            [b.Emit(op, [b.Parameter($"{g.Name}_{t}", t[7, 5]).Min([0])], AttributeMap.Empty)], AttributeMap.Empty)));
        CompiledFunctionTests.Agree(b.Build([.. results]), seed: 3);
    }
}
