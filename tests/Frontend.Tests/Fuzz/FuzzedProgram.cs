using System.Diagnostics;
using System.Reflection;
using GraphCompiler.Frontend.Derivatives;
using GraphCompiler.Frontend.Optimizers;
using GraphCompiler.IR;
using GraphCompiler.IR.Diagnostics;
using GraphCompiler.IR.Ops;
using GraphCompiler.Runtime;
using static GraphCompiler.IR.DType;

namespace GraphCompiler.Frontend.Tests.Fuzz;

/// <summary>A model that is declared by random calls.</summary>
internal sealed class FuzzedProgram
{
    private static readonly MethodBase s_compile = typeof(TrainingPlan).GetMethod(nameof(TrainingPlan.Compile))!;

    private static readonly MethodBase[] s_minimize =
        [.. typeof(GraphBuilder).GetMethods().Where(m => m.Name == nameof(GraphBuilder.Minimize))];

    private const int CallsOfAStep = 60;
    private const int WildMinimizes = 5;
    private const long ElementsToRun = 1 << 14;

    private readonly int _seed;
    private readonly SortedDictionary<string, string> _failures;
    private readonly Random _random;
    private readonly List<object> _pool = [];
    private readonly WildValues _values;
    private readonly GraphBuilder _graph;
    private readonly Value _weight;

    public FuzzedProgram(int seed, SortedDictionary<string, string> failures)
    {
        (_seed, _failures, _random) = (seed, failures, new Random(seed));
        _graph = new GraphBuilder("fuzzed", (ulong)seed);
        _weight = _graph.Variable("w", F32[3, 3], Initializer.XavierUniform);
        var other = new GraphBuilder("other");
        var built = new FunctionBuilder("built");
        var parameter = built.Parameter("p", F32[4, 3]);
        _pool.AddRange([_graph, _weight, _graph.Input("x", F32[4, 3]), _graph.Input("labels", I32[4]), _graph.Input("mask", Bool[4, 3]),
            _graph.Variable("count", I32[3], Initializer.Constant(2), trainable: false),
            _graph.Variable("bias", F32[3], Initializer.Zeros), _graph.Input("image", F32[2, 4, 3, 2]), _graph.Input("line", F32[2, 5, 3]),
            _graph.Variable("kernel", F32[2, 2, 2, 4], Initializer.HeNormal)]);
        _pool.AddRange([other, other.Input("y", F32[4, 3]), built, parameter, built.Build(parameter)]);
        _pool.AddRange([new CustomOp("own", x => x * x, (x, _, ct) => 2 * x * ct),
            new CustomOp("pair", 2, x => x[0] * x[1], (x, _, ct) => [ct * x[1], null])]);
        _pool.AddRange([new Sgd(), new Adam(), Initializer.HeNormal, new Literal(F32[3], 1, 2, 3), new VariableStore()]);
        _pool.AddRange([new ParameterGroups(new Lion()), new Accumulate(2, new Adafactor()), new ClipByGlobalNorm(1),
            new GradientNoise(0.1), new ExponentialMovingAverage(), new ProximalL1(0.1), Schedule.Cosine(1, 10), Schedule.Settable(0.1)]);
        _values = new WildValues(_random, _pool) { Home = _graph };
    }

    public int Calls { get; private set; }
    public int Succeeded { get; private set; }
    public int Compiled { get; private set; }

    /// <summary>Makes so many calls, half of them from <paramref name="declarations"/>.</summary>
    public void Call(IReadOnlyList<MethodBase> members, IReadOnlyList<MethodBase> declarations, int count)
    {
        for (var end = Calls + count; Calls < end;)
        {
            var some = _random.Next(2) == 0 ? members : declarations;
            Call(some[_random.Next(some.Count)]);
        }
    }

    private void Call(MethodBase member)
    {
        // A model that is finished early accepts nothing more.
        if (member.Name == nameof(FunctionBuilder.Build) && _random.Next(20) != 0) return;
        _values.Start();
        var closed = _values.Close(member);
        var target = closed.IsStatic || closed.IsConstructor ? null : _values.Target(closed.DeclaringType!);
        if (!closed.IsStatic && !closed.IsConstructor && target is null) return;
        if (Invocation.IsInit(closed)) target = Invocation.Copy(target!);
        Call(closed, target, [.. closed.GetParameters().Select(_values.Argument)]);
    }

    private void Call(MethodBase closed, object? target, object?[] arguments)
    {
        var before = (_graph.Operations.Count, _graph.Parameters.Count);
        Calls++;
        try
        {
            var result = Invocation.Of(closed)(target, arguments);
            Succeeded++;
            if (TookNull(closed, arguments)) Report(closed, arguments, "took a null", $"null {NameOf(closed)}");
            Keep(Invocation.IsInit(closed) ? target : result);
        }
        catch (Exception error)
        {
            if (!IsAllowed(error, closed)) Report(closed, arguments, error.ToString(), KeyOf(error));
            else if (before != (_graph.Operations.Count, _graph.Parameters.Count))
                Report(closed, arguments, $"changed the model and then failed: {error.Message}", $"changed {NameOf(closed)}");
        }
    }

