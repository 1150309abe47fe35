using System.Collections.Immutable;
using System.Globalization;
using System.Text;
using GraphCompiler.Runtime;
using GraphCompiler.Runtime.Deployment;

namespace GraphCompiler.Aot;

/// <summary>The C text of a model: its header, and the source that the shared library is linked with.</summary>
internal static partial class CSource
{
    /// <summary>The functions of NAME.h, each named NAME_ and one of these.</summary>
    public static IReadOnlyList<string> Functions { get; } = ["create", "destroy", "train_step", "predict", "run", "parameter_count",
        "parameter_name", "parameter_bytes", "get_parameter", "set_parameter", "get_learning_rate", "set_learning_rate", "save", "load",
        "save_weights", "load_weights", "last_error", "status_text", "batch_size"];

    /// <summary>All C source of the shared library except the header, which it includes.</summary>
    /// <param name="manifest">What to serve.</param>
    /// <param name="initialPath">A file with the initial parameters, to be taken in by the assembler.</param>
    /// <param name="manifestPath">A file with <see cref="ModelManifest.Contents"/>, likewise.</param>
    public static string Library(ModelManifest manifest, string initialPath, string manifestPath)
    {
        var name = manifest.Model;
        // In the order in which a checkpoint has them.
        var states = manifest.Training.Where(b => b.Role == BufferRole.State).OrderBy(b => b.Name, StringComparer.Ordinal).ToList();
        var outputs = manifest.Training.Count(b => b.Role == BufferRole.Output) + 1;
        var text = new StringBuilder();
        text.Append($$"""
            #define _GNU_SOURCE
            #include "{{name}}.h"
            #define API __attribute__((visibility("default")))
            #define MODEL_TYPE {{name}}_model
            #define NAME(suffix) {{name}}##suffix
            #define INITIAL {{name}}_initial
            enum { STATE_COUNT = {{states.Count}}, OUTPUT_COUNT = {{outputs}}, PARAMETER_COUNT = {{manifest.Parameters.Length}},
                   SIZE_COUNT = {{manifest.Sizes.Length}}, PROGRAM_COUNT = 2 * SIZE_COUNT,
                   INITIAL_COUNT = {{manifest.Initial.Length}}, WEIGHT_COUNT = {{manifest.Weights.Length}},
                   VARIANT_COUNT = {{manifest.Variants.Length}},
                   MAX_THREADS = {{manifest.MaxThreads}} };
            enum { ROLE_INPUT, ROLE_STATE, ROLE_OUTPUT };
            typedef void (*entry_function)(void **, uint8_t *, int64_t, int64_t, void *);
            typedef struct { const char *name; int role, index; size_t bytes; } buffer;
            typedef struct { const buffer *buffers; int count; } table;
            typedef struct { const char *name; int state; size_t bytes; } parameter;
            typedef struct { const char *name, *type, *shape; int state; size_t bytes; } weight;
            typedef struct { entry_function entry; int64_t arena_bytes; int parallel; } variant_entry;
            typedef struct { variant_entry entries[PROGRAM_COUNT]; } variant;
            typedef struct { unsigned leaf, subleaf; int result, bit; unsigned saved; } cpu_feature;
            {{Embed($"{name}_initial", initialPath)}}
            {{Embed($"{name}_manifest", manifestPath)}}

            """);
        text.Append($"static const uint8_t states_sha256[] = {{ {string.Join(", ", Convert.FromHexString(manifest.StatesSha256))} }};\n");
        text.Append($"static const size_t state_bytes[] = {{ {string.Join(", ", states.Select(Bytes).Append(0))} }};\n");
        var initial = manifest.Initial.Select(name => states.FindIndex(s => s.Name == name));
        text.Append($"static const int initial_states[] = {{ {string.Join(", ", initial.Append(0))} }};\n");
        Tables(text, manifest, states);
        text.Append("static const parameter parameters[] = {\n");
        foreach (var parameter in manifest.Parameters)
        {
            var state = states.FindIndex(s => s.Name == parameter);
            text.Append(CultureInfo.InvariantCulture, $"    {{ {ModelNames.Literal(parameter)}, {state}, {Bytes(states[state])} }},\n");
        }
        text.Append("    { 0, 0, 0 } };\n");
        Weights(text, states, manifest.Weights);
        Variants(text, manifest);
        foreach (var part in (string[])["cpu.c", "workers.c", "model.c", "sha256.c", "tensors.c", "weights.c"]) Resource(text, part);
        if (manifest.Rows > 0)
        {
            var rows = string.Join(", ", manifest.Sizes.Select(s => s.Rows));
            text.Append($"static const int batch_sizes[] = {{ {rows} }};\n#define BATCH_SIZES \"{rows}\"\n");
            Resource(text, "sizes.c");
        }
        Calls(text, manifest, First(manifest), 0, s => s.Training);
        if (manifest.Prediction.Length > 0) Calls(text, manifest, "predict", 1, s => s.Prediction);
        if (manifest.Rates is [var rate])
        {
            text.Append($"#define RATE {ModelNames.Literal(rate)}\n");
            Resource(text, "rate.c");
        }
        return text.ToString();
    }

