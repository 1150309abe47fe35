using GraphCompiler.Runtime;
using Xunit;

namespace GraphCompiler.Aot.Tests;

/// <summary>Whoever saves to one path at the same time, the file is always one of their checkpoints, whole.</summary>
public sealed class CheckpointTests
{
    [Fact]
    public async Task Instances_of_threads_and_processes_save_to_one_path()
    {
        using var built = new BuiltModel("digits");
        var compile = BuiltModel.Run("cc", "-std=c11", "-Wall", "-Wextra", "-Wpedantic", "-Werror", "-pthread", "-I", built.Folder,
            "-o", built["save"], Path.Combine(AppContext.BaseDirectory, "save.c"),
            "-L", built.Folder, "-ldigits", $"-Wl,-rpath,{built.Folder}");
        Assert.Equal((0, ""), compile);
        (int, string) Save() => BuiltModel.Run(built["save"], built["shared.ckpt"], "4", "250");
        var processes = Enumerable.Range(0, 3).Select(_ => Task.Run(Save)).ToList();
        foreach (var process in processes) Assert.Equal((0, ""), await process);
        Assert.DoesNotContain(Directory.EnumerateFiles(built.Folder), f => f.EndsWith(".tmp", StringComparison.Ordinal));
        using var model = built.Load();
        model.Load(built["shared.ckpt"]);
    }

    [Fact]
    public async Task Instances_in_one_dotnet_process_save_to_one_path()
    {
        using var built = new BuiltModel("digits");
        var type = built.LoadType();
        await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => Task.Run(() =>
        {
            using var model = built.Create(type);
            for (var i = 0; i < 50; i++)
            {
                model.Save(built["shared.ckpt"]);
                model.Load(built["shared.ckpt"]);
            }
        })));
        Assert.DoesNotContain(Directory.EnumerateFiles(built.Folder), f => f.EndsWith(".tmp", StringComparison.Ordinal));
    }

    [Fact]
    public void A_path_that_cannot_be_written_or_read_has_a_code()
    {
        using var built = new BuiltModel("digits");
        using var model = built.Load();
        Assert.Equal("SGC6001", Assert.Throws<RuntimeException>(() => model.Save(built["missing/x"])).Code);
        Assert.Equal("SGC6001", Assert.Throws<RuntimeException>(() => model.Save(built.Folder)).Code);
        Assert.Equal("SGC6001", Assert.Throws<RuntimeException>(() => model.Load(built.Folder)).Code);
    }
}
