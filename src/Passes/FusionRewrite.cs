using System.Collections.Immutable;
using GraphCompiler.IR;
using GraphCompiler.IR.Ops;

namespace GraphCompiler.Passes;

/// <summary>Writes a function anew with the fusions that a plan has chosen.</summary>
internal sealed class FusionRewrite(Function function, FusionPlan plan)
{
    private readonly FunctionBuilder _builder = new(function.Name);
    private readonly Dictionary<Value, Value> _map = [];
    private readonly HashSet<FusionGroup> _done = [];
    private readonly HashSet<Value> _needed = [];

    public Function Build()
    {
        FindNeeded();
        foreach (var parameter in function.Parameters)
            _map[parameter] = _builder.Parameter(parameter.Name!, parameter.Type, parameter.Location);
        foreach (var operation in function.Operations)
        {
            if (FusionPlan.StandsAlone(operation)) EmitAlone(operation);
            else if (plan.GroupOf(operation) is { } group) EmitGroup(group);
        }
        return _builder.Build([.. function.Results.Select(r => _map[r])]);
    }

    // A value is needed in memory when a reader outside its own kernel reads it, index maps being part of the reader.
    private void FindNeeded()
    {
        foreach (var operation in function.Operations)
        {
            var group = plan.GroupOf(operation);
            if (group is null && !FusionPlan.StandsAlone(operation)) continue;
            foreach (var operand in operation.Operands)
                foreach (var source in Externals(operation, operand))
                    if (plan.GroupOf(source) != group) _needed.Add(source);
        }
        _needed.UnionWith(function.Results);
    }

    /// <summary>The values in memory that an operation reads through one operand.</summary>
    private static IEnumerable<Value> Externals(Operation reader, Value operand)
    {
        if (ReadsThrough(reader, operand))
            return operand.Definition!.Operands.SelectMany(o => Externals(operand.Definition!, o));
        return [operand];
    }

    private static bool ReadsThrough(Operation reader, Value operand) =>
        operand.Definition is { } d && FusionPlan.IsInlined(d) && reader.Op is not DotGeneral && !FusionPlan.StandsAlone(reader);

    private void EmitAlone(Operation operation)
    {
        if (operation.Results.All(_map.ContainsKey)) return;
        foreach (var operand in operation.Operands) EnsureEmitted(operand);
        _builder.Clone(operation, _map);
    }

    private void EnsureEmitted(Value value)
    {
        if (_map.ContainsKey(value)) return;
        var operation = value.Definition!;
        if (!FusionPlan.StandsAlone(operation) && plan.GroupOf(operation) is { } group) EmitGroup(group);
        else EmitAlone(operation);
    }

    private void EmitGroup(FusionGroup group)
    {
        if (!_done.Add(group)) return;
        // A product comes first: it reads memory, also where another member repeats an index map of the same value.
        Operation[] members = [.. group.Members.OrderBy(m => m.Op is not DotGeneral).ThenBy(m => m.Id)];
        var results = members.SelectMany(m => m.Results).Where(_needed.Contains).ToArray();
        if (results.Length == 0) return; // dead code, where no pass has dropped it
        foreach (var member in members)
            foreach (var operand in member.Operands)
                foreach (var source in Externals(member, operand))
                    if (plan.GroupOf(source) != group) EnsureEmitted(source);
        var body = new FusionBody(group, plan, members);
        var (closed, operands) = body.Build(results);
        var attributes = AttributeMap.Empty.With("kind", group.Kind);
        if (group.Kind == "row") attributes = attributes.With("axes", group.Reduced);
        var fused = _builder.EmitAll(Fusion.Instance, [.. operands.Select(o => _map[o])], attributes, group.Members.MaxBy(m => m.Id)!.Location, closed);
        for (var i = 0; i < results.Length; i++) _map[results[i]] = fused[i];
    }

    /// <summary>The region of one fusion: members, and the index maps they read through.</summary>
    private sealed class FusionBody(FusionGroup group, FusionPlan plan, Operation[] members)
    {
        private readonly FunctionBuilder _builder = new($"fusion.{group.Id}");
        private readonly Dictionary<Value, Value> _inside = [];
        private readonly List<Value> _operands = [];

        public (Function Body, List<Value> Operands) Build(Value[] results)
        {
            foreach (var member in members)
            {
                foreach (var operand in member.Operands) MapOperand(member, operand);
                _builder.Clone(member, _inside);
            }
            return (_builder.Build([.. results.Select(r => _inside[r])]), _operands);
        }

        private void MapOperand(Operation reader, Value operand)
        {
            if (_inside.ContainsKey(operand)) return;
            if (ReadsThrough(reader, operand) && !members.Contains(operand.Definition))
            {
                var map = operand.Definition!;
                foreach (var inner in map.Operands) MapOperand(map, inner);
                _builder.Clone(map, _inside);
                return;
            }
            if (plan.GroupOf(operand) == group)
                throw new IR.Diagnostics.InternalCompilerException("fuse", $"{operand.Definition} is read before it is computed");
            _inside[operand] = _builder.Parameter($"p{_operands.Count}", operand.Type);
            _operands.Add(operand);
        }
    }
}
