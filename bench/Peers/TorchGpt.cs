using GraphCompiler.Bench.Suite;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;
using F = TorchSharp.torch.nn.functional;

namespace GraphCompiler.Bench.Peers;

/// <summary>A language model on libtorch, with its own fused attention.</summary>
internal sealed class TorchGpt : ITorchModel
{
    private readonly Gpt _spec;
    private readonly Func<string, float[]> _variable;
    private readonly List<Parameter> _parameters = [];
    private readonly Embedding _tokens;
    private readonly Parameter _positions, _scale, _offset;
    private readonly Block[] _blocks;

    // Kernels [outputs, inputs], and the biases.
    private sealed record Block(Parameter Scale1, Parameter Offset1, Parameter Qkv, Parameter QkvBias, Parameter Output,
        Parameter OutputBias, Parameter Scale2, Parameter Offset2, Parameter Up, Parameter UpBias, Parameter Down, Parameter DownBias);

    public TorchGpt(Gpt spec, Func<string, float[]> variable)
    {
        (_spec, _variable) = (spec, variable);
        var (width, hidden) = (spec.Width, 4 * spec.Width);
        (_tokens, _positions) = (Table("tokens/table", spec.Vocabulary, width), Read("positions/table", spec.Length, width));
        _blocks = [.. Enumerable.Range(0, spec.Blocks).Select(i => $"block{i}/part").Select(b => new Block(
            Read($"{b}/attention_norm/scale", width), Read($"{b}/attention_norm/bias", width),
            Kernel($"{b}/attention/qkv", width, 3 * width), Read($"{b}/attention/qkv/bias", 3 * width),
            Kernel($"{b}/attention/output", width, width), Read($"{b}/attention/output/bias", width),
            Read($"{b}/feed_forward_norm/scale", width), Read($"{b}/feed_forward_norm/bias", width),
            Kernel($"{b}/feed_forward/up", width, hidden), Read($"{b}/feed_forward/up/bias", hidden),
            Kernel($"{b}/feed_forward/down", hidden, width), Read($"{b}/feed_forward/down/bias", width)))];
        (_scale, _offset) = (Read("norm/scale", width), Read("norm/bias", width));
    }

    public IEnumerable<Parameter> Parameters => _parameters;

    public Tensor Loss(Tensor features, Tensor targets)
    {
        var h = _tokens.call(features) + _positions;
        foreach (var block in _blocks)
        {
            h = h + Attention(block, Norm(h, block.Scale1, block.Offset1));
            var up = F.linear(Norm(h, block.Scale2, block.Offset2), block.Up, block.UpBias);
            h = h + F.linear(F.gelu(up), block.Down, block.DownBias);
        }
        var logits = F.linear(Norm(h, _scale, _offset), _tokens.weight!);
        return F.cross_entropy(logits.view(-1, _spec.Vocabulary), targets);
    }

    public void Dispose()
    {
        _parameters.ForEach(p => p.Dispose());
        _tokens.Dispose();
    }

    private Tensor Norm(Tensor x, Parameter scale, Parameter offset) => F.layer_norm(x, [_spec.Width], scale, offset, Gpt.Epsilon);

    private Tensor Attention(Block block, Tensor x)
    {
        long[] heads = [_spec.BatchSize, _spec.Length, _spec.Heads, _spec.Width / _spec.Heads];
        var parts = F.linear(x, block.Qkv, block.QkvBias).split(_spec.Width, dim: 2);
        Tensor Heads(int part) => parts[part].view(heads).transpose(1, 2);
        var y = F.scaled_dot_product_attention(Heads(0), Heads(1), Heads(2), is_casual: true);
        return F.linear(y.transpose(1, 2).reshape(_spec.BatchSize, _spec.Length, _spec.Width), block.Output, block.OutputBias);
    }

    private Embedding Table(string name, int rows, int width)
    {
        var table = nn.Embedding(rows, width);
        Fill();
        // Asked for outside of the scope, which would dispose of it.
        _parameters.AddRange(table.parameters());
        return table;

        void Fill()
        {
            using var scope = torch.NewDisposeScope();
            using var noGradient = torch.no_grad();
            table.weight!.copy_(torch.tensor(_variable(name), [rows, width]));
        }
    }

    // torch keeps a kernel as [outputs, inputs].
    private Parameter Kernel(string name, int inputs, int outputs)
    {
        using var scope = torch.NewDisposeScope();
        return Keep(torch.tensor(_variable($"{name}/kernel"), [inputs, outputs]).t().contiguous());
    }

    private Parameter Read(string name, params long[] sizes)
    {
        using var scope = torch.NewDisposeScope();
        return Keep(torch.tensor(_variable(name), sizes));
    }

    private Parameter Keep(Tensor value)
    {
        var parameter = nn.Parameter(value.MoveToOuterDisposeScope());
        parameter.DetachFromDisposeScope();
        _parameters.Add(parameter);
        return parameter;
    }
}
