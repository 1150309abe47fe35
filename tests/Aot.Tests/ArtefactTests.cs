using System.Xml.Linq;
using GraphCompiler.Runtime.Deployment;
using Xunit;

namespace GraphCompiler.Aot.Tests;

public sealed class ArtefactTests
{
    [Fact]
    public void TheBestOfSeveralLevelsIsChosenAtLoad()
    {
        using var built = new BuiltModel("digits", "x86-64-v2", "x86-64-v4", "x86-64-v3");
        var manifest = ModelManifest.Read(built["digits.json"]);
        Assert.Equal(["x86-64-v4", "x86-64-v3", "x86-64-v2"], manifest.Variants.Select(v => v.Target));
        using var model = built.Load();
        Assert.Equal(manifest.Variants.First(v => v.CpuFeatures.All(CpuFeatures.IsSupported)).Target, model.Target);
    }

    [Fact]
    public void TwoBuildsGiveTheSameBytes()
    {
        using var first = new BuiltModel("digits", "x86-64-v3");
        using var second = new BuiltModel("digits", "x86-64-v3");
        string[] Names(BuiltModel b) => [.. Directory.GetFiles(b.Folder).Select(f => Path.GetFileName(f)).Order(StringComparer.Ordinal)];
        Assert.Equal(["digits.dll", "digits.h", "digits.json", "digits.o", "digits.xml", "libdigits.so"], Names(first));
        foreach (var name in Names(first)) Assert.Equal(File.ReadAllBytes(first[name]), File.ReadAllBytes(second[name]));
        Assert.InRange(new FileInfo(first["libdigits.so"]).Length, 1, 200_000);
    }

    [Fact]
    public void TheFacadeHasTypedDocumentedMembersAndNeedsTheRuntimeAlone()
    {
        using var built = new BuiltModel("digits");
        using var model = built.Load();
        var type = model.GetType();
        Assert.True(type.IsSealed);
        Assert.Equal(["GraphCompiler.Runtime", "System.Runtime"], type.Assembly.GetReferencedAssemblies().Select(a => a.Name!).Order());
        Assert.Equal(typeof(Span<float>), type.GetProperty("HiddenKernel")!.PropertyType);
        Assert.Equal(typeof(ReadOnlySpan<float>), type.GetProperty("Largest")!.PropertyType);
        var members = XDocument.Load(built["digits.xml"]).Descendants("member").Select(m => (string)m.Attribute("name")!).ToList();
        Assert.Contains("M:CompiledModels.Digits.TrainStep(System.ReadOnlySpan{System.Single},System.ReadOnlySpan{System.Int32})", members);
        Assert.Contains("P:CompiledModels.Digits.HiddenKernel", members);
    }
}
