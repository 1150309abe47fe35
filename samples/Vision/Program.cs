using System.CommandLine;
using GraphCompiler.Backend.Llvm;
using GraphCompiler.IR.Diagnostics;
using GraphCompiler.Passes;
using GraphCompiler.Runtime;
using Vision;

var data = new Option<string>("--data") { Description = "Folder with the four IDX files, gzipped or not.", Required = true };
var isShort = new Option<bool>("--short") { Description = "Some steps: whether it runs, not how well it learns." };
var precision = new Option<string>("--precision")
    { Description = "What products multiply: f32, or bf16 with sums in f32.", DefaultValueFactory = _ => "f32" };
precision.AcceptOnlyFromAmong("f32", "bf16");
var root = new RootCommand("Trains convolutional networks with natively compiled steps.");
Add("lenet", "LeNet on MNIST.", () => new(Models.LeNet(), Epochs: 3, Target: 0.985));
Add("convnet", "Two convolutions and dropout on MNIST.", () => new(Models.ConvNet(), Epochs: 3, Target: 0.984, LeavesOutTenth: true));
Add("fashion", "A residual network on Fashion-MNIST.", () => new(Models.Fashion(), Epochs: 5, Target: 0.90));
return root.Parse(args).Invoke();

void Add(string verb, string description, Func<Recipe> recipe)
{
    var command = new Command(verb, description) { data, isShort, precision };
    command.SetAction(parse => Guard(() =>
    {
        var chosen = parse.GetValue(precision) == "bf16" ? Precision.BFloat16 : Precision.Float32;
        return Training.Run(recipe(), chosen, parse.GetValue(data)!, parse.GetValue(isShort));
    }));
    root.Subcommands.Add(command);
}

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
