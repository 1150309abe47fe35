using System.Text;
using GraphCompiler.Runtime;
using GraphCompiler.Runtime.Deployment;

namespace GraphCompiler.Aot;

// NAME.xml, which an editor shows beside the members of NAME.dll.
public sealed partial class Facade
{
    /// <summary>The XML documentation beside the assembly.</summary>
    public static string Documentation(ModelManifest manifest)
    {
        var (model, names, text) = (manifest.Model, new ModelNames(manifest), new StringBuilder());
        var type = $"{Namespace}.{ClassName(model)}";
        text.Append($"<?xml version=\"1.0\"?>\n<doc><assembly><name>{model}</name></assembly><members>\n");
        var (trained, predicted) = (ModelNames.ShapesOf(manifest.Sizes, s => s.Training),
            ModelNames.ShapesOf(manifest.Sizes, s => s.Prediction));
        void Member(string id, string summary, IEnumerable<ManifestBuffer>? inputs = null, Dictionary<string, string>? shapes = null)
        {
            text.Append($"<member name=\"{id}\"><summary>{summary}</summary>");
            foreach (var b in inputs ?? [])
                text.Append($"<param name=\"{names.Argument(b.Name)}\">{Describe(b, shapes)}, dense and row-major.</param>");
            text.Append("</member>\n");
        }
        string Spans(IEnumerable<ManifestBuffer> inputs)
        {
            var list = string.Join(",", inputs.Select(b => $"System.ReadOnlySpan{{{ClrType(b.Type).FullName}}}"));
            return list.Length > 0 ? $"({list})" : "";
        }
        Member($"T:{type}", $"Model {model}, compiled ahead of time. For one thread at a time.");
        Member($"M:{type}.#ctor(System.Int32,System.String)", $"Loads {model}.json and lib{model}.so."
            + $" threads: 0 for one per processor, at most {manifest.MaxThreads}. folder: null for the program's.");
        Member($"M:{type}.{(manifest.IsFunction ? "Run" : "TrainStep")}{Spans(Inputs(manifest.Training))}",
            (manifest.IsFunction ? "Runs the function." : "One training step; gives the loss before its update.")
                + " Nothing is copied or allocated." + OfRows(manifest), Inputs(manifest.Training), trained);
        if (manifest.Prediction.Length > 0)
            Member($"M:{type}.Predict{Spans(Inputs(manifest.Prediction))}",
                $"Computes {Describe(manifest.Prediction[^1], predicted)}, valid until the next call.{OfRows(manifest)}",
                Inputs(manifest.Prediction), predicted);
        foreach (var name in manifest.Parameters)
            Member($"P:{type}.{names.Member(name)}",
                $"Parameter {name}, {Describe(manifest.Training.Single(b => b.Name == name))}, to read or to set.");
        foreach (var metric in Metrics(manifest))
            Member($"P:{type}.{names.Member(metric.Name)}", $"Output {ModelNames.Xml(metric.Name)} of the last run,"
                + $" {Describe(metric, trained)}.");
        return text.Append("</members></doc>\n").ToString();
    }

    private static Type ClrType(ElementType type) => type switch
    {
        ElementType.F32 => typeof(float),
        ElementType.F64 => typeof(double),
        ElementType.BF16 or ElementType.F16 => typeof(ushort),
        ElementType.I8 => typeof(sbyte),
        ElementType.I32 => typeof(int),
        ElementType.I64 => typeof(long),
        ElementType.U32 => typeof(uint),
        ElementType.Bool => typeof(bool),
        _ => typeof(byte),
    };

    private static string OfRows(ModelManifest manifest) => manifest.Rows == 0 ? ""
        : $" rows is one of {string.Join(", ", manifest.Sizes.Select(s => s.Rows))}: the inputs tell which, and any other is SGC7209.";

    private static string Describe(ManifestBuffer b, Dictionary<string, string>? shapes = null) =>
        $"{b.Type.ToString().ToLowerInvariant()}[{shapes?[b.Name] ?? string.Join(',', b.Shape)}]";
}
