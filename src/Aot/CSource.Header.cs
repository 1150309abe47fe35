using System.Collections.Immutable;
using System.Text;
using GraphCompiler.Runtime;
using GraphCompiler.Runtime.Deployment;

namespace GraphCompiler.Aot;

// What a C program includes.
internal static partial class CSource
{
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
               Results may be null when they are not wanted.{{OfRows(manifest)}} */
            {{Declarations(manifest, First(manifest), s => s.Training, names)}}
            """);
        if (manifest.Prediction.Length > 0)
            text.Append("\n/* Computes the declared prediction. */\n")
                .Append(Declarations(manifest, "predict", s => s.Prediction, names));
        if (manifest.Rows > 0)
            text.Append("\n/* The rows of the batches that the model was compiled for, index from 0; -1 behind the last. */\n")
                .Append($"int {name}_batch_size(int index);\n");
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

    private static string Declarations(ModelManifest manifest, string function,
        Func<ManifestSize, ImmutableArray<ManifestBuffer>> buffersOf, ModelNames names)
    {
        var (name, sizes) = (manifest.Model, manifest.Sizes);
        if (manifest.Rows == 0) return $"int {name}_{function}({name}_model *model{Parameters(buffersOf(sizes[0]), names)});\n";
        var shapes = ModelNames.ShapesOf(sizes, buffersOf);
        var text = new StringBuilder(
            $"int {name}_{function}({name}_model *model, int64_t rows{Parameters(buffersOf(sizes[0]), names, shapes)});\n");
        foreach (var size in sizes)
            text.Append($"int {name}_{function}_{size.Rows}({name}_model *model{Parameters(buffersOf(size), names)});\n");
        return text.ToString();
    }

    private static string OfRows(ModelManifest manifest) => manifest.Rows == 0 ? ""
        : $" rows is one of {string.Join(", ", manifest.Sizes.Select(s => s.Rows))}, and\n   anything else an error;"
            + " the functions with the rows in their names take those. All are over one state.";

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

    private static string Parameters(IEnumerable<ManifestBuffer> buffers, ModelNames names, Dictionary<string, string>? shapes = null) =>
        string.Concat(buffers.Where(b => b.Role != BufferRole.State).Select(b => $",\n    {(b.Role == BufferRole.Input ? "const " : "")}"
            + $"{Type(b.Type)} *{names.Argument(b.Name)} /* [{shapes?[b.Name] ?? string.Join(',', b.Shape)}] */"));

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
}
