using System.Collections.Immutable;
using System.Globalization;
using System.Text;
using System.Text.Json;
using GraphCompiler.IR;
using GraphCompiler.IR.Diagnostics;
using GraphCompiler.IR.Loops;
using GraphCompiler.Passes;
using GraphCompiler.Runtime;

namespace GraphCompiler.Frontend;

/// <summary>The part of a training step that one kernel takes.</summary>
/// <param name="Name">What it does.</param>
/// <param name="Share">Of the step's time, from 0 to 1; waiting for other threads included.</param>
/// <param name="Nanoseconds">Of one call.</param>
/// <param name="Flops">Floating-point operations of one call, a multiply-add counted as two.</param>
/// <param name="Bytes">Bytes of its operands and results, each counted once.</param>
/// <param name="IsParallel">Whether all threads take part.</param>
/// <param name="OfLimit">The least time that the machine's operations, caches and memory allow, over the time taken, from 0 to 1. Null
/// where nothing can be said: the kernel takes less than <see cref="StepProfile.LeastTimed"/>, or less time than the limits that were
/// measured allow, so that they are wrong for it.</param>
/// <param name="Locations">Where its operations were written.</param>
public sealed record KernelProfile(string Name, double Share, double Nanoseconds, double Flops, double Bytes, bool IsParallel,
    double? OfLimit, ImmutableArray<Location> Locations)
{
    /// <summary>10⁹ floating-point operations a second.</summary>
    public double Gigaflops => Nanoseconds > 0 ? Flops / Nanoseconds : 0;

    /// <summary>10⁹ bytes a second: what the kernel moves at least, through whatever level of cache.</summary>
    public double Gigabytes => Nanoseconds > 0 ? Bytes / Nanoseconds : 0;

    /// <summary>The lines of its operations, each once.</summary>
    internal IEnumerable<string> Lines => Locations.Where(l => l.IsKnown).Select(l => l.ToString()).Distinct();
}

/// <summary>Where the time of a training step goes.</summary>
/// <param name="StepTime">Mean of the steps that were measured.</param>
/// <param name="Threads">That ran the steps: one where that takes less time than all.</param>
/// <param name="Limits">Of the machine with so many threads.</param>
/// <param name="Kernels">In the order in which they run.</param>
public sealed record StepProfile(TimeSpan StepTime, int Threads, Roofline Limits, ImmutableArray<KernelProfile> Kernels)
{
    /// <summary>Limits that differ by more from before the steps to after them are not steady.</summary>
    public const double SteadyDifference = 0.15;

    /// <summary>Nanoseconds below which the clock does not tell a kernel's time well enough to compare it with a limit.</summary>
    public const double LeastTimed = 100;

    /// <summary>What the step was compiled for.</summary>
    public Precision Precision { get; init; }

    /// <summary>How far the limits before the steps and after them are apart, from 0 to 1; the best are kept.</summary>
    public double LimitsDifference { get; init; }

    /// <summary>Limits of one thread, and of all that run the steps.</summary>
    internal sealed record MachineLimits(Roofline One, Roofline All)
    {
        /// <summary>Measures the machine.</summary>
        public static MachineLimits Measure(int threads)
        {
            var one = Compiler.MeasureLimits(1);
            return new(one, threads == 1 ? one : Compiler.MeasureLimits(threads));
        }
    }

    internal static StepProfile Of(LoopProgram program, ReadOnlySpan<long> ticks, TimeSpan stepTime, int threads, MachineLimits before,
        MachineLimits after)
    {
        var (one, all) = (before.One.Best(after.One), before.All.Best(after.All));
        var total = 0.0;
        foreach (var t in ticks) total += t;
        var kernels = ImmutableArray.CreateBuilder<KernelProfile>(ticks.Length);
        for (var i = 0; i < ticks.Length; i++)
        {
            var call = program.Calls[i];
            var isShared = call.IsParallel && threads > 1;
            var (cost, share) = (KernelCost.Of(call.Kernel), total > 0 ? ticks[i] / total : 0);
            var time = stepTime.TotalNanoseconds * share;
            var ofLimit = OfLimit((isShared ? all : one).LeastNanoseconds(cost.Flops, cost.Bytes), time);
            kernels.Add(new(call.Kernel.Name, share, time, cost.Flops, cost.Bytes, isShared, ofLimit, call.Kernel.Locations));
        }
        var difference = Math.Max(before.One.DifferenceFrom(after.One), before.All.DifferenceFrom(after.All));
        return new(stepTime, threads, all, kernels.MoveToImmutable()) { LimitsDifference = difference };
    }

    /// <summary>The part of the time that a limit explains; null for a time that the clock or the limit is wrong about.</summary>
    internal static double? OfLimit(double least, double nanoseconds) =>
        nanoseconds >= LeastTimed && least <= nanoseconds ? least / nanoseconds : null;

    /// <summary>A table with a line for each kernel; ∥ marks those that all threads share.</summary>
    public override string ToString()
    {
        var text = new StringBuilder();
        text.Append(CultureInfo.InvariantCulture, $"{StepTime.TotalMicroseconds:f2} µs a step, {Threads} threads");
        text.Append(Precision == Precision.BFloat16 ? ", products of bf16; " : "; ");
        text.Append(CultureInfo.InvariantCulture, $"limits {Limits.Gigaflops:f0} GFLOP/s, ");
        foreach (var cache in Limits.Caches)
            text.Append(CultureInfo.InvariantCulture, $"{cache.Gigabytes:f0} GB/s up to {cache.Bytes >> 10} KiB, ");
        text.AppendLine(CultureInfo.InvariantCulture, $"{Limits.Gigabytes:f0} GB/s of memory");
        if (LimitsDifference > SteadyDifference)
            text.AppendLine(CultureInfo.InvariantCulture,
                $"not steady: before and after the steps the limits differ by {LimitsDifference:p0}, so the times may, too");
        text.AppendLine(CultureInfo.InvariantCulture, $"{"share",7}{"µs",11}{"GFLOP/s",9}{"GB/s",8}{"of limit",10}  kernel");
        foreach (var k in Kernels)
        {
            var lines = string.Join(", ", k.Lines.Take(3));
            text.Append(CultureInfo.InvariantCulture, $"{k.Share,7:p1}{k.Nanoseconds / 1e3,11:f2}{k.Gigaflops,9:f1}{k.Gigabytes,8:f1}");
            var ofLimit = k.OfLimit is { } part ? part.ToString("p0", CultureInfo.InvariantCulture) : "-";
            text.AppendLine(CultureInfo.InvariantCulture, $"{ofLimit,10}  {(k.IsParallel ? "∥" : " ")} {k.Name} ({lines})");
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
        if (kernel.OfLimit is { } part) json.WriteNumber("of_limit", part);
        json.WriteBoolean("parallel", kernel.IsParallel);
        json.WriteString("lines", string.Join(", ", kernel.Lines));
        json.WriteEndObject();
        json.WriteEndObject();
    }
}
