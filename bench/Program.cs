using System.CommandLine;
using GraphCompiler.Bench;
using GraphCompiler.Bench.Measurement;
using GraphCompiler.Bench.Micro;
using GraphCompiler.Bench.Peers;
using GraphCompiler.Bench.Report;
using GraphCompiler.Bench.Suite;
using GraphCompiler.Bench.Torch;
using GraphCompiler.Passes;

var threads = new Option<int>("--threads") { Description = "Threads of each side.", DefaultValueFactory = _ => Environment.ProcessorCount };
threads.Validators.Add(r => { if (r.GetValueOrDefault<int>() < 1) r.AddError("--threads must be at least 1."); });
var filter = new Option<string>("--filter") { Description = "Only models whose name holds this text.", DefaultValueFactory = _ => "" };
var peers = new Option<string>("--peers")
{
    Description = "What to compare with, with commas: tape, torch; in steps also f32, the compiled step with products of f32.",
    DefaultValueFactory = _ => $"{Peer.Tape},{Peer.Torch}",
};
peers.Validators.Add(r =>
{
    foreach (var peer in StepsCommand.Split(r.GetValueOrDefault<string>()))
        if (peer is not (Peer.Tape or Peer.Torch or Peer.Float32))
            r.AddError($"--peers: '{peer}' is neither {Peer.Tape} nor {Peer.Torch} nor {Peer.Float32}.");
});
var rounds = new Option<int>("--rounds") { Description = "Timed turns of each side; the median counts.", DefaultValueFactory = _ => 21 };
rounds.Validators.Add(r => { if (r.GetValueOrDefault<int>() < 1) r.AddError("--rounds must be at least 1."); });
var turn = new Option<int>("--turn") { Description = "Milliseconds of one turn.", DefaultValueFactory = _ => 60 };
turn.Validators.Add(r => { if (r.GetValueOrDefault<int>() < 1) r.AddError("--turn must be at least 1."); });
var json = new Option<string?>("--json") { Description = "Also write the figures to this file." };
var memory = new Option<bool>("--memory") { Description = "Also measure peak resident memory, each side in its own process." };
var channelsLast = new Option<bool?>(ImageLayout.Option)
    { Description = "Whether libtorch's images have their channels last in memory; as is faster when left out." };
var level = new Option<string?>("--level")
    { Description = "Confines every side to an x86-64 level, in a process of its own: v2, v3, v4; native is what the processor has." };
level.AcceptOnlyFromAmong([.. Level.Names]);
var precision = new Option<Precision>("--precision")
{
    // A default value would be shown by its name in the code.
    Description = "What the compiled side's products multiply: f32, unless given, or bf16 with sums in f32.",
    CustomParser = r => r.Tokens.Single().Value == "bf16" ? Precision.BFloat16 : Precision.Float32,
};
precision.AcceptOnlyFromAmong("f32", "bf16");
var steps = new Command("steps",
    "Times training steps: compiled, on the tape and on libtorch, in turn, after checking that their losses agree.")
    { filter, threads, peers, rounds, turn, json, memory, channelsLast, level, precision };
var profile = new Command("profile", "Shows where a compiled step's time goes, kernel by kernel.") { filter, threads, level, precision };
profile.SetAction(r => Level.Run(r.GetValue(level), args,
    () => ProfileCommand.Run(r.GetValue(filter)!, r.GetValue(threads), r.GetValue(precision))));
steps.SetAction(r => Level.Run(r.GetValue(level), args, () =>
{
    ImageLayout.IsChannelsLast = r.GetValue(channelsLast);
    return StepsCommand.Run(r.GetValue(filter)!, r.GetValue(threads), StepsCommand.Split(r.GetValue(peers)), r.GetValue(rounds),
        TimeSpan.FromMilliseconds(r.GetValue(turn)), r.GetValue(json), r.GetValue(memory), r.GetValue(precision));
}));
steps.Validators.Add(r =>
{
    if (r.GetValue(memory) && r.GetValue(precision) == Precision.BFloat16) r.AddError("--memory measures steps of f32 only.");
});

var cases = new Option<string>("--filter")
{
    Description = $"Only cases whose name holds this text; '{MicroCommand.Compile}' for the stages of compilation.",
    DefaultValueFactory = _ => "",
};
var isShort = new Option<bool>("--short") { Description = "One short turn of each: whether it runs, not how fast." };
var micro = new Command("micro",
    "Times matmuls, convolutions, rows, functions, reductions, updates and the stages of compilation beside TensorPrimitives and libtorch.")
    { cases, threads, peers, isShort, json, channelsLast, level };
