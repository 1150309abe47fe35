using System.Text.Json;
using GraphCompiler.Bench.Measurement;
using GraphCompiler.Bench.Micro;
using GraphCompiler.Bench.Peers;
using GraphCompiler.Bench.Report;
using GraphCompiler.Bench.Suite;
using GraphCompiler.Bench.Torch;
using GraphCompiler.Passes;
using GraphCompiler.Runtime;
using GraphCompiler.Tests.Shared;
using Xunit;

namespace GraphCompiler.Bench.Tests;

/// <summary>The comparison end to end on its small rows. No figure is judged but the losses.</summary>
/// <remarks>The commands have the process for themselves: its cache's variable, its console, its libtorch's threads.</remarks>
[Collection(nameof(RunsAlone))]
public sealed class StepsTests : IDisposable
{
    private static readonly string[] s_fields =
    [
        "name", "threads", "compiled_us", "tape_us", "torch_us", "torch_over_compiled", "torch_over_compiled_spread", "tape_over_compiled",
        "tape_over_compiled_spread", "compile_ms",
        "compile_warm_ms", "flops", "gflops", "fraction_of_peak", "arena_bytes", "loss_max_rel_diff",
    ];

    private static readonly string[] s_peers = [Peer.Tape, Peer.Torch];

    private readonly string _folder = Directory.CreateTempSubdirectory("bench").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void Small_rows_run_on_three_sides_into_json_and_a_page()
    {
        Assert.Null(LibTorch.Unavailable);
        var json = Path.Combine(_folder, "steps.json");
        Assert.Equal(0,
            StepsCommand.Run("_b32_adam", 1, [Peer.Tape, Peer.Torch], rounds: 1, TimeSpan.FromMilliseconds(5), json, memory: false));

        using var document = JsonDocument.Parse(File.ReadAllText(json));
        var rows = document.RootElement.GetProperty("rows").EnumerateArray().ToArray();
        Assert.Equal(["mlp_iris_b32_adam", "mlp_digits_b32_adam"], rows.Select(r => r.GetProperty("name").GetString()!));
        foreach (var row in rows)
        {
            Assert.All(s_fields, f => Assert.NotEqual(JsonValueKind.Null, row.GetProperty(f).ValueKind));
            Assert.True(row.GetProperty("torch_us").GetDouble() > 0);
        }
        // Digits: x·W1, h·W2, and for each a dW, and dh: 2·32·(64·32·2 + 32·10·3) operations.
        Assert.Equal(2 * 32 * (64 * 32 * 2 + 32 * 10 * 3), rows[1].GetProperty("flops").GetDouble());

        Assert.Equal(0, HtmlReport.Write(json, _folder));
        var page = File.ReadAllText(Path.Combine(_folder, "index.html"));
        Assert.Contains("mlp_digits_b32_adam", page, StringComparison.Ordinal);
        Assert.Contains("<svg", page, StringComparison.Ordinal);
    }

    [Fact]
    public void A_step_of_bf16_runs_beside_one_of_f32()
    {
        var json = Path.Combine(_folder, "bf16.json");
        Assert.Equal(0, StepsCommand.Run("iris", 1, [Peer.Float32], rounds: 1, TimeSpan.FromMilliseconds(5), json, memory: false,
            Precision.BFloat16));
        var run = Run.Read(json);
        Assert.EndsWith("bf16", run.SideLevels[Peer.Compiled], StringComparison.Ordinal);
        Assert.True(run.Rows.Single() is { F32Us: > 0, F32OverCompiled: > 0, F32OverCompiledSpread: not null, TorchUs: null });
    }

    [Fact]
    public void Losses_with_second_derivatives_by_the_inputs_agree_on_three_sides() => Assert.Equal(0,
        StepsCommand.Run("pinn", 1, [Peer.Tape, Peer.Torch], rounds: 1, TimeSpan.FromMilliseconds(5), null, memory: false));

    [Theory]
    [InlineData("lenet", true)]
    [InlineData("lenet", false)]
    [InlineData("resnet8", true)]
    public void Losses_of_convolutional_networks_agree_in_either_layout_of_libtorch(string row, bool isChannelsLast)
    {
        ImageLayout.IsChannelsLast = isChannelsLast;
        Assert.Equal(0, StepsCommand.Run(row, 2, [Peer.Tape, Peer.Torch], rounds: 1, TimeSpan.FromMilliseconds(5), null, memory: false));
        ImageLayout.IsChannelsLast = null;
    }

