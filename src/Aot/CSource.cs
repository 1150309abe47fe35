using System.Globalization;
using System.Text;
using GraphCompiler.Runtime;
using GraphCompiler.Runtime.Deployment;

namespace GraphCompiler.Aot;

/// <summary>The C text of a model: its header, and the source that the shared library is linked with.</summary>
internal static class CSource
{
    /// <summary>The functions of NAME.h, each named NAME_ and one of these.</summary>
    public static IReadOnlyList<string> Functions { get; } = ["create", "destroy", "train_step", "predict", "run", "parameter_count",
        "parameter_name", "parameter_bytes", "get_parameter", "set_parameter", "get_learning_rate", "set_learning_rate", "save", "load",
        "save_weights", "load_weights",
        "last_error", "status_text"];

    private const int LineWidth = 120;

    /// <summary>NAME.h.</summary>
    public static string Header(ModelManifest manifest)
    {
        var (name, names, text) = (manifest.Model, new ModelNames(manifest), new StringBuilder());
        text.Append($$"""
            /* Model {{name}}, compiled ahead of time by GraphCompiler {{manifest.Compiler}}. Link with lib{{name}}.so, and with
               nothing else. An instance is used by one thread at a time; there may be several. There is no global state except
               a count of forks. After a fork the child may go on with an instance: it has a copy, and runs it on the calling
               thread alone.
               Functions that return int give 0 for success, or nnnn of an error SGCnnnn (see {{name}}_status_text). */
            #ifndef GRAPHCOMPILER_MODEL_{{name}}_H
            #define GRAPHCOMPILER_MODEL_{{name}}_H
            #include <stddef.h>
            #include <stdint.h>
            #ifdef __cplusplus
            extern "C" {
            #endif

            typedef struct {{name}}_model {{name}}_model;

            /* Makes an instance with the declared initial parameters. threads: the most of a step, the caller's included,
               at most {{manifest.MaxThreads}}; 0 is one for each processor. No more run than there are processors for the
               process. On an error *model is null. */
            int {{name}}_create(int threads, {{name}}_model **model);
            void {{name}}_destroy({{name}}_model *model); /* null is allowed */

            /* {{(manifest.IsFunction ? "Runs the function." : "One training step; the loss is that before the update.")}}
               Results may be null when they are not wanted. */
            int {{name}}_{{First(manifest)}}({{name}}_model *model{{Parameters(manifest.Training, names)}});

            """);
        if (manifest.Prediction.Length > 0)
            text.Append("\n/* Computes the declared prediction. */\n")
                .Append($"int {name}_predict({name}_model *model{Parameters(manifest.Prediction, names)});\n");
        text.Append($$"""

            {{Comment("Parameters", manifest.Parameters)}}
            int {{name}}_parameter_count(void);
            const char *{{name}}_parameter_name(int index);        /* null out of range */
            int64_t {{name}}_parameter_bytes(const char *name);    /* -1 for an unknown name */
            int {{name}}_get_parameter({{name}}_model *model, const char *name, void *to, size_t bytes);
            int {{name}}_set_parameter({{name}}_model *model, const char *name, const void *from, size_t bytes);
            {{Rate(manifest)}}
            /* Parameters and optimizer state as a file. A failed load changes nothing; a failed save leaves an older file alone. */
            int {{name}}_save({{name}}_model *model, const char *path);
            int {{name}}_load({{name}}_model *model, const char *path);

            /* Parameters and the model's state without the optimizer's, by name, as a safetensors file: that of SaveWeights and
               LoadWeights in .NET, or of any other program. A failed call changes nothing, as above. */
            int {{name}}_save_weights({{name}}_model *model, const char *path);
            int {{name}}_load_weights({{name}}_model *model, const char *path);

            const char *{{name}}_last_error(const {{name}}_model *model); /* text of the instance's last error; empty at first */
            const char *{{name}}_status_text(int status);

            #ifdef __cplusplus
            }
            #endif
            #endif

            """);
        return text.ToString();
    }

