using GraphCompiler.IR;
using GraphCompiler.IR.Diagnostics;
using GraphCompiler.IR.Ops;

namespace GraphCompiler.Passes.Fusing;

/// <summary>Writes a function anew with the groups that a plan has chosen, each after those that it depends on.</summary>
internal sealed class FusionRewrite
{
    private readonly Function _function;
    private readonly FusionPlan _plan;
    private readonly FunctionBuilder _builder;
    private readonly Dictionary<Value, Value> _map = [];
    // What the groups that are begun depend on.
    private readonly Dictionary<FusionGroup, List<FusionGroup>> _sources = [];
    private readonly HashSet<FusionGroup> _done = [];
    private readonly HashSet<Value> _needed = [];

    public FusionRewrite(Function function, FusionPlan plan) => (_function, _plan, _builder) = (function, plan, new(function.Name));

    public Function Build()
    {
        FindNeeded();
        foreach (var parameter in _function.Parameters)
            _map[parameter] = _builder.Parameter(parameter.Name!, parameter.Type, parameter.Location);
        foreach (var operation in _function.Operations)
            if (_plan.GroupOf(operation) is { } group) EmitWithSources(group);
        return _builder.Build([.. _function.Results.Select(r => _map[r])]);
    }

    // A value is needed in memory when a reader outside its own kernel reads it, index maps being part of the reader.
    private void FindNeeded()
    {
        foreach (var operation in _function.Operations)
        {
            if (_plan.GroupOf(operation) is not { } group) continue;
            foreach (var source in _plan.Leaves(operation))
                if (_plan.GroupOf(source) != group) _needed.Add(source);
        }
        _needed.UnionWith(_function.Results);
    }

    // Depth first, with a stack of its own: groups may depend on one another in chains of any length.
    private void EmitWithSources(FusionGroup last)
    {
        var stack = new Stack<FusionGroup>([last]);
        while (stack.TryPeek(out var group))
        {
            if (_done.Contains(group))
            {
                stack.Pop();
            }
            else if (!_sources.TryGetValue(group, out var sources))
            {
                sources = _sources[group] = SourcesOf(group);
                for (var i = sources.Count - 1; i >= 0; i--) stack.Push(sources[i]);
            }
            else if (sources.TrueForAll(_done.Contains))
            {
                stack.Pop();
                Emit(group);
                _done.Add(group);
            }
            else
            {
                throw new InternalCompilerException("fuse", $"the kernel of {group.Members[0]} depends on itself");
            }
        }
    }

    private List<FusionGroup> SourcesOf(FusionGroup group)
    {
        var sources = new List<FusionGroup>();
        foreach (var member in InOrder(group))
            foreach (var leaf in _plan.Leaves(member))
                if (_plan.GroupOf(leaf) is { } source && source != group && !sources.Contains(source)) sources.Add(source);
        return sources;
    }

    private static Operation[] InOrder(FusionGroup group)
    {
        Operation[] members = [.. group.Members];
        Array.Sort(members, (x, y) => x.Id - y.Id);
        return members;
    }

    private void Emit(FusionGroup group)
    {
        if (group.Kind is not { } kind)
        {
            _builder.Clone(group.Members[0], _map);
            return;
        }
        // A contraction comes first: it reads memory, also where another member repeats an index map of the same value.
        Operation[] members = [.. InOrder(group).OrderBy(m => m.Op is not IContractionOp)];
        var results = members.SelectMany(m => m.Results).Where(_needed.Contains).ToArray();
        if (results.Length == 0) return; // dead code, where no pass has dropped it
        var (body, operands) = new Region(group, _plan, members).Build(results);
        var attributes = Fusion.Attributes(kind);
        if (kind == FusionKind.Row) attributes = attributes.With("axes", group.Reduced);
        var fused = _builder.EmitAll(Fusion.Instance, [.. operands.Select(o => _map[o])], attributes,
            group.Members.MaxBy(m => m.Id)!.Location, body);
        for (var i = 0; i < results.Length; i++) _map[results[i]] = fused[i];
    }

    /// <summary>The region of one fusion: members, and the index maps they read through.</summary>
    private sealed class Region(FusionGroup group, FusionPlan plan, Operation[] members)
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
            if (plan.ReadsThrough(reader, operand))
            {
                var map = operand.Definition!;
                foreach (var inner in map.Operands) MapOperand(map, inner);
                _builder.Clone(map, _inside);
                return;
            }
            if (plan.GroupOf(operand) == group && operand.Definition is not null)
                throw new InternalCompilerException("fuse", $"{operand.Definition} is read before it is computed");
            _inside[operand] = _builder.Parameter($"p{_operands.Count}", operand.Type);
            _operands.Add(operand);
        }
    }
}