    [Fact]
    public void Unknown_model_and_unreadable_figures_are_told()
    {
        Assert.Equal(2, StepsCommand.Run("no such model", 1, [], 1, TimeSpan.FromMilliseconds(1), null, memory: false));
        var json = Path.Combine(_folder, "missing", "steps.json");
        Assert.Equal(2, StepsCommand.Run("neuron", 1, [], 1, TimeSpan.FromMilliseconds(1), json, memory: false));
        Assert.Equal(2, HtmlReport.Write(Path.Combine(_folder, "missing.json"), _folder));
        Assert.False(File.Exists(Path.Combine(_folder, "index.html")));
    }

    [Fact]
    public void Memory_of_each_side_is_the_peak_of_its_own_process()
    {
        var json = Path.Combine(_folder, "memory.json");
        Assert.Equal(0, StepsCommand.Run("iris", 1, [Peer.Tape, Peer.Torch], rounds: 1, TimeSpan.FromMilliseconds(1), json, memory: true));
        var peak = Assert.Single(Run.Read(json).Rows).PeakBytes!;
        // Below 10 MB no .NET program starts, and above 2 GB something is read in bytes for kilobytes.
        Assert.All((string[])[Peer.Compiled, Peer.Tape, Peer.Torch], p => Assert.InRange(peak[p], 10L << 20, 2L << 30));
    }

    [Theory]
    [InlineData("matmul 64x64x64")]
    [InlineData("resnet18 3x3/2")]
    [InlineData("depthwise 3x3 56")]
    [InlineData("attention 64 head 32")]
    [InlineData("softmax 4096x256")]
    [InlineData("layer norm 4096x256")]
    [InlineData("sum 1M")]
    [InlineData("Adam 1M")]
    [InlineData("of mlp_mnist_b64")]
    [InlineData("Hessian by 1000 parameters")]
    public void Micro_benchmarks_run_and_their_sides_agree(string name) =>
        Assert.Equal(0, MicroCommand.Run(name, 2, s_peers, isShort: true));

    [Fact]
    public void Micro_benchmarks_leave_out_a_side()
    {
        var json = Path.Combine(_folder, "micro.json");
        Assert.Equal(0, MicroCommand.Run("deep layer dX", 1, [Peer.Torch], isShort: true, json));
        using var document = JsonDocument.Parse(File.ReadAllText(json));
        var row = Assert.Single(document.RootElement.GetProperty("rows").EnumerateArray());
        Assert.Equal((JsonValueKind.Null, JsonValueKind.Number),
            (row.GetProperty("tape_us").ValueKind, row.GetProperty("torch_us").ValueKind));
    }

    [Fact]
    public void Unknown_micro_benchmark_is_told() => Assert.Equal(2, MicroCommand.Run("no such case", 1, s_peers, isShort: true));

    [Fact]
    public void Names_of_rows_are_distinct() => Assert.Distinct(Models.All.Select(m => m.Name));

    [Fact]
    public void Profile_accounts_for_the_whole_step()
    {
        var model = Models.All.Single(m => m.Name == "mlp_digits_b32_adam");
        using var peer = new CompiledPeer(model, [model.CreateBatch(0)], threads: 2, profile: true);
        var profile = peer.Profile(10);
        Assert.Equal(1, profile.Kernels.Sum(k => k.Share), 1e-9);
        Assert.All(profile.Kernels, k => Assert.True(k.Share >= 0 && k.Bytes > 0 && k.OfLimit is null or (>= 0 and <= 1)));
        Assert.Equal(profile.StepTime.TotalNanoseconds, profile.Kernels.Sum(k => k.Nanoseconds), 1e-6 * profile.StepTime.TotalNanoseconds);
        Assert.Contains("Mlp.cs", profile.ToString(), StringComparison.Ordinal);

        var path = Path.Combine(_folder, "trace.json");
        profile.WriteTrace(path);
        using var trace = JsonDocument.Parse(File.ReadAllText(path));
        var events = trace.RootElement.GetProperty("traceEvents").EnumerateArray().ToArray();
        Assert.Equal(profile.Kernels.Select(k => k.Name), events.Select(e => e.GetProperty("name").GetString()!));
        Assert.All(events, e => Assert.Equal("X", e.GetProperty("ph").GetString()));
        using var plain = new CompiledPeer(model, [model.CreateBatch(0)], threads: 2);
        Assert.Equal(RuntimeCode.NotProfiled, Assert.Throws<RuntimeException>(() => plain.Profile(1)).Code);
    }
}
