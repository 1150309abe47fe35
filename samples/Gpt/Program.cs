using System.CommandLine;
using GraphCompiler.Backend.Llvm;
using GraphCompiler.IR.Diagnostics;
using GraphCompiler.Runtime;
using Gpt;

var isShort = new Option<bool>("--short") { Description = "Some steps: whether it runs, not how well it learns." };
var root = new RootCommand("Trains models of characters with natively compiled steps.");
Add("shakespeare", "A GPT of four blocks on Shakespeare's plays.", Shakespeare.Run);
Add("names", "A network over three letters on given names.", NameLetters.Run);
return root.Parse(args).Invoke();

void Add(string verb, string description, Func<bool, int> run)
{
    var command = new Command(verb, description) { isShort };
    command.SetAction(parse => Guard(() => run(parse.GetValue(isShort))));
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
