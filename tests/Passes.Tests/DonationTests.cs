using System.Collections.Immutable;
using CsCheck;
using GraphCompiler.IR;
using GraphCompiler.IR.Diagnostics;
using GraphCompiler.IR.Loops;
using GraphCompiler.Passes.Planning;
using GraphCompiler.Tests.Shared;
using Xunit;

namespace GraphCompiler.Passes.Tests;

/// <summary>Results that replace parameters: any value may replace any parameter of its type, several or none.</summary>
public sealed class DonationTests
{
    private static readonly TargetTraits s_target = new(32, 16, 32 << 10, 512 << 10, 2);

    /// <summary>The plan checks itself by a symbolic run.</summary>
    [Fact]
    public void Every_donation_of_a_random_graph_can_be_planned() => Gen.Int[0, 1_000_000].Sample(seed =>
    {
        var (function, donated) = RandomDonation.Of(RandomGraph.Create(seed, DType.F32), seed);
        var fused = new PassRunner(Pipeline.Training).Run(function, new PassContext { VerifyEach = true });
        LowerToLoops.Lower(fused, donated, s_target, parallelWork: 0, verifies: true);
    }, iter: 200);

    [Fact]
    public void A_result_of_another_type_is_refused()
    {
        var function = IrParser.ParseFunction("func @f(%x: f32[4], %y: f32[2]) -> f32[4] { return %x }");
        var error = Assert.Throws<InternalCompilerException>(() => LowerToLoops.Lower(function, [1], s_target));
        Assert.Contains("f32[4] cannot replace %y : f32[2]", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Two_results_for_one_parameter_are_refused()
    {
        var function = IrParser.ParseFunction("func @f(%x: f32[4]) -> f32[4], f32[4] { return %x, %x }");
        Assert.Throws<InternalCompilerException>(() => LowerToLoops.Lower(function, [0, 0], s_target));
    }

    /// <summary>Each invariant is refused when a call of a correct plan is left out or doubled, or when the order is reversed.</summary>
    [Fact]
    public void The_verifier_refuses_plans_that_were_tampered_with()
    {
        var function = new Fuse().Run(IrParser.ParseFunction("""
            func @f(%a: f32[4], %b: f32[4]) -> f32[4], f32[4], f32[4] {
              %0 = multiply %a, %b : f32[4]
              %1 = reshape %0 {shape=[2,2]} : f32[2,2]
              %2 = transpose %1 {permutation=[1,0]} : f32[2,2]
              %3 = reshape %2 {shape=[4]} : f32[4]
              %4 = add %3, %a : f32[4]
              return %4, %3, %b
            }
            """), new PassContext());
        ImmutableArray<int> donated = [0, 1, -1];
        var calls = LowerToLoops.Plan(function, donated, s_target).AssignStorage(new ArenaLayout());
        PlanVerifier.Verify(function, donated, calls);
        Assert.Equal(4, calls.Count);
        for (var i = 0; i < calls.Count; i++)
        {
            var (at, without) = (i, calls.ToList());
            without.RemoveAt(at);
            Assert.Throws<InternalCompilerException>(() => PlanVerifier.Verify(function, donated, without));
        }
        Assert.Throws<InternalCompilerException>(() => PlanVerifier.Verify(function, donated, [.. calls, calls[^1]]));
        Assert.Throws<InternalCompilerException>(() => PlanVerifier.Verify(function, donated, [.. calls.AsEnumerable().Reverse()]));
        Assert.Throws<InternalCompilerException>(() => PlanVerifier.Verify(function, [0, -1, -1], calls));
    }
}
