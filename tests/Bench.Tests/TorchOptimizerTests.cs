using GraphCompiler.Bench.Torch;
using GraphCompiler.Frontend;
using GraphCompiler.Frontend.Optimizers;
using GraphCompiler.IR;
using GraphCompiler.IR.Ops;
using TorchSharp;
using Xunit;
using static TorchSharp.torch.optim;
using Parameter = TorchSharp.Modules.Parameter;
using TorchRule = TorchSharp.torch.optim.Optimizer;

namespace GraphCompiler.Bench.Tests;

/// <summary>Each rule beside libtorch's own, fifty steps down a bowl whose axes differ by 10^6; f64 to 1e-12, f32 to 2e-5.</summary>
public sealed class TorchOptimizerTests
{
    private const int Steps = 50;

    // From 2 the first axis is all but flat; 0 has no gradient at all until it is moved.
    private static readonly double[] s_weights = [1e-3, 0.7, 25, 1e3, 1], s_start = [2, -1, 0.3, 5, 0];

    private static readonly Dictionary<string, (Frontend.Optimizers.Optimizer Ours, Func<Parameter[], TorchRule> Torch)> s_rules = new()
    {
        ["sgd"] = (new Sgd(1e-4), p => SGD(p, 1e-4)),
        ["sgd, dampened"] = (new Sgd(1e-4, 0.9, dampening: 0.3), p => SGD(p, 1e-4, 0.9, 0.3)),
        ["sgd, Nesterov"] = (new Sgd(1e-4, 0.9, nesterov: true), p => SGD(p, 1e-4, 0.9, nesterov: true)),
        ["sgd, decay"] = (new Sgd(1e-4, 0.9, weightDecay: 0.5), p => SGD(p, 1e-4, 0.9, 0, 0.5)),
        ["adagrad"] = (new AdaGrad(0.1), p => Adagrad(p, 0.1)),
        ["adagrad, rate decay"] = (new AdaGrad(0.1, 0.05), p => Adagrad(p, 0.1, 0.05)),
        ["rmsprop"] = (new RmsProp(0.01), p => RMSProp(p, 0.01)),
        ["rmsprop, centred"] = (new RmsProp(0.01, centered: true), p => RMSProp(p, 0.01, centered: true)),
        ["rmsprop, momentum"] = (new RmsProp(0.01, 0.9, momentum: 0.5), p => RMSProp(p, 0.01, 0.9, momentum: 0.5)),
        ["adadelta"] = (new Frontend.Optimizers.Adadelta(0.5), p => torch.optim.Adadelta(p, 0.5)),
        ["adam"] = (new Frontend.Optimizers.Adam(0.01), p => torch.optim.Adam(p, 0.01)),
        ["amsgrad"] = (new Frontend.Optimizers.Adam(0.5, amsGrad: true), p => torch.optim.Adam(p, 0.5, amsgrad: true)),
        ["adam, L2"] = (new Frontend.Optimizers.Adam(0.01) { Gradients = [new WeightDecay(0.3)] },
            p => torch.optim.Adam(p, 0.01, weight_decay: 0.3)),
        ["adamw"] = (new Frontend.Optimizers.AdamW(0.01, weightDecay: 0.3), p => torch.optim.AdamW(p, 0.01, weight_decay: 0.3)),
        ["nadam"] = (new Frontend.Optimizers.NAdam(0.01), p => torch.optim.NAdam(p, 0.01)),
    };

    public static TheoryData<string> Rules => [.. s_rules.Keys];

    [Theory]
    [MemberData(nameof(Rules))]
    public void Fifty_steps_agree(string name)
    {
        var (ours, theirs) = s_rules[name];
        Compare<double>(ours, theirs, DType.F64, 1e-12, clip: null);
        Compare<float>(ours, theirs, DType.F32, 2e-5, clip: null);
    }

    /// <summary>torch.nn.utils.clip_grad_norm_.</summary>
    [Theory]
    [InlineData(0.5), InlineData(1e5)]
    public void Clipped_steps_agree(double limit)
    {
        var ours = new Sgd(1e-4, 0.9) { Gradients = [new ClipByGlobalNorm(limit)] };
        Compare<double>(ours, p => SGD(p, 1e-4, 0.9), DType.F64, 1e-12, limit);
        Compare<float>(ours, p => SGD(p, 1e-4, 0.9), DType.F32, 2e-5, limit);
    }

    private static void Compare<T>(Frontend.Optimizers.Optimizer ours, Func<Parameter[], TorchRule> theirs, DType type, double tolerance,
        double? clip) where T : unmanaged, IConvertible
    {
        Assert.Null(LibTorch.Unavailable);
        using var scope = torch.NewDisposeScope();
        var graph = new GraphBuilder("bowl");
        var p = graph.Variable("p", type[5], Initializer.FromArray(s_start));
        var q = graph.Variable("q", type[1], Initializer.Ones);
        var loss = (p * p * graph.Constant(new Literal(type[5], s_weights))).Sum() + (q * q).Sum();
        using var step = graph.Minimize(loss, ours).Compile();
        var torchType = type == DType.F64 ? torch.ScalarType.Float64 : torch.ScalarType.Float32;
        Parameter[] parameters = [new(torch.tensor(s_start, dtype: torchType)), new(torch.ones([1], dtype: torchType))];
        var weights = torch.tensor(s_weights, dtype: torchType);
        using var optimizer = theirs(parameters);
        for (var i = 0; i < Steps; i++)
        {
            step.Run();
            optimizer.zero_grad();
            ((parameters[0] * parameters[0] * weights).sum() + (parameters[1] * parameters[1]).sum()).backward();
            if (clip is { } limit) torch.nn.utils.clip_grad_norm_(parameters, limit);
            optimizer.step();
        }
        foreach (var (name, parameter) in new[] { ("p", parameters[0]), ("q", parameters[1]) })
        {
            var wanted = parameter.to_type(torch.ScalarType.Float64).data<double>().ToArray();
            var found = step.Variable<T>(name);
            for (var i = 0; i < wanted.Length; i++)
                Assert.Equal(wanted[i], System.Convert.ToDouble(found[i], null), tolerance * Math.Max(1, Math.Abs(wanted[i])));
        }
    }
}
