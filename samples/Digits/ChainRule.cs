using GraphCompiler.Frontend.Layers;
using GraphCompiler.IR;
using GraphCompiler.IR.Ops;
using GraphCompiler.Passes;

namespace Digits;

/// <summary>The chain rule on graphs that fit on a page: every gradient is compared with the one derived by hand.</summary>
internal static class ChainRule
{
    private const double Tolerance = 1e-12;

    /// <summary>One node of a graph: a value, and its gradient as a textbook derives it.</summary>
    private sealed record Node(string Label, Value Value, double ByHand);

    /// <summary>Prints every part; 0 when all gradients are those derived by hand, else 1.</summary>
    public static int Run(TextWriter output)
    {
        var agree = SquaredError(output);
        agree &= SigmoidNeuron(output);
        agree &= SharedVariable(output);
        agree &= ForwardAgainstReverse(output);
        agree &= DeepChains(output);
        output.WriteLine(agree ? "All gradients agree with those derived by hand." : "A gradient differs from the one derived by hand.");
        return agree ? 0 : 1;
    }

    private static Value Number(FunctionBuilder b, double value) => b.Constant(new Literal(DType.F64.Scalar, value));

    private static bool Near(double a, double b) => Math.Abs(a - b) <= Tolerance * Math.Max(1, Math.Abs(b));

    private static bool SquaredError(TextWriter output)
    {
        const double w = 0.5, x = 3, b = 1, y = 2;
        var d = w * x + b - y;
        var f = new FunctionBuilder("squared_error");
        var (vw, vx, vb, vy) = (Number(f, w), Number(f, x), Number(f, b), Number(f, y));
        var product = vw * vx;
        var z = product + vb;
        var difference = z - vy;
        var loss = difference * difference;
        output.WriteLine("1. L = (w·x + b - y)²");
        return Print(output, f, loss, [new("w", vw, 2 * d * x), new("x", vx, 2 * d * w), new("b", vb, 2 * d), new("y", vy, -2 * d),
            new("w·x", product, 2 * d), new("z = w·x + b", z, 2 * d), new("d = z - y", difference, 2 * d), new("L = d²", loss, 1)]);
    }

    private static bool SigmoidNeuron(TextWriter output)
    {
        const double w = -1.5, x = 2, b = 2.5, y = 1;
        var a = 1 / (1 + Math.Exp(-(w * x + b)));
        var delta = 2 * (a - y) * a * (1 - a);
        var f = new FunctionBuilder("sigmoid_neuron");
        var (vw, vx, vb, vy) = (Number(f, w), Number(f, x), Number(f, b), Number(f, y));
        var z = vw * vx + vb;
        var activation = z.Sigmoid();
        var difference = activation - vy;
        var loss = difference * difference;
        output.WriteLine("2. A sigmoid neuron, L = (σ(w·x + b) - y)², where δ = 2(a - y)·a(1 - a)");
        return Print(output, f, loss, [new("w: δ·x", vw, delta * x), new("x: δ·w", vx, delta * w), new("b: δ", vb, delta),
            new("z = w·x + b", z, delta), new("a = σ(z)", activation, 2 * (a - y)), new("L = (a - y)²", loss, 1)]);
    }

    private static bool SharedVariable(TextWriter output)
    {
        const double at = 1.2;
        var f = new FunctionBuilder("shared");
        var x = Number(f, at);
        var sine = x.Sin();
        var product = x * sine;
        output.WriteLine("3. x on two paths, L = x·sin(x): the contributions sin(x) and x·cos(x) add");
        output.WriteLine($"   direct {Math.Sin(at):F6} + through the sine {at * Math.Cos(at):F6} = {Math.Sin(at) + at * Math.Cos(at):F6}");
        return Print(output, f, product, [new("x", x, Math.Sin(at) + at * Math.Cos(at)), new("sin(x)", sine, at), new("L", product, 1)]);
    }

