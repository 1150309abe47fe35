using System.Diagnostics;
using System.Globalization;
using GraphCompiler.IR;
using GraphCompiler.IR.Diagnostics;
using Microsoft.Extensions.Logging;

namespace GraphCompiler.Passes;

/// <summary>Runs a pipeline: times each pass, and skips, verifies or dumps what the context asks for.</summary>
public sealed class PassRunner
{
    private readonly IReadOnlyList<PassEntry> _passes;

    /// <summary>A runner for <paramref name="passes"/>, whose order is checked against <see cref="Pipeline.Order"/>.</summary>
    /// <exception cref="InternalCompilerException">The table breaks an order constraint.</exception>
    public PassRunner(IReadOnlyList<PassEntry> passes) : this(passes, Pipeline.Order) { }

    internal PassRunner(IReadOnlyList<PassEntry> passes, IReadOnlyList<PassOrder> order)
    {
        _passes = passes;
        foreach (var (before, after, why) in order)
        {
            var (first, second) = (IndexOf(before), IndexOf(after));
            if (first >= 0 && second >= 0 && first > second)
                throw new InternalCompilerException("pipeline", $"{before} must come before {after}: {why}");
        }
    }

    /// <summary>Runs every pass that is not disabled.</summary>
    /// <exception cref="GraphException">SGC3001: a disabled pass does not exist or is required.
    /// SGC3002: a dump cannot be written.</exception>
    /// <exception cref="InternalCompilerException">A pass made invalid IR, and the context asks to verify.</exception>
    public Function Run(Function function, PassContext context)
    {
        foreach (var name in context.Disabled) CheckDisabled(name);
        Dump(context, "00_input", function);
        context.Observer?.Invoke(new("input", function, TimeSpan.Zero));
        for (var i = 0; i < _passes.Count; i++)
        {
            var entry = _passes[i];
            if (context.Disabled.Contains(entry.Name)) continue;
            var start = Stopwatch.GetTimestamp();
            function = entry.Pass.Run(function, context);
            var time = Stopwatch.GetElapsedTime(start);
            if (context.VerifyEach) Verify(function, entry.Name);
            context.Logger.LogDebug("{Pass}: {Milliseconds:F2} ms, {Operations} operations", entry.Name,
                time.TotalMilliseconds, function.Operations.Length);
            context.Observer?.Invoke(new(entry.Name, function, time));
            Dump(context, string.Create(CultureInfo.InvariantCulture, $"{i + 1:D2}_{entry.Name}"), function);
        }
        return function;
    }

    private static void Verify(Function function, string pass)
    {
        try
        {
            Verifier.Verify(function);
        }
        catch (GraphException e)
        {
            throw new InternalCompilerException(pass, $"it made invalid IR; SGC_DUMP=dir writes the function before it: {e.Message}", e);
        }
    }

    private int IndexOf(string name)
    {
        for (var i = 0; i < _passes.Count; i++)
            if (_passes[i].Name == name) return i;
        return -1;
    }

    private void CheckDisabled(string name)
    {
        var index = IndexOf(name);
        if (index < 0)
            throw new GraphException(DiagnosticCode.UnknownPass,
                $"SGC_DISABLE: there is no pass \"{name}\"; the passes are {string.Join(", ", _passes.Select(p => p.Name))}");
        if (_passes[index].Required)
            throw new GraphException(DiagnosticCode.UnknownPass, $"SGC_DISABLE: nothing compiles without \"{name}\"");
    }

    private static void Dump(PassContext context, string name, Function function)
    {
        if (context.DumpDirectory is { } folder) DumpFolder.Write(folder, function.Name, $"{name}.gir", function.ToString());
    }
}
