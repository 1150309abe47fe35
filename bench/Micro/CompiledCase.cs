using System.Numerics.Tensors;
using GraphCompiler.Frontend;
using GraphCompiler.IR;
using GraphCompiler.Passes;

namespace GraphCompiler.Bench.Micro;

/// <summary>A case as the compiler makes it; operands live in memory of its own.</summary>
internal sealed class CompiledCase : IDisposable
{
    private readonly MicroCase _case;
    private readonly CompiledFunction _function;

    public CompiledCase(MicroCase @case, int threads)
    {
        _case = @case;
        var graph = new GraphBuilder("micro");
        Value[] operands = [.. @case.Operands.Select((shape, i) =>
            graph.Variable(NameOf(i), new TensorType(@case.DType, shape), Initializer.Zeros, trainable: false))];
        var results = @case.Compiled(graph, operands);
        var replaced = results.Zip(@case.Replaced).ToArray();
        var function = FunctionPlan.Create(new(graph, graph.Name,
            [.. results.Select((r, i) => ($"result{i}", r)).Where((_, i) => @case.Replaced[i] < 0)],
            [.. replaced.Where(r => r.Second >= 0).Select(r => graph.Assign(operands[r.Second], r.First))], Mode.Inference));
        _function = function.Compile(new CompileOptions { Threads = threads });
        var elements = @case.CreateOperands();
        for (var i = 0; i < elements.Length; i++)
        {
            if (@case.DType == DType.F64)
                TensorPrimitives.ConvertChecked<float, double>(elements[i], _function.Variable<double>(NameOf(i)));
            else elements[i].CopyTo(_function.Variable<float>(NameOf(i)));
        }
    }

    public void Run() => _function.Run();

    public float[] Result(int i)
    {
        if (_case.DType != DType.F64) return ElementsOf<float>(i).ToArray();
        var elements = new float[_case.Results[i].ElementCount];
        TensorPrimitives.ConvertTruncating(ElementsOf<double>(i), elements);
        return elements;
    }

    private ReadOnlySpan<T> ElementsOf<T>(int result) where T : unmanaged => _case.Replaced[result] >= 0
        ? _function.Variable<T>(NameOf(_case.Replaced[result])) : _function.Output<T>($"result{result}");

    public void Dispose() => _function.Dispose();

    private static string NameOf(int operand) => $"operand{operand}";
}
