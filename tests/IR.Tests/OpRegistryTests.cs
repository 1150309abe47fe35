using System.Reflection;
using GraphCompiler.IR.Ops;
using Xunit;

namespace GraphCompiler.IR.Tests;

public sealed class OpRegistryTests
{
    [Fact]
    public void EveryOpIsListedOnceAndFoundByItsMnemonic()
    {
        var defined = typeof(Op).Assembly.GetTypes().Where(t => t.IsSubclassOf(typeof(Op)) && !t.IsAbstract)
            .Select(t => (Op)t.GetField("Instance", BindingFlags.Public | BindingFlags.Static)!.GetValue(null)!).ToHashSet();
        Assert.True(defined.SetEquals(OpRegistry.All), $"unlisted: {string.Join(", ", defined.Except(OpRegistry.All))}");
        Assert.Equal(OpRegistry.All.Count, defined.Count);
        Assert.All(OpRegistry.All, op => Assert.Same(op, OpRegistry.Find(op.Name)));
    }

    [Theory]
    [InlineData("i8", 300, 44)]
    [InlineData("u8", -1, 255)]
    [InlineData("bool", 7, 1)]
    [InlineData("bf16", 1.00390625, 1)]
    [InlineData("f16", 65536, double.PositiveInfinity)]
    [InlineData("f32", 0.1, 0.10000000149011612)]
    public void RoundingKeepsWhatTheTypeCanHold(string type, double value, double expected) =>
        Assert.Equal(expected, DType.Find(type)!.Round(value));
}
