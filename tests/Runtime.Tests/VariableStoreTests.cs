using System.Runtime.InteropServices;
using GraphCompiler.Tests.Shared;
using Xunit;

namespace GraphCompiler.Runtime.Tests;

/// <summary>Variables by name, checkpoints, and who may be inside of a store at the same time.</summary>
public sealed unsafe class VariableStoreTests : IDisposable
{
    private const int Size = 64;

    private readonly string _folder = Directory.CreateTempSubdirectory("store").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    // Two states whose elements are all equal between runs: each run adds 1 to w and 2 to v.
    [UnmanagedCallersOnly]
    private static void Advance(void** buffers, byte* arena, long worker, long workers, void* barrier)
    {
        for (var i = 0; i < Size; i++) ((int*)buffers[0])[i]++;
        for (var i = 0; i < Size; i++) ((long*)buffers[1])[i] += 2;
    }

    [UnmanagedCallersOnly]
    private static void Copy(void** buffers, byte* arena, long worker, long workers, void* barrier)
    {
        for (var i = 0; i < Size; i++) ((long*)buffers[2])[i] = 2 * ((int*)buffers[0])[i] - ((long*)buffers[1])[i];
    }

    private static BufferLayout W => BufferLayout.Dense("w", BufferRole.State, ElementType.I32, Size);
    private static BufferLayout V => BufferLayout.Dense("v", BufferRole.State, ElementType.I64, 8, Size / 8);

    private static Executable Writer(VariableStore store)
    {
        delegate* unmanaged<void**, byte*, long, long, void*, void> entry = &Advance;
        return new(null, (nint)entry, new([W, V], 0, Parallel: false), 1, store);
    }

    // y is 0 wherever w and v are of one step.
    private static Executable Reader(VariableStore store)
    {
        delegate* unmanaged<void**, byte*, long, long, void*, void> entry = &Copy;
        var y = BufferLayout.Dense("y", BufferRole.Output, ElementType.I64, Size);
        return new(null, (nint)entry, new([W, V, y], 0, Parallel: false) { UpdatesStates = false }, 1, store);
    }

    private static VariableStore Filled(int w, long v)
    {
        var store = new VariableStore();
        store.Obtain([W, V]);
        store.Variable<int>("w").Fill(w);
        store.Variable<long>("v").Fill(v);
        return store;
    }

    [Fact]
    public void Variables_are_listed_read_and_written_by_name()
    {
        using var store = Filled(3, 4);
        Assert.Equal(["w : i32[64], State", "v : i64[8,8], State"], store.Variables.Select(v => v.ToString()));
        Assert.True(store.Contains("w"));
        Assert.False(store.Contains("W"));
        store.Write<int>("w", [.. Enumerable.Range(0, Size)]);
        Assert.Equal(Enumerable.Range(0, Size), store.Variable<int>("w").ToArray());
        Errors.Expect("SGC5001", () => store.Write("w", 1, 2), "'w'", "64", "2 given");
        Errors.Expect("SGC5003", () => store.Write<float>("w", new float[Size]), "'w'", "i32[64]", "Single");
        Errors.Expect("SGC5003", () => _ = store.Variable<byte>("v").Length, "'v'", "i64[8,8]");
        Errors.Expect("SGC5004", () => _ = store.Variable<int>("x").Length, "'x'", "w, v");
        Errors.Expect("SGC5004", () => store.Write("x", 1));
        Assert.Throws<ArgumentNullException>("name", () => store.Contains(null!));
    }

    [Fact]
    public void The_first_declaration_initialises_and_all_or_none_are_taken()
    {
        using var store = new VariableStore();
        store.Declare([new(W, VariableRole.Trainable, m => m.Elements<int>(Size).Fill(5))]);
        store.Declare([new(W, VariableRole.Frozen, _ => Assert.Fail("there are elements"))]);
        Assert.Equal(VariableRole.Trainable, store.Variables[0].Role);
        Assert.Equal(5, store.Variable<int>("w")[^1]);
        var other = BufferLayout.Dense("w", BufferRole.State, ElementType.I32, Size / 2);
        Errors.Expect("SGC5006", () => store.Obtain([V, other]), "'w'", "i32[64]", "i32[32]");
        Assert.Equal(["w"], store.Variables.Select(v => v.Name));
    }