micro.Validators.Add(r =>
{
    if (StepsCommand.Split(r.GetValue(peers)).Contains(Peer.Float32)) r.AddError($"--peers: micro has no side '{Peer.Float32}'.");
});
micro.SetAction(r => Level.Run(r.GetValue(level), args, () =>
{
    ImageLayout.IsChannelsLast = r.GetValue(channelsLast);
    return MicroCommand.Run(r.GetValue(cases)!, r.GetValue(threads), StepsCommand.Split(r.GetValue(peers)), r.GetValue(isShort),
        r.GetValue(json));
}));

var input = new Option<string>("--json") { Description = "Figures that 'steps --json' wrote.", Required = true };
var folder = new Option<string>("--out") { Description = "Folder for index.html and its charts; made when missing.", Required = true };
var report = new Command("report", "Writes an HTML page with charts of time, memory and compile time.") { input, folder };
report.SetAction(r => HtmlReport.Write(r.GetValue(input)!, r.GetValue(folder)!));

var before = new Argument<string>("OLD.json") { Description = "Figures that 'steps --json' or 'micro --json' wrote." };
var after = new Argument<string>("NEW.json") { Description = "Newer ones." };
var compare = new Command("compare",
    "Flags rows whose ratio fell beyond the spread of both runs. Exit code: 0 none, 1 some fell, 2 nothing to compare.") { before, after };
compare.SetAction(r => CompareCommand.Run(r.GetValue(before)!, r.GetValue(after)!));

var name = new Argument<string>("MODEL");
var peer = new Option<string>("--peer") { Required = true };
var peak = new Command(PeakMemory.Verb) { name, peer, threads, channelsLast };
peak.Hidden = true;
peak.SetAction(r =>
{
    ImageLayout.IsChannelsLast = r.GetValue(channelsLast);
    Console.WriteLine(
        PeakMemory.OfThisProcess(Models.All.Single(m => m.Name == r.GetValue(name)), r.GetValue(peer)!, r.GetValue(threads)));
});

var deployed = new Option<string>("--deployed")
    { Description = "The folder that samples/Deploy/run fills.", DefaultValueFactory = _ => Path.Combine("artifacts", "deploy") };
var startup = new Command("startup",
    "Times processes that train one step: ahead-of-time files, just in time, tape and libtorch.") { deployed, rounds };
startup.SetAction(r => StartupCommand.Run(r.GetValue(deployed)!, r.GetValue(rounds)));
var first = new Command(StartupCommand.Verb) { peer, threads };
first.Hidden = true;
first.SetAction(r => StartupCommand.OneStep(r.GetValue(peer)!, r.GetValue(threads)));

var families = new Option<string>("--filter")
    { Description = "Only families of graphs whose name holds this text.", DefaultValueFactory = _ => "" };
var scaling = new Command("scaling", "Times the compilation of graphs of 800 to 5,000 operations, and how it grows.")
    { families, threads, level };
scaling.SetAction(r => Level.Run(r.GetValue(level), args, () => ScalingCommand.Run(r.GetValue(families)!, r.GetValue(threads))));

var many = new Option<int>("--threads") { Description = "Threads that are asked for.", DefaultValueFactory = _ => 8 };
many.Validators.Add(r => { if (r.GetValueOrDefault<int>() < 1) r.AddError("--threads must be at least 1."); });
var few = new Option<int>("--rounds") { Description = "Processes of each; the median counts.", DefaultValueFactory = _ => 3 };
few.Validators.Add(r => { if (r.GetValueOrDefault<int>() < 1) r.AddError("--rounds must be at least 1."); });
var oversubscribed =
    new Command("oversubscribed", "Times steps of processes that may use one processor only, with one thread and with several.")
    { filter, many, few };
oversubscribed.SetAction(r => OversubscribedCommand.Run(r.GetValue(filter)!, r.GetValue(many), r.GetValue(few)));
var confined = new Command(OversubscribedCommand.Verb) { name, threads };
confined.Hidden = true;
confined.SetAction(r => Console.WriteLine(FormattableString.Invariant(
    $"{OversubscribedCommand.MicrosecondsOf(r.GetValue(name)!, r.GetValue(threads))}")));

var root = new RootCommand("Compares compiled training steps with a dynamic tape and with libtorch.")
    { steps, profile, micro, scaling, startup, oversubscribed, report, compare, peak, first, confined };
return root.Parse(args).Invoke();
