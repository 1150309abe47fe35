using System.Collections.Immutable;
using System.Reflection;
using GraphCompiler.Frontend;
using GraphCompiler.Frontend.Metrics;
using GraphCompiler.Frontend.Numerics;
using GraphCompiler.Frontend.Tests.Fuzz;
using GraphCompiler.IR.Diagnostics;
using GraphCompiler.Runtime;
using GraphCompiler.Tests.Shared;
using GraphCompiler.Training.Checkpoints;
using GraphCompiler.Training.Data;
using GraphCompiler.Training.Plots;
using GraphCompiler.Training.TensorBoard;
using Xunit;
using Xunit.Abstractions;

namespace GraphCompiler.Training.Tests;

/// <summary>Wild arguments to what the loop, its data and its pictures have public end in success, in a coded exception, or, for a null
/// alone, in an ArgumentNullException.</summary>
/// <remarks>SGC_EXHAUSTIVE=1 makes 50,000 calls. SGC_SEED starts at another seed; a failure prints its own.</remarks>
[Trait("Category", "AnyLevel")]
public sealed class PublicApiFuzzTests(ITestOutputHelper output) : IDisposable
{
    private const int CallsOfAProgram = 60;

    // Types and members that are not called, and why.
    private static readonly Dictionary<string, string> s_excluded = new()
    {
        [nameof(ConsoleProgress)] = "writes to the console; ConsoleProgressTests",
        [nameof(History)] = "made by Fit, to be read",
        [nameof(HistoryRow)] = "made by Fit, to be read",
        [nameof(FitProgress)] = "made by Fit, to be read",
        [nameof(Measurement)] = "made by Validation, to be read",
        [nameof(FitContext)] = "made by Fit",
        [nameof(FitCallback)] = "called by Fit",
        [nameof(FitOptions)] = "wild ones are given to Fit",
        [nameof(CsvColumns)] = "given by Csv.Open",
        ["ExampleColumns`1"] = "given by Examples.From",
        [nameof(Batch)] = "made by streams, whose next call changes it; DataTests",
        ["CheckpointFolder..ctor"] = "makes folders; CheckpointFolderTests",
        ["BatchStream.Prefetch"] = "gives the stream to another thread; DataTests",
        ["BatchStream.Dispose"] = "of what other calls use",
        ["Examples.From"] = "takes functions of the example's type; DataTests",
        ["EventFile.Dispose"] = "of what other calls use",
    };

    private readonly string _folder = Directory.CreateTempSubdirectory("fuzz").FullName;
    private readonly SortedDictionary<string, string> _failures = new(StringComparer.Ordinal);

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private static MethodBase[] Members() => [.. new[] { typeof(FitSyntax), typeof(TrainingPlot) }
        .SelectMany(t => t.Assembly.GetExportedTypes())
        .Where(t => !t.IsEnum && !t.IsInterface && !t.IsNested && !typeof(Delegate).IsAssignableFrom(t) && !s_excluded.ContainsKey(t.Name))
        .OrderBy(t => t.FullName, StringComparer.Ordinal)
        .SelectMany(t => (IEnumerable<MethodBase>)[.. t.IsAbstract ? [] : t.GetConstructors(), .. t.GetMethods(BindingFlags.Public
            | BindingFlags.Instance | BindingFlags.Static | BindingFlags.DeclaredOnly).OrderBy(m => m.ToString(), StringComparer.Ordinal)])
        .Where(m => !s_excluded.ContainsKey($"{m.DeclaringType!.Name}.{m.Name}") && !m.Name.Contains('<', StringComparison.Ordinal))];

    [Fact]
    public void Wild_arguments_end_in_coded_errors()
    {
        var programs = Environment.GetEnvironmentVariable("SGC_EXHAUSTIVE") == "1" ? 800 : 60;
        var (seed, members) = (Seed.Given ?? 1, Members());
        var (calls, succeeded) = (0, 0);
        using var model = new Small();
        using var watched = model.Plan.WithInsight().Compile(new() { Threads = 1 }, model.Step.Variables);
        for (var program = 0; program < programs; program++)
        {
            var wild = new Wild(new Random(seed + program), model, watched, _folder);
            for (var i = 0; i < CallsOfAProgram; i++)
            {
                if (Call(wild, members[wild.Next(members.Length)], seed + program) is not { } done) continue;
                (calls, succeeded) = (calls + 1, succeeded + (done ? 1 : 0));
            }
            wild.Close();
        }
        output.WriteLine($"seeds {seed} to {seed + programs - 1}: {calls} calls of {members.Length} members, {succeeded} succeeded");
        Assert.True(_failures.Count == 0, $"{_failures.Count} kinds of failure:\n{string.Join("\n", _failures.Values)}");
        Assert.True(succeeded > calls / 4, $"only {succeeded} of {calls} calls succeeded, so little was tried");
    }