    /// <summary>All C source of the shared library except the header, which it includes.</summary>
    /// <param name="manifest">What to serve.</param>
    /// <param name="initialPath">A file with the initial parameters, to be taken in by the assembler.</param>
    /// <param name="weights">The states that are no optimizer's.</param>
    /// <param name="manifestPath">A file with <see cref="ModelManifest.Contents"/>, likewise.</param>
    public static string Library(ModelManifest manifest, IReadOnlyCollection<string> weights, string initialPath, string manifestPath)
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
                   TRAINING_COUNT = {{manifest.Training.Length}}, PREDICTION_COUNT = {{manifest.Prediction.Length}},
                   INITIAL_COUNT = {{manifest.Initial.Length}}, WEIGHT_COUNT = {{weights.Count}},
                   VARIANT_COUNT = {{manifest.Variants.Length}},
                   MAX_THREADS = {{manifest.MaxThreads}} };
            enum { ROLE_INPUT, ROLE_STATE, ROLE_OUTPUT };
            typedef void (*entry_function)(void **, uint8_t *, int64_t, int64_t, void *);
            typedef struct { const char *name; int role, index; size_t bytes; } buffer;
            typedef struct { const char *name; int state; size_t bytes; } parameter;
            typedef struct { const char *name, *type, *shape; int state; size_t bytes; } weight;
            typedef struct { entry_function entry; int64_t arena_bytes; int parallel; } variant_entry;
            typedef struct { variant_entry training, prediction; } variant;
            typedef struct { unsigned leaf, subleaf; int result, bit; unsigned saved; } cpu_feature;
            {{Embed($"{name}_initial", initialPath)}}
            {{Embed($"{name}_manifest", manifestPath)}}

            """);
        text.Append($"static const uint8_t states_sha256[] = {{ {string.Join(", ", Convert.FromHexString(manifest.StatesSha256))} }};\n");
        text.Append($"static const size_t state_bytes[] = {{ {string.Join(", ", states.Select(Bytes).Append(0))} }};\n");
        var initial = manifest.Initial.Select(name => states.FindIndex(s => s.Name == name));
        text.Append($"static const int initial_states[] = {{ {string.Join(", ", initial.Append(0))} }};\n");
        Table(text, "training_buffers", manifest.Training, states);
        Table(text, "prediction_buffers", manifest.Prediction, states);
        text.Append("static const parameter parameters[] = {\n");
        foreach (var parameter in manifest.Parameters)
        {
            var state = states.FindIndex(s => s.Name == parameter);
            text.Append(CultureInfo.InvariantCulture, $"    {{ {ModelNames.Literal(parameter)}, {state}, {Bytes(states[state])} }},\n");
        }
        text.Append("    { 0, 0, 0 } };\n");
        Weights(text, states, weights);
        Variants(text, manifest);
        foreach (var part in (string[])["cpu.c", "workers.c", "model.c", "sha256.c", "tensors.c", "weights.c"]) Resource(text, part);
        Call(text, name, First(manifest), 0, manifest.Training);
        if (manifest.Prediction.Length > 0) Call(text, name, "predict", 1, manifest.Prediction);
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
        var entries = manifest.Variants.SelectMany(v => new[] { v.Training, v.Prediction }).OfType<ManifestEntry>();
        foreach (var entry in entries) text.Append($"extern void {entry.Symbol}(void **, uint8_t *, int64_t, int64_t, void *);\n");
        static string Entry(ManifestEntry? e) => e is null ? "{ 0, 0, 0 }" : $"{{ {e.Symbol}, {e.ArenaBytes}, {(e.Parallel ? 1 : 0)} }}";
        text.Append("static const variant variants[] = {\n");
        foreach (var v in manifest.Variants) text.Append($"    {{ {Entry(v.Training)}, {Entry(v.Prediction)} }},\n");
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

    // The header names the arguments; here their names could be those of the functions and types above.
    private static void Call(StringBuilder text, string model, string function, int program, IReadOnlyList<ManifestBuffer> buffers)
    {
        ManifestBuffer[] passed = [.. buffers.Where(b => b.Role != BufferRole.State)];
        string List(BufferRole role) => string.Concat(passed.Select((b, i) => b.Role == role ? $"p{i}, " : "")) + "0";
        var parameters = passed.Select((b, i) => $", {(b.Role == BufferRole.Input ? "const " : "")}{Type(b.Type)} *p{i}");
        text.Append(CultureInfo.InvariantCulture, $$"""

            API int {{model}}_{{function}}({{model}}_model *model{{string.Concat(parameters)}}) {
                const void *inputs[] = { {{List(BufferRole.Input)}} };
                void *outputs[] = { {{List(BufferRole.Output)}} };
                return call(model, {{program}}, inputs, outputs);
            }

            """);
    }

    private static string Rate(ModelManifest manifest)
    {
        var name = manifest.Model;
        return manifest.Rates.Length == 0 ? "" : manifest.Rates.Length > 1
            ? $"\n{Comment("Learning rates, each a parameter of one double, to be set between steps", manifest.Rates)}\n" : $"""

            /* The learning rate of the next steps, at least 0: the parameter {manifest.Rates[0]}. */
            int {name}_get_learning_rate({name}_model *model, double *rate);
            int {name}_set_learning_rate({name}_model *model, double rate);

            """;
    }

    private static string Parameters(IEnumerable<ManifestBuffer> buffers, ModelNames names) =>
        string.Concat(buffers.Where(b => b.Role != BufferRole.State).Select(b => $",\n    {(b.Role == BufferRole.Input ? "const " : "")}"
            + $"{Type(b.Type)} *{names.Argument(b.Name)} /* [{string.Join(',', b.Shape)}] */"));

    // Names of parameters are those of the builder, which cannot end a comment.
    private static string Comment(string title, IEnumerable<string> names)
    {
        var (text, width) = (new StringBuilder($"/* {title}:"), title.Length + 4);
        foreach (var name in names)
        {
            if (width + name.Length + 2 > LineWidth)
            {
                text.Append("\n  ");
                width = 2;
            }
            text.Append(' ').Append(name);
            width += name.Length + 1;
        }
        return text.Append(" */").ToString();
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
