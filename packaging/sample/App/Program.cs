// Learns a line with a model that the build compiled: neither LLVM nor the builder is in this program.
using System.Globalization;

using var model = new CompiledModels.Line();
float[] x = [-2, -1.5f, -1, -0.5f, 0.5f, 1, 1.5f, 2];
float[] y = [.. x.Select(v => 2 * v + 1)];
for (var i = 0; i < 500; i++) model.TrainStep(x, y);
Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"at 10: {model.Predict([10])[0]:f2}")); // One row, by the code for one.
Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"slope {model.DenseKernel[0]:f2}, offset {model.DenseBias[0]:f2}"));
