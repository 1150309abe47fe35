using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using GraphCompiler.Runtime;
using GraphCompiler.Runtime.Deployment;

namespace GraphCompiler.Aot;

/// <summary>The C text of a model: its header, and the source that the shared library is linked with.</summary>
internal static partial class CSource
{
    private static readonly HashSet<string> s_reserved = [.. ("auto break case char const continue default do double else enum extern float for goto if inline int long "
        + "register restrict return short signed sizeof static struct switch typedef union unsigned void volatile while bool true false model output").Split(' ')];

    /// <summary>An argument's name in C: the declared one, where C allows it.</summary>
    public static string Identifier(string name)
    {
        var text = NotInIdentifier().Replace(name, "_");
        return s_reserved.Contains(text) || char.IsDigit(text[0]) ? text + "_" : text;
    }

    /// <summary>NAME.h.</summary>
    public static string Header(ModelManifest manifest)
    {
        var (name, text) = (manifest.Model, new StringBuilder());
        text.Append($$"""
            /* Model {{name}}, compiled ahead of time by GraphCompiler {{manifest.Compiler}}. Link with lib{{name}}.so; nothing else is needed.
               An instance is used by one thread at a time; there may be several. There is no global state but a count of forks.
               After a fork the child may go on with an instance: it has a copy, and runs it on the calling thread alone.
               Functions that return int give 0 for success, or nnnn of an error SGCnnnn (see {{name}}_status_text). */
            #ifndef GRAPHCOMPILER_MODEL_{{name.ToUpperInvariant()}}_H
            #define GRAPHCOMPILER_MODEL_{{name.ToUpperInvariant()}}_H
            #include <stddef.h>
            #include <stdint.h>
            #ifdef __cplusplus
            extern "C" {
            #endif

            typedef struct {{name}}_model {{name}}_model;

            /* Makes an instance with the declared initial parameters. threads: the most of a step, the caller's included, at most {{manifest.MaxThreads}};
               0 is one for each processor. No more run than there are processors for the process. On an error *model is null. */
            int {{name}}_create(int threads, {{name}}_model **model);
            void {{name}}_destroy({{name}}_model *model); /* null is allowed */

            /* One training step. Results may be null when they are not wanted; the loss is that before the update. */
            int {{name}}_train_step({{name}}_model *model{{Parameters(manifest.Training)}});

            """);
        if (manifest.Prediction.Length > 0)
            text.Append($"\n/* Computes the declared prediction. */\nint {name}_predict({name}_model *model{Parameters(manifest.Prediction)});\n");
        text.Append($$"""

            /* Parameters: {{string.Join(", ", manifest.Parameters)}}. */
            int {{name}}_parameter_count(void);
            const char *{{name}}_parameter_name(int index);        /* null out of range */
            int64_t {{name}}_parameter_bytes(const char *name);    /* -1 for an unknown name */
            int {{name}}_get_parameter({{name}}_model *model, const char *name, void *to, size_t bytes);
            int {{name}}_set_parameter({{name}}_model *model, const char *name, const void *from, size_t bytes);

            /* Parameters and optimizer state as a file. A failed load changes nothing; a failed save leaves an older file alone. */
            int {{name}}_save({{name}}_model *model, const char *path);
            int {{name}}_load({{name}}_model *model, const char *path);

            const char *{{name}}_last_error(const {{name}}_model *model); /* text of the instance's last error; empty at first */
            const char *{{name}}_status_text(int status);

            #ifdef __cplusplus
            }
            #endif
            #endif

            """);
        return text.ToString();
    }

