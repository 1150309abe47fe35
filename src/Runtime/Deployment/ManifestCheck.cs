using System.Collections.Immutable;
using System.Globalization;

namespace GraphCompiler.Runtime.Deployment;

/// <summary>What holds of every manifest that the compiler writes, so that whoever reads one can rely on it.</summary>
/// <remarks>
/// Names are not empty and are unique within their list. Element types and roles are known, shapes have room in a span, sizes are not
/// negative. Several sizes of batches differ in their rows alone. The step gives one loss, a function any outputs; the prediction gives one
/// output, reads states of the step, and is in every variant or in none. Parameters are states, and rates are parameters. Files are names
/// in the manifest's own folder, and a library is the model's own.
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
            || m.Rates.IsDefault || m.Initial.IsDefault || m.Weights.IsDefault || m.OtherSizes.IsDefault ? "a list is missing"
        : OfSizes(m) ?? OfStates(m) ?? OfVariants(m) ?? m.Files.Select(f => OfFile(m, f)).FirstOrDefault(r => r is not null)
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

    // A model of one size has 0 rows; of several the batches tell by an input which one they are of.
    private static string? OfSizes(ModelManifest m)
    {
        if (m.Rows < 0 || (m.Rows == 0 && m.OtherSizes.Length > 0)) return $"batches of {m.Rows} rows";
        foreach (var size in m.OtherSizes)
            if (size is null || size.Rows < 1 || size.Training.IsDefaultOrEmpty || size.Prediction.IsDefault)
                return "a size of batches lacks its rows or a list";
        foreach (var size in m.Sizes)
        {
            var refusal = OfBuffers("the step", size.Training) ?? OfBuffers("the prediction", size.Prediction)
                ?? OfPrograms(m.IsFunction, size) ?? OfStatesOf(m, size);
            if (refusal is not null) return refusal;
        }
        foreach (var other in m.OtherSizes)
            if (!HaveSame(m.Training, other.Training) || !HaveSame(m.Prediction, other.Prediction))
                return $"for {other.Rows} rows it has other inputs or outputs than for {m.Rows}";
        if (m.Rows > 0 && (SizedProgram.RowInput(m.Sizes, s => s.Training) < 0
            || (m.Prediction.Length > 0 && SizedProgram.RowInput(m.Sizes, s => s.Prediction) < 0)))
            return "no input has the rows as its first size";
        return OfUnique("sizes of batches", m.Sizes.Select(s => s.Rows.ToString(CultureInfo.InvariantCulture)));
    }

    private static bool HaveSame(ImmutableArray<ManifestBuffer> one, ImmutableArray<ManifestBuffer> other) =>
        one.Where(b => b.Role != BufferRole.State).Select(b => (b.Name, b.Role, b.Type))
            .SequenceEqual(other.Where(b => b.Role != BufferRole.State).Select(b => (b.Name, b.Role, b.Type)));

    private static string? OfPrograms(bool isFunction, ManifestSize m)
    {
        var losses = m.Training.Where(b => b is { Role: BufferRole.Output, Name: "loss" }).ToList();
        if (isFunction && (m.Prediction.Length > 0 || m.Training.All(b => b.Role != BufferRole.Output)))
            return "the function gives nothing, or has a prediction beside it";
        if (!isFunction && losses is not [{ Type: ElementType.F32 or ElementType.F64 or ElementType.BF16 or ElementType.F16, Shape: [] }])
            return "the step gives no loss that is a floating-point scalar";
        if (m.Prediction.Length > 0 && m.Prediction.Count(b => b.Role == BufferRole.Output) != 1)
            return "the prediction gives no single output";
        return null;
    }

    // Every step holds the states of the first; a prediction reads some of them.
    private static string? OfStatesOf(ModelManifest m, ManifestSize size)
    {
        var states = m.Training.Where(b => b.Role == BufferRole.State).ToDictionary(b => b.Name);
        foreach (var state in size.Training.Concat(size.Prediction).Where(b => b.Role == BufferRole.State))
            if (!states.TryGetValue(state.Name, out var known) || known.Type != state.Type || !known.Shape.SequenceEqual(state.Shape))
                return $"'{state.Name}' is read, which the step does not hold as such";
        return size.Training.Count(b => b.Role == BufferRole.State) == states.Count ? null : "a step lacks states of another";
    }

    private static string? OfStates(ModelManifest m)
    {
        var states = m.Training.Where(b => b.Role == BufferRole.State).ToDictionary(b => b.Name);
        foreach (var parameter in m.Parameters)
            if (parameter is null || !states.ContainsKey(parameter)) return $"parameter '{parameter}' is no state of the step";
        foreach (var rate in m.Rates)
            if (!m.Parameters.Contains(rate) || states[rate] is not { Type: ElementType.F64, Shape: [] })
                return $"the rate '{rate}' is no parameter that is one f64";
        foreach (var initial in m.Initial)
            if (initial is null || !states.ContainsKey(initial)) return $"'{initial}' has first elements and is no state of the step";
        foreach (var weight in m.Weights)
            if (weight is null || !states.ContainsKey(weight)) return $"the weight '{weight}' is no state of the step";
        return OfUnique("parameters", m.Parameters) ?? OfUnique("rates", m.Rates) ?? OfUnique("weights", m.Weights)
            ?? OfUnique("states with first elements", m.Initial);
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
            if (variant.OtherSizes.IsDefault || variant.OtherSizes.Length != m.OtherSizes.Length || variant.OtherSizes.Contains(null!)
                || variant.Sizes.Any(s => s.Prediction is null != m.Prediction.IsEmpty))
                return $"the prediction or a size for {variant.Target} has no code, or code and no buffers";
            foreach (var entry in variant.Sizes.SelectMany(s => new[] { s.Training, s.Prediction }))
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
