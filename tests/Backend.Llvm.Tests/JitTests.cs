using System.Runtime.InteropServices;
using LLVMSharp.Interop;
using Xunit;

namespace GraphCompiler.Backend.Llvm.Tests;

public sealed unsafe class JitTests
{
    [Theory]
    [InlineData("native", Optimization.Light)]
    [InlineData("native", Optimization.None)]
    [InlineData("native", Optimization.Full)]
    [InlineData("x86-64-v2", Optimization.Light)]
    [InlineData("x86-64-v3", Optimization.Light)]
    [InlineData("x86-64-v4", Optimization.Light)]
    public void A_masked_kernel_adds_every_length(string name, Optimization optimization)
    {
        var target = TargetInfo.Create(name);
        var code = MaskedAdd.With(target, 16, module => Jit.CompileToObject(module, target, optimization));
        Assert.NotEmpty(code);
        if (!target.IsSupportedByHost)
        {
            Assert.Equal("SGC4004", Assert.Throws<BackendException>(target.RequireHostSupport).Code);
            return;
        }
        using var loaded = Jit.Load(code);
        var add = (delegate* unmanaged<float*, float*, float*, long, void>)loaded.Symbol(MaskedAdd.Symbol);
        foreach (var length in (int[])[0, 1, 15, 16, 17, 100])
        {
            float[] a = [.. Enumerable.Range(0, length).Select(i => (float)i)];
            float[] b = [.. Enumerable.Range(0, length).Select(i => i * 0.5f)];
            // One element more than the kernel may write, to see a mask that is too wide.
            var sum = new float[length + 1];
            sum[length] = -1;
            fixed (float* pa = a, pb = b, ps = sum)
                add(pa, pb, ps, length);
            for (var i = 0; i < length; i++)
                Assert.Equal(1.5f * i, sum[i]);
            Assert.Equal(-1, sum[length]);
        }
    }

    [Theory]
    [InlineData("x86-64-v4", "zmm", null)]
    [InlineData("x86-64-v3", "ymm", "zmm")]
    [InlineData("x86-64-v2", "xmm", "ymm")]
    public void Vectors_of_sixteen_floats_use_the_widest_registers(string name, string present, string? absent)
    {
        var target = TargetInfo.Create(name);
        var text = MaskedAdd.With(target, 16, module => Jit.CompileToAssembly(module, target));
        Assert.Contains(present, text, StringComparison.Ordinal);
        if (absent is not null)
            Assert.DoesNotContain(absent, text, StringComparison.Ordinal);
    }

    [Fact]
    public void Native_code_uses_the_widest_registers_of_the_host()
    {
        var target = TargetInfo.Create("native");
        var text = MaskedAdd.With(target, target.VectorBytes / 4, module => Jit.CompileToAssembly(module, target));
        if (RuntimeInformation.ProcessArchitecture == Architecture.X64)
            Assert.Contains(target.VectorBytes switch { 64 => "zmm", 32 => "ymm", _ => "xmm" }, text, StringComparison.Ordinal);
    }

    [Fact]
    public void Assembly_leaves_the_module_as_it_was()
    {
        var target = TargetInfo.Create("native");
        var (before, after) = MaskedAdd.With(target, 16, module =>
        {
            var text = module.PrintToString();
            Jit.CompileToAssembly(module, target);
            return (text, module.PrintToString());
        });
        Assert.Equal(before, after);
    }

    [Fact]
    public void An_invalid_module_is_SGC4003()
    {
        var target = TargetInfo.Create("native");
        using var context = LLVMContextRef.Create();
        using var module = context.CreateModuleWithName("invalid");
        var function = module.AddFunction("f", LLVMTypeRef.CreateFunction(context.Int32Type, []));
        using var builder = context.CreateBuilder();
        builder.PositionAtEnd(context.AppendBasicBlock(function, "entry"));
        builder.BuildRetVoid();

        var error = Assert.Throws<BackendException>(() => Jit.CompileToObject(module, target));
        Assert.Equal("SGC4003", error.Code);
        Assert.StartsWith("error SGC4003: ", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Bytes_that_are_no_object_are_SGC4003() =>
        Assert.Equal("SGC4003", Assert.Throws<BackendException>(() => Jit.Load([1, 2, 3, 4]).Symbol("f")).Code);

    [Fact]
    public void A_missing_symbol_is_SGC4003_and_names_it()
    {
        var target = TargetInfo.Create("native");
        using var loaded = Jit.Load(MaskedAdd.With(target, 4, module => Jit.CompileToObject(module, target)));
        var error = Assert.Throws<BackendException>(() => loaded.Symbol("absent"));
        Assert.Equal("SGC4003", error.Code);
        Assert.Contains("absent", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Disposed_code_has_no_symbols_and_disposes_twice()
    {
        var target = TargetInfo.Create("native");
        var loaded = Jit.Load(MaskedAdd.With(target, 4, module => Jit.CompileToObject(module, target)));
        loaded.Dispose();
        loaded.Dispose();
        Assert.True(loaded.IsClosed);
        Assert.Throws<ObjectDisposedException>(() => loaded.Symbol(MaskedAdd.Symbol));
    }

    [Fact]
    public void Objects_call_each_other_the_process_and_given_symbols()
    {
        var target = TargetInfo.Create("native");
        var outer = CompileCaller(target, "outer", "inner");
        var inner = CompileCaller(target, "inner", "given");
        var given = CompileCaller(target, "renamed", "labs");
        using var last = Jit.Load(given);
        using var loaded = Jit.Load([outer, inner], new Dictionary<string, nint> { ["given"] = last.Symbol("renamed") });
        var call = (delegate* unmanaged<long, long>)loaded.Symbol("outer");
        Assert.Equal(7, call(-7));
    }

    [Fact]
    public void Modules_compile_on_several_threads_at_once()
    {
        var target = TargetInfo.Create("native");
        var sizes = new int[16];
        Parallel.For(0, sizes.Length, i => sizes[i] =
            MaskedAdd.With(target, 16, module => Jit.CompileToObject(module, target).Length));
        Assert.All(sizes, size => Assert.Equal(sizes[0], size));
    }

    /// <summary>An object whose function passes its i64 argument to another function and returns the answer.</summary>
    private static byte[] CompileCaller(TargetInfo target, string name, string callee)
    {
        using var context = LLVMContextRef.Create();
        using var module = context.CreateModuleWithName(name);
        var type = LLVMTypeRef.CreateFunction(context.Int64Type, [context.Int64Type]);
        var other = module.AddFunction(callee, type);
        var function = module.AddFunction(name, type);
        using var builder = context.CreateBuilder();
        builder.PositionAtEnd(context.AppendBasicBlock(function, "entry"));
        builder.BuildRet(builder.BuildCall2(type, other, [function.GetParam(0)]));
        return Jit.CompileToObject(module, target);
    }
}
