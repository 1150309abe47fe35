using System.Collections.Immutable;

namespace GraphCompiler.Runtime.Deployment;

/// <summary>What holds of every manifest that the compiler writes, so that whoever reads one can rely on it.</summary>
/// <remarks>
/// Names are not empty and are unique within their list. Element types and roles are known, shapes have room in a span, sizes are not
/// negative. The step gives one loss, a function any outputs; the prediction gives one output, reads states of the step, and is in every
/// variant or in none. Parameters are states, and rates are parameters. Files are names in the manifest's own folder, and a library is the
/// model's own.
/// That the numbers are those of the code is checked against the library, which carries the manifest it was linked with.
/// </remarks>
internal static class ManifestCheck
{
    private const int Sha256Digits = 64;
    private const long MostArenaBytes = 1L << 44;

    /// <summary>What is wrong, or null.</summary>
    public static string? Refusal(ModelManifest m) =>
        ModelName.Refusal(m.Model) is { } name ? $"the model's name {name}"
        : !IsHash(m.SourceSha256) ? "the source's hash is none"
        : m.MaxThreads < 1 ? $"{m.MaxThreads} threads"
        : m.Training.IsDefaultOrEmpty || m.Prediction.IsDefault || m.Parameters.IsDefault || m.Files.IsDefault
            || m.Rates.IsDefault || m.Initial.IsDefault ? "a list is missing"
        : OfBuffers("the step", m.Training) ?? OfBuffers("the prediction", m.Prediction) ?? OfPrograms(m)
            ?? OfVariants(m) ?? m.Files.Select(f => OfFile(m, f)).FirstOrDefault(r => r is not null)
            ?? OfUnique("files", m.Files.Select(f => f.Name.ToUpperInvariant()));

    private static string? OfBuffers(string program, ImmutableArray<ManifestBuffer> buffers)
    {
        foreach (var buffer in buffers)
        {
            if (buffer is null || buffer.Name.Length == 0 || buffer.Shape.IsDefault)
                return $"a buffer of {program} lacks a name or a shape";
            if (!Enum.IsDefined(buffer.Role)) return $"'{buffer.Name}' of {program} has an unknown role";
            if (!Enum.IsDefined(buffer.Type)) return $"'{buffer.Name}' of {program} has an unknown element type";
            var elements = 1L;
            foreach (var size in buffer.Shape)
            {
                // Every factor is below 2^31, and so is the product before it: no overflow.
                elements *= size;
                if (size < 0 || elements > int.MaxValue)
                    return $"'{buffer.Name}' of {program} has {string.Join('x', buffer.Shape)} elements";
            }
        }
        return OfUnique($"buffers of {program}", buffers.Select(b => b.Name));
    }

    private static string? OfPrograms(ModelManifest m)
    {
        var losses = m.Training.Where(b => b is { Role: BufferRole.Output, Name: "loss" }).ToList();
        if (m.IsFunction && (m.Prediction.Length > 0 || m.Training.All(b => b.Role != BufferRole.Output)))
            return "the function gives nothing, or has a prediction beside it";
        if (!m.IsFunction && losses is not [{ Type: ElementType.F32 or ElementType.F64 or ElementType.BF16 or ElementType.F16, Shape: [] }])
            return "the step gives no loss that is a floating-point scalar";
        if (m.Prediction.Length > 0 && m.Prediction.Count(b => b.Role == BufferRole.Output) != 1)
            return "the prediction gives no single output";
        var states = m.Training.Where(b => b.Role == BufferRole.State).ToDictionary(b => b.Name);
        foreach (var state in m.Prediction.Where(b => b.Role == BufferRole.State))
            if (!states.TryGetValue(state.Name, out var known) || known.Type != state.Type || !known.Shape.SequenceEqual(state.Shape))
                return $"the prediction reads '{state.Name}', which the step does not hold as such";
        foreach (var parameter in m.Parameters)
            if (parameter is null || !states.ContainsKey(parameter)) return $"parameter '{parameter}' is no state of the step";
        foreach (var rate in m.Rates)
            if (!m.Parameters.Contains(rate) || states[rate] is not { Type: ElementType.F64, Shape: [] })
                return $"the rate '{rate}' is no parameter that is one f64";
        foreach (var initial in m.Initial)
            if (initial is null || !states.ContainsKey(initial)) return $"'{initial}' has first elements and is no state of the step";
        return OfUnique("parameters", m.Parameters) ?? OfUnique("rates", m.Rates) ?? OfUnique("states with first elements", m.Initial);
    }

    private static string? OfVariants(ModelManifest m)
    {
        if (m.Variants.IsDefaultOrEmpty) return "there is no variant";
        foreach (var variant in m.Variants)
        {
            if (variant is null || variant.Target.Length == 0
                || variant.CpuFeatures.IsDefault || variant.CpuFeatures.Any(string.IsNullOrEmpty))
                return "a variant lacks a target or its features";
            if (!IsHash(variant.ObjectSha256)) return $"the hash of the object for {variant.Target} is none";
            if (variant.Prediction is null != m.Prediction.IsEmpty)
                return $"the prediction for {variant.Target} has no code, or code and no buffers";
            foreach (var entry in new[] { variant.Training, variant.Prediction })
                if (entry is not null && (entry.Symbol.Length == 0 || entry.ArenaBytes is < 0 or > MostArenaBytes))
                    return $"an entry for {variant.Target} lacks a symbol, or has an arena of {entry.ArenaBytes} bytes";
        }
        return OfUnique("targets", m.Variants.Select(v => v.Target));
    }

    // Also a backslash and a colon, which lead out of the folder on Windows.
    private static string? OfFile(ModelManifest m, ManifestFile? file) =>
        file is null || file.Name.Length == 0 || file.Name is "." or ".." || file.Name.AsSpan().ContainsAny("/\\:\0")
            ? $"'{file?.Name}' is not a file of the manifest's folder"
        : !IsHash(file.Sha256) ? $"the hash of '{file.Name}' is none"
        : file.Name.EndsWith(".so", StringComparison.OrdinalIgnoreCase) && file.Name != m.Library
            ? $"'{file.Name}' is not the model's library"
        : null;

    private static string? OfUnique(string what, IEnumerable<string> names) =>
        names.GroupBy(n => n).FirstOrDefault(g => g.Count() > 1) is { } twice ? $"two {what} are named '{twice.Key}'" : null;

    private static bool IsHash(string text) => text.Length == Sha256Digits && text.All(char.IsAsciiHexDigitLower);
}