    // Whether it succeeded; null where there was nothing to call it on or with.
    private bool? Call(Wild wild, MethodBase member, int seed)
    {
        if (member is MethodInfo { IsGenericMethodDefinition: true } generic)
            member = generic.MakeGenericMethod([.. generic.GetGenericArguments().Select(_ => wild.ElementType())]);
        if (member.DeclaringType!.ContainsGenericParameters) return null;
        var target = member.IsStatic || member.IsConstructor ? null : wild.Of(member.DeclaringType, null);
        if (target is null && !member.IsStatic && !member.IsConstructor) return null;
        if (target is not null && Invocation.IsInit(member)) target = Invocation.Copy(target);
        object?[] arguments = [.. member.GetParameters().Select(p => p.ParameterType.IsByRef ? null : wild.Of(p.ParameterType, p.Name))];
        if (member.GetParameters().Any(p => arguments[p.Position] is null && p.ParameterType.IsValueType
            && Nullable.GetUnderlyingType(p.ParameterType) is null)) return null;
        try
        {
            wild.Keep(Invocation.Of(member)(target, arguments));
            return true;
        }
        catch (Exception error) when (error is RuntimeException or GraphException
            || (error is ArgumentNullException { ParamName: var name } && member.GetParameters().Any(p => p.Name == name)))
        {
            return false;
        }
        catch (Exception error)
        {
            var what = $"{member.DeclaringType.Name}.{member.Name}";
            _failures.TryAdd($"{what} {error.GetType().Name}", $"seed {seed}: {what}({string.Join(", ", arguments)})\n    {error}\n");
            return false;
        }
    }

    /// <summary>Arguments: mostly ones that fit, and now and then null, NaN, a limit, or a name that is none.</summary>
    private sealed class Wild(Random random, Small model, TrainingStep watched, string folder)
    {
        private static readonly Type[] s_elements = [typeof(float), typeof(int), typeof(double), typeof(bool), typeof(byte), typeof(Guid)];
        private static readonly string?[] s_names = ["x", "y", "error", "loss", "z", "", "größe", "a\0b", "\n", null];

        private readonly List<object> _pool = [Small.Data(20), Table.Empty, Small.Data(17).Batches(8), Small.Data(16).Batches(8, seed: 2),
            Small.Data(11).Batches(8, keepRemainder: true), new EventFile(folder), new TensorBoardCallback(folder), model.Step, model.Judge,
            Examples.From(() => Enumerable.Range(0, 20), c => c.Add("x", 3, (int i, Span<float> e) => e[0] = i).Add("y", i => (float)i)),
            new ConfusionMatrix(2, [1, 2, 3, 4]), Standardization.Of(Small.Data(9), "x"), new DataPosition(0, 8),
            new CheckpointPlan(folder),
            new HistoryRow(1, 2, 0.5, 1, null, ImmutableDictionary<string, double>.Empty), new StepInsight([]), new EarlyStopping(2),
            new CheckpointFolder(Path.Combine(folder, Guid.NewGuid().ToString())), model.Step.Variables, new CounterRandom(1),
            model.Step.Fit(Small.Data(16).Batches(8), new FitOptions { Epochs = 1 })];

        public int Next(int count) => random.Next(count);

        public Type ElementType() => s_elements[random.Next(s_elements.Length)];

        public void Keep(object? result)
        {
            if (result is null) return;
            _ = result.ToString();
            if (result is not (string or ValueType or Array)) _pool.Add(result);
        }

        public void Close()
        {
            foreach (var one in _pool.OfType<IDisposable>())
                if (one is not CompiledFunction and not VariableStore) one.Dispose();
        }

        public object? Of(Type type, string? name)
        {
            if (!type.IsValueType && name is not null && random.Next(30) == 0) return null;
            if (Nullable.GetUnderlyingType(type) is { } underlying) return random.Next(2) == 0 ? null : Of(underlying, name);
            if (Invocation.IsSpan(type, out var element)) return Items(element, name);
            if (type.IsArray) return Items(type.GetElementType()!, name);
            if (type.IsEnum) return Enum.ToObject(type, random.Next(4));
            if (type == typeof(string)) return name is "path" or "folder" ? WildPath() : s_names[random.Next(s_names.Length)];
            return Simple(type, name) ?? Made(type) ?? Pooled(type);
        }

