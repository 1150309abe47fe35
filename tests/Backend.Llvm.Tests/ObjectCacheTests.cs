using GraphCompiler.IR;
using GraphCompiler.IR.Loops;
using GraphCompiler.IR.Ops;
using GraphCompiler.Passes;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit;

namespace GraphCompiler.Backend.Llvm.Tests;

public sealed class ObjectCacheTests : IDisposable
{
    private static readonly byte[][] s_objects = [[1, 2, 3], [], [4]];
    private readonly string _folder = Path.Combine(Directory.CreateTempSubdirectory("cache").FullName, "objects");

    public void Dispose() => Directory.Delete(Path.GetDirectoryName(_folder)!, recursive: true);

    [Fact]
    public void What_was_compiled_once_is_found_by_another_process()
    {
        Assert.Equal(s_objects, New().FindOrAdd("a", () => s_objects));
        Assert.Equal(s_objects, New().FindOrAdd("a", () => throw new InvalidOperationException("compiled again")));
        Assert.Equal([[9]], New().FindOrAdd("b", () => [[9]]));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(10)]
    [InlineData(40)]
    public void Damaged_entries_are_replaced(int length)
    {
        New().FindOrAdd("a", () => s_objects);
        var file = Assert.Single(Directory.GetFiles(_folder));
        File.WriteAllBytes(file, File.ReadAllBytes(file)[..length]);
        Assert.Equal([[9]], New().FindOrAdd("a", () => [[9]]));
        Assert.Equal([[9]], New().FindOrAdd("a", () => throw new InvalidOperationException("compiled again")));
    }

    [Fact]
    public void An_altered_byte_is_noticed()
    {
        New().FindOrAdd("a", () => s_objects);
        var file = Assert.Single(Directory.GetFiles(_folder));
        var bytes = File.ReadAllBytes(file);
        bytes[^1] ^= 1;
        File.WriteAllBytes(file, bytes);
        Assert.Equal([[9]], New().FindOrAdd("a", () => [[9]]));
    }

    [Fact]
    public void A_folder_that_cannot_be_made_costs_nothing_but_time()
    {
        File.WriteAllText(_folder, "a file in the way");
        Assert.Equal(s_objects, New().FindOrAdd("a", () => s_objects));
    }

    [Fact]
    public void Entries_that_were_not_used_for_longest_go_first()
    {
        var cache = New(mostBytes: 4000);
        for (var i = 0; i < 4; i++)
        {
            cache.FindOrAdd($"k{i}", () => [new byte[1000]]);
            var hour = new DateTime(2020, 1, 1, i, 0, 0, DateTimeKind.Utc);
            File.SetLastWriteTimeUtc(Path.Combine(_folder, $"k{i}.objects"), hour);
        }
        Assert.False(File.Exists(Path.Combine(_folder, "k0.objects")));
        Assert.True(File.Exists(Path.Combine(_folder, "k3.objects")));
    }

    [Fact]
    public void Many_writers_of_one_entry_leave_it_whole()
    {
        Parallel.For(0, 32, _ => Assert.Equal(s_objects, New().FindOrAdd("a", () => s_objects)));
        Assert.Single(Directory.GetFiles(_folder));
    }

    [Fact]
    public void Programs_targets_and_constants_have_keys_of_their_own()
    {
        var native = TargetInfo.Create("x86-64-v3");
        string[] keys =
        [
            ObjectCache.KeyOf(Program(2, 8), native), ObjectCache.KeyOf(Program(3, 8), native), ObjectCache.KeyOf(Program(2, 9), native),
            ObjectCache.KeyOf(Program(2, 8), TargetInfo.Create("x86-64-v2")), ObjectCache.KeyOf(Program(2, 8).WithTicks(), native),
            KeyWith(1L << 53), KeyWith((1L << 53) + 1),
        ];
        // Both are the same number in f64.
        string KeyWith(Scalar constant) =>
            ObjectCache.KeyOf(Program(2, 8) with { Constants = [new Literal(new TensorType(DType.I64, new Shape(1)), constant)] }, native);
        Assert.Distinct(keys);
        Assert.Equal(keys[0], ObjectCache.KeyOf(Program(2, 8), native));
    }

    [Fact]
    public void Parts_of_a_program_link_to_the_whole()
    {
        var target = TargetInfo.Create();
        var program = Program(2, 8);
        var parts = StepCompiler.CompileParts(program, target);
        using var code = Jit.Load(parts);
        Assert.NotEqual(0, code.Symbol(StepCompiler.EntryName));
    }

    private ObjectCache New(long mostBytes = 1 << 20) => new(_folder, NullLogger.Instance, mostBytes);

    private static LoopProgram Program(double factor, int elements)
    {
        var builder = new FunctionBuilder("f");
        var x = builder.Parameter("x", new TensorType(DType.F32, new Shape(elements)));
        var function = new PassRunner(Pipeline.Training).Run(builder.Build(x * factor, x.Sum()), new PassContext());
        return LowerToLoops.Lower(function, [-1, -1], new TargetTraits(32, 16, 32 << 10, 1 << 20, 1));
    }
}
