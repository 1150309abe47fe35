using System.Reflection;
using GraphCompiler.Frontend.Numerics;
using GraphCompiler.Frontend.Optimizers;
using GraphCompiler.IR;
using GraphCompiler.IR.Diagnostics;
using GraphCompiler.IR.Ops;
using GraphCompiler.Runtime;
using GraphCompiler.Runtime.Data;
using Attribute = GraphCompiler.IR.Attribute;

namespace GraphCompiler.Frontend.Tests.Fuzz;

/// <summary>Every public constructor, method, operator and property that a user calls, by reflection: what is new is called too, unless it
/// is listed here with the reason why not.</summary>
internal static class PublicApi
{
    private static readonly Assembly[] s_assemblies =
        [typeof(GraphBuilder).Assembly, typeof(FunctionBuilder).Assembly, typeof(VariableStore).Assembly];

    private const string CalledByMinimize = "called by Minimize with what the rule declared; WildOptimizer gives it wild results";

    // Types and members that are not for a user of the builder to call.
    private static readonly Dictionary<string, string> s_excluded = new()
    {
        ["GraphCompiler.IR.Loops"] = "kernels, which passes make",
        ["GraphCompiler.IR.Ops.*"] = "definitions of ops; what a user calls are the classes named Syntax",
        ["GraphCompiler.Runtime.Deployment"] = "reads files: mutated ones have tests of their own",
        [nameof(Rewriter)] = "for passes",
        [nameof(Batching)] = "for passes, which hold the operations' operands",
        [nameof(Operation)] = "read by passes, which know its attributes",
        [nameof(Verifier)] = "for passes",
        [nameof(DumpFolder)] = "writes files; PassRunnerTests",
        [nameof(InternalCompilerException)] = "thrown, to be read",
        [nameof(GraphException)] = "thrown, to be read",
        [nameof(RuntimeException)] = "thrown, to be read",
        [nameof(Diagnostic)] = "thrown, to be read",
        [nameof(Executable)] = "calls native code at an address that it is given",
        [nameof(NativeMemoryBlock)] = "native memory",
        [nameof(BarrierBlock)] = "native memory",
        [nameof(KernelAbi)] = "constants of generated code",
        [nameof(WorkerPool)] = "calls native code at an address that it is given",
        [nameof(WorkerPoolLease)] = "starts as many threads as it is told, for executables",
        [nameof(ModelDeclaration)] = "data for ahead-of-time compilation, which checks it",
        [nameof(ModelParameter)] = "made by GraphBuilder, to be read",
        [nameof(KernelProfile)] = "made by TrainingStep.Profile, to be read",
        [nameof(StepProfile)] = "made by TrainingStep.Profile, to be read",
        [nameof(ParameterInsight)] = "made by TrainingStep.Insight, to be read",
        [nameof(StepInsight)] = "made by TrainingStep.Insight, to be read",
        [nameof(Roofline)] = "measures the machine for a second; BadInputTests",
        [nameof(MnistSet)] = "made by Mnist, to be read",
        [nameof(BufferLayout)] = "of native buffers; checked by Executable",
        [nameof(ExecutableLayout)] = "of native buffers; checked by Executable",
        [nameof(UpdateScope)] = CalledByMinimize,
        [nameof(UpdateRule)] = CalledByMinimize,
        ["Optimizer.Begin"] = CalledByMinimize,
        ["GradientTransform.Apply"] = CalledByMinimize,
        ["ParameterTransform.Apply"] = CalledByMinimize,
        [nameof(StateVariable)] = "made by Minimize, to be read",
        ["FunctionBuilder.Clone"] = "for passes, which hold the operation's operands",
        ["CompiledFunction.ToHtml"] = "writes files; StepViewTests",
        ["CompiledFunction.Profile"] = "measures the machine for a second; TrainingTests",
        ["StepProfile.WriteTrace"] = "writes files; BadInputTests",
        ["TrainingPlan.Compile"] = "called for a sample",
        ["FunctionPlan.Compile"] = "called for a sample",
        ["GraphBuilder.Compile"] = "called for a sample",
        ["VariableStore.Save"] = "writes files; VariableStoreTests",
        ["VariableStore.Load"] = "reads files; VariableStoreTests",
        ["VariableStore.SaveWeights"] = "writes files; TensorFileTests",
        ["VariableStore.LoadWeights"] = "reads files; TensorFileTests",
        ["VariableSnapshot.Save"] = "writes files; TensorFileTests",
        ["GraphCompiler.Runtime.Files"] = "reads files; TensorFileTests",
        [nameof(WeightReport)] = "made by VariableStore, to be read",
        [nameof(VariableInfo)] = "made by VariableStore, to be read",
    };

    /// <summary>All of it, in an order that does not depend on the run.</summary>
    public static IReadOnlyList<MethodBase> Members { get; } =
        [.. s_assemblies.SelectMany(a => a.GetExportedTypes()).Where(IsCalled)
            .OrderBy(t => t.FullName, StringComparer.Ordinal).SelectMany(MembersOf)];

    /// <summary>Those that declare something: operators and fluent calls.</summary>
    public static IReadOnlyList<MethodBase> Declarations { get; } =
        [.. Members.Where(m => m is MethodInfo { ReturnType: var type } && type == typeof(Value))];

    /// <summary>The members that an object of this type has.</summary>
    public static IReadOnlyList<MethodBase> Of<T>() =>
        [.. Members.Where(m => m.DeclaringType == typeof(T) && !m.IsStatic && !m.IsConstructor)];

    // No enumerations, delegates, attributes, spans' like, and what the compiler generates.
    private static bool IsCalled(Type type) =>
        !(type.IsEnum || type.IsByRefLike || type.IsInterface || typeof(Delegate).IsAssignableFrom(type))
        && !(typeof(System.Attribute).IsAssignableFrom(type) || type.FullName!.Contains('<', StringComparison.Ordinal))
        && (!type.IsNested || type.DeclaringType == typeof(Attribute)) && !IsExcluded(type);

    private static bool IsExcluded(Type type) =>
        s_excluded.ContainsKey(type.Name) || s_excluded.ContainsKey(type.Namespace!)
            || (type.Namespace == typeof(Op).Namespace && !IsSyntax(type));

    private static bool IsSyntax(Type type) => type.Name.EndsWith("Syntax", StringComparison.Ordinal) || type == typeof(Broadcasting);

    private static IEnumerable<MethodBase> MembersOf(Type type)
    {
        const BindingFlags Declared = BindingFlags.Public | BindingFlags.Instance | BindingFlags.Static | BindingFlags.DeclaredOnly;
        IEnumerable<MethodBase> methods = type.GetMethods(Declared);
        var all = type.IsAbstract ? methods : [.. type.GetConstructors(), .. methods];
        return all.Where(m => !IsExcluded(m)).OrderBy(m => m.ToString(), StringComparer.Ordinal);
    }

    private static bool IsExcluded(MethodBase member)
    {
        for (var type = member.DeclaringType; type is not null; type = type.BaseType)
            if (s_excluded.ContainsKey($"{type.Name}.{member.Name}")) return true;
        return member.Name.Contains('<', StringComparison.Ordinal); // a record's copy, by way of `with`
    }
}
