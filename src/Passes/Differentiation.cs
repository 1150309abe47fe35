using GraphCompiler.IR;
using GraphCompiler.IR.Diagnostics;

namespace GraphCompiler.Passes;

/// <summary>The checks that reverse and forward mode share; each raises SGC1010 or SGC1008 with the value at fault.</summary>
internal static class Differentiation
{
    internal static Value[] ParametersNamed(string pass, Value[] parameters, IReadOnlyList<string>? names)
    {
        if (names is null) return [.. parameters.Where(p => p.DType.IsFloating)];
        return [.. names.Select(n => parameters.FirstOrDefault(p => p.Name == n)
            ?? throw new GraphException(DiagnosticCode.NotDifferentiable, $"{pass}: wrt names \"{n}\", which is not a parameter",
                parameters.FirstOrDefault()?.Location ?? Location.Unknown))];
    }

    internal static void CheckResult(FunctionBuilder builder, Value result, Value? cotangent)
    {
        CheckOwner(builder, result);
        if (!result.DType.IsFloating || (cotangent is null && result.Rank != 0))
            throw new GraphException(DiagnosticCode.NotDifferentiable,
                $"a gradient is of a floating-point scalar; {result} is {result.Type}; reduce it with Sum() or Mean()",
                At(builder, result));
        if (cotangent is null) return;
        CheckOwner(builder, cotangent);
        CheckSameType(result, cotangent, "cotangent");
    }

    internal static void CheckWrt(FunctionBuilder builder, IReadOnlyList<Value> wrt)
    {
        if (wrt.Count == 0)
            throw new GraphException(DiagnosticCode.NotDifferentiable, "there is nothing to differentiate with respect to",
                builder.Pinned ?? Location.Unknown);
        foreach (var value in wrt) CheckFloating(builder, value);
    }

    internal static void CheckFloating(FunctionBuilder builder, Value value)
    {
        CheckOwner(builder, value);
        if (!value.DType.IsFloating)
            throw new GraphException(DiagnosticCode.NotDifferentiable,
                $"{value} is {value.Type}: only floating-point values have derivatives", At(builder, value));
    }

    internal static void CheckSameType(Value primal, Value direction, string role)
    {
        if (primal.Type != direction.Type)
            throw new GraphException(DiagnosticCode.NotDifferentiable,
                $"the {role} of {primal} is {direction.Type} but must be {primal.Type}", At(primal.Builder, direction));
    }

    internal static void CheckOwner(FunctionBuilder builder, Value value)
    {
        if (value.Builder != builder)
            throw new GraphException(DiagnosticCode.ForeignValue,
                $"{value} belongs to \"{value.Builder.Name}\", not to \"{builder.Name}\"", At(builder, value));
    }

    // The call that differentiates, where there is one; a pass has none.
    private static Location At(FunctionBuilder builder, Value value) => builder.Pinned ?? value.Location;
}
