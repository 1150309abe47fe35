using Programs;

// Every program in turn, with what it finds.
var data = DigitsData.Load();
Console.WriteLine($"validation per epoch: {string.Join(" ", ValidationPerEpoch.Run(data, epochs: 8).Select(a => $"{a:P1}"))}");
Console.WriteLine($"scaled regression: error {ScaledRegression.Run():F2}");
Console.WriteLine($"rate decay: {RateDecay.Run()}");
var checkpoint = Path.GetTempFileName();
Console.WriteLine($"save and load: {SaveAndLoad.Run(checkpoint)}");
File.Delete(checkpoint);
Console.WriteLine($"skip connection: {SkipConnection.Run()}");
Console.WriteLine($"shared weights: {SharedWeights.Run()}");
Console.WriteLine($"ragged test set: {RaggedTestSet.Run(data)}");
var (gradient, jacobian, product) = DerivativesAlone.Run([1, 2, 0.5]);
Console.WriteLine($"derivatives alone: [{string.Join(", ", gradient)}] [{string.Join(", ", jacobian)}] [{string.Join(", ", product)}]");
Console.WriteLine($"freezing: {Freezing.Run()}");
Console.WriteLine($"early stopping: {EarlyStopping.Run(data, patience: 5)}");
foreach (var (name, moves) in Clipping.Run()) Console.WriteLine($"clipping by {name}: {string.Join(", ", moves)}");
Console.WriteLine($"decoupled weight decay: {DecoupledWeightDecay.Run()}");
Console.WriteLine($"dropout: {DropoutProgram.Run(data)}");
Console.WriteLine($"GAN: {Gan.Run(steps: 2000)}");
var (ridge, weights, softmax) = ExactOptimum.Run([1, 2, 3, 1, 2, 2, 4, 0], [5, 6, 6, 5], [0, 1, 0, 1]);
Console.WriteLine($"exact optimum: gradients {ridge:E1} and {softmax:E1}, ridge's coefficients {string.Join(", ", weights)}");
Console.WriteLine($"gradient penalty: {GradientPenalty.Run()}");
Console.WriteLine($"an operation of one's own: {OwnOperation.Run()}");
var (summary, model, step) = LookingAtTheGraph.Run();
Console.WriteLine($"looking at the graph:\n{summary}\n{model}\n{step}");
