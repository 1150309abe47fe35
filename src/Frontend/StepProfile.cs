using System.Collections.Immutable;
using System.Globalization;
using System.Text;
using System.Text.Json;
using GraphCompiler.IR;
using GraphCompiler.IR.Diagnostics;
using GraphCompiler.IR.Loops;
using GraphCompiler.Runtime;

namespace GraphCompiler.Frontend;

/// <summary>The part of a training step that one kernel takes.</summary>
/// <param name="Name">What it does.</param>
/// <param name="Share">Of the step's time, from 0 to 1; waiting for other threads included.</param>
/// <param name="Nanoseconds">Of one call.</param>
/// <param name="Flops">Floating-point operations of one call, a multiply-add counted as two.</param>
/// <param name="Bytes">Bytes of its operands and results, each counted once.</param>
/// <param name="IsParallel">Whether all threads take part.</param>
/// <param name="OfLimit">The least time that the machine's operations and memory bandwidth allow, over the time taken; beyond 1 where
/// data stays in caches, which are faster than memory.</param>
/// <param name="Locations">Where its operations were written.</param>
public sealed record KernelProfile(string Name, double Share, double Nanoseconds, double Flops, double Bytes, bool IsParallel,
    double OfLimit, ImmutableArray<Location> Locations)
{
    /// <summary>10⁹ floating-point operations a second.</summary>
    public double Gigaflops => Nanoseconds > 0 ? Flops / Nanoseconds : 0;

    /// <summary>10⁹ bytes a second: what the kernel moves at least, through whatever level of cache.</summary>
    public double Gigabytes => Nanoseconds > 0 ? Bytes / Nanoseconds : 0;
}

/// <summary>Where the time of a training step goes.</summary>
/// <param name="StepTime">Mean of the steps that were measured.</param>
/// <param name="Threads">That ran the steps: one where that takes less time than all.</param>
/// <param name="Limits">Of the machine with so many threads.</param>
/// <param name="Kernels">In the order in which they run.</param>
public sealed record StepProfile(TimeSpan StepTime, int Threads, Roofline Limits, ImmutableArray<KernelProfile> Kernels)
{
    internal static StepProfile Of(LoopProgram program, ReadOnlySpan<long> ticks, TimeSpan stepTime, int threads)
    {
        var one = Roofline.Measure(1);
        var all = threads == 1 ? one : Roofline.Measure(threads);
        var total = 0.0;
        foreach (var t in ticks) total += t;
        var kernels = ImmutableArray.CreateBuilder<KernelProfile>(ticks.Length);
        for (var i = 0; i < ticks.Length; i++)
        {
            var call = program.Calls[i];
            var isShared = call.IsParallel && threads > 1;
            var (cost, limits, share) = (KernelCost.Of(call.Kernel), isShared ? all : one, total > 0 ? ticks[i] / total : 0);
            var least = Math.Max(cost.Flops / limits.Gigaflops, cost.Bytes / limits.Gigabytes);
            var time = stepTime.TotalNanoseconds * share;
            var ofLimit = time > 0 ? least / time : 0;
            kernels.Add(new(call.Kernel.Name, share, time, cost.Flops, cost.Bytes, isShared, ofLimit, call.Kernel.Locations));
        }
        return new(stepTime, threads, all, kernels.MoveToImmutable());
    }

    /// <summary>A table with a line for each kernel; ∥ marks those that all threads share.</summary>
    public override string ToString()
    {
        var text = new StringBuilder();
        text.Append(CultureInfo.InvariantCulture, $"{StepTime.TotalMicroseconds:f2} µs a step, {Threads} threads; ");
        text.AppendLine(CultureInfo.InvariantCulture, $"limits {Limits.Gigaflops:f0} GFLOP/s, {Limits.Gigabytes:f0} GB/s");
        text.AppendLine(CultureInfo.InvariantCulture, $"{"share",7}{"µs",11}{"GFLOP/s",9}{"GB/s",8}{"of limit",10}  kernel");
        foreach (var k in Kernels)
        {
            var lines = string.Join(", ", k.Locations.Where(l => l.IsKnown).Distinct().Take(3));
            text.Append(CultureInfo.InvariantCulture, $"{k.Share,7:p1}{k.Nanoseconds / 1e3,11:f2}{k.Gigaflops,9:f1}{k.Gigabytes,8:f1}");
            text.AppendLine(CultureInfo.InvariantCulture, $"{k.OfLimit,10:p0}  {(k.IsParallel ? "∥" : " ")} {k.Name} ({lines})");
        }
        return text.ToString();
    }

    /// <summary>Writes the mean step as a trace that chrome://tracing and ui.perfetto.dev show.</summary>
    /// <exception cref="GraphException">SGC3002: the file cannot be written.</exception>
    public void WriteTrace(string path)
    {
        ArgumentNullException.ThrowIfNull(path);
        try
        {
            using var stream = File.Create(path);
            WriteTrace(stream);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException or NotSupportedException)
        {
            throw new GraphException(DiagnosticCode.CannotWrite, $"the trace cannot be written to \"{path}\": {e.Message}");
        }
    }

    private void WriteTrace(Stream stream)
    {
        using var json = new Utf8JsonWriter(stream);
        json.WriteStartObject();
        json.WriteString("displayTimeUnit", "ns");
        json.WriteStartArray("traceEvents");
        var start = 0.0;
        foreach (var kernel in Kernels)
        {
            WriteEvent(json, kernel, start);
            start += kernel.Nanoseconds / 1e3;
        }
        json.WriteEndArray();
        json.WriteEndObject();
    }

    // A complete event of the trace event format; times are microseconds.
    private static void WriteEvent(Utf8JsonWriter json, KernelProfile kernel, double start)
    {
        json.WriteStartObject();
        json.WriteString("name", kernel.Name);
        json.WriteString("ph", "X");
        json.WriteNumber("ts", start);
        json.WriteNumber("dur", kernel.Nanoseconds / 1e3);
        json.WriteNumber("pid", 1);
        json.WriteNumber("tid", 1);
        json.WriteStartObject("args");
        json.WriteNumber("gigaflops", kernel.Gigaflops);
        json.WriteNumber("gigabytes", kernel.Gigabytes);
        json.WriteNumber("of_limit", kernel.OfLimit);
        json.WriteBoolean("parallel", kernel.IsParallel);
        json.WriteString("lines", string.Join(", ", kernel.Locations.Where(l => l.IsKnown).Distinct()));
        json.WriteEndObject();
        json.WriteEndObject();
    }
}
