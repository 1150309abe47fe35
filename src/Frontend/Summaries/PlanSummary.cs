using System.Collections.Immutable;
using System.Globalization;
using System.Text;
using GraphCompiler.IR;

namespace GraphCompiler.Frontend;

/// <summary>A layer of a step or function, or the operations of one line outside of layers.</summary>
/// <param name="Name">The scopes and the layer's name, such as <c>stage2/dense</c>, or the line.</param>
/// <param name="Output">The type of what it computes; null for what has no forward operation.</param>
/// <param name="Parameters">Elements of its trained variables.</param>
/// <param name="ForwardFlops">Floating-point operations of a run, a multiply-add counted as two.</param>
/// <param name="BackwardFlops">Of its gradients.</param>
/// <param name="UpdateFlops">Of what the optimizer makes of them.</param>
public sealed record LayerSummary(string Name, TensorType? Output, long Parameters, double ForwardFlops, double BackwardFlops,
    double UpdateFlops)
{
    /// <summary>The scopes and the layer's name, such as <c>stage2/dense</c>, or the line.</summary>
    public string Name { get; init => field = value ?? throw new ArgumentNullException(nameof(value)); }
        = Name ?? throw new ArgumentNullException(nameof(Name));
}

/// <summary>What a step or function computes and takes, known before anything runs.</summary>
/// <remarks>Operations are counted in the kernels that are compiled, after fusion: what is computed twice counts twice, and what is
/// simplified away not at all. A kernel's count is divided between the layers in proportion to the elements that they compute in
/// it.</remarks>
/// <param name="Name">The model's.</param>
/// <param name="Layers">In the order of the forward pass.</param>
/// <param name="Parameters">Elements of trained variables.</param>
/// <param name="ParameterBytes">Bytes of trained variables.</param>
/// <param name="OtherVariableBytes">Bytes of the model's other variables: frozen ones, and state such as running means.</param>
/// <param name="GradientBytes">Bytes that the gradients of trained variables have; most are consumed where they are computed and are never
/// in memory, the others are in the arena.</param>
/// <param name="OptimizerBytes">Bytes of the optimizer's state.</param>
/// <param name="ArenaBytes">Bytes of scratch memory of a run: activations, gradients and kernels' own.</param>
public sealed record PlanSummary(string Name, ImmutableArray<LayerSummary> Layers, long Parameters, long ParameterBytes,
    long OtherVariableBytes, long GradientBytes, long OptimizerBytes, long ArenaBytes)
{
    /// <summary>The model's.</summary>
    public string Name { get; init => field = value ?? throw new ArgumentNullException(nameof(value)); }
        = Name ?? throw new ArgumentNullException(nameof(Name));

    /// <summary>In the order of the forward pass; none where the array is the default one.</summary>
    public ImmutableArray<LayerSummary> Layers { get; init => field = value.IsDefault ? [] : value; } = Layers.IsDefault ? [] : Layers;

    private static readonly string[] s_heads = ["layer", "output", "parameters", "forward", "backward", "update"];

    /// <summary>Floating-point operations of a run.</summary>
    public double Flops => Layers.Sum(l => l.ForwardFlops + l.BackwardFlops + l.UpdateFlops);

    /// <summary>A table for people to read; lines end in '\n'.</summary>
    public override string ToString()
    {
        string[][] rows = [s_heads, .. Rows()];
        int[] widths = [.. Enumerable.Range(0, s_heads.Length).Select(i => rows.Max(r => r[i].Length))];
        var text = new StringBuilder($"model \"{Name}\"\n");
        string Padded(string cell, int column) => column < 2 ? cell.PadRight(widths[column]) : cell.PadLeft(widths[column]);
        foreach (var row in rows) text.Append(string.Join("  ", row.Select(Padded)).TrimEnd()).Append('\n');
        var width = Totals().Max(t => t.What.Length);
        foreach (var (what, amount) in Totals()) text.Append($"{what.PadRight(width)}  {amount}\n");
        return text.ToString();
    }

    /// <summary>The same as Markdown.</summary>
    public string ToMarkdown()
    {
        var text = new StringBuilder($"### {Name}\n\n");
        void Row(IEnumerable<string> cells) => text.Append("| ").AppendJoin(" | ", cells).Append(" |\n");
        Row(s_heads);
        Row(s_heads.Select((_, i) => i < 2 ? "---" : "--:"));
        foreach (var row in Rows()) Row(row);
        text.Append('\n');
        foreach (var (what, amount) in Totals()) text.Append($"- {what}: {amount}\n");
        return text.ToString();
    }

    private IEnumerable<string[]> Rows() => Layers.Select(l => (string[])[l.Name, l.Output is null ? "" : $"{l.Output}",
        l.Parameters == 0 ? "" : Count(l.Parameters), Flop(l.ForwardFlops), Flop(l.BackwardFlops), Flop(l.UpdateFlops)]);

    private IEnumerable<(string What, string Amount)> Totals() =>
    [
        ("parameters", $"{Count(Parameters)}, {Count(ParameterBytes)} bytes"),
        ("other variables", $"{Count(OtherVariableBytes)} bytes"),
        ("gradients", $"{Count(GradientBytes)} bytes, in the arena or never stored"),
        ("optimizer state", $"{Count(OptimizerBytes)} bytes"), ("arena", $"{Count(ArenaBytes)} bytes"),
        ("operations of a run", $"{Flop(Flops)} FLOP"),
    ];

    private static string Count(long number) => number.ToString("N0", CultureInfo.InvariantCulture);

    // Three digits and a prefix: 12.3 k.
    private static string Flop(double number)
    {
        if (number == 0) return "";
        var unit = 0;
        for (; number >= 999.5 && unit < 4; unit++) number /= 1000;
        var digits = unit == 0 || number >= 99.95 ? "F0" : number >= 9.995 ? "F1" : "F2";
        return $"{number.ToString(digits, CultureInfo.InvariantCulture)} {"kMGT"[..unit].LastOrDefault()}".TrimEnd('\0', ' ');
    }
}