    // Values and gradients of all nodes come from one function, run by the reference interpreter.
    private static bool Print(TextWriter output, FunctionBuilder f, Value loss, Node[] nodes)
    {
        var gradients = Adjoint.AppendDense(f, loss, [.. nodes.Select(n => n.Value)]);
        var results = ReferenceInterpreter.Run(f.Build([.. nodes.Select(n => n.Value), .. gradients]));
        var agree = true;
        output.WriteLine($"   {"node",-14} {"forward",12} {"backward",12} {"by hand",12}");
        for (var i = 0; i < nodes.Length; i++)
        {
            var (forward, backward) = ((double)results[i][0], (double)results[nodes.Length + i][0]);
            agree &= Near(backward, nodes[i].ByHand);
            output.WriteLine($"   {nodes[i].Label,-14} {forward,12:F6} {backward,12:F6} {nodes[i].ByHand,12:F6}");
        }
        output.WriteLine();
        return agree;
    }

    private static bool ForwardAgainstReverse(TextWriter output)
    {
        output.WriteLine("4. Operations for the whole gradient of L = (Σ wᵢ·xᵢ - y)² by its n weights");
        output.WriteLine($"   {"n",4} {"function",9} {"reverse",9} {"forward",9}");
        var agree = true;
        for (var n = 1; n <= 64; n *= 2)
        {
            var (reverse, reverseCount, primal) = Gradient(n, isForward: false);
            var (forward, forwardCount, _) = Gradient(n, isForward: true);
            agree &= reverse.Zip(forward).All(p => Near(p.First, p.Second));
            output.WriteLine($"   {n,4} {primal,9} {reverseCount,9} {forwardCount,9}");
        }
        output.WriteLine("   Reverse mode walks back once for all weights; forward mode pushes one tangent for each.");
        output.WriteLine();
        return agree;
    }

    private static (double[] Gradient, int Added, int Primal) Gradient(int n, bool isForward)
    {
        var f = new FunctionBuilder("linear");
        Value[] w = [.. Enumerable.Range(0, n).Select(i => Number(f, 0.1 * i - 0.3))];
        Value[] x = [.. Enumerable.Range(0, n).Select(i => Number(f, 1.0 / (i + 1)))];
        var y = Number(f, 1);
        var leaves = f.Operations.Count;
        var difference = w.Zip(x, (a, b) => a * b).Aggregate((a, b) => a + b) - y;
        var loss = difference * difference;
        var primal = f.Operations.Count - leaves;
        Value[] gradients;
        var one = Number(f, 1);
        var start = f.Operations.Count;
        if (!isForward) gradients = Adjoint.AppendDense(f, loss, w);
        else gradients = [.. w.Select(v => Jvp.Append(f, [loss], [v], [one])[0]!)];
        var added = f.Operations.Count - start;
        return ([.. ReferenceInterpreter.Run(f.Build(gradients)).Select(r => (double)r[0])], added, primal);
    }

    private static bool DeepChains(TextWriter output)
    {
        output.WriteLine("5. dL/dx through a chain of layers a ← f(w·a), the product of local gradients, x = 1");
        output.WriteLine($"   {"depth",5} {"sigmoid, w = 1",16} {"ReLU, w = 1",14} {"ReLU, w = 1.5",15}");
        var agree = true;
        for (var depth = 1; depth <= 20; depth++)
        {
            var (sigmoid, byHand) = (Chain(depth, 1, v => v.Sigmoid()), SigmoidByHand(depth));
            var (relu, growing) = (Chain(depth, 1, v => v.Relu()), Chain(depth, 1.5, v => v.Relu()));
            agree &= Math.Abs(sigmoid - byHand) <= 1e-9 * byHand && Near(relu, 1) && Near(growing, Math.Pow(1.5, depth));
            output.WriteLine($"   {depth,5} {sigmoid,16:E3} {relu,14:F1} {growing,15:F2}");
        }
        output.WriteLine("   σ' is at most 1/4, so the gradient vanishes; ReLU passes it on, and a weight above 1 makes it explode.");
        output.WriteLine();
        return agree;
    }

    private static double Chain(int depth, double weight, Func<Value, Value> activation)
    {
        var f = new FunctionBuilder("chain");
        var x = Number(f, 1);
        var a = x;
        for (var i = 0; i < depth; i++) a = activation(a * weight);
        return (double)ReferenceInterpreter.Run(f.Build(Adjoint.AppendDense(f, a, [x])))[0][0];
    }

    private static double SigmoidByHand(int depth)
    {
        var (a, product) = (1.0, 1.0);
        for (var i = 0; i < depth; i++)
        {
            a = 1 / (1 + Math.Exp(-a));
            product *= a * (1 - a);
        }
        return product;
    }
}
