using GraphCompiler.IR.Diagnostics;

namespace GraphCompiler.IR;

/// <summary>Runs a function by the reference meaning of each op, in order: the oracle for everything compiled.</summary>
/// <remarks>Written for clarity, not speed; every intermediate is kept until the end.</remarks>
public static class ReferenceInterpreter
{
    /// <summary>The results for these arguments, one for each parameter and of its type.</summary>
    /// <exception cref="GraphException">SGC1009, SGC1001, SGC1002: the number or a type of the arguments differs from the
    /// parameters'.</exception>
    public static Literal[] Run(Function function, params ReadOnlySpan<Literal> arguments)
    {
        ArgumentNullException.ThrowIfNull(function);
        foreach (var argument in arguments) ArgumentNullException.ThrowIfNull(argument, nameof(arguments));
        function.CheckArguments(arguments, a => a.Type);
        var values = new Dictionary<Value, Literal>(function.ValueCount);
        for (var i = 0; i < arguments.Length; i++) values[function.Parameters[i]] = arguments[i];
        foreach (var operation in function.Operations) Evaluate(operation, values);
        return [.. function.Results.Select(r => values[r])];
    }

    private static void Evaluate(Operation operation, Dictionary<Value, Literal> values)
    {
        Literal[] operands = [.. operation.Operands.Select(o => values[o])];
        var results = operation.Op.Evaluate(operation, operands);
        for (var i = 0; i < results.Length; i++)
        {
            if (results[i].Type != operation.Results[i].Type)
                throw new InternalCompilerException("interpreter", $"result {i} came out as {results[i].Type}: {operation}");
            values[operation.Results[i]] = results[i];
        }
    }
}
