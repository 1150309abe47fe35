using GraphCompiler.IR;
using GraphCompiler.IR.Loops;
using GraphCompiler.IR.Ops;
using GraphCompiler.Passes;
using GraphCompiler.Tests.Shared;
using Xunit;
using static GraphCompiler.IR.DType;

namespace GraphCompiler.Backend.Llvm.Tests;

/// <summary>Compiled random bits are those of the reference meaning, whatever kernel draws them and however many workers share
/// it.</summary>
[Trait("Category", "Target")]
public sealed class RandomBitsTests
{
    private static Literal[] Arguments(Function function) => [.. function.Parameters.Select(p => p.DType == I64
        ? new Literal(p.Type, 12345L) : new Literal(p.Type, [.. Enumerable.Range(0, (int)p.Shape.ElementCount).Select(i => 0.5 + i % 7)]))];

    [Fact]
    public void Of_one_to_eight_workers_and_of_any_shape()
    {
        foreach (var sizes in (int[][])[[1], [7], [1000], [33, 65], [3, 1, 129], [1, 40], [40, 1], [2, 3, 4, 5], [0, 8], []])
        {
            var b = new FunctionBuilder("bits");
            var step = b.Parameter("step", I64.Scalar);
            var function = b.Build(step.RandomBits(new Shape(sizes), 99, 1), step.RandomBits(new Shape(sizes), 99, 1, word: 1));
            var expected = ReferenceInterpreter.Run(function, Arguments(function));
            for (var workers = 1; workers <= 8; workers++)
            {
                var actual = JitFunction.Run(function, Arguments(function), workers, parallelWork: 0);
                for (var r = 0; r < expected.Length; r++) Assert.Equal(expected[r].ToBytes(), actual[r].ToBytes());
            }
        }
    }

    public static TheoryData<string> Kernels => ["contraction", "row", "column", "slice", "transpose", "gemv"];

    /// <summary>What is dropped is what the reference drops: the mask is drawn in the epilogue of a tile, in a row, behind an index
    /// map.</summary>
    [Theory, MemberData(nameof(Kernels))]
    public void Of_any_kernel_that_draws_them(string kernel)
    {
        var b = new FunctionBuilder(kernel);
        var (step, x, w, v) = (b.Parameter("step", I64.Scalar), b.Parameter("x", F32[37, 50]), b.Parameter("w", F32[50, 45]),
            b.Parameter("v", F32[50, 1]));
        Value Dropped(Value y)
        {
            var bits = step.RandomBits(y.Shape, 99, 1);
            return bits.Less(bits.Constant(1L << 31)).Select(y, y.Constant(0));
        }

        var y = kernel switch
        {
            "contraction" => Dropped(x.MatMul(w)),
            "row" => Dropped(x.Softmax()).Sum([1]),
            "column" => Dropped(x).Sum([0]),
            "slice" => Dropped(x).Slice([3, 1], [30, 44], [2, 3]),
            "transpose" => Dropped(x).Transpose() * 2,
            _ => Dropped(x.MatMul(v)),
        };
        var function = b.Build(y);
        var expected = ReferenceInterpreter.Run(function, Arguments(function))[0].ToArray();
        foreach (var workers in (int[])[1, 2, 5])
        {
            var actual = JitFunction.Run(function, Arguments(function), workers, parallelWork: 0)[0].ToArray();
            Assert.All(expected.Zip(actual), p => Assert.Equal(p.First, p.Second, 1e-5 * Math.Max(1, Math.Abs(p.First))));
        }
    }

    /// <summary>Both words of a counter cost little more than one, and a word is emitted in proportion to its rounds: each reads what the
    /// round before made twice.</summary>
    [Fact]
    public void Rounds_are_computed_once()
    {
        var b = new FunctionBuilder("rounds");
        var (c, k) = (b.Parameter("c", U32[64]), b.Parameter("k", U32[64]));
        var function = JitFunction.Optimized(b.Build(c.Philox(c, k).Xor(c.Philox(c, k, word: 1))), Pipeline.Training);
        var program = JitFunction.Lower(function, [-1], workers: 1, parallelWork: null);
        LlvmLibrary.Load();
        using var module = new ModuleEmitter("rounds", TargetInfo.Create());
        LoopEmitter.Emit(module, program.Calls[0].Kernel, "rounds", isPublic: true);
        Assert.InRange(Jit.CompileToAssembly(module.Module, module.Target).Split('\n').Length, 10, 700);
        var unoptimized = module.Module.ToString()!.Split('\n').Count(l => l.Contains(" mul ", StringComparison.Ordinal));
        // A low and a high half for each round and word.
        Assert.InRange(unoptimized, 20, 60);
    }
}