    // The bytes of a file as an exported array, and a zero after them.
    private static string Embed(string symbol, string path) => $"""
        __asm__(".section .rodata\n.balign 64\n.globl {symbol}\n{symbol}:\n.incbin \"{path}\"\n.byte 0\n.previous\n");
        extern API const uint8_t {symbol}[];
        """;

    private static void Resource(StringBuilder text, string name)
    {
        using var reader = new StreamReader(typeof(CSource).Assembly.GetManifestResourceStream(name)!);
        text.Append(reader.ReadToEnd());
    }

    // Program 2 n is the step or function of size n, and program 2 n + 1 its prediction.
    private static void Tables(StringBuilder text, ModelManifest manifest, List<ManifestBuffer> states)
    {
        var programs = manifest.Sizes.SelectMany(s => new[] { s.Training, s.Prediction }).ToList();
        foreach (var (number, buffers) in programs.Index()) Table(text, $"buffers_{number}", buffers, states);
        var tables = programs.Select((buffers, number) => $"{{ buffers_{number}, {buffers.Length} }}");
        text.Append($"static const table tables[] = {{ {string.Join(", ", tables)} }};\n");
    }

    private static void Table(StringBuilder text, string table, IReadOnlyList<ManifestBuffer> buffers, List<ManifestBuffer> states)
    {
        var (inputs, outputs) = (0, 0);
        text.Append($"static const buffer {table}[] = {{\n");
        foreach (var b in buffers)
        {
            var index = b.Role switch
            {
                BufferRole.Input => inputs++,
                BufferRole.Output => outputs++,
                _ => states.FindIndex(s => s.Name == b.Name),
            };
            text.Append(CultureInfo.InvariantCulture,
                $"    {{ {ModelNames.Literal(b.Name)}, ROLE_{b.Role.ToString().ToUpperInvariant()}, {index}, {Bytes(b)} }},\n");
        }
        text.Append("    { 0, 0, 0, 0 } };\n");
    }

    // In the order in which the runtime writes them: the largest elements first, so that each tensor is aligned to its own.
    private static void Weights(StringBuilder text, List<ManifestBuffer> states, IReadOnlyCollection<string> weights)
    {
        text.Append("static const weight weights[] = {\n");
        foreach (var w in states.Where(s => weights.Contains(s.Name)).OrderByDescending(s => s.Type.SizeOf()))
            text.Append(CultureInfo.InvariantCulture, $"    {{ {ModelNames.Literal(w.Name)}, \"{w.Type.ToString().ToUpperInvariant()}\", ")
                .Append(CultureInfo.InvariantCulture, $"\"{string.Join(',', w.Shape)}\", {states.IndexOf(w)}, {Bytes(w)} }},\n");
        text.Append("    { 0, 0, 0, 0, 0 } };\n");
    }

