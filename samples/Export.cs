#:project ../src/Frontend/Frontend.csproj
using GraphCompiler.Frontend;
using GraphCompiler.Frontend.Layers;
using GraphCompiler.Frontend.Optimizers;
using GraphCompiler.IR.Ops;
using GraphCompiler.Runtime.Files;
using static GraphCompiler.IR.DType;

// Trained weights as safetensors, which Python's package of that name and many other programs read: `dotnet run samples/Export.cs [FILE]`.
var path = args.Length > 0 ? args[0] : Path.Combine(Path.GetTempPath(), $"sine-{Environment.ProcessId}.safetensors");
var g = new GraphBuilder("sine", seed: 1);
var (x, y) = (g.Input("x", F32[64, 1]), g.Input("y", F32[64, 1]));
var guess = x.Dense(32, name: "hidden").Tanh().Dense(1, name: "sine");
using var step = g.Minimize(guess.MeanSquaredError(y), new Adam(1e-2)).Compile();
var points = Enumerable.Range(0, 64).Select(i => i / 10f - 3.2f).ToArray();
for (var i = 0; i < 1500; i++) step.Run(points, [.. points.Select(MathF.Sin)]);
Console.WriteLine($"sin(x), loss {step.Loss:e1}");
step.Variables.SaveWeights(path);

// Any such file is read by name, whoever wrote it, and nothing in it is trusted.
using (var file = TensorFile.Open(path))
{
    foreach (var tensor in file.Tensors) Console.WriteLine(tensor);
    var (kernel, bias) = (file.Read<float>("hidden/kernel"), file.Read<float>("hidden/bias"));
    var (output, last) = (file.Read<float>("sine/kernel"), file.Read<float>("sine/bias"));
    var at = kernel.Select((k, i) => output[i] * MathF.Tanh(1.5f * k + bias[i])).Sum() + last[0];
    Console.WriteLine($"sin(1.5) = {MathF.Sin(1.5f):f4}, by hand from the file {at:f4}");
    if (Math.Abs(at - MathF.Sin(1.5f)) > 0.05) return 1;
}
if (args.Length == 0) File.Delete(path);
return 0;
