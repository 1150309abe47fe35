using GraphCompiler.IR;
using GraphCompiler.IR.Diagnostics;
using GraphCompiler.IR.Ops;

namespace GraphCompiler.Passes;

/// <summary>What a model is compiled for.</summary>
public enum Mode
{
    /// <summary>To learn: dropout drops.</summary>
    Training,
    /// <summary>To use what was learnt: dropout is the identity.</summary>
    Inference,
}

/// <summary>Puts the operand for one mode in the place of each by_mode.</summary>
/// <remarks>Ensures: no by_mode is left. What only the other mode reads is dead. O(operations).</remarks>
public sealed class ResolveMode : IPass
{
    private readonly int _operand;

    /// <summary>Compiles for this mode.</summary>
    /// <exception cref="GraphException">SGC1011: no mode.</exception>
    public ResolveMode(Mode mode) => _operand = Enum.IsDefined(mode) ? (int)mode
        : throw new GraphException(DiagnosticCode.BadArgument, $"{mode} is no mode; there are {Mode.Training} and {Mode.Inference}");

    /// <summary>The operand that stands for a by_mode.</summary>
    public Value Chosen(Operation byMode)
    {
        ArgumentNullException.ThrowIfNull(byMode);
        return byMode.Op is ByMode ? byMode.Operands[_operand]
            : throw new GraphException(DiagnosticCode.BadArgument, $"{byMode} is no by_mode");
    }

    /// <inheritdoc/>
    public string Name => "resolve_mode";

    /// <inheritdoc/>
    public Function Run(Function function, PassContext context) => !function.Operations.Any(o => o.Op is ByMode) ? function
        : Rewriter.Rebuild(function, (operation, _, operands) => operation.Op is ByMode ? [operands[_operand]] : null);
}
