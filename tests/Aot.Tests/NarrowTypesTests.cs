using System.Runtime.InteropServices;
using GraphCompiler.Frontend;
using GraphCompiler.Frontend.Layers;
using GraphCompiler.Frontend.Optimizers;
using GraphCompiler.IR;
using GraphCompiler.IR.Ops;
using Xunit;
using static GraphCompiler.IR.DType;

namespace GraphCompiler.Aot.Tests;

/// <summary>Models over i8, u8, u32 and f16, built ahead of time: images of bytes train to the bits of the step that is compiled just in
/// time, and a function gives each type to C and to .NET.</summary>
public sealed class NarrowTypesTests
{
    private delegate float TrainStep(ReadOnlySpan<byte> images, ReadOnlySpan<byte> labels);

    private static TrainingPlan Declare()
    {
        var g = new GraphBuilder("bytes", seed: 7);
        var (images, labels) = (g.Input("images", U8[4, 5, 5, 1]), g.Input("labels", U8[4]));
        var logits = (images.ConvertTo(F32) / 255).Conv2D(3, 3).Relu().Reshape([4, -1]).Dense(3);
        return g.Minimize(logits.SoftmaxCrossEntropy(labels.ConvertTo(I32)).Mean(), new Sgd(0.1));
    }

    [Fact]
    public void ImagesOfBytesTrainAheadOfTimeAsJustInTime()
    {
        byte[] images = [.. Enumerable.Range(0, 100).Select(i => (byte)(i * 37))], labels = [2, 0, 1, 2];
        using var built = new BuiltModel("bytes", new ModelDeclaration(Declare()));
        using var model = built.Load();
        var train = BuiltModel.Method<TrainStep>(model, "TrainStep");
        using var step = Declare().Compile(new CompileOptions { Threads = 1 });
        for (var i = 0; i < 10; i++)
        {
            var loss = train(images, labels);
            step.Run<byte, byte>(images, labels);
            Assert.Equal(step.Loss, loss);
        }
    }

    private static FunctionPlan Narrow()
    {
        var g = new GraphBuilder("narrow");
        var (a, b, c, h) = (g.Input("a", I8[3]), g.Input("b", U8[3]), g.Input("c", U32[3]), g.Input("h", F16[3]));
        return g.Function(("sum", a + b.ConvertTo(I8)), ("shifted", b * 2), ("large", c + c), ("half", h * h),
            ("wide", h.ConvertTo(F32) * 3));
    }

    [Fact]
    public void EveryNarrowTypeGoesInAndComesOutInC()
    {
        using var built = new BuiltModel("narrow", new ModelDeclaration(Narrow()));
        File.WriteAllText(built["main.c"], """
            #include <stdio.h>
            #include "narrow.h"
            #define CHECK(x) do { if (!(x)) { fprintf(stderr, "line %d: %s\n", __LINE__, #x); return 1; } } while (0)
            int main(void) {
                int8_t a[3] = {100, -128, 7}, sum[3];
                uint8_t b[3] = {100, 255, 2}, shifted[3];
                uint32_t c[3] = {4000000000u, 1, 0}, large[3];
                uint16_t h[3] = {0x3e00, 0xc000, 0x7bff}, half[3]; /* 1.5, -2, 65504 */
                float wide[3];
                narrow_model *m;
                CHECK(narrow_create(1, &m) == 0);
                CHECK(narrow_run(m, a, b, c, h, sum, shifted, large, half, wide) == 0);
                CHECK(sum[0] == -56 && sum[1] == 127 && sum[2] == 9);
                CHECK(shifted[0] == 200 && shifted[1] == 254 && shifted[2] == 4);
                CHECK(large[0] == 3705032704u && large[1] == 2 && large[2] == 0);
                CHECK(half[0] == 0x4080 && half[1] == 0x4400 && half[2] == 0x7c00); /* 2.25, 4, infinity */
                CHECK(wide[0] == 4.5f && wide[1] == -6 && wide[2] == 196512);
                narrow_destroy(m);
                return 0;
            }
            """);
        Assert.Equal((0, ""), BuiltModel.Run("cc", "-std=c11", "-Wall", "-Wextra", "-Wpedantic", "-Werror", "-I", built.Folder,
            "-o", built["main"], built["main.c"], "-L", built.Folder, "-lnarrow", $"-Wl,-rpath,{built.Folder}"));
        Assert.Equal((0, ""), BuiltModel.Run(built["main"]));
        using var compiled = Narrow().Compile(new CompileOptions { Threads = 1 });
        compiled.Run<sbyte, byte, uint, Half>([100, -128, 7], [100, 255, 2], [4000000000, 1, 0], [(Half)1.5, (Half)(-2), Half.MaxValue]);
        Assert.Equal([-56, 127, 9], compiled.Output<sbyte>("sum").ToArray());
        Assert.Equal([200, 254, 4], compiled.Output<byte>("shifted").ToArray());
        Assert.Equal([3705032704, 2, 0], compiled.Output<uint>("large").ToArray());
        Assert.Equal([(Half)2.25, (Half)4, Half.PositiveInfinity], compiled.Output<Half>("half").ToArray());
        Assert.Equal([4.5f, -6, 196512], compiled.Output<float>("wide"));
    }
}
