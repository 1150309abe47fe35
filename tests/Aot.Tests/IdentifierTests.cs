using System.Text;
using Xunit;
using Xunit.Abstractions;

namespace GraphCompiler.Aot.Tests;

/// <summary>The mapping of names to identifiers, without compiling anything.</summary>
public sealed class IdentifierTests(ITestOutputHelper output)
{
    private const int Seed = 20251126;

    [Theory]
    [InlineData("images", "images")]
    [InlineData("layer1.weight", "layer1_weight")]
    [InlineData("a/b", "a_b")]
    [InlineData("asm", "asm_")]
    [InlineData("NULL", "NULL_")]
    [InlineData("int32_t", "int32_5f_t_")]
    [InlineData("_x", "x")]
    [InlineData("top-5 accuracy", "top_5_accuracy")]
    [InlineData("5top", "_35_top_")]
    [InlineData("say \"x\"", "say_2022_x_22_")]
    [InlineData("précision", "pr_c3a9_cision_")]
    [InlineData("object", "object_")]
    [InlineData("operator", "operator_")]
    public void An_argument_alone(string name, string expected) =>
        Assert.Equal(expected, new Identifiers([name], Identifiers.Snake, ReservedWords.Contains)[name]);

    [Theory]
    [InlineData("hidden.kernel", "HiddenKernel")]
    [InlineData("hidden", "Hidden")]
    [InlineData("...", "_2e2e2e_")]
    public void A_member_alone(string name, string expected) =>
        Assert.Equal(expected, new Identifiers([name], Identifiers.Pascal, _ => false)[name]);

    [Fact]
    public void Names_that_share_a_plain_form_are_told_apart()
    {
        string[] names = ["layer1.weight", "layer1_weight", "layer1/weight", "a.b", "a/b", "x", "x_"];
        var arguments = new Identifiers(names, Identifiers.Snake, ReservedWords.Contains);
        Assert.Equal(["layer1_2e_weight_", "layer1_weight", "layer1_2f_weight_", "a_2e_b_", "a_2f_b_", "x", "x_5f_"],
            names.Select(n => arguments[n]));
    }

    [Theory]
    [InlineData("digits", "Digits")]
    [InlineData("Digits", "Digits_")]
    [InlineData("my_model", "MyModel")]
    [InlineData("MyModel", "MyModel_")]
    [InlineData("res_net_50", "ResNet_50")]
    [InlineData("res_net50", "ResNet50")]
    [InlineData("a__b", "a_5f5f_b_")]
    [InlineData("a_", "a_5f_")]
    public void The_class_of_a_model(string name, string expected) => Assert.Equal(expected, Identifiers.ClassOf(name));

    [Fact]
    public void Different_names_have_different_identifiers_in_every_scope()
    {
        output.WriteLine($"seed {Seed}");
        var random = new Random(Seed);
        for (var round = 0; round < 2000; round++)
        {
            string[] names = [.. Enumerable.Range(0, 12).Select(_ => NastyNames.Any(random)).Distinct()];
            foreach (var plain in (Func<string, string?>[])[Identifiers.Snake, Identifiers.Pascal])
            {
                var identifiers = new Identifiers(names, plain, ReservedWords.Contains);
                Assert.Equal(names.Length, names.Select(n => identifiers[n]).Distinct().Count());
                Assert.All(names, n => Assert.Matches("^(?!.*__)[A-Za-z_][A-Za-z0-9_]*\\z", identifiers[n]));
                // Letters, too, keep names apart: an escaped form is never reserved, since no reserved word ends with '_'.
                Assert.All(names, n => Assert.False(ReservedWords.Contains(identifiers[n]) && identifiers[n][^1] != '_', identifiers[n]));
            }
            var models = names.Where(n => Runtime.Deployment.ModelName.Refusal(n) is null).ToList();
            Assert.Equal(models.Count, models.Select(Identifiers.ClassOf).Distinct().Count());
        }
    }

    [Fact]
    public void The_escaped_form_can_be_read_back()
    {
        output.WriteLine($"seed {Seed}");
        var random = new Random(Seed);
        for (var i = 0; i < 20_000; i++)
        {
            var name = NastyNames.Any(random);
            Assert.Equal(name, Unescaped(Identifiers.Escape(name)));
        }
    }

    // Apart from the code under test: '_' begins and ends hexadecimal digits, and an odd one is the end.
    private static string Unescaped(string identifier)
    {
        var parts = identifier.Split('_');
        if (parts.Length % 2 == 0) parts = parts[..^1];
        return string.Concat(parts.Select((p, i) => i % 2 == 0 ? p : Encoding.UTF8.GetString(Convert.FromHexString(p))));
    }
}

/// <summary>Names that are keywords, macros and types of C, C++ and C#, that collide, or that are no identifiers.</summary>
internal static class NastyNames
{
    private static readonly string[] s_words = """
        asm call NULL int32_t uint8_t size_t int float double class template operator object string new delete and or xor not
        linux unix errno stdin I EOF M_PI INT32_MAX complex bool true false this base out ref params lock model output loss inputs
        outputs program worker buffer variant API NAME INITIAL MODEL_TYPE state_bytes fail run work zeroed choice find parameters
        entry_function x X _x x_ __x _X a b a.b a/b a_b a__b a._b layer1.weight layer1_weight layer1/weight Layer1Weight TrainStep
        Predict Save Load Dispose Parameter ParameterNames Threads Target ToString GetType Equals Finalize get_Target main printf
        memcpy int32 var record value async await yield field nameof _ __ ___ . / ./. _. h.w h_w thread_local static_assert
        alignas constexpr nullptr typeof restrict inline far near small interface min max
        """.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries);

    private static readonly string[] s_metrics = ["a \"quoted\" metric", "back\\slash", "line\nbreak", "*/ int x; /*", "//", "??/", "%s%n",
        "précision", "精度", "🙂", " ", "\u0001", "<b>&amp;", "top-5", "5top", "'", "a\0b", "{0}", "${x}"];

    /// <summary>One that a builder takes for an input or variable.</summary>
    public static string Legal(Random random)
    {
        if (random.Next(3) > 0) return s_words.Where(IsLegal).ElementAt(random.Next(s_words.Count(IsLegal)));
        const string First = "abXY_./", Rest = "abXY_./019";
        var more = Enumerable.Range(0, random.Next(6)).Select(_ => Rest[random.Next(Rest.Length)]);
        var text = First[random.Next(First.Length)] + string.Concat(more);
        return IsLegal(text) ? text : "x" + text.Replace('/', '.');
    }

    /// <summary>One that a metric can have.</summary>
    public static string Any(Random random) => random.Next(3) == 0 ? s_metrics[random.Next(s_metrics.Length)] : Legal(random);

    private static bool IsLegal(string name) => name.Length > 0 && !name.Contains("//", StringComparison.Ordinal);
}
