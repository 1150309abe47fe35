using System.Reflection;
using GraphCompiler.Frontend;
using GraphCompiler.IR;
using GraphCompiler.IR.Ops;
using GraphCompiler.Tests.Shared;
using Xunit;

namespace GraphCompiler.Bench.Tests;

/// <summary>Every op of the registry, and every method of a value, stands beside libtorch, or says here why it does not.</summary>
public sealed class TorchTableTests
{
    private const string Random = "draws random numbers, of which libtorch has others",
        Network = "a layer with variables: TorchConformanceTests trains it", Derivative = "derives or checks", Own = "libtorch has none";

    private static readonly Dictionary<string, string> s_opsWithout = new()
    {
        ["attention_gradient"] = "the derivative of attention", ["by_mode"] = Own, ["cbrt"] = Own,
        ["first_occurrence"] = "of a sparse gradient",
        ["fusion"] = "of the fuse pass", ["linear_recurrence"] = Own, ["logistic_density"] = "the derivative of sigmoid",
        ["overlap_add"] = "the derivative of window", ["philox"] = Random, ["random_bits"] = Random,
        ["scatter"] = "its binding has no scatter_reduce, and its scatter sets any of several", ["sech_squared"] = "the derivative of tanh",
        ["shift_right_logical"] = Own,
    };

    private static readonly Dictionary<string, string> s_methodsWithout = new()
    {
        ["Apply"] = "a user's op", ["Bernoulli"] = Random, ["ByMode"] = Own, ["Categorical"] = Random, ["Cbrt"] = Own,
        ["CheckGradient"] = Derivative, ["Compose"] = "appends several operations",
        ["Dropout"] = Random, ["Hessian"] = Derivative, ["HessianVectorProduct"] = Derivative,
        ["HingeLoss"] = Own, ["Jacobian"] = Derivative,
        ["Jvp"] = Derivative, ["LogisticDensity"] = Own, ["Philox"] = Random, ["RandomBits"] = Random, ["Recurrence"] = Own,
        ["Residual"] = "adds what a block gives", ["RmsNormalize"] = "its binding has none",
        ["Rotary"] = Own, ["SechSquared"] = Own, ["ShiftRightLogical"] = Own, ["ValueAndGradient"] = Derivative, ["Vjp"] = Derivative,
        ["WithGradient"] = "what a user gives", ["L2Pool"] = Own,
        ["BatchNorm"] = Network, ["Conv1D"] = Network, ["Conv2D"] = Network, ["Conv3D"] = Network, ["ConvTranspose1D"] = Network,
        ["ConvTranspose2D"] = Network, ["ConvTranspose3D"] = Network, ["Dense"] = Network, ["Embedding"] = Network,
        ["FeedForward"] = Network,
        ["GroupNorm"] = Network, ["InstanceNorm"] = Network, ["LayerNorm"] = Network, ["MultiHeadAttention"] = Network,
        ["PositionEmbedding"] = Network, ["RmsNorm"] = Network, ["TransformerBlock"] = Network,
        ["AveragePool1D"] = "AveragePool", ["AveragePool2D"] = "AveragePool", ["AveragePool3D"] = "AveragePool", ["MaxPool1D"] = "MaxPool",
        ["MaxPool2D"] = "MaxPool", ["MaxPool3D"] = "MaxPool",
    };

    private static readonly string s_text = string.Concat(Directory.GetFiles(SourceTree.PathOf("tests", "Bench.Tests"), "Torch*.cs")
        .Where(f => !f.EndsWith("TorchTableTests.cs", StringComparison.Ordinal)).Select(File.ReadAllText));

    [Fact]
    public void Every_op_is_beside_libtorch_or_has_none()
    {
        var compared = TorchFunctionTests.OpsOfRows();
        Check(OpRegistry.All.Select(o => o.Name), compared.Contains, s_opsWithout);
    }

    [Fact]
    public void Every_method_of_a_value_is_beside_libtorch_or_has_none()
    {
        var methods = ((Assembly[])[typeof(Value).Assembly, typeof(GraphBuilder).Assembly]).SelectMany(a => a.GetExportedTypes())
            .Where(t => t.IsAbstract && t.IsSealed).SelectMany(t => t.GetMethods(BindingFlags.Public | BindingFlags.Static))
            .Where(m => !m.IsSpecialName && m.GetParameters().FirstOrDefault()?.ParameterType == typeof(Value)
                && m.IsDefined(typeof(System.Runtime.CompilerServices.ExtensionAttribute))).Select(m => m.Name).Distinct();
        Check(methods, name => s_text.Contains($".{name}(", StringComparison.Ordinal), s_methodsWithout);
    }

    private static void Check(IEnumerable<string> all, Func<string, bool> isCompared, Dictionary<string, string> without)
    {
        string[] names = [.. all];
        Assert.NotEmpty(names);
        string[] wrong = [.. names.Where(n => isCompared(n) == without.ContainsKey(n)), .. without.Keys.Except(names)];
        if (wrong.Length > 0) Assert.Fail(string.Join(", ", wrong));
        Assert.All(without.Values, Assert.NotEmpty);
    }
}
