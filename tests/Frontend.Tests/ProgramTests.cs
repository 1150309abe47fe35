using System.Text.RegularExpressions;
using Digits;
using GraphCompiler.Tests.Shared;
using Programs;
using Xunit;

namespace GraphCompiler.Frontend.Tests;

/// <summary>Ordinary programs as a new user would write them: each does what it says, is short, and stands in docs/programs.md.</summary>
public sealed partial class ProgramTests
{
    private const int MostLines = 25;

    private static readonly Lazy<Split> s_data = new(DigitsData.Load);

    [Fact]
    public void A_classifier_is_validated_after_each_epoch()
    {
        var accuracies = ValidationPerEpoch.Run(s_data.Value, epochs: 8);
        Assert.Equal(8, accuracies.Count);
        Assert.InRange(accuracies[^1], 0.94, 1);
        Assert.True(accuracies[^1] > accuracies[0], string.Join(" ", accuracies));
    }

    // The target's deviation is 577: without scaling, the same rate and steps leave most of it.
    [Fact]
    public void Features_of_different_scales_are_regressed_on() => Assert.InRange(ScaledRegression.Run(), 0, 30);

    [Fact]
    public void Rates_decay_and_are_set()
    {
        var (cosine, halved) = RateDecay.Run();
        Assert.InRange(cosine, 0, 0.05);
        Assert.InRange(halved, 0, 0.05);
    }

    [Fact]
    public void A_run_goes_on_from_a_file()
    {
        var path = Path.Combine(Directory.CreateTempSubdirectory("programs").FullName, "run.checkpoint");
        var (whole, resumed) = SaveAndLoad.Run(path);
        Directory.Delete(Path.GetDirectoryName(path)!, recursive: true);
        Assert.Equal(whole, resumed); // The same bits.
    }

    [Fact]
    public void Blocks_with_skips_learn_from_two_inputs()
    {
        var (first, last) = SkipConnection.Run();
        Assert.InRange(last, 0, Math.Min(0.004, first / 20));
    }

    [Fact]
    public void A_layer_is_applied_twice()
    {
        var (variables, equal, different) = SharedWeights.Run();
        Assert.Equal(4, variables);
        Assert.Equal(0, equal);
        Assert.InRange(different, 3.5, 20);
    }

    [Fact]
    public void Every_example_of_a_ragged_set_is_counted()
    {
        var (correct, count) = RaggedTestSet.Run(s_data.Value);
        Assert.Equal(359, count);
        Assert.InRange(correct, 0.93 * count, count);
    }

    /// <summary>f = (ab, sin c): s = a²b² + sin²c.</summary>
    [Fact]
    public void Derivatives_stand_alone()
    {
        var (a, b, c) = (1.5, -2.0, 0.7);
        var (gradient, jacobian, product) = DerivativesAlone.Run([a, b, c]);
        double[] expected = [2 * a * b * b, 2 * a * a * b, Math.Sin(2 * c)];
        double[] rows = [b, a, 0, 0, 0, Math.Cos(c)];
        double[] ones = [2 * b * b + 4 * a * b, 2 * a * a + 4 * a * b, 2 * Math.Cos(2 * c)];
        Assert.All(gradient.Zip(expected), p => Assert.Equal(p.Second, p.First, 1e-12));
        Assert.All(jacobian.Zip(rows), p => Assert.Equal(p.Second, p.First, 1e-12));
        Assert.All(product.Zip(ones), p => Assert.Equal(p.Second, p.First, 1e-12));
    }

    [Fact]
    public void What_is_frozen_stays() => Assert.Equal((true, true), Freezing.Run());

    [Fact]
    public void Early_stopping_goes_back_to_the_best()
    {
        var (best, kept, epochs) = EarlyStopping.Run(s_data.Value, patience: 5);
        Assert.Equal(best, kept);
        Assert.InRange(epochs, 6, 500);
    }

