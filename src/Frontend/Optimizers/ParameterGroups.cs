using System.Collections.Immutable;
using GraphCompiler.IR;
using GraphCompiler.IR.Diagnostics;

namespace GraphCompiler.Frontend.Optimizers;

/// <summary>A rule for each group of parameters, such as no weight decay on biases. To the step it is one rule: the groups share the count
/// of steps, and its transforms see the parameters of all groups.</summary>
/// <param name="Default">The rule of the parameters that no group holds.</param>
public sealed record ParameterGroups(Optimizer Default) : Optimizer
{
    private ImmutableArray<(Func<Value, bool> Holds, Optimizer Rule)> _groups = [];

    /// <summary>The rule of the parameters that no group holds.</summary>
    public Optimizer Default { get; init => field = value ?? throw new ArgumentNullException(nameof(value)); }
        = Default ?? throw new ArgumentNullException(nameof(Default));

    /// <summary>These groups and one more. A parameter belongs to the first group that holds it.</summary>
    /// <param name="holds">Whether the group holds a parameter, by its type or shape: <c>p => p.Rank &lt; 2</c>.</param>
    /// <param name="rule">Of the group's parameters.</param>
    public ParameterGroups With(Func<Value, bool> holds, Optimizer rule)
    {
        ArgumentNullException.ThrowIfNull(holds);
        ArgumentNullException.ThrowIfNull(rule);
        return this with { _groups = _groups.Add((holds, rule)) };
    }

    /// <summary>These groups and one more. A parameter belongs to the first group that holds it.</summary>
    /// <param name="holds">Whether the group holds the parameter of a name: <c>name => name.EndsWith("/bias")</c>.</param>
    /// <param name="rule">Of the group's parameters.</param>
    public ParameterGroups With(Func<string, bool> holds, Optimizer rule)
    {
        ArgumentNullException.ThrowIfNull(holds);
        return With((Value p) => holds(p.Name!), rule);
    }

    /// <inheritdoc/>
    public override UpdateRule Begin(UpdateScope scope) => throw Composite(scope);

    private protected override Value[] Move(UpdateScope scope, Value[] parameters, Value[] gradients)
    {
        ImmutableArray<Optimizer> rules = [.. _groups.Select(g => g.Rule), Default];
        int[] groupOf = [.. parameters.Select(p => _groups.TakeWhile(g => !g.Holds(p)).Count())];
        var (next, names) = (new Value[parameters.Length], new HashSet<string>());
        for (var group = 0; group < rules.Length; group++)
        {
            int[] held = [.. Enumerable.Range(0, parameters.Length).Where(i => groupOf[i] == group)];
            if (held.Length == 0 && group < _groups.Length)
                throw scope.Error(DiagnosticCode.BadArgument, $"group {group} ({rules[group].GetType().Name}) holds none of the parameters "
                    + $"{string.Join<Value>(", ", parameters)} that no group before it holds");
            Value[] own = [.. held.Select(i => parameters[i])];
            var inner = scope.Nest(FreeName(rules[group].ScopeName, n => !names.Add(n)), rules[group], own);
            var moved = held.Length == 0 ? [] : rules[group].Update(inner, own, [.. held.Select(i => gradients[i])]);
            for (var i = 0; i < held.Length; i++) next[held[i]] = moved[i];
        }
        return next;
    }
}
