using GraphCompiler.Runtime.Files;

namespace GraphCompiler.Runtime;

// Copies of variables, and files that other programs read too: safetensors.
public sealed partial class VariableStore
{
    /// <summary>A copy of all variables.</summary>
    /// <exception cref="RuntimeException">As for <see cref="VariableSnapshot.Update"/>.</exception>
    public VariableSnapshot Snapshot()
    {
        var snapshot = new VariableSnapshot(this);
        snapshot.Update();
        return snapshot;
    }

    /// <summary>Sets all variables to what they were when a copy was made.</summary>
    /// <param name="snapshot">Of this store, or of one with the same variables.</param>
    /// <exception cref="RuntimeException">SGC5002: the store is disposed. SGC5005: another thread runs a function of this store. SGC6006:
    /// the copy has other variables. Nothing has changed then.</exception>
    public void Restore(VariableSnapshot snapshot)
    {
        ArgumentNullException.ThrowIfNull(snapshot);
        var entries = Ordered();
        var byName = snapshot.Copies.ToDictionary(c => c.Info.Name);
        var copies = Array.ConvertAll(entries, e => byName.TryGetValue(e.Info.Name, out var copy) && HasTypeOf(e, copy.Info) ? copy.Memory
            : throw new RuntimeException(RuntimeCode.Mismatch,
                $"the copy has no variable {e.Info.Name} : {e.Info.TypeText}, as the store has"));
        if (byName.Count > entries.Length)
            throw new RuntimeException(RuntimeCode.Mismatch,
                $"the copy has {byName.Count} variables, and the store {entries.Length}: the others are not of this store");
        Replace([.. entries.Zip(copies)]);
    }

    /// <summary>Writes parameters and the model's state, without the optimizer's, as a safetensors file, with checksums: whole or not at
    /// all, and to the disk itself.</summary>
    /// <remarks>Copies the variables first; steps may go on when they are copied.</remarks>
    /// <exception cref="RuntimeException">SGC5002: the store is disposed. SGC5005: another thread runs a function that replaces variables.
    /// SGC6001: the file cannot be written, or the disk is full.</exception>
    public void SaveWeights(string path)
    {
        ArgumentNullException.ThrowIfNull(path);
        Snapshot().Save(path, include: IsWeight);
    }

    /// <summary>Takes parameters and the model's state over from a safetensors file, by name; the optimizer's state stays.</summary>
    /// <param name="path">Of whatever program. Checksums are compared where it has them.</param>
    /// <param name="partial">Whether a variable that the file does not have, or has with another type or shape, is left as it is. By
    /// default it is SGC6006.</param>
    /// <param name="rename">The name that a variable has in the file; its own when null.</param>
    /// <returns>What was taken over and what was not. Tensors that are no variable's are no error.</returns>
    /// <exception cref="RuntimeException">SGC5002: the store is disposed. SGC5005: another thread runs a function of this store. SGC5010:
    /// no memory. SGC6001, SGC6002, SGC6003, SGC6005: the file is missing, not in the format, cut short, or altered. SGC6006: a variable is
    /// not in it, or has another type or shape. Nothing has changed then; the message names the tensor.</exception>
    public WeightReport LoadWeights(string path, bool partial = false, Func<string, string>? rename = null)
    {
        ArgumentNullException.ThrowIfNull(path);
        using var file = TensorFile.Open(path);
        return Load(file, [.. Ordered().Where(e => IsWeight(e.Info))], partial, rename);
    }

    /// <summary>Takes all variables over from a file that has them all, the optimizer's state included.</summary>
    /// <exception cref="RuntimeException">As for <see cref="LoadWeights"/>, and SGC6006: the file has tensors that are no
    /// variable's.</exception>
    public void Restore(TensorFile file)
    {
        ArgumentNullException.ThrowIfNull(file);
        var entries = Ordered();
        var names = entries.Select(e => e.Info.Name).ToHashSet();
        if (file.Tensors.FirstOrDefault(t => !names.Contains(t.Name)) is { } other)
            throw new RuntimeException(RuntimeCode.Mismatch,
                $"{file.Name} has tensor '{TensorHeader.Shown(other.Name)}', and the store has no such variable");
        Load(file, entries, partial: false, rename: null);
    }

    internal void CopyTo(VariableSnapshot snapshot)
    {
        var entries = Ordered();
        var copies = snapshot.Copies;
        if (!copies.Select(c => c.Info).SequenceEqual(entries.Select(e => e.Info)))
            copies = Array.ConvertAll(entries, e => (e.Info, new PinnedMemory(e.ElementBytes)));
        EnterToRead();
        for (var i = 0; i < entries.Length; i++) Copy(entries[i].Memory, copies[i].Memory, entries[i].ElementBytes);
        Gate.ExitFromReading();
        snapshot.Copies = copies;
    }

    private static bool IsWeight(VariableInfo variable) => variable.Role != VariableRole.Optimizer;

    // Read and checked as a whole before anything changes.
    private WeightReport Load(TensorFile file, Entry[] entries, bool partial, Func<string, string>? rename)
    {
        List<(Entry Entry, TensorEntry Tensor)> found = [];
        List<string> missing = [], different = [];
        foreach (var entry in entries)
        {
            var name = rename?.Invoke(entry.Info.Name) ?? entry.Info.Name;
            if (!file.Contains(name)) missing.Add($"{file.Name} has no tensor '{name}', which the variable {entry.Info} needs");
            else if (HasTypeOf(entry, file.Find(name))) found.Add((entry, file.Find(name)));
            else different.Add($"{file.Name} has tensor '{name}' as {file.Find(name).TypeText}, and the variable is {entry.Info}");
        }
        if (!partial && different.Concat(missing).FirstOrDefault() is { } first) throw new RuntimeException(RuntimeCode.Mismatch, first);
        (Entry Entry, PinnedMemory Memory)[] read = [.. found.Select(f => (f.Entry, Read(file, f.Tensor)))];
        Replace(read);
        var used = found.Select(f => f.Tensor.Name).ToHashSet();
        return new([.. found.Select(f => f.Entry.Info.Name)], [.. missing], [.. different],
            [.. file.Tensors.Select(t => t.Name).Where(n => !used.Contains(n))]);
    }

    private static PinnedMemory Read(TensorFile file, TensorEntry tensor)
    {
        var memory = new PinnedMemory(tensor.Bytes);
        file.Read(tensor, memory.Slice);
        return memory;
    }

    private static bool HasTypeOf(Entry entry, VariableInfo other) =>
        entry.Info.Type == other.Type && entry.Info.Dimensions.AsSpan().SequenceEqual(other.Dimensions.AsSpan());

    private static bool HasTypeOf(Entry entry, TensorEntry other) =>
        entry.Info.Type == other.Type && entry.Info.Dimensions.Select(d => (long)d).SequenceEqual(other.Dimensions);

    private void Replace((Entry Entry, PinnedMemory Memory)[] all)
    {
        EnterAlone();
        foreach (var (entry, memory) in all) Copy(memory, entry.Memory, entry.ElementBytes);
        Gate.ExitAlone();
    }

    private static void Copy(PinnedMemory from, PinnedMemory to, long bytes)
    {
        for (var at = 0L; at < bytes; at += ChunkBytes) Chunk(from, at, bytes).CopyTo(Chunk(to, at, bytes));
    }
}
