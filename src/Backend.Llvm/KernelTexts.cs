using System.Collections.Immutable;
using GraphCompiler.IR.Loops;

namespace GraphCompiler.Backend.Llvm;

/// <summary>Numbers for kernels by their text, so that those that differ in nothing else are one. A body that several kernels have is
/// printed once.</summary>
internal sealed class KernelTexts
{
    private readonly List<string> _texts = [];
    private readonly Dictionary<string, int> _numbers = [];
    private readonly Dictionary<ImmutableArray<Statement>, (Kernel Kernel, int Number)> _ofBodies = [];

    /// <summary>Different texts so far.</summary>
    public int Count => _texts.Count;

    /// <summary>The text of a number.</summary>
    public string this[int number] => _texts[number];

    /// <summary>The number of a kernel; that of the first with a text is how many there were before it.</summary>
    public int NumberOf(Kernel kernel)
    {
        if (_ofBodies.TryGetValue(kernel.Body, out var known) && known.Kernel.Arguments == kernel.Arguments
            && known.Kernel.Scratch == kernel.Scratch && known.Kernel.Name == kernel.Name) return known.Number;
        var text = LoopPrinter.Print(kernel);
        if (_numbers.TryAdd(text, _texts.Count)) _texts.Add(text);
        _ofBodies[kernel.Body] = (kernel, _numbers[text]);
        return _numbers[text];
    }
}
