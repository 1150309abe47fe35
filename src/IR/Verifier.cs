// The invariants of a function, in the order they are checked:
//  V1  every operand is a parameter of the function or a result of an earlier operation
//  V2  result types are what the op's shape rule infers from operands, attributes and region
//  V3  every parameter has a name, and no two have the same
//  V4  every function result is a parameter or an operation's result
//  V5  every op is the one registered under its mnemonic
//  V6  a region is closed (reads its own parameters and results only) and is itself valid
//  V7  value ids are distinct and below ValueCount, and operation ids are positions, so that tables can be indexed by them
//  V8  a value is defined once: its Definition is the operation that lists it, and null for a parameter
using GraphCompiler.IR.Diagnostics;
using GraphCompiler.IR.Ops;

namespace GraphCompiler.IR;

/// <summary>Checks the invariants of a function, listed at the top of this file.</summary>
/// <remarks>The builder keeps them all; what can break them is a pass that makes IR in another way. O(operations).</remarks>
public static class Verifier
{
    /// <summary>Returns if the function is valid.</summary>
    /// <exception cref="GraphException">SGC2002: the first invariant broken, by what, and the operation printed.</exception>
    public static void Verify(Function function)
    {
        var defined = new HashSet<Value>();
        var ids = new HashSet<int>();
        VerifyParameters(function, defined, ids);
        for (var i = 0; i < function.Operations.Length; i++)
        {
            var operation = function.Operations[i];
            VerifyOperands(function, operation, defined);
            VerifyOp(function, operation);
            Require(operation.Id == i, "V7", function, operation, $"operation {i} has the id {operation.Id}");
            foreach (var result in operation.Results)
            {
                Require(ReferenceEquals(result.Definition, operation), "V8", function, operation,
                    $"{result} is defined by another operation");
                Define(function, operation, result, defined, ids);
            }
        }
        foreach (var result in function.Results)
            Require(defined.Contains(result), "V4", function, null, $"the result {result} is not defined in the function");
    }

    private static void VerifyParameters(Function function, HashSet<Value> defined, HashSet<int> ids)
    {
        var names = new HashSet<string>(StringComparer.Ordinal);
        foreach (var parameter in function.Parameters)
        {
            Require(parameter.Name is not null, "V3", function, null, $"parameter {parameter} has no name");
            Require(names.Add(parameter.Name!), "V3", function, null, $"two parameters are named {parameter}");
            Require(parameter.Definition is null, "V8", function, parameter.Definition, $"parameter {parameter} is also a result");
            Define(function, null, parameter, defined, ids);
        }
    }

    private static void Define(Function function, Operation? operation, Value value, HashSet<Value> defined, HashSet<int> ids)
    {
        Require(defined.Add(value), "V8", function, operation, $"{value} is defined twice");
        Require(value.Id >= 0 && value.Id < function.ValueCount, "V7", function, operation,
            $"{value} has the id {value.Id}, not below {function.ValueCount}");
        Require(ids.Add(value.Id), "V7", function, operation, $"the id {value.Id} of {value} is taken");
    }

    private static void VerifyOperands(Function function, Operation operation, HashSet<Value> defined)
    {
        foreach (var operand in operation.Operands)
            Require(defined.Contains(operand), "V1", function, operation, $"operand {operand} is not defined before it");
    }

    private static void VerifyOp(Function function, Operation operation)
    {
        var op = operation.Op;
        Require(ReferenceEquals(OpRegistry.Find(op.Name), op), "V5", function, operation, $"the op {op.Name} is not registered");
        if (operation.Body is { } body) VerifyRegion(function, operation, body);
        var call = new OpCall(op, operation.Operands, operation.Attributes, operation.Body, operation.Location);
        try
        {
            var inferred = op.InferChecked(call);
            var declared = operation.Results.Select(r => r.Type);
            Require(inferred.SequenceEqual(declared), "V2", function, operation,
                $"the types are {string.Join(", ", declared)}, but {op.Name} infers {string.Join(", ", inferred)}");
        }
        catch (GraphException e) when (e.Diagnostics[0].Code != DiagnosticCode.Invariant)
        {
            throw Broken("V2", function, operation, e.Diagnostics[0].Message);
        }
    }

    private static void VerifyRegion(Function function, Operation operation, Function body)
    {
        try
        {
            Verify(body);
        }
        catch (GraphException e)
        {
            throw Broken("V6", function, operation, $"its region is not valid: {e.Diagnostics[0].Message}");
        }
    }

    private static void Require(bool condition, string invariant, Function function, Operation? operation, FormattableString message)
    {
        if (!condition) throw Broken(invariant, function, operation, message.ToString());
    }

    private static GraphException Broken(string invariant, Function function, Operation? operation, string message) =>
        new(DiagnosticCode.Invariant, $"{invariant}: @{function.Name}: {message}", operation?.Location ?? Location.Unknown,
            operation is null ? [] : [IrPrinter.Print(operation)]);
}