    [Fact]
    public void A_disposed_store_is_refused_and_its_functions_go_on()
    {
        var store = Filled(0, 0);
        using var writer = Writer(store);
        using var reader = Reader(store);
        var w = store.Variable<int>("w");
        store.Dispose();
        store.Dispose();
        writer.Run();
        reader.Run();
        Assert.Equal(1, w[0]);
        Action[] uses =
        [
            () => _ = store.Variables, () => store.Contains("w"), () => _ = store.Variable<int>("w").Length, () => store.Write("w", 1),
            () => store.Save(new MemoryStream()), () => store.Save(Path.Combine(_folder, "x")), () => store.Load(new MemoryStream()),
        ];
        foreach (var use in uses) Errors.Expect("SGC5002", use);
        Assert.Empty(Directory.EnumerateFiles(_folder));
    }

    [Fact]
    public void A_checkpoint_gives_all_variables_back_to_a_store_that_has_them_in_any_order()
    {
        using var store = Filled(7, 1L << 40);
        var path = Path.Combine(_folder, "checkpoint");
        store.Save(path);
        using var stream = new MemoryStream();
        store.Save(stream);
        Assert.Equal(File.ReadAllBytes(path), stream.ToArray());
        using var fresh = new VariableStore();
        fresh.Obtain([V, W]);
        fresh.Load(path);
        Assert.Equal(store.Variable<int>("w"), fresh.Variable<int>("w"));
        Assert.Equal(store.Variable<long>("v"), fresh.Variable<long>("v"));
        store.Variable<int>("w").Fill(8);
        store.Save(path); // Over an older one.
        stream.Position = 0;
        store.Load(stream);
        Assert.Equal(7, store.Variable<int>("w")[0]);
        Assert.Equal([path], Directory.EnumerateFiles(_folder));
    }

    public static TheoryData<string> Damages => ["empty", "magic", "variables", "content", "checksum", "short", "long", "header"];

    [Theory]
    [MemberData(nameof(Damages))]
    public void A_bad_checkpoint_changes_nothing(string damage)
    {
        using var store = Filled(7, 9);
        using var saved = new MemoryStream();
        store.Save(saved);
        var bytes = saved.ToArray();
        byte[] Flip(Index at)
        {
            bytes[at] ^= 1;
            return bytes;
        }
        byte[] bad = damage switch
        {
            "empty" => [],
            "magic" => Flip(0),
            "variables" => Flip(8),
            "content" => Flip(100),
            "checksum" => Flip(^1),
            "short" => bytes[..^1],
            "long" => [.. bytes, 0],
            _ => bytes[..20],
        };
        store.Variable<int>("w").Fill(1);
        Errors.Expect("SGC7208", () => store.Load(new MemoryStream(bad)));
        var path = Path.Combine(_folder, "bad");
        File.WriteAllBytes(path, bad);
        Errors.Expect("SGC7208", () => store.Load(path), "bad");
        Assert.False(store.Variable<int>("w").ContainsAnyExcept(1));
        Assert.False(store.Variable<long>("v").ContainsAnyExcept(9));
    }

    [Fact]
    public void Files_and_streams_that_cannot_be_used_have_a_code()
    {
        using var store = Filled(1, 2);
        Errors.Expect("SGC6001", () => store.Load(Path.Combine(_folder, "missing")), "missing");
        Errors.Expect("SGC6001", () => store.Load(_folder));
        Errors.Expect("SGC6001", () => store.Save(Path.Combine(_folder, "missing", "x")));
        Errors.Expect("SGC6001", () => store.Save(_folder));
        Errors.Expect("SGC6001", () => store.Save(""));
        Errors.Expect("SGC6001", () => store.Save("a\0b"));
        Errors.Expect("SGC6001", () => store.Load(""));
        var closed = new MemoryStream();
        closed.Dispose();
        Errors.Expect("SGC6001", () => store.Save(closed));
        Errors.Expect("SGC6001", () => store.Load(closed));
        Errors.Expect("SGC6001", () => store.Save(new MemoryStream(new byte[10], writable: false)));
        Assert.Throws<ArgumentNullException>("path", () => store.Save((string)null!));
        Assert.Throws<ArgumentNullException>("stream", () => store.Load((Stream)null!));
        Assert.Empty(Directory.EnumerateFiles(_folder));
    }

    [Fact]
    public void Who_comes_second_to_a_writer_is_refused_and_readers_are_not()
    {
        using var store = Filled(0, 0);
        using var writer = Writer(store);
        using var other = Writer(store);
        using var reader = Reader(store);
        using var second = Reader(store);
        using (writer.Enter())
        {
            Action[] all = [() => other.Run(), () => reader.Run(), () => writer.Run(), () => writer.State<int>(0).Clear(),
                () => store.Write<int>("w", new int[Size]), () => store.Variable<int>("w").Clear(), () => store.Save(new MemoryStream()) ];
            foreach (var use in all) Errors.Expect("SGC5005", use);
        }
        using (reader.Enter())
        {
            second.Run();
            store.Save(new MemoryStream());
            Assert.Equal(0, store.Variable<int>("w")[0]);
            Errors.Expect("SGC5005", writer.Run);
            Errors.Expect("SGC5005", reader.Run);
            Errors.Expect("SGC5005", () => store.Write<int>("w", new int[Size]));
        }
        using var saved = new MemoryStream();
        store.Save(saved);
        using (second.Enter())
        {
            saved.Position = 0;
            Errors.Expect("SGC5005", () => store.Load(saved));
        }
        writer.Run();
        reader.Run();
        Assert.Equal(1, store.Variable<int>("w")[0]);
    }

