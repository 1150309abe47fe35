using System.Runtime.InteropServices;
using Xunit;

namespace GraphCompiler.Runtime.Tests;

public unsafe class ExecutableTests
{
    private static readonly float[] s_a = [.. Enumerable.Range(0, NativeStep.Size).Select(i => (float)i)];
    private static readonly float[] s_b = [.. Enumerable.Range(0, NativeStep.Size).Select(i => 0.5f * i)];

    private static void Run(Executable step) => step.Run<float, float>(s_a, s_b);

    private static void ExpectSum(Executable step)
    {
        var sum = step.Output<float>("out");
        Assert.Equal(NativeStep.Size, sum.Length);
        for (var i = 0; i < sum.Length; i++)
            Assert.Equal(1.5f * i, sum[i]);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(4)]
    public void Every_worker_runs_its_part(int threads)
    {
        using var step = NativeStep.Make(threads);
        Assert.Equal(threads, step.Threads);
        Run(step);
        Run(step);
        ExpectSum(step);
        for (var worker = 0; worker < NativeStep.MostWorkers; worker++)
            Assert.Equal(worker < threads ? 2 : 0, step.State<int>("total")[worker]);
    }

    [Fact]
    public void A_serial_layout_runs_on_the_caller_alone()
    {
        using var step = new Executable(null, NativeStep.Entry, NativeStep.Layout(parallel: false), threads: 4);
        Run(step);
        Assert.Equal(1, step.Threads);
        Assert.Equal([1, 0, 0, 0, 0, 0, 0, 0], step.State<int>(0));
        ExpectSum(step);
    }

    [Fact]
    public void Wrong_inputs_name_the_argument()
    {
        using var step = NativeStep.Make();
        Errors.Expect("SGC5001", () => step.Run<float, float>(s_a, s_b.AsSpan(1)), "'b'", "f32[100,10]", "1000", "999");
        Errors.Expect("SGC5003", () => step.Run<int, float>(new int[NativeStep.Size], s_b), "'a'", "f32[1000]", "Int32");
        Errors.Expect("SGC5007", () => step.Run<float>(s_a), "2 inputs", "1 are given");
        Errors.Expect("SGC5007", step.Run, "0 are given");
        Run(step); // An error leaves the executable usable.
        ExpectSum(step);
        Assert.Equal(1, step.State<int>("total")[0]);
    }

    [Fact]
    public void Unknown_names_list_what_there_is()
    {
        using var step = NativeStep.Make();
        Errors.Expect("SGC5004", () => step.State<int>("out"), "state", "'out'", "total");
        Errors.Expect("SGC5004", () => step.Output<float>("total"), "output", "'total'", "out");
        Errors.Expect("SGC5004", () => step.Output<float>(1), "number 1");
        Errors.Expect("SGC5003", () => step.Output<double>("out"), "'out'", "Double");
    }

    [Fact]
    public void Use_after_dispose_is_an_error()
    {
        var code = new MemoryStream();
        var before = NativeMemoryBlock.LiveBytes;
        var step = new Executable(code, NativeStep.Entry, NativeStep.Layout(), threads: 1);
        step.Dispose();
        step.Dispose();
        Assert.False(code.CanRead);
        Assert.Equal(before, NativeMemoryBlock.LiveBytes);
        Errors.Expect("SGC5002", () => Run(step));
        Errors.Expect("SGC5002", () => step.State<int>("total"));
        Errors.Expect("SGC5002", () => step.Output<float>("out"));
    }

