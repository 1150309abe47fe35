using System.CommandLine;
using Digits;
using GraphCompiler.Backend.Llvm;
using GraphCompiler.IR.Diagnostics;
using GraphCompiler.Passes;
using GraphCompiler.Runtime;
using GraphCompiler.Runtime.Data;

var json = new Option<string?>("--json") { Description = "Also write the figures to this file." };
// Where ./run keeps what it writes, or else below the folder that the program is started in.
var page = Path.Combine(Environment.GetEnvironmentVariable("GRAPHCOMPILER_ARTIFACTS") ?? "artifacts", "digits.html");
var html = new Option<string>("--html") { Description = "The page to write.", DefaultValueFactory = _ => page };
var data = new Option<string>("--data") { Description = "Folder with MNIST's four IDX files, gzipped or not.", Required = true };
var precision = new Option<string>("--precision")
    { Description = "What products multiply: f32, or bf16 with sums in f32.", DefaultValueFactory = _ => "f32" };
precision.AcceptOnlyFromAmong("f32", "bf16");
var root = new RootCommand("Trains a handwritten-digit classifier with a natively compiled step.") { json, html, precision };
var digits = new Recipe("Handwritten digits", Hidden: 64, Epochs: 60, Batch: 16, LearningRate: 2e-3, Target: 0.97);
root.SetAction(parse => Guard(() => Classifier.Run(DigitsData.Load(), digits, PrecisionOf(parse), OutputsOf(parse))));
var mnist = new Command("mnist", "The same on MNIST.") { data, json, html, precision };
mnist.SetAction(parse => Guard(() =>
{
    var folder = parse.GetValue(data)!;
    var (train, test) = (Mnist.LoadTrain(folder), Mnist.LoadTest(folder));
    var split = new Split(train.Images, train.Labels, test.Images, test.Labels, train.Pixels);
    var recipe = new Recipe("MNIST", Hidden: 256, Epochs: 5, Batch: 64, LearningRate: 1e-3, Target: 0.975);
    return Classifier.Run(split, recipe, PrecisionOf(parse), OutputsOf(parse));
}));
root.Subcommands.Add(mnist);
var chainRule = new Command("chainrule", "The chain rule as textbooks teach it, against gradients derived by hand.");
chainRule.SetAction(_ => Guard(() => ChainRule.Run(Console.Out)));
root.Subcommands.Add(chainRule);
var derivatives = new Command("derivatives", "Derivatives as values: modes, Jacobians, Hessians, penalties, rules of one's own.");
derivatives.SetAction(_ => Guard(() => Derivatives.Chapters.Run(Console.Out)));
root.Subcommands.Add(derivatives);
return root.Parse(args).Invoke();

Precision PrecisionOf(ParseResult parse) => parse.GetValue(precision) == "bf16" ? Precision.BFloat16 : Precision.Float32;

Outputs OutputsOf(ParseResult parse) => new(parse.GetValue(json), parse.GetValue(html)!);

// What the user can mend is a message, not a stack trace.
static int Guard(Func<int> run)
{
    try
    {
        return run();
    }
    catch (Exception error) when (error is GraphException or RuntimeException or BackendException
        or IOException or UnauthorizedAccessException)
    {
        Console.Error.WriteLine(error.Message);
        return 2;
    }
}