    /// <summary>Compiles what was declared, runs it on zeros, and then calls whatever a step and a predictor have. What no memory holds is
    /// refused.</summary>
    public void CompileAndRun()
    {
        var floating = _pool.OfType<Value>().Where(v => v.Builder == _graph && v.DType.IsFloating);
        Value[] outputs = [.. floating.OrderBy(_ => _random.Next()).Take(3)];
        if (outputs.Any(o => Reached(o).Any(v => v.Shape.ElementCount > ElementsToRun))) return;
        if (_graph.Parameters.Any(p => IsTooLargeToRun(p.Type))) return;
        _values.Start();
        try
        {
            for (var i = 0; i < WildMinimizes; i++)
            {
                var minimize = s_minimize[i % s_minimize.Length];
                Call(minimize, _graph, [(_weight * _weight).Sum(), _values.Of(typeof(Optimizer), isNullable: false),
                    .. minimize.GetParameters()[2..^2].Select(p => _values.Of(p.ParameterType, WildValues.MayBeNull(p))), "Fuzz.cs", 7]);
            }
            var loss = outputs.Aggregate((_weight * _weight).Sum(), (sum, output) => sum + output.Sum().ConvertTo(F32));
            var plan = _graph.Minimize(loss, new Sgd(), outputs.Select((v, i) => (v, i)).ToDictionary(o => $"metric{o.i}", o => o.v));
            using var step = plan.Compile(new CompileOptions { Threads = _random.Next(1, 4), Checked = _random.Next(2) == 0 });
            using var predictor = step.Predictor(outputs.FirstOrDefault() ?? loss);
            ReadOnlyMemory<byte>[] inputs = [.. step.Inputs.Select(n =>
                new ReadOnlyMemory<byte>(new byte[_graph.Inputs.First(i => i.Name == n).Type.Bytes]))];
            step.Run(inputs);
            step.Run(inputs);
            Compiled++;
            using var function = _graph.Compile(step.Variables, outputs.Append(loss).ToArray());
            _pool.AddRange([step, predictor, function, plan, step.Variables]);
            MethodBase[] compiled = [.. PublicApi.Of<TrainingStep>(), .. PublicApi.Of<Predictor>(), .. PublicApi.Of<TrainingPlan>(),
                .. PublicApi.Of<CompiledFunction>(), .. PublicApi.Of<Plan>(), .. PublicApi.Of<VariableStore>()];
            Call(compiled, compiled, CallsOfAStep);
        }
        catch (Exception error)
        {
            if (!IsAllowed(error, s_compile)) _failures.TryAdd(KeyOf(error), $"seed {_seed}: compiling\n    {error}\n");
        }
    }

    private static HashSet<Value> Reached(Value value)
    {
        var reached = new HashSet<Value> { value };
        foreach (var operation in value.Builder.Operations.Reverse())
            if (operation.Results.Any(reached.Contains)) reached.UnionWith(operation.Operands);
        return reached;
    }

    // Neither small nor beyond any memory: it would be allocated.
    private static bool IsTooLargeToRun(TensorType type) => type.Shape.ElementCount > ElementsToRun && type.Bytes < 1L << 40;

    private void Keep(object? result)
    {
        if (result is null) return;
        _ = result.ToString();
        if (result is not (string or ValueType) || result is Shape) _pool.Add(result);
    }

    private static bool TookNull(MethodBase member, object?[] arguments)
    {
        foreach (var parameter in member.GetParameters())
            if (arguments[parameter.Position] is null && !WildValues.MayBeNull(parameter)) return true;
        return false;
    }

    // A null is told by the name of a parameter of the method called, of the constructor of an argument, or of what ops take.
    private bool IsAllowed(Exception error, MethodBase member) => error is GraphException or RuntimeException
        || (error is ArgumentNullException { ParamName: var name } && _values.GaveNull && (name is "operands" or "File" or "Text" or "value"
            || name == _values.NullWithin || member.GetParameters().Any(p => p.Name == name)));

    private static string NameOf(MethodBase? member) => $"{member?.DeclaringType?.Name}.{member?.Name}";

    // Failures of one kind come from one method.
    private static string KeyOf(Exception error)
    {
        static bool IsOurs(MethodBase? m) => m?.DeclaringType?.Namespace?.StartsWith("GraphCompiler", StringComparison.Ordinal) == true;
        var thrower = new StackTrace(error).GetFrames().Select(f => f.GetMethod()).FirstOrDefault(IsOurs);
        return $"{error.GetType().Name} {NameOf(thrower)}";
    }

    private void Report(MethodBase member, object?[] arguments, string error, string key) =>
        _failures.TryAdd(key, $"seed {_seed}: {NameOf(member)}({string.Join(", ", arguments.Select(Show))})\n    {error}\n");

    private static string Show(object? argument)
    {
        var text = argument switch
        {
            null => "null",
            Array items => $"[{string.Join(", ", items.Cast<object?>().Take(8).Select(Show))}]",
            string name => $"\"{name}\"",
            Value value => $"{value.Builder.Name}:{value}:{value.Type}",
            _ => $"{argument}",
        };
        return text.Length <= 100 ? text : text[..100] + "…";
    }
}
