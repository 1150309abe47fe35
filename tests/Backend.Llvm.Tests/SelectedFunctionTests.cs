using GraphCompiler.IR;
using GraphCompiler.IR.Ops;
using Xunit;

namespace GraphCompiler.Backend.Llvm.Tests;

/// <summary>Functions whose result is selected against their own operand, where LLVM merges a select into the operation before it,
/// and functions of functions, where registers are few and constants stay in memory.</summary>
[Trait("Category", "Target")]
public sealed class SelectedFunctionTests
{
    private static readonly Op[] s_functions =
        [.. OpRegistry.All.OfType<ElementwiseOp>().Where(o => o.Arity == 1 && o is not (Not or Clamp or ClampIndex))];

    public static TheoryData<string, string> Cases()
    {
        var data = new TheoryData<string, string>();
        foreach (var op in s_functions)
            foreach (var type in (string[])["f32", "f64"])
                data.Add(op.Name, type);
        return data;
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void OfItself(string name, string type)
    {
        var (b, x, f) = Start(name, type);
        var column = x.Min([0]);
        List<Value> results = [f(column), f(f(column)), f(f(x)), f(x.Max([1])), f(f(x.Min([1])))];
        foreach (var v in (Value[])[x, column, x.Abs(), -x.Abs()])
        {
            var (y, half) = (f(v), v.Constant(0.5));
            results.AddRange([v.Less(half).Select(v, y), v.Less(half).Select(y, v), y.Less(half).Select(v, y), y.Abs(), -y, y.Maximum(v),
                y.Minimum(v), v.Less(half).Select(y, -v), y.Less(half).Select(y.Abs(), v.Abs())]);
        }
        CompiledFunctionTests.Agree(b.Build([.. results]), seed: 3);
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void OfEveryOther(string name, string type)
    {
        var (b, _, f) = Start(name, type);
        // Each has a parameter, and so a kernel, of its own.
        var results = s_functions.Select(g =>
            b.Emit(g, [f(b.Parameter(g.Name, Type(type)[7, 5]).Min([0]))], AttributeMap.Empty));
        CompiledFunctionTests.Agree(b.Build([.. results]), seed: 3);
    }

    // Several rows, and columns that fill a vector in part: masked code.
    private static (FunctionBuilder, Value X, Func<Value, Value> F) Start(string name, string type)
    {
        var b = new FunctionBuilder(name);
        var op = OpRegistry.Find(name)!;
        return (b, b.Parameter("x", Type(type)[7, 13]), v => b.Emit(op, [v], AttributeMap.Empty));
    }

    private static DType Type(string name) => DType.All.Single(t => t.Name == name);
}
