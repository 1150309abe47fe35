using System.Collections.Immutable;
using System.ComponentModel;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace GraphCompiler.Runtime.Deployment;

/// <summary>A model that was compiled ahead of time: the base of generated facades.</summary>
/// <remarks>
/// For one thread at a time: a second one gets SGC5005.
/// The constructor reads NAME.json and checks it, hashes, ABI, architecture and processor before any native code is loaded. Then the
/// library's own copy of the manifest must be the same: no number that memory is sized with comes from the file alone. It picks the best
/// variant that this processor runs, and sets the parameters to the declared initial values.
/// Spans of parameters, metrics and predictions keep their memory alive, also when the model is disposed or collected.
/// </remarks>
public abstract unsafe partial class CompiledModel : IDisposable
{
    private readonly VariableStore _states = new();
    private readonly SizedProgram _training;
    private readonly SizedProgram? _prediction;
    private readonly ModelManifest _manifest;
    private readonly ElementType _lossType;

    /// <summary>Loads a model.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="sourceSha256">Of the IR that the facade was written for.</param>
    /// <param name="threads">Most threads of a step, the caller's included, of which no more run than there are processors; 0 for one per
    /// processor, as far as compiled for.</param>
    /// <param name="folder">Where NAME.json and the library are; null for the program's folder.</param>
    /// <exception cref="RuntimeException">SGC6001, SGC7201 to SGC7207: files are missing, altered or do not fit this machine.</exception>
    [EditorBrowsable(EditorBrowsableState.Never)]
    protected CompiledModel(string name, string sourceSha256, int threads, string? folder)
    {
        folder ??= AppContext.BaseDirectory;
        _manifest = ModelManifest.Read(Path.Combine(folder, $"{name}.json"));
        if (_manifest.Model != name || _manifest.SourceSha256 != sourceSha256)
            throw new RuntimeException(RuntimeCode.MismatchedFacade,
                $"facade and manifest of '{name}' in '{folder}' come from different builds; copy all files of one build");
        var variant = Choose(_manifest, folder);
        Target = variant.Target;
        if (threads < 0 || threads > _manifest.MaxThreads)
            throw new RuntimeException(RuntimeCode.TooManyThreads,
                $"model '{name}' was compiled for 1 to {_manifest.MaxThreads} threads, and {threads} are asked for; "
                    + $"build it with --threads {threads}");
        if (threads == 0) threads = _manifest.MaxThreads; // Of which no more run than there are processors.
        var library = Path.GetFullPath(Path.Combine(folder, _manifest.Library));
        try
        {
            Initialize(library);
            _training = Load(library, variant.Sizes.Select(s => s.Training), s => s.Training, threads);
            if (variant.Prediction is not null)
                _prediction = Load(library, variant.Sizes.Select(s => s.Prediction!), s => s.Prediction, threads);
            if (!_manifest.IsFunction) _lossType = _manifest.Training.Single(b => b is { Role: BufferRole.Output, Name: "loss" }).Type;
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <summary>The processor level whose code runs.</summary>
    public string Target { get; }

    /// <summary>Threads of a training step or run.</summary>
    public int Threads => _training.Last.Threads;

    /// <summary>The rows of the batches that the model was compiled for, as <c>graphc build --batch</c> named them; none where its
    /// declaration has one size alone. A call takes the code for the rows that it is given.</summary>
    public IReadOnlyList<int> BatchSizes => [.. _manifest.Sizes.Select(s => s.Rows).Where(r => r > 0)];

    /// <summary>The parameters' names: the model's variables, settable rates, and averages of variables.</summary>
    public IReadOnlyList<string> ParameterNames => _manifest.Parameters;

    /// <summary>A parameter's elements, to read or to set between steps; no copy.</summary>
    /// <exception cref="RuntimeException">SGC5002: disposed. SGC5003: other element type. SGC5004: unknown name. SGC5005: run by
    /// another thread.</exception>
    public Span<T> Parameter<T>(string name) where T : unmanaged
    {
        ArgumentNullException.ThrowIfNull(name);
        if (_manifest.Parameters.Contains(name)) return _training.Last.State<T>(name);
        throw new RuntimeException(RuntimeCode.UnknownArgument,
            $"no parameter is named '{name}'; there are: {string.Join(", ", _manifest.Parameters)}");
    }

    /// <summary>The rate of the next steps, where the optimizer has one that is settable: <c>Schedule.Settable</c>.</summary>
    /// <remarks>Of several each is a parameter: <c>model.Parameter&lt;double&gt;("parametergroups/rate")[0]</c>.</remarks>
    /// <exception cref="RuntimeException">SGC5002: disposed. SGC5004: no rate is settable, or several are. SGC5005: run by another thread.
    /// SGC5011: set to a number that is not in [0, ∞).</exception>
    public double LearningRate
    {
        get => Parameter<double>(NameOfRate())[0];
        set
        {
            var rate = Parameter<double>(NameOfRate());
            if (!(value >= 0 && double.IsFinite(value)))
                throw new RuntimeException(RuntimeCode.BadArgument, $"{nameof(LearningRate)} must be at least 0 and finite, got {value}");
            rate[0] = value;
        }
    }

    /// <summary>Writes parameters and optimizer state to a file, see <see cref="VariableStore.Save(string)"/>.</summary>
    /// <exception cref="RuntimeException">SGC5002: disposed. SGC5005: run by another thread. SGC6001: the file cannot be
    /// written.</exception>
    public void Save(string path) => _states.Save(path);

    /// <summary>Takes over parameters and optimizer state of a file that this model wrote, or a store with the same variables. On an error
    /// nothing has changed.</summary>
    /// <exception cref="RuntimeException">SGC5002: disposed. SGC5005: run by another thread. SGC6001: no such file, or it cannot be read.
    /// SGC7208: not a checkpoint of these variables, cut short or altered.</exception>
    public void Load(string path) => _states.Load(path);

    /// <summary>Writes parameters and the model's state, without the optimizer's, as a safetensors file: the bytes of
    /// <see cref="VariableStore.SaveWeights(string)"/> for the same variables, and of <c>NAME_save_weights</c> in C.</summary>
    /// <exception cref="RuntimeException">As for <see cref="VariableStore.SaveWeights(string)"/>.</exception>
    public void SaveWeights(string path) => _states.SaveWeights(path);

    /// <summary>Takes parameters and the model's state over from a safetensors file of whatever program, by name; the optimizer's state
    /// stays.</summary>
    /// <inheritdoc cref="VariableStore.LoadWeights(string, bool, Func{string, string})"/>
    public WeightReport LoadWeights(string path, bool partial = false, Func<string, string>? rename = null) =>
        _states.LoadWeights(path, partial, rename);

    /// <summary>Frees memory and code. Can be called twice.</summary>
    public void Dispose()
    {
        _prediction?.Dispose();
        _training?.Dispose();
        _states.Dispose();
        GC.SuppressFinalize(this);
    }

    private string NameOfRate() => _manifest.Rates is [var rate] ? rate : throw new RuntimeException(RuntimeCode.UnknownArgument,
        _manifest.Rates.Length == 0 ? $"no learning rate of '{_manifest.Model}' is settable; declare one: Schedule.Settable(1e-3)"
            : $"several rates of '{_manifest.Model}' are settable; set one by its name with Parameter<double>: "
                + string.Join(", ", _manifest.Rates));

    private static ManifestVariant Choose(ModelManifest manifest, string folder)
    {
        if (manifest.Platform != ModelManifest.HostPlatform)
            throw new RuntimeException(RuntimeCode.WrongArchitecture,
                $"model '{manifest.Model}' was built for {manifest.Platform}, and this is {ModelManifest.HostPlatform}");
        if (manifest.Files.All(f => f.Name != manifest.Library))
            throw new RuntimeException(RuntimeCode.FileMissing,
                $"model '{manifest.Model}' was built without a shared library; build it with 'shared' in --emit");
        // The facade itself is a file of its own only where the program was not compiled to native code.
        foreach (var file in manifest.Files)
            if (file.Name == manifest.Library || File.Exists(Path.Combine(folder, file.Name))) manifest.Verify(folder, file);
        if (!manifest.Variants.Any(v => v.CpuFeatures.All(CpuFeatures.IsSupported))) throw Unsupported(manifest);
        using var code = NativeCode.Open(Path.GetFullPath(Path.Combine(folder, manifest.Library)));
        if (Marshal.PtrToStringUTF8(code.Symbol($"{manifest.Model}_manifest")) != manifest.Contents)
            throw new RuntimeException(RuntimeCode.AlteredArtefact,
                $"'{manifest.Library}' was linked with another manifest than '{manifest.Model}.json' in '{folder}'; build the model again");
        // Also asks whether the system saves the registers, for which C# has no instruction.
        var isSupported = (delegate* unmanaged<int, int>)code.Symbol($"{manifest.Model}_is_supported");
        for (var i = 0; i < manifest.Variants.Length; i++)
            if (manifest.Variants[i].CpuFeatures.All(CpuFeatures.IsSupported) && isSupported(i) != 0) return manifest.Variants[i];
        throw Unsupported(manifest);
    }

    private static RuntimeException Unsupported(ModelManifest manifest)
    {
        var last = manifest.Variants[^1];
        var missing = last.CpuFeatures.Where(f => !CpuFeatures.IsSupported(f)).ToList();
        return new(RuntimeCode.MissingCpuFeature,
            $"model '{manifest.Model}' for {last.Target} needs {string.Join(", ", last.CpuFeatures)}; of these processor and system lack"
            + $" {(missing.Count > 0 ? string.Join(", ", missing) : "the saving of vector registers")}; build it for a lower --target");
    }

    private SizedProgram Load(string path, IEnumerable<ManifestEntry> entries,
        Func<ManifestSize, ImmutableArray<ManifestBuffer>> buffersOf, int threads)
    {
        List<Executable> executables = [];
        try
        {
            foreach (var (entry, size) in entries.Zip(_manifest.Sizes)) executables.Add(Load(path, entry, buffersOf(size), threads));
            return new SizedProgram(_manifest.Model, _manifest.Sizes, buffersOf, executables);
        }
        catch
        {
            foreach (var executable in executables) executable.Dispose();
            throw;
        }
    }

    private Executable Load(string path, ManifestEntry entry, ImmutableArray<ManifestBuffer> buffers, int threads)
    {
        var code = NativeCode.Open(path);
        var layout = new ExecutableLayout([.. buffers.Select(b => b.ToLayout())], entry.ArenaBytes, entry.Parallel)
        {
            UpdatesStates = entry.UpdatesStates,
        };
        try
        {
            return new Executable(code, code.Symbol(entry.Symbol), layout, threads, _states);
        }
        catch
        {
            code.Dispose();
            throw;
        }
    }

    // The library holds the first elements of some states one after another; the others are zero at first.
    private void Initialize(string path)
    {
        using var code = NativeCode.Open(path);
        var from = (byte*)code.Symbol($"{_manifest.Model}_initial");
        List<VariableDeclaration> declarations = [];
        var starts = new Dictionary<string, nint>();
        foreach (var name in _manifest.Initial)
        {
            starts.Add(name, (nint)from);
            from += _manifest.Training.Single(b => b.Name == name).ToLayout().Bytes;
        }
        foreach (var state in _manifest.Training.Where(b => b.Role == BufferRole.State))
        {
            var role = _manifest.Weights.Contains(state.Name) ? VariableRole.State : VariableRole.Optimizer;
            var fill = !starts.TryGetValue(state.Name, out var start) ? default(Action<PinnedMemory>)
                : m => Buffer.MemoryCopy((void*)start, m.Address, m.Bytes, m.Bytes);
            declarations.Add(new(state.ToLayout(), role, fill));
        }
        _states.Declare(declarations);
    }

    private sealed class NativeCode() : SafeHandleZeroOrMinusOneIsInvalid(ownsHandle: true)
    {
        public static NativeCode Open(string path)
        {
            if (!NativeLibrary.TryLoad(path, out var handle))
                throw new RuntimeException(RuntimeCode.WrongArchitecture,
                    $"the system cannot load '{path}'; a library that it needs may be missing (see ldd)");
            var code = new NativeCode();
            code.SetHandle(handle);
            return code;
        }

        public nint Symbol(string name) => NativeLibrary.TryGetExport(handle, name, out var address)
            ? address
            : throw new RuntimeException(RuntimeCode.AlteredArtefact, $"the library does not export '{name}'; build the model again");

        protected override bool ReleaseHandle()
        {
            NativeLibrary.Free(handle);
            return true;
        }
    }
}
