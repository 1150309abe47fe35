using GraphCompiler.Frontend;
using GraphCompiler.Frontend.Optimizers;
using GraphCompiler.IR;

namespace GraphCompiler.Tape;

/// <summary>Trains a declared model the eager way: each step walks its operations, dispatches each to a kernel, records it,
/// and walks the record backwards. The peer that compiled steps are compared with.</summary>
/// <remarks>Shares the declaration and the initial weights with the compiler, and nothing else: kernels, backward rules and
/// optimizers are its own. Models in f32, with f32 and i32 inputs. Buffers are pooled, so a warm step allocates only its
/// records. Not for use by several threads.</remarks>
public sealed class Tape
{
    private readonly Function _function;
    private readonly EagerOptimizer _optimizer;
    private readonly BufferPool _pool = new();
    private readonly Dictionary<string, float[]> _inputs = [];
    private readonly Dictionary<string, float[]> _variables = [];
    private readonly Dictionary<string, float[]> _gradients = [];
    private readonly HashSet<string> _trainable;
    private readonly string[] _inputNames;
    private readonly List<Node> _record = [];
    private Node[] _nodes = [];

    /// <summary>Prepares the model with the weights that a compiled step of it starts from.</summary>
    /// <exception cref="ArgumentException">The model has an op, or a form of one, or an element type that the tape lacks.</exception>
    public Tape(GraphBuilder graph, Value loss, Optimizer optimizer)
    {
        _function = Prediction.Slice(graph, loss);
        _optimizer = new EagerOptimizer(optimizer);
        var missing = _function.Operations.Where(o => !Runs(o)).Select(o => o.Op.Name).Distinct().ToArray();
        if (missing.Length > 0)
            throw new ArgumentException($"the tape cannot run {string.Join(", ", missing)} of \"{graph.Name}\"", nameof(graph));
        foreach (var input in graph.Inputs) _inputs[input.Name!] = new float[input.Shape.ElementCount];
        foreach (var parameter in graph.ModelParameters)
            _variables[parameter.Value.Name!] = parameter.InitialElements(graph.Seed);
        _trainable = [.. graph.ModelParameters.Where(p => p.IsTrainable).Select(p => p.Value.Name!)];
        _inputNames = [.. graph.Inputs.Select(i => i.Name!)];
    }

    /// <summary>The loss of the last step, before its update.</summary>
    public float Loss { get; private set; }

    /// <summary>Operations recorded by the last step.</summary>
    public int RecordedOperations { get; private set; }

    /// <summary>A variable's elements, to read or to set.</summary>
    public Span<float> Variable(string name) => _variables[name];

    /// <summary>The gradient of a variable in the last step; empty where no path leads from it to the loss.</summary>
    public ReadOnlySpan<float> Gradient(string name) => _gradients.GetValueOrDefault(name);

    /// <summary>One step of a model with an f32 input and a second input, f32 or i32.</summary>
    /// <exception cref="ArgumentException">A span has another length than its input, or the model has not two inputs.</exception>
    public void Run<T>(ReadOnlySpan<float> first, ReadOnlySpan<T> second) where T : unmanaged, System.Numerics.INumber<T>
    {
        if (_inputNames.Length != 2) throw new ArgumentException($"the model has {_inputNames.Length} inputs, given 2");
        Copy(first, _inputs[_inputNames[0]]);
        Copy(second, _inputs[_inputNames[1]]);
        Forward();
        Backward();
        _optimizer.Advance();
        foreach (var (name, gradient) in _gradients) _optimizer.Update(name, _variables[name], gradient, _pool);
        _pool.Reclaim();
    }

    private static bool Runs(Operation operation) =>
        KernelTable.All.TryGetValue(operation.Op, out var kernel) && kernel.Supports(operation)
        && operation.Results.Concat(operation.Operands).All(v => v.DType == DType.F32 || !v.DType.IsFloating);

    private static void Copy<T>(ReadOnlySpan<T> source, Span<float> target) where T : unmanaged, System.Numerics.INumber<T>
    {
        if (source.Length != target.Length) throw new ArgumentException($"{target.Length} elements expected, {source.Length} given");
        System.Numerics.Tensors.TensorPrimitives.ConvertTruncating(source, target);
    }

    private void Forward()
    {
        _record.Clear();
        _gradients.Clear();
        var nodes = _nodes = new Node[_function.ValueCount];
        foreach (var parameter in _function.Parameters)
            nodes[parameter.Id] = new Node(null, null, [], _trainable.Contains(parameter.Name!))
            {
                Data = _inputs.TryGetValue(parameter.Name!, out var input) ? input : _variables[parameter.Name!],
            };
        foreach (var operation in _function.Operations)
        {
            var inputs = new Node[operation.Operands.Length];
            var requiresGradient = false;
            for (var i = 0; i < inputs.Length; i++)
            {
                inputs[i] = nodes[operation.Operands[i].Id];
                requiresGradient |= inputs[i].RequiresGradient;
            }
            requiresGradient &= operation.Result.DType.IsFloating;
            var node = new Node(operation, KernelTable.All[operation.Op], inputs, requiresGradient);
            node.Kernel!.Forward(node, _pool);
            nodes[operation.Result.Id] = node;
            if (requiresGradient) _record.Add(node);
        }
        Loss = nodes[_function.Results[0].Id].Data[0];
        RecordedOperations = _record.Count;
    }

    private void Backward()
    {
        if (_record.Count == 0) return;
        var seed = _pool.Rent(1);
        seed[0] = 1;
        _nodes[_function.Results[0].Id].Accumulate(seed, _pool);
        for (var i = _record.Count - 1; i >= 0; i--)
            if (_record[i].Gradient is not null) _record[i].Kernel!.Backward(_record[i], _pool);
        foreach (var parameter in _function.Parameters)
            if (_nodes[parameter.Id] is { RequiresGradient: true, Gradient: { } gradient }) _gradients[parameter.Name!] = gradient;
    }
}