    private static void Variants(StringBuilder text, ModelManifest manifest)
    {
        static IEnumerable<ManifestEntry?> Entries(ManifestVariant v) => v.Sizes.SelectMany(s => new[] { s.Training, s.Prediction });
        var entries = manifest.Variants.SelectMany(Entries).OfType<ManifestEntry>();
        foreach (var entry in entries) text.Append($"extern void {entry.Symbol}(void **, uint8_t *, int64_t, int64_t, void *);\n");
        static string Entry(ManifestEntry? e) => e is null ? "{ 0, 0, 0 }" : $"{{ {e.Symbol}, {e.ArenaBytes}, {(e.Parallel ? 1 : 0)} }}";
        text.Append("static const variant variants[] = {\n");
        foreach (var v in manifest.Variants) text.Append($"    {{ {{ {string.Join(", ", Entries(v).Select(Entry))} }} }},\n");
        text.Append("};\nstatic const cpu_feature *const variant_features[] = {\n");
        foreach (var v in manifest.Variants)
        {
            text.Append("    (const cpu_feature[]){\n");
            foreach (var f in v.CpuFeatures.Select(n => CpuFeatures.Find(n)!))
                text.Append(CultureInfo.InvariantCulture,
                    $"        {{ {f.Leaf}u, {f.Subleaf}, {f.Register}, {f.Bit}, {(int)f.Saved} }}, /* {f.Name} */\n");
            text.Append("        { 0, 0, 0, 0, 0 } },\n");
        }
        text.Append("};\n");
    }

    // A function for each size, or of several that which takes the rows as well.
    private static void Calls(StringBuilder text, ModelManifest manifest, string function, int program,
        Func<ManifestSize, ImmutableArray<ManifestBuffer>> buffersOf)
    {
        var sizes = manifest.Sizes;
        if (manifest.Rows == 0)
        {
            Call(text, manifest.Model, function, "", $"{program}", buffersOf(sizes[0]));
            return;
        }
        Call(text, manifest.Model, function, ", int64_t rows", $"program_of(model, rows, {program})", buffersOf(sizes[0]));
        foreach (var (at, size) in sizes.Index())
            Call(text, manifest.Model, $"{function}_{size.Rows}", "", $"{2 * at + program}", buffersOf(size));
    }

    // The header names the arguments; here their names could be those of the functions and types above.
    private static void Call(StringBuilder text, string model, string function, string rows, string program,
        IReadOnlyList<ManifestBuffer> buffers)
    {
        ManifestBuffer[] passed = [.. buffers.Where(b => b.Role != BufferRole.State)];
        string List(BufferRole role) => string.Concat(passed.Select((b, i) => b.Role == role ? $"p{i}, " : "")) + "0";
        var parameters = passed.Select((b, i) => $", {(b.Role == BufferRole.Input ? "const " : "")}{Type(b.Type)} *p{i}");
        text.Append(CultureInfo.InvariantCulture, $$"""

            API int {{model}}_{{function}}({{model}}_model *model{{rows}}{{string.Concat(parameters)}}) {
                const void *inputs[] = { {{List(BufferRole.Input)}} };
                void *outputs[] = { {{List(BufferRole.Output)}} };
                return call(model, {{program}}, inputs, outputs);
            }

            """);
    }

    private static string First(ModelManifest manifest) => manifest.IsFunction ? "run" : "train_step";

    private static long Bytes(ManifestBuffer b) => b.Shape.Aggregate(1L, (n, s) => n * s) * b.Type.SizeOf();

    private static string Type(ElementType type) => type switch
    {
        ElementType.F32 => "float",
        ElementType.F64 => "double",
        ElementType.BF16 or ElementType.F16 => "uint16_t",
        ElementType.I8 => "int8_t",
        ElementType.I32 => "int32_t",
        ElementType.I64 => "int64_t",
        ElementType.U32 => "uint32_t",
        _ => "uint8_t",
    };
}
