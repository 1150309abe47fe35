#:project ../src/Training/Training.csproj
using System.Globalization;
using GraphCompiler.Frontend;
using GraphCompiler.Frontend.Layers;
using GraphCompiler.Frontend.Metrics;
using GraphCompiler.Frontend.Optimizers;
using GraphCompiler.IR.Ops;
using GraphCompiler.Training;
using GraphCompiler.Training.Data;
using static GraphCompiler.IR.DType;

// Regression on a CSV file: `dotnet run samples/Regression.cs [FILE]`, with columns area, rooms, age and price; without a file
// it makes one up.
var path = args.Length > 0 ? args[0] : MakeUp(Path.Combine(Path.GetTempPath(), $"flats-{Environment.ProcessId}.csv"), count: 1200);
var all = Csv.Open(path, c => c.Floats("x", ["area", "rooms", "age"]).Floats("price", ["price"])).ToTable();
if (args.Length == 0) File.Delete(path);
var (train, rest) = all.Split(0.8, seed: 1);
foreach (var column in (string[])["x", "price"]) // By what the training examples are like, for all of them.
{
    var scale = Standardization.Of(train, column);
    (train, rest) = (train.Standardize(column, scale), rest.Standardize(column, scale));
}

TrainingPlan Declare(int rows) => Model(rows) is var (g, guess, price)
    ? g.Minimize(guess.MeanSquaredError(price), new Adam(Schedule.Settable(1e-2))) : throw new InvalidOperationException();
FunctionPlan Judge(int rows) => Model(rows) is var (g, guess, price)
    ? g.Evaluation(("r2", Metric.RSquared(guess, price)), ("mae", Metric.MeanAbsoluteError(guess, price)))
    : throw new InvalidOperationException();
using var steps = Specializations.ByRows(Declare);
using var judges = Specializations.ByRows(Judge, store: steps.Variables);
using var batches = train.Batches(32, seed: 7, keepRemainder: true); // The last batch of an epoch has fewer rows, and is trained too.
using var heldOut = rest.Batches(32, keepRemainder: true);
var history = steps.Fit(batches, new FitOptions
{
    Epochs = 60,
    Validation = new(judges, heldOut),
    Monitor = "r2",
    EarlyStopping = new(Patience: 8),
    ReduceOnPlateau = new(Patience: 3),
    RestoreBest = true,
});
var best = history.Best!;
Console.WriteLine($"{all.Count} flats, {history.Rows.Count} epochs: {history.Reason}");
Console.WriteLine($"held out: R² {best["r2"]:f3}, mean error {best["mae"]:f3} standard deviations");
return best["r2"] > 0.9 ? 0 : 1;

static (GraphBuilder Graph, GraphCompiler.IR.Value Guess, GraphCompiler.IR.Value Price) Model(int rows)
{
    var g = new GraphBuilder("flats", seed: 1);
    var (x, price) = (g.Input("x", F32[rows, 3]), g.Input("price", F32[rows, 1]));
    return (g, x.Dense(16, name: "hidden").Relu().Dense(1, name: "price"), price);
}

static string MakeUp(string path, int count)
{
    var random = new Random(3);
    using var file = new StreamWriter(path);
    file.WriteLine("area,rooms,age,price");
    for (var i = 0; i < count; i++)
    {
        var (area, age) = (30 + 120 * random.NextDouble(), 80 * random.NextDouble());
        var rooms = 1 + (int)(area / 35 + random.NextDouble());
        var price = area * (6 - 0.03 * age) + 25 * rooms + 20 * random.NextDouble();
        file.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{area:f1},{rooms},{age:f0},{price:f1}"));
    }
    return path;
}