    [Fact]
    public void What_shares_no_variables_runs_beside_a_writer()
    {
        using var store = Filled(0, 0);
        using var writer = Writer(store);
        delegate* unmanaged<void**, byte*, long, long, void*, void> entry = &Nothing;
        using var stateless = new Executable(null, (nint)entry, new([], 0, Parallel: false), 1, store);
        using (writer.Enter()) stateless.Run();
    }

    [UnmanagedCallersOnly]
    private static void Nothing(void** buffers, byte* arena, long worker, long workers, void* barrier)
    {
    }

    /// <summary>A run that is not refused reads variables of one step, however threads interleave, and no step is lost.</summary>
    [Fact]
    public void Threads_that_compete_read_whole_steps()
    {
        using var store = Filled(0, 0);
        using var one = Writer(store);
        using var two = Writer(store);
        var (steps, reads, torn, refused, error) = (0, 0, 0, 0, default(Exception));
        void Repeat(Action action)
        {
            for (var i = 0; i < 20_000; i++)
            {
                try
                {
                    action();
                }
                catch (RuntimeException e) when (e.Code == RuntimeCode.ConcurrentRun)
                {
                    Interlocked.Increment(ref refused);
                    Thread.Yield();
                }
                catch (Exception e)
                {
                    error = e;
                }
            }
        }
        void Step(Executable writer)
        {
            writer.Run();
            Interlocked.Increment(ref steps);
        }
        Thread Predict() => new(() =>
        {
            using var reader = Reader(store);
            Repeat(() =>
            {
                using var entry = reader.Enter();
                entry.Run();
                if (entry.Read<long>("y").ContainsAnyExcept(0)) Interlocked.Increment(ref torn);
                Interlocked.Increment(ref reads);
            });
        });
        List<Thread> threads = [new(() => Repeat(() => Step(one))), new(() => Repeat(() => Step(two))), Predict(), Predict()];
        threads.ForEach(t => t.Start());
        threads.ForEach(t => t.Join());
        Assert.Null(error);
        Assert.Equal(0, torn);
        Assert.True(steps > 0 && reads > 0, $"{steps} steps, {reads} reads, {refused} refused");
        Assert.Equal(steps, store.Variable<int>("w")[0]);
    }

    /// <summary>Disposing executables of a store while others run frees their memory once, and refuses what comes after.</summary>
    [Fact]
    public void Disposing_beside_runs_frees_each_executable_once()
    {
        var before = NativeMemoryBlock.LiveBytes;
        using var store = Filled(0, 0);
        for (var round = 0; round < 200; round++)
        {
            var codes = Enumerable.Range(0, 3).Select(_ => new Code()).ToList();
            delegate* unmanaged<void**, byte*, long, long, void*, void> entry = &Advance;
            var address = (nint)entry;
            List<Executable> steps = [.. codes.Select((c, i) =>
                new Executable(c, address, new([W, V], 4096, Parallel: false) { UpdatesStates = i < 2 }, 1, store))];
            var threads = steps.SelectMany(s => new Thread[] { new(() => RunUntilDisposed(s)), new(s.Dispose) }).ToList();
            threads.ForEach(t => t.Start());
            threads.ForEach(t => t.Join());
            Assert.All(codes, c => Assert.Equal(1, c.Disposals));
            Assert.Equal(0, store.Gate.Holder);
        }
        Assert.Equal(before, NativeMemoryBlock.LiveBytes);
    }

    private static void RunUntilDisposed(Executable step)
    {
        while (true)
        {
            try
            {
                step.Run();
            }
            catch (RuntimeException e) when (e.Code == RuntimeCode.ConcurrentRun)
            {
                Thread.Yield();
            }
            catch (RuntimeException e) when (e.Code == RuntimeCode.Disposed)
            {
                return;
            }
        }
    }

    private sealed class Code : IDisposable
    {
        private int _disposals;

        public int Disposals => _disposals;

        public void Dispose() => Interlocked.Increment(ref _disposals);
    }
}
