using BenchmarkDotNet.Attributes;
using GraphCompiler.Backend.Llvm;
using GraphCompiler.Bench.Suite;
using GraphCompiler.Frontend;
using GraphCompiler.Passes;

namespace GraphCompiler.Bench.Micro;

/// <summary>The stages of a compilation, each by itself.</summary>
public class CompileTime
{
    private const string Differentiate = "declare and differentiate";
    private const string LowerAndPlan = "lower and plan memory";
    private const string GenerateCode = "generate code";

    private Action _run = () => { };

    /// <summary>Of the step that is compiled; the verb sets it.</summary>
    internal static int Threads { get; set; } = 1;

    /// <summary>Rows of the suite.</summary>
    [Params("mlp_digits_b32_adam", "mlp_wide_b256_adam", "mlp_deep_b32_x20")]
    public string Model { get; set; } = "";

    /// <summary>Stages in their order.</summary>
    public static IEnumerable<string> Stages => [Differentiate, .. Pipeline.Training.Select(p => p.Name), LowerAndPlan, GenerateCode];

    /// <summary>What is measured.</summary>
    [ParamsSource(nameof(Stages))]
    public string Stage { get; set; } = "";

    /// <summary>Runs all that comes before the stage.</summary>
    [GlobalSetup]
    public void SetUp()
    {
        var model = Models.All.Single(m => m.Name == Model);
        var plan = model.Declare().Plan();
        if (Stage == Differentiate)
        {
            _run = () => model.Declare().Plan();
            return;
        }
        var function = plan.Function;
        foreach (var entry in Pipeline.Training)
        {
            var input = function;
            if (Stage == entry.Name) _run = () => entry.Pass.Run(input, new PassContext());
            function = entry.Pass.Run(function, new PassContext());
        }
        var target = TargetInfo.Create();
        var traits = target.Traits(Threads);
        var program = LowerToLoops.Lower(function, plan.Donated, traits);
        if (Stage == LowerAndPlan) _run = () => LowerToLoops.Lower(function, plan.Donated, traits);
        if (Stage == GenerateCode) _run = () => StepCompiler.Compile(program, target);
    }

    /// <summary>The stage.</summary>
    [Benchmark]
    public void Run() => _run();
}