        private string WildPath() => random.Next(5) switch
        {
            0 => "/proc/none/file.png",
            1 => "",
            2 => $"{folder}/a\0b",
            _ => $"{folder}/{random.Next(5)}{(random.Next(2) == 0 ? ".png" : ".svg")}",
        };

        private Array Items(Type element, string? name)
        {
            var items = Array.CreateInstance(element, random.Next(8) == 0 ? 100 : random.Next(0, 7));
            for (var i = 0; i < items.Length; i++)
                items.SetValue(Of(element, name) ?? (element.IsValueType ? Activator.CreateInstance(element) : null), i);
            return items;
        }

        private double Number() => random.Next(6) switch
        {
            0 => double.NaN,
            1 => double.PositiveInfinity,
            2 => -1,
            _ => random.NextDouble(),
        };

        private int Integer(string? name) => random.Next(10) switch
        {
            0 => -1,
            1 => int.MaxValue,
            2 => int.MinValue,
            // What would only be slow.
            _ => name is "width" or "height" ? random.Next(0, 300) : random.Next(0, 12),
        };

        private object? Simple(Type type, string? name) => Type.GetTypeCode(type) switch
        {
            TypeCode.Boolean => random.Next(2) == 0,
            TypeCode.Char => random.Next(2) == 0 ? ',' : '\0',
            TypeCode.Byte => (byte)random.Next(256),
            TypeCode.Int32 => Integer(name),
            TypeCode.Int64 => random.Next(8) == 0 ? long.MaxValue : (long)Integer(name),
            TypeCode.UInt64 => (ulong)random.NextInt64(),
            TypeCode.Single => (float)Number(),
            TypeCode.Double => Number(),
            _ => null,
        };

        private object? Made(Type type)
        {
            if (type == typeof(FitOptions)) return Options();
            if (type == typeof(Guid)) return Guid.Empty;
            if (type == typeof(TimeSpan)) return TimeSpan.FromMilliseconds(random.Next(-5, 20));
            if (type == typeof(CancellationToken)) return random.Next(4) == 0 ? new CancellationToken(true) : CancellationToken.None;
            if (type == typeof(BatchMap)) return (BatchMap)((Batch _, ref CounterRandom _) => { });
            if (type == typeof(Action<CsvColumns>)) return (Action<CsvColumns>)(c => c.Floats("x", ["a"]));
            if (type == typeof(ImmutableArray<float>)) return random.Next(3) == 0 ? default : ImmutableArray.Create(1f, 2, 3);
            if (type == typeof(IReadOnlyList<string>)) return Items(typeof(string), "names").Cast<string?>().OfType<string>().ToArray();
            if (type == typeof((string, double))) return ($"tag{random.Next(3)}", Number());
            if (type.IsGenericType && type.GetGenericTypeDefinition() == typeof(ReadOnlyMemory<>))
                return Activator.CreateInstance(type, Items(type.GetGenericArguments()[0], null));
            return null;
        }

        // Short ones, and wrong ones.
        private FitOptions Options() => new()
        {
            Steps = random.Next(8) == 0 ? -1 : random.Next(0, 4),
            Epochs = random.Next(3) == 0 ? random.Next(-1, 3) : null,
            EvaluateEvery = random.Next(3) == 0 ? random.Next(0, 3) : null,
            Monitor = random.Next(3) == 0 ? s_names[random.Next(s_names.Length)] : null,
            EarlyStopping = random.Next(3) == 0 ? new(random.Next(0, 3), Number()) : null,
            ReduceOnPlateau = random.Next(4) == 0 ? new(random.Next(0, 3), Number(), Number()) : null,
            RestoreBest = random.Next(2) == 0,
            Validation = random.Next(2) == 0 ? (Validation?)Pooled(typeof(Validation)) : null,
            Insight = random.Next(3) == 0 ? new(random.Next(4) == 0 ? model.Step : watched, random.Next(1, 4)) : null,
            Callbacks = random.Next(3) == 0 ? [(FitCallback)Pooled(typeof(TensorBoardCallback))!] : [],
        };

        private object? Pooled(Type type)
        {
            object[] fit = [.. _pool.Where(type.IsInstanceOfType)];
            return fit.Length == 0 ? null : fit[random.Next(fit.Length)];
        }
    }
}
