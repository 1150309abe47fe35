// The invariants of a planned step:
//  M1  a kernel finds every operand whole in the memory that it reads: written before, and not overwritten since
//  M2  a kernel stores a result over what it reads only where it reads that element by element
//  M3  a parameter is overwritten only if it is donated, and then once
//  M4  at the end every result is in the memory that the caller looks for it in
//  M5  constants are never written
using System.Collections.Immutable;
using GraphCompiler.IR;
using GraphCompiler.IR.Diagnostics;
using GraphCompiler.IR.Loops;
using GraphCompiler.IR.Ops;

namespace GraphCompiler.Passes.Planning;

/// <summary>Runs a plan symbolically, and checks the invariants listed at the top of this file.
/// O(operands · log buffers).</summary>
internal sealed class PlanVerifier
{
    private readonly Dictionary<Storage, (Value Value, long Bytes)> _memory = [];
    // Offsets of arena buffers that hold a value; no two overlap.
    private readonly SortedSet<long> _offsets = [];
    private readonly HashSet<Storage> _overwritten = [];
    // What a copy was made of.
    private readonly Dictionary<Value, Value> _copied = [];
    private readonly HashSet<long> _donated;

    private PlanVerifier(ImmutableArray<int> donated) => _donated = [.. donated.Where(d => d >= 0).Select(d => (long)d)];

    /// <summary>Returns if the plan keeps its invariants.</summary>
    /// <exception cref="InternalCompilerException">The first one that it breaks, and where.</exception>
    public static void Verify(Function function, ImmutableArray<int> donated, IReadOnlyList<PlannedCall> calls)
    {
        var verifier = new PlanVerifier(donated);
        for (var i = 0; i < function.Parameters.Length; i++) verifier.Hold(new(StorageKind.External, i), function.Parameters[i]);
        var constants = 0;
        foreach (var operation in function.Operations.Where(o => o.Op is Constant))
            verifier.Hold(new(StorageKind.Constant, constants++), operation.Result);
        foreach (var call in calls) verifier.Run(call, function.Parameters.Length);
        var output = function.Parameters.Length;
        foreach (var (result, replaced) in function.Results.Zip(donated))
            Require(verifier.Holds(new(StorageKind.External, replaced >= 0 ? replaced : output++), LowerToLoops.Root(result)), "M4",
                $"{result} is not where the caller looks for it");
    }

    private void Run(PlannedCall call, int parameters)
    {
        var (kernel, arguments) = (call.Kernel, call.Arguments);
        for (var i = 0; i < kernel.Reads.Length; i++)
            Require(Holds(arguments[i], kernel.Reads[i]), "M1", $"{Describe(kernel)} does not find {kernel.Reads[i]}");
        for (var i = 0; i < kernel.Writes.Length; i++)
        {
            var (to, result) = (arguments[kernel.Reads.Length + i], kernel.Writes[i]);
            for (var k = 0; k < kernel.Reads.Length; k++)
                Require(!Overlap(to, result, arguments[k], kernel.Reads[k])
                    || (to == arguments[k] && kernel.CanOverwrite(result, kernel.Reads[k])), "M2",
                    $"{Describe(kernel)} overwrites {kernel.Reads[k]} while it reads it");
        }
        for (var i = 0; i < kernel.Writes.Length; i++)
        {
            var to = arguments[kernel.Reads.Length + i];
            Require(to.Kind != StorageKind.Constant, "M5", $"{Describe(kernel)} writes a constant");
            if (to.Kind == StorageKind.External && to.Index < parameters)
                Require(_donated.Contains(to.Index) && _overwritten.Add(to), "M3", $"{Describe(kernel)} overwrites parameter {to.Index}");
            Hold(to, kernel.Operation is null ? _memory[arguments[0]].Value : kernel.Writes[i]);
            if (kernel.Operation is null) _copied[kernel.Writes[i]] = _memory[to].Value;
        }
    }

    private void Hold(Storage storage, Value value)
    {
        var bytes = Math.Max(value.Type.Bytes, 1);
        if (storage.Kind == StorageKind.Arena)
        {
            foreach (var offset in Overlapping(storage.Index, bytes))
            {
                _offsets.Remove(offset);
                _memory.Remove(new(StorageKind.Arena, offset));
            }
            _offsets.Add(storage.Index);
        }
        _memory[storage] = (value, bytes);
    }

    private List<long> Overlapping(long offset, long bytes)
    {
        List<long> found = [.. _offsets.GetViewBetween(offset, offset + bytes - 1)];
        if (offset == 0) return found;
        // The maximum of nothing is 0, which then holds nothing.
        var before = _offsets.GetViewBetween(0, offset - 1).Max;
        if (_memory.TryGetValue(new(StorageKind.Arena, before), out var held) && before + held.Bytes > offset) found.Add(before);
        return found;
    }

    private bool Holds(Storage storage, Value value) =>
        _memory.TryGetValue(storage, out var held) && held.Value == _copied.GetValueOrDefault(value, value);

    private static bool Overlap(Storage a, Value first, Storage b, Value second) => a.Kind == b.Kind && (a.Kind == StorageKind.Arena
        ? a.Index < b.Index + second.Type.Bytes && b.Index < a.Index + first.Type.Bytes : a.Index == b.Index);

    private static string Describe(PlannedKernel kernel) => kernel.Operation?.ToString() ?? $"the copy of {kernel.Reads[0]}";

    private static void Require(bool condition, string invariant, string what)
    {
        if (!condition) throw new InternalCompilerException("plan", $"{invariant}: {what}");
    }
}