    [Fact]
    public void A_second_thread_is_refused_and_dispose_waits_for_the_run()
    {
        var layout = new ExecutableLayout([], ArenaBytes: 0, Parallel: false);
        var before = NativeMemoryBlock.LiveBytes;
        var step = new Executable(null, (nint)BlockedRun.Entry, layout, threads: 1);
        using (new BlockedRun(step.Run))
        {
            Errors.Expect("SGC5005", step.Run);
            step.Dispose();
            Assert.NotEqual(before, NativeMemoryBlock.LiveBytes);
        }
        Assert.Equal(before, NativeMemoryBlock.LiveBytes);
        Errors.Expect("SGC5002", step.Run);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void A_run_allocates_nothing(int threads)
    {
        using var step = NativeStep.Make(threads);
        for (var i = 0; i < 100; i++)
            Run(step);
        var managed = GC.GetAllocatedBytesForCurrentThread();
        var native = NativeMemoryBlock.AllocationsForCurrentThread;
        for (var i = 0; i < 1000; i++)
            Run(step);
        Assert.Equal(managed, GC.GetAllocatedBytesForCurrentThread());
        Assert.Equal(native, NativeMemoryBlock.AllocationsForCurrentThread);
    }

    [Fact]
    public void Executables_share_state_and_keep_it_alive()
    {
        var before = NativeMemoryBlock.LiveBytes;
        var states = new VariableStore();
        var train = NativeStep.Make(states: states);
        var predict = NativeStep.Make(states: states);
        Run(train);
        Run(predict);
        Assert.Equal(2, train.State<int>("total")[0]);
        Assert.Equal(["total : i32[8], State"], states.Variables.Select(v => v.ToString()));
        states.Dispose();
        train.Dispose();
        Run(predict);
        Assert.Equal(3, predict.State<int>("total")[0]);
        predict.Dispose();
        Assert.Equal(before, NativeMemoryBlock.LiveBytes);
        Errors.Expect("SGC5002", () => NativeStep.Make(states: states));
    }

    [Fact]
    public void Shared_state_of_another_shape_is_refused()
    {
        using var states = new VariableStore();
        using var step = NativeStep.Make(states: states);
        var other = new ExecutableLayout(
            [BufferLayout.Dense("total", BufferRole.State, ElementType.I32, 4)], ArenaBytes: 0, Parallel: false);
        Errors.Expect("SGC5006", () => _ = new Executable(null, NativeStep.Entry, other, 1, states), "i32[8]", "i32[4]");
    }

    public static TheoryData<BufferLayout?> BadBuffers => new()
    {
        null,
        new BufferLayout(null!, BufferRole.State, ElementType.F32, [1], 4),
        new BufferLayout("x", BufferRole.State, ElementType.F32, default, 4),
        new BufferLayout("x", BufferRole.State, (ElementType)99, [1], 4),
        new BufferLayout("x", (BufferRole)99, ElementType.F32, [1], 4),
        new BufferLayout("x", BufferRole.State, ElementType.F32, [2], 7),
        new BufferLayout("x", BufferRole.State, ElementType.F32, [], -1),
        BufferLayout.Dense("x", BufferRole.State, ElementType.F32, -1),
        BufferLayout.Dense("x", BufferRole.Output, ElementType.F32, -2, -3),
        BufferLayout.Dense("x", BufferRole.Output, ElementType.U8, int.MaxValue, 2),
        BufferLayout.Dense("x", BufferRole.Input, ElementType.F64, int.MaxValue, int.MaxValue, int.MaxValue, int.MaxValue),
        BufferLayout.Dense("x", BufferRole.Input, ElementType.F64, int.MaxValue, int.MaxValue, -int.MaxValue, int.MaxValue),
    };

    [Theory]
    [MemberData(nameof(BadBuffers))]
    public void A_buffer_that_contradicts_itself_is_refused(BufferLayout? buffer) =>
        Errors.Expect("SGC5006", () => _ = new Executable(null, NativeStep.Entry, new([buffer!], 0, false), 1));

    [Fact]
    public void A_layout_that_contradicts_itself_is_refused()
    {
        Errors.Expect("SGC5006", () => _ = new Executable(null, NativeStep.Entry, new(default, 0, false), 1));
        Errors.Expect("SGC5006", () => _ = new Executable(null, NativeStep.Entry, new([], -1, false), 1));
    }

    [Fact]
    public void Two_buffers_of_one_name_are_refused()
    {
        var twice = BufferLayout.Dense("x", BufferRole.Output, ElementType.F32);
        Errors.Expect("SGC5006",
            () => _ = new Executable(null, NativeStep.Entry, new([twice, twice], 0, false), 1), "'x'");
    }

    [Fact]
    public void Inputs_as_bytes_and_misaligned_inputs_give_the_same()
    {
        using var step = NativeStep.Make();
        var bytes = new byte[NativeStep.Size * sizeof(float) + 1];
        MemoryMarshal.AsBytes(s_b.AsSpan()).CopyTo(bytes.AsSpan(1));
        step.Run<float, float>(s_a, MemoryMarshal.Cast<byte, float>(bytes.AsSpan(1)));
        ExpectSum(step);

        var a = MemoryMarshal.AsBytes(s_a.AsSpan()).ToArray();
        step.Run([a, bytes.AsMemory(1)]);
        ExpectSum(step);
        Errors.Expect("SGC5001", () => step.Run([a, bytes]), "'b'", "4000 bytes", "4001");
    }
}