    /// <summary>All C source of the shared library but the header, which it includes.</summary>
    /// <param name="manifest">What to serve.</param>
    /// <param name="initialPath">A file with the initial parameters, to be taken in by the assembler.</param>
    public static string Library(ModelManifest manifest, string initialPath)
    {
        var name = manifest.Model;
        var states = manifest.Training.Where(b => b.Role == BufferRole.State).ToList();
        var text = new StringBuilder();
        text.Append($$"""
            #define _GNU_SOURCE
            #include "{{name}}.h"
            #define API __attribute__((visibility("default")))
            #define MODEL_TYPE {{name}}_model
            #define NAME(suffix) {{name}}##suffix
            #define INITIAL {{name}}_initial
            enum { STATE_COUNT = {{states.Count}}, OUTPUT_COUNT = {{manifest.Training.Count(b => b.Role == BufferRole.Output) + 1}}, PARAMETER_COUNT = {{manifest.Parameters.Length}},
                   TRAINING_COUNT = {{manifest.Training.Length}}, PREDICTION_COUNT = {{manifest.Prediction.Length}}, VARIANT_COUNT = {{manifest.Variants.Length}}, MAX_THREADS = {{manifest.MaxThreads}} };
            enum { ROLE_INPUT, ROLE_STATE, ROLE_OUTPUT };
            typedef void (*entry_function)(void **, uint8_t *, int64_t, int64_t, void *);
            typedef struct { const char *name; int role, index; size_t bytes; } buffer;
            typedef struct { const char *name; int state; size_t bytes; } parameter;
            typedef struct { entry_function entry; int64_t arena_bytes; int parallel; } variant_entry;
            typedef struct { variant_entry training, prediction; } variant;
            __asm__(".section .rodata\n.balign 64\n.globl {{name}}_initial\n{{name}}_initial:\n.incbin \"{{initialPath}}\"\n.byte 0\n.previous\n");
            extern API const uint8_t {{name}}_initial[];

            """);
        text.Append($"static const uint8_t source_sha256[] = {{ {string.Join(", ", Convert.FromHexString(manifest.SourceSha256))} }};\n");
        text.Append($"static const size_t state_bytes[] = {{ {string.Join(", ", states.Select(Bytes).Append(0))} }};\n");
        Table(text, "training_buffers", manifest.Training, states);
        Table(text, "prediction_buffers", manifest.Prediction, states);
        text.Append("static const parameter parameters[] = {\n");
        foreach (var parameter in manifest.Parameters)
        {
            var state = states.FindIndex(s => s.Name == parameter);
            text.Append(CultureInfo.InvariantCulture, $"    {{ \"{parameter}\", {state}, {Bytes(states[state])} }},\n");
        }
        text.Append("    { 0, 0, 0 } };\n");
        Variants(text, manifest);
        foreach (var part in (string[])["workers.c", "model.c"])
        {
            using var reader = new StreamReader(typeof(CSource).Assembly.GetManifestResourceStream(part)!);
            text.Append(reader.ReadToEnd());
        }
        Call(text, name, "train_step", 0, manifest.Training);
        if (manifest.Prediction.Length > 0) Call(text, name, "predict", 1, manifest.Prediction);
        return text.ToString();
    }

    private static void Table(StringBuilder text, string table, IReadOnlyList<ManifestBuffer> buffers, List<ManifestBuffer> states)
    {
        var (inputs, outputs) = (0, 0);
        text.Append($"static const buffer {table}[] = {{\n");
        foreach (var b in buffers)
        {
            var index = b.Role switch { BufferRole.Input => inputs++, BufferRole.Output => outputs++, _ => states.FindIndex(s => s.Name == b.Name) };
            text.Append(CultureInfo.InvariantCulture, $"    {{ \"{b.Name}\", ROLE_{b.Role.ToString().ToUpperInvariant()}, {index}, {Bytes(b)} }},\n");
        }
        text.Append("    { 0, 0, 0, 0 } };\n");
    }

    private static void Variants(StringBuilder text, ModelManifest manifest)
    {
        ManifestEntry[] entries = [.. manifest.Variants.SelectMany(v => new[] { v.Training, v.Prediction }).OfType<ManifestEntry>()];
        foreach (var entry in entries) text.Append($"extern void {entry.Symbol}(void **, uint8_t *, int64_t, int64_t, void *);\n");
        static string Entry(ManifestEntry? e) => e is null ? "{ 0, 0, 0 }" : $"{{ {e.Symbol}, {e.ArenaBytes}, {(e.Parallel ? 1 : 0)} }}";
        text.Append("static const variant variants[] = {\n");
        foreach (var v in manifest.Variants) text.Append($"    {{ {Entry(v.Training)}, {Entry(v.Prediction)} }},\n");
        text.Append("};\nstatic int is_supported(int number) {\n    switch (number) {\n");
        for (var i = 0; i < manifest.Variants.Length; i++)
            text.Append(CultureInfo.InvariantCulture, $"    case {i}: return {string.Join(" && ", manifest.Variants[i].CpuFeatures.Select(f => $"__builtin_cpu_supports(\"{f}\")").Prepend("1"))};\n");
        text.Append("    }\n    return 0;\n}\n");
    }

    private static void Call(StringBuilder text, string model, string function, int program, IReadOnlyList<ManifestBuffer> buffers)
    {
        string List(BufferRole role) => string.Join(", ", buffers.Where(b => b.Role == role).Select(b => Identifier(b.Name)).Append("0"));
        text.Append(CultureInfo.InvariantCulture, $$"""

            API int {{model}}_{{function}}({{model}}_model *model{{Parameters(buffers)}}) {
                const void *inputs_[] = { {{List(BufferRole.Input)}} };
                void *outputs_[] = { {{List(BufferRole.Output)}} };
                return call(model, {{program}}, inputs_, outputs_);
            }

            """);
    }

    private static string Parameters(IEnumerable<ManifestBuffer> buffers) => string.Concat(buffers.Where(b => b.Role != BufferRole.State).Select(b =>
        $", {(b.Role == BufferRole.Input ? "const " : "")}{Type(b.Type)} *{Identifier(b.Name)} /* [{string.Join(',', b.Shape)}] */"));

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

    [GeneratedRegex("[^A-Za-z0-9_]")]
    private static partial Regex NotInIdentifier();
}
