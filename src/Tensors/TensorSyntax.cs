using System.Numerics.Tensors;
using System.Runtime.InteropServices;
using GraphCompiler.Frontend;
using GraphCompiler.Runtime;

namespace GraphCompiler.Tensors;

/// <summary>Compiled functions on tensors of System.Numerics.Tensors: shapes are checked, and nothing is copied.</summary>
/// <remarks>A <see cref="Tensor{T}"/> is given as <c>tensor.AsReadOnlyTensorSpan()</c>. What is given is dense and row-major.</remarks>
public static partial class TensorSyntax
{
    extension(CompiledFunction function)
    {
        /// <summary>One run on inputs in the order of <see cref="CompiledFunction.Inputs"/>. Nothing is copied or allocated.</summary>
        /// <exception cref="RuntimeException">SGC5001: another shape than the input's, or elements that are not dense; the message has both
        /// shapes. Else as of the overloads for spans.</exception>
        public void Run<T0>(in ReadOnlyTensorSpan<T0> input0) where T0 : unmanaged
        {
            ArgumentNullException.ThrowIfNull(function);
            function.Run(Elements(function, 0, input0));
        }

        /// <inheritdoc cref="Run{T0}(CompiledFunction, in ReadOnlyTensorSpan{T0})"/>
        public void Run<T0, T1>(in ReadOnlyTensorSpan<T0> input0, in ReadOnlyTensorSpan<T1> input1)
            where T0 : unmanaged where T1 : unmanaged
        {
            ArgumentNullException.ThrowIfNull(function);
            function.Run(Elements(function, 0, input0), Elements(function, 1, input1));
        }

        /// <inheritdoc cref="Run{T0}(CompiledFunction, in ReadOnlyTensorSpan{T0})"/>
        public void Run<T0, T1, T2>(in ReadOnlyTensorSpan<T0> input0, in ReadOnlyTensorSpan<T1> input1, in ReadOnlyTensorSpan<T2> input2)
            where T0 : unmanaged where T1 : unmanaged where T2 : unmanaged
        {
            ArgumentNullException.ThrowIfNull(function);
            function.Run(Elements(function, 0, input0), Elements(function, 1, input1), Elements(function, 2, input2));
        }

        /// <inheritdoc cref="Run{T0}(CompiledFunction, in ReadOnlyTensorSpan{T0})"/>
        public void Run<T0, T1, T2, T3>(in ReadOnlyTensorSpan<T0> input0, in ReadOnlyTensorSpan<T1> input1,
            in ReadOnlyTensorSpan<T2> input2, in ReadOnlyTensorSpan<T3> input3)
            where T0 : unmanaged where T1 : unmanaged where T2 : unmanaged where T3 : unmanaged
        {
            ArgumentNullException.ThrowIfNull(function);
            function.Run(Elements(function, 0, input0), Elements(function, 1, input1), Elements(function, 2, input2),
                Elements(function, 3, input3));
        }

        /// <summary>An output of the last run, in its shape; no copy. Changed by this thread's next run.</summary>
        /// <typeparam name="T">A type that holds its elements.</typeparam>
        /// <exception cref="RuntimeException">As of <see cref="CompiledFunction.Output"/>.</exception>
        public ReadOnlyTensorSpan<T> OutputTensor<T>(string name) where T : unmanaged
        {
            ArgumentNullException.ThrowIfNull(function);
            var elements = function.Output<T>(name);
            return new(elements, Lengths(BufferOf(function, name)));
        }

        /// <summary>A variable, in its shape, to read or to set between runs; no copy.</summary>
        /// <typeparam name="T">A type that holds its elements.</typeparam>
        /// <exception cref="RuntimeException">As of <see cref="CompiledFunction.Variable"/>.</exception>
        public TensorSpan<T> VariableTensor<T>(string name) where T : unmanaged
        {
            ArgumentNullException.ThrowIfNull(function);
            var elements = function.Variable<T>(name);
            return new(elements, Lengths(BufferOf(function, name)));
        }
    }

    private static BufferLayout BufferOf(CompiledFunction function, string name) => function.Layout.Buffers.First(b => b.Name == name);

    // A scalar is a tensor of one element on one axis.
    private static nint[] Lengths(BufferLayout buffer) =>
        buffer.Dimensions.IsEmpty ? [1] : [.. buffer.Dimensions.Select(d => (nint)d)];

    private static ReadOnlySpan<T> Elements<T>(CompiledFunction function, int input, in ReadOnlyTensorSpan<T> tensor) where T : unmanaged
    {
        var at = 0;
        foreach (var buffer in function.Layout.Buffers)
        {
            if (buffer.Role != BufferRole.Input || at++ != input) continue;
            if (!HasShape(tensor, buffer) || !tensor.IsDense) throw Refusal(buffer, tensor.Lengths.ToArray(), tensor.IsDense);
            break;
        }
        return MemoryMarshal.CreateReadOnlySpan(in tensor.GetPinnableReference(), (int)tensor.FlattenedLength);
    }

    private static bool HasShape<T>(in ReadOnlyTensorSpan<T> tensor, BufferLayout buffer)
    {
        if (buffer.Dimensions.IsEmpty) return tensor.FlattenedLength == 1;
        if (tensor.Rank != buffer.Dimensions.Length) return false;
        for (var i = 0; i < tensor.Rank; i++)
            if (tensor.Lengths[i] != buffer.Dimensions[i]) return false;
        return true;
    }

    private static RuntimeException Refusal(BufferLayout buffer, nint[] lengths, bool isDense) => new(RuntimeCode.WrongLength,
        $"input '{buffer.Name}' is {buffer.TypeText}, and a tensor [{string.Join(",", lengths)}] is given"
        + (isDense ? "" : " whose elements are not dense; copy it first"));
}
