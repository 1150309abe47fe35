using System.Collections.Immutable;
using GraphCompiler.IR;
using GraphCompiler.IR.Diagnostics;

namespace GraphCompiler.Frontend.Optimizers;

/// <summary>A rule that moves parameters against their gradients; it becomes part of the compiled step.</summary>
/// <remarks>A rule of your own is one method: <c>public override UpdateRule Begin(UpdateScope scope) => (p, g) => p - 0.1 * g.Sign();</c>
/// What it keeps from step to step it declares with <c>scope.State</c> and replaces with
/// <c>scope.Assign</c>.</remarks>
public abstract record Optimizer
{
    /// <summary>The prefix of its state's names; the type's name in lower case when null, with a number where that is taken.</summary>
    public string? Name { get; init; }

    /// <summary>What happens to the gradients before the rule sees them, in this order; each sees all of them.</summary>
    public ImmutableArray<GradientTransform> Gradients { get; init => field = value.IsDefault ? [] : value; } = [];

    /// <summary>What happens to the parameters after the rule, in this order; each sees all of them.</summary>
    public ImmutableArray<ParameterTransform> Parameters { get; init => field = value.IsDefault ? [] : value; } = [];

    /// <summary>What scales the moves, for rules and transforms that ask the scope for it; null for a rule without a rate.</summary>
    public virtual Schedule? LearningRate => null;

    /// <summary>Called once for each step that is built: declares what all parameters share, and gives the rule for one.</summary>
    public abstract UpdateRule Begin(UpdateScope scope);

    /// <summary>The new value of each parameter, in their order.</summary>
    internal Value[] Update(UpdateScope scope, Value[] parameters, Value[] gradients)
    {
        foreach (var transform in Gradients)
            gradients = scope.Given(scope.Given(transform, nameof(Gradients)).Apply(scope, parameters, gradients), parameters, transform);
        var next = Move(scope, parameters, gradients);
        foreach (var transform in Parameters)
            next = scope.Given(scope.Given(transform, nameof(Parameters)).Apply(scope, parameters, next), parameters, transform);
        return next;
    }

    /// <summary>The name of its scope, where that is free.</summary>
    internal string ScopeName => Name ?? string.Concat(GetType().Name.TakeWhile(char.IsAsciiLetterOrDigit)).ToLowerInvariant();

    /// <summary>A name, with a number where it is taken.</summary>
    internal static string FreeName(string name, Func<string, bool> isTaken) =>
        Enumerable.Range(0, int.MaxValue).Select(i => i == 0 ? name : $"{name}_{i}").First(n => !isTaken(n));

    /// <summary>A rule that is made of others has none for one parameter.</summary>
    private protected GraphException Composite(UpdateScope scope)
    {
        ArgumentNullException.ThrowIfNull(scope);
        return scope.Error(DiagnosticCode.BadArgument, $"{GetType().Name} is made of other rules, and has none for one parameter alone");
    }

    private protected virtual Value[] Move(UpdateScope scope, Value[] parameters, Value[] gradients)
    {
        var rule = scope.Given(Begin(scope), nameof(Begin));
        return scope.Given([.. parameters.Select((p, i) => rule(p, gradients[i]))], parameters, this);
    }
}

/// <summary>The new value of one parameter.</summary>
/// <param name="parameter">Its value before the step.</param>
/// <param name="gradient">Of its type.</param>
/// <returns>A value of the parameter's type.</returns>
public delegate Value UpdateRule(Value parameter, Value gradient);

/// <summary>A function of all gradients of a step, such as clipping by their global norm.</summary>
public abstract record GradientTransform
{
    /// <summary>What takes the gradients' place: one of the same type for each.</summary>
    /// <param name="scope">Where state is declared and replaced.</param>
    /// <param name="parameters">The parameters before the step.</param>
    /// <param name="gradients">One for each parameter, of its type.</param>
    public abstract IReadOnlyList<Value> Apply(UpdateScope scope, IReadOnlyList<Value> parameters,
        IReadOnlyList<Value> gradients);
}

/// <summary>A function of all parameters after an update, such as a constraint on them.</summary>
public abstract record ParameterTransform
{
    /// <summary>What takes the parameters' place: one of the same type for each.</summary>
    /// <param name="scope">Where state is declared and replaced.</param>
    /// <param name="parameters">The parameters before the step.</param>
    /// <param name="next">One for each parameter, of its type: what the rule made of it.</param>
    public abstract IReadOnlyList<Value> Apply(UpdateScope scope, IReadOnlyList<Value> parameters, IReadOnlyList<Value> next);
}