    [Fact]
    public void Gradients_are_clipped_three_ways()
    {
        var moves = Clipping.Run();
        Near([-2, -2, 0, -2], moves["value"]);
        Near([-0.6f, -0.8f, 0, -1], moves["norm"]);
        Near([-0.3f, -0.4f, 0, -1.2f], moves["global"]); // The norm of all is 13.

        static void Near(float[] expected, float[] actual) =>
            Assert.All(expected.Zip(actual), p => Assert.Equal(p.First, p.Second, 1e-5f));
    }

    [Fact]
    public void Weights_decay_beside_the_gradient() => Assert.Equal((0.95f, 1f), DecoupledWeightDecay.Run());

    [Fact]
    public void Dropout_drops_in_training_only()
    {
        var (accuracy, isDeterministic) = DropoutProgram.Run(s_data.Value);
        Assert.True(isDeterministic);
        Assert.InRange(accuracy, 0.94, 1);
    }

    [Fact]
    public void A_generator_learns_a_distribution()
    {
        var (mean, deviation) = Gan.Run(steps: 2000);
        Assert.InRange(mean, 2.6, 3.4);
        Assert.InRange(deviation, 0.1, 1.2);
    }

    /// <summary>Ridge regression against its normal equations, solved here; softmax regression by its gradient.</summary>
    [Fact]
    public void Convex_problems_are_solved_to_the_last_digits()
    {
        double[] x = [1, 2, 3, 1, 2, 2, 4, 0], y = [5, 6, 6, 5];
        var (ridge, weights, softmax) = ExactOptimum.Run(x, y, [0, 1, 0, 1]);
        var (a, b, c, p, q) = (0.1, 0.0, 0.1, 0.0, 0.0);
        for (var i = 0; i < 4; i++)
            (a, b, c, p, q) = (a + x[2 * i] * x[2 * i], b + x[2 * i] * x[2 * i + 1], c + x[2 * i + 1] * x[2 * i + 1],
                p + x[2 * i] * y[i], q + x[2 * i + 1] * y[i]);
        Assert.Equal((c * p - b * q) / (a * c - b * b), weights[0], 1e-12);
        Assert.Equal((a * q - b * p) / (a * c - b * b), weights[1], 1e-12);
        Assert.InRange(ridge, 0, 1e-12);
        Assert.InRange(softmax, 0, 1e-14);
    }

    [Fact]
    public void A_loss_may_hold_a_gradient()
    {
        var (before, after) = GradientPenalty.Run();
        Assert.InRange(before, 0.01, 100);
        Assert.InRange(after, 0, before / 20);
    }

    [Fact]
    public void An_operation_of_ones_own_is_checked_and_trained_with()
    {
        var (error, before, after) = OwnOperation.Run();
        Assert.InRange(error, 0, 1e-8);
        Assert.InRange(after, 0, before / 20);
    }

    [Fact]
    public void A_model_can_be_looked_at()
    {
        var (summary, model, step) = LookingAtTheGraph.Run();
        Assert.Contains("hidden/kernel", summary, StringComparison.Ordinal);
        Assert.Contains("dot_general", model, StringComparison.Ordinal);
        Assert.True(step.Length > model.Length);
    }

    public static TheoryData<string> Sources => [.. Directory.GetFiles(SourceTree.PathOf("samples", "Programs"), "*.cs")
        .Select(f => Path.GetFileName(f)!).Where(n => n != "Program.cs")];

    [Theory]
    [MemberData(nameof(Sources))]
    public void A_program_is_short_and_stands_in_the_document(string file)
    {
        var source = File.ReadAllText(SourceTree.PathOf("samples", "Programs", file));
        var method = Method().Match(source).Groups[1].Value;
        Assert.InRange(method.Count(c => c == '\n'), 5, MostLines);
        var code = string.Join('\n', method.Split('\n').Select(l => l.Length > 4 ? l[4..] : l.Trim()));
        Assert.Contains($"```csharp\n{code}```", File.ReadAllText(SourceTree.PathOf("docs", "programs.md")), StringComparison.Ordinal);
    }

    [GeneratedRegex(@"^(    public static .*?^    }\n)", RegexOptions.Multiline | RegexOptions.Singleline)]
    private static partial Regex Method();
}
