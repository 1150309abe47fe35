using GraphCompiler.Bench.Torch;
using GraphCompiler.Frontend;
using GraphCompiler.Frontend.Optimizers;
using GraphCompiler.IR.Ops;
using TorchSharp;
using Xunit;
using static GraphCompiler.IR.DType;

namespace GraphCompiler.Bench.Tests;

/// <summary>Whole training steps of random nets beside libtorch: fifty steps from the same weights on the same batches.</summary>
/// <remarks>f64 agrees to 1e-10 of the largest element, which leaves four digits for the order of sums. In f32 a step's rounding is about
/// 1e-6 of a gradient, and fifty steps add up what they move: 2e-4 for parameters, 1e-4 for losses.</remarks>
public sealed class TorchConformanceTests
{
    private const int Steps = 50;

    // SGC_EXHAUSTIVE=1 tries more nets; SGC_SEED starts elsewhere.
    public static TheoryData<int> Seeds =>
        [.. Enumerable.Range(int.Parse(Environment.GetEnvironmentVariable("SGC_SEED") ?? "1",
            System.Globalization.CultureInfo.InvariantCulture),
            Environment.GetEnvironmentVariable("SGC_EXHAUSTIVE") == "1" ? 60 : 6)];

    [Theory, MemberData(nameof(Seeds))]
    public void In_f64_fifty_steps_agree_to_1e_minus_10(int seed) => Compare<double>(new RandomNet(seed, F64), 1e-10, 1e-10);

    [Theory, MemberData(nameof(Seeds))]
    public void In_f32_fifty_steps_agree_to_their_rounding(int seed) => Compare<float>(new RandomNet(seed, F32), 1e-4, 2e-4);

    /// <summary>Adam alone, where nothing is summed: a bowl whose axes differ by 10^6.</summary>
    [Fact]
    public void Adam_in_f64_agrees_to_1e_minus_12()
    {
        Assert.Null(LibTorch.Unavailable);
        using var scope = torch.NewDisposeScope();
        double[] weights = [1e-3, 0.7, 25, 1e3], start = [2, -1, 0.3, 5];
        var graph = new GraphBuilder("bowl");
        var p = graph.Variable("p", F64[4], Initializer.Constant(0));
        var loss = (p * p * graph.Constant(new IR.Literal(F64[4], weights))).Sum();
        using var step = graph.Minimize(loss, new Adam(0.01)).Compile();
        start.CopyTo(step.Variable<double>("p"));
        var parameter = new TorchSharp.Modules.Parameter(torch.tensor(start, dtype: torch.ScalarType.Float64));
        var scale = torch.tensor(weights, dtype: torch.ScalarType.Float64);
        using var optimizer = torch.optim.Adam([parameter], 0.01);
        for (var i = 0; i < Steps; i++)
        {
            step.Run();
            optimizer.zero_grad();
            (parameter * parameter * scale).sum().backward();
            optimizer.step();
        }
        var wanted = parameter.data<double>().ToArray();
        for (var i = 0; i < wanted.Length; i++)
            Assert.Equal(wanted[i], step.Variable<double>("p")[i], 1e-12 * Math.Max(1, Math.Abs(wanted[i])));
    }

    private static void Compare<T>(RandomNet net, double lossTolerance, double tolerance) where T : unmanaged, IConvertible
    {
        Assert.Null(LibTorch.Unavailable);
        using var scope = torch.NewDisposeScope();
        var graph = net.Declare(out var loss);
        using var step = graph.Minimize(loss, net.Optimizer, new Dictionary<string, IR.Value> { ["value"] = loss }).Compile();
        var parameters = net.TorchParameters(graph);
        using var optimizer = net.TorchOptimizer(parameters);
        for (var i = 0; i < Steps; i++)
        {
            var (features, targets) = net.Draw(i);
            if (net.HasLabels) step.Run<T, int>(Convert<T>(features), Array.ConvertAll(targets, t => (int)t));
            else step.Run<T, T>(Convert<T>(features), Convert<T>(targets));
            optimizer.zero_grad();
            var expected = net.TorchLoss(parameters, features, targets);
            expected.backward();
            optimizer.step();
            var (wanted, found) = (expected.to_type(torch.ScalarType.Float64).item<double>(),
                System.Convert.ToDouble(step.Metric<T>("value")[0], null));
            Assert.True(Math.Abs(wanted - found) <= lossTolerance * Math.Max(1, Math.Abs(wanted)),
                $"{net}\nstep {i}: libtorch's loss is {wanted:R}, ours {found:R}");
        }
        for (var k = 0; k < parameters.Length; k++)
            Agree(parameters[k].to_type(torch.ScalarType.Float64).data<double>().ToArray(),
                step.Variable<T>(graph.ModelParameters[k].Value.Name!), tolerance, net);
    }

    private static void Agree<T>(double[] wanted, ReadOnlySpan<T> found, double tolerance, RandomNet net) where T : unmanaged, IConvertible
    {
        var scale = Math.Max(1, wanted.Max(Math.Abs));
        for (var i = 0; i < wanted.Length; i++)
            if (!(Math.Abs(wanted[i] - System.Convert.ToDouble(found[i], null)) <= tolerance * scale))
                Assert.Fail($"{net}\nelement {i}: libtorch has {wanted[i]:R}, ours is {found[i]}");
    }

    private static T[] Convert<T>(double[] values) where T : unmanaged => typeof(T) == typeof(double)
        ? (T[])(object)values : (T[])(object)Array.ConvertAll(values, v => (float)v);
}
