using GraphCompiler.IR.Diagnostics;

namespace GraphCompiler.IR;

/// <summary>Runs a function by each op's reference evaluation: slow, clear, in f64 rounded to each result's element type.</summary>
public static class ReferenceInterpreter
{
    /// <summary>The results for these arguments, one of the parameter's type for each parameter.</summary>
    /// <exception cref="GraphException">SGC1002: an argument is missing or of another type.</exception>
    public static Literal[] Run(Function function, params ReadOnlySpan<Literal> arguments)
    {
        if (arguments.Length != function.Parameters.Length)
            throw new GraphException(DiagnosticCode.ShapeMismatch, $"@{function.Name} takes {function.Parameters.Length} arguments, given {arguments.Length}");
        var values = new Dictionary<Value, Literal>();
        for (var i = 0; i < arguments.Length; i++)
        {
            var parameter = function.Parameters[i];
            if (arguments[i].Type != parameter.Type)
                throw new GraphException(DiagnosticCode.ShapeMismatch, $"@{function.Name}: {parameter} is {parameter.Type}, given {arguments[i].Type}");
            values[parameter] = arguments[i];
        }
        foreach (var operation in function.Operations)
        {
            var results = operation.Op.Evaluate(operation, [.. operation.Operands.Select(o => values[o])]);
            for (var i = 0; i < results.Length; i++) values[operation.Results[i]] = results[i];
        }
        return [.. function.Results.Select(r => values[r])];
    }
}
