using System.Numerics.Tensors;
using System.Runtime.InteropServices;
using GraphCompiler.Frontend;
using GraphCompiler.Runtime;

namespace GraphCompiler.Tensors;

/// <summary>Compiled functions on tensors of System.Numerics.Tensors: shapes are checked, and nothing is copied.</summary>
/// <remarks>A <see cref="Tensor{T}"/> is given as <c>tensor.AsReadOnlyTensorSpan()</c>. What is given is dense and row-major.</remarks>
public static class TensorSyntax
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

        /// <inheritdoc cref="Run{T0}(CompiledFunction, in ReadOnlyTensorSpan{T0})"/>
        public void Run<T0, T1, T2, T3, T4>(in ReadOnlyTensorSpan<T0> input0, in ReadOnlyTensorSpan<T1> input1,
            in ReadOnlyTensorSpan<T2> input2, in ReadOnlyTensorSpan<T3> input3, in ReadOnlyTensorSpan<T4> input4)
            where T0 : unmanaged where T1 : unmanaged where T2 : unmanaged where T3 : unmanaged where T4 : unmanaged
        {
            ArgumentNullException.ThrowIfNull(function);
            function.Run(Elements(function, 0, input0), Elements(function, 1, input1), Elements(function, 2, input2),
                Elements(function, 3, input3), Elements(function, 4, input4));
        }

        /// <inheritdoc cref="Run{T0}(CompiledFunction, in ReadOnlyTensorSpan{T0})"/>
        public void Run<T0, T1, T2, T3, T4, T5>(in ReadOnlyTensorSpan<T0> input0, in ReadOnlyTensorSpan<T1> input1,
            in ReadOnlyTensorSpan<T2> input2, in ReadOnlyTensorSpan<T3> input3, in ReadOnlyTensorSpan<T4> input4,
            in ReadOnlyTensorSpan<T5> input5)
            where T0 : unmanaged where T1 : unmanaged where T2 : unmanaged where T3 : unmanaged where T4 : unmanaged where T5 : unmanaged
        {
            ArgumentNullException.ThrowIfNull(function);
            function.Run(Elements(function, 0, input0), Elements(function, 1, input1), Elements(function, 2, input2),
                Elements(function, 3, input3), Elements(function, 4, input4), Elements(function, 5, input5));
        }

        /// <inheritdoc cref="Run{T0}(CompiledFunction, in ReadOnlyTensorSpan{T0})"/>
        public void Run<T0, T1, T2, T3, T4, T5, T6>(in ReadOnlyTensorSpan<T0> input0, in ReadOnlyTensorSpan<T1> input1,
            in ReadOnlyTensorSpan<T2> input2, in ReadOnlyTensorSpan<T3> input3, in ReadOnlyTensorSpan<T4> input4,
            in ReadOnlyTensorSpan<T5> input5, in ReadOnlyTensorSpan<T6> input6)
            where T0 : unmanaged where T1 : unmanaged where T2 : unmanaged where T3 : unmanaged where T4 : unmanaged where T5 : unmanaged
            where T6 : unmanaged
        {
            ArgumentNullException.ThrowIfNull(function);
            function.Run(Elements(function, 0, input0), Elements(function, 1, input1), Elements(function, 2, input2),
                Elements(function, 3, input3), Elements(function, 4, input4), Elements(function, 5, input5),
                Elements(function, 6, input6));
        }

        /// <inheritdoc cref="Run{T0}(CompiledFunction, in ReadOnlyTensorSpan{T0})"/>
        public void Run<T0, T1, T2, T3, T4, T5, T6, T7>(in ReadOnlyTensorSpan<T0> input0, in ReadOnlyTensorSpan<T1> input1,
            in ReadOnlyTensorSpan<T2> input2, in ReadOnlyTensorSpan<T3> input3, in ReadOnlyTensorSpan<T4> input4,
            in ReadOnlyTensorSpan<T5> input5, in ReadOnlyTensorSpan<T6> input6, in ReadOnlyTensorSpan<T7> input7)
            where T0 : unmanaged where T1 : unmanaged where T2 : unmanaged where T3 : unmanaged where T4 : unmanaged where T5 : unmanaged
            where T6 : unmanaged where T7 : unmanaged
        {
            ArgumentNullException.ThrowIfNull(function);
            function.Run(Elements(function, 0, input0), Elements(function, 1, input1), Elements(function, 2, input2),
                Elements(function, 3, input3), Elements(function, 4, input4), Elements(function, 5, input5),
                Elements(function, 6, input6), Elements(function, 7, input7));
        }

        /// <inheritdoc cref="Run{T0}(CompiledFunction, in ReadOnlyTensorSpan{T0})"/>
        public void Run<T0, T1, T2, T3, T4, T5, T6, T7, T8>(in ReadOnlyTensorSpan<T0> input0, in ReadOnlyTensorSpan<T1> input1,
            in ReadOnlyTensorSpan<T2> input2, in ReadOnlyTensorSpan<T3> input3, in ReadOnlyTensorSpan<T4> input4,
            in ReadOnlyTensorSpan<T5> input5, in ReadOnlyTensorSpan<T6> input6, in ReadOnlyTensorSpan<T7> input7,
            in ReadOnlyTensorSpan<T8> input8)
            where T0 : unmanaged where T1 : unmanaged where T2 : unmanaged where T3 : unmanaged where T4 : unmanaged where T5 : unmanaged
            where T6 : unmanaged where T7 : unmanaged where T8 : unmanaged
        {
            ArgumentNullException.ThrowIfNull(function);
            function.Run(Elements(function, 0, input0), Elements(function, 1, input1), Elements(function, 2, input2),
                Elements(function, 3, input3), Elements(function, 4, input4), Elements(function, 5, input5),
                Elements(function, 6, input6), Elements(function, 7, input7), Elements(function, 8, input8));
        }

        /// <inheritdoc cref="Run{T0}(CompiledFunction, in ReadOnlyTensorSpan{T0})"/>
        public void Run<T0, T1, T2, T3, T4, T5, T6, T7, T8, T9>(in ReadOnlyTensorSpan<T0> input0, in ReadOnlyTensorSpan<T1> input1,
            in ReadOnlyTensorSpan<T2> input2, in ReadOnlyTensorSpan<T3> input3, in ReadOnlyTensorSpan<T4> input4,
            in ReadOnlyTensorSpan<T5> input5, in ReadOnlyTensorSpan<T6> input6, in ReadOnlyTensorSpan<T7> input7,
            in ReadOnlyTensorSpan<T8> input8, in ReadOnlyTensorSpan<T9> input9)
            where T0 : unmanaged where T1 : unmanaged where T2 : unmanaged where T3 : unmanaged where T4 : unmanaged where T5 : unmanaged
            where T6 : unmanaged where T7 : unmanaged where T8 : unmanaged where T9 : unmanaged
        {
            ArgumentNullException.ThrowIfNull(function);
            function.Run(Elements(function, 0, input0), Elements(function, 1, input1), Elements(function, 2, input2),
                Elements(function, 3, input3), Elements(function, 4, input4), Elements(function, 5, input5),
                Elements(function, 6, input6), Elements(function, 7, input7), Elements(function, 8, input8),
                Elements(function, 9, input9));
        }

        /// <inheritdoc cref="Run{T0}(CompiledFunction, in ReadOnlyTensorSpan{T0})"/>
        public void Run<T0, T1, T2, T3, T4, T5, T6, T7, T8, T9, T10>(in ReadOnlyTensorSpan<T0> input0, in ReadOnlyTensorSpan<T1> input1,
            in ReadOnlyTensorSpan<T2> input2, in ReadOnlyTensorSpan<T3> input3, in ReadOnlyTensorSpan<T4> input4,
            in ReadOnlyTensorSpan<T5> input5, in ReadOnlyTensorSpan<T6> input6, in ReadOnlyTensorSpan<T7> input7,
            in ReadOnlyTensorSpan<T8> input8, in ReadOnlyTensorSpan<T9> input9, in ReadOnlyTensorSpan<T10> input10)
            where T0 : unmanaged where T1 : unmanaged where T2 : unmanaged where T3 : unmanaged where T4 : unmanaged where T5 : unmanaged
            where T6 : unmanaged where T7 : unmanaged where T8 : unmanaged where T9 : unmanaged where T10 : unmanaged
        {
            ArgumentNullException.ThrowIfNull(function);
            function.Run(Elements(function, 0, input0), Elements(function, 1, input1), Elements(function, 2, input2),
                Elements(function, 3, input3), Elements(function, 4, input4), Elements(function, 5, input5),
                Elements(function, 6, input6), Elements(function, 7, input7), Elements(function, 8, input8),
                Elements(function, 9, input9), Elements(function, 10, input10));
        }

        /// <inheritdoc cref="Run{T0}(CompiledFunction, in ReadOnlyTensorSpan{T0})"/>
        public void Run<T0, T1, T2, T3, T4, T5, T6, T7, T8, T9, T10, T11>(in ReadOnlyTensorSpan<T0> input0,
            in ReadOnlyTensorSpan<T1> input1, in ReadOnlyTensorSpan<T2> input2, in ReadOnlyTensorSpan<T3> input3,
            in ReadOnlyTensorSpan<T4> input4, in ReadOnlyTensorSpan<T5> input5, in ReadOnlyTensorSpan<T6> input6,
            in ReadOnlyTensorSpan<T7> input7, in ReadOnlyTensorSpan<T8> input8, in ReadOnlyTensorSpan<T9> input9,
            in ReadOnlyTensorSpan<T10> input10, in ReadOnlyTensorSpan<T11> input11)
            where T0 : unmanaged where T1 : unmanaged where T2 : unmanaged where T3 : unmanaged where T4 : unmanaged where T5 : unmanaged
            where T6 : unmanaged where T7 : unmanaged where T8 : unmanaged where T9 : unmanaged where T10 : unmanaged
            where T11 : unmanaged
        {
            ArgumentNullException.ThrowIfNull(function);
            function.Run(Elements(function, 0, input0), Elements(function, 1, input1), Elements(function, 2, input2),
                Elements(function, 3, input3), Elements(function, 4, input4), Elements(function, 5, input5),
                Elements(function, 6, input6), Elements(function, 7, input7), Elements(function, 8, input8),
                Elements(function, 9, input9), Elements(function, 10, input10), Elements(function, 11, input11));
        }

        /// <inheritdoc cref="Run{T0}(CompiledFunction, in ReadOnlyTensorSpan{T0})"/>
        public void Run<T0, T1, T2, T3, T4, T5, T6, T7, T8, T9, T10, T11, T12>(in ReadOnlyTensorSpan<T0> input0,
            in ReadOnlyTensorSpan<T1> input1, in ReadOnlyTensorSpan<T2> input2, in ReadOnlyTensorSpan<T3> input3,
            in ReadOnlyTensorSpan<T4> input4, in ReadOnlyTensorSpan<T5> input5, in ReadOnlyTensorSpan<T6> input6,
            in ReadOnlyTensorSpan<T7> input7, in ReadOnlyTensorSpan<T8> input8, in ReadOnlyTensorSpan<T9> input9,
            in ReadOnlyTensorSpan<T10> input10, in ReadOnlyTensorSpan<T11> input11, in ReadOnlyTensorSpan<T12> input12)
            where T0 : unmanaged where T1 : unmanaged where T2 : unmanaged where T3 : unmanaged where T4 : unmanaged where T5 : unmanaged
            where T6 : unmanaged where T7 : unmanaged where T8 : unmanaged where T9 : unmanaged where T10 : unmanaged
            where T11 : unmanaged where T12 : unmanaged
        {
            ArgumentNullException.ThrowIfNull(function);
            function.Run(Elements(function, 0, input0), Elements(function, 1, input1), Elements(function, 2, input2),
                Elements(function, 3, input3), Elements(function, 4, input4), Elements(function, 5, input5),
                Elements(function, 6, input6), Elements(function, 7, input7), Elements(function, 8, input8),
                Elements(function, 9, input9), Elements(function, 10, input10), Elements(function, 11, input11),
                Elements(function, 12, input12));
        }

        /// <inheritdoc cref="Run{T0}(CompiledFunction, in ReadOnlyTensorSpan{T0})"/>
        public void Run<T0, T1, T2, T3, T4, T5, T6, T7, T8, T9, T10, T11, T12, T13>(in ReadOnlyTensorSpan<T0> input0,
            in ReadOnlyTensorSpan<T1> input1, in ReadOnlyTensorSpan<T2> input2, in ReadOnlyTensorSpan<T3> input3,
            in ReadOnlyTensorSpan<T4> input4, in ReadOnlyTensorSpan<T5> input5, in ReadOnlyTensorSpan<T6> input6,
            in ReadOnlyTensorSpan<T7> input7, in ReadOnlyTensorSpan<T8> input8, in ReadOnlyTensorSpan<T9> input9,
            in ReadOnlyTensorSpan<T10> input10, in ReadOnlyTensorSpan<T11> input11, in ReadOnlyTensorSpan<T12> input12,
            in ReadOnlyTensorSpan<T13> input13)
            where T0 : unmanaged where T1 : unmanaged where T2 : unmanaged where T3 : unmanaged where T4 : unmanaged where T5 : unmanaged
            where T6 : unmanaged where T7 : unmanaged where T8 : unmanaged where T9 : unmanaged where T10 : unmanaged
            where T11 : unmanaged where T12 : unmanaged where T13 : unmanaged
        {
            ArgumentNullException.ThrowIfNull(function);
            function.Run(Elements(function, 0, input0), Elements(function, 1, input1), Elements(function, 2, input2),
                Elements(function, 3, input3), Elements(function, 4, input4), Elements(function, 5, input5),
                Elements(function, 6, input6), Elements(function, 7, input7), Elements(function, 8, input8),
                Elements(function, 9, input9), Elements(function, 10, input10), Elements(function, 11, input11),
                Elements(function, 12, input12), Elements(function, 13, input13));
        }

        /// <inheritdoc cref="Run{T0}(CompiledFunction, in ReadOnlyTensorSpan{T0})"/>
        public void Run<T0, T1, T2, T3, T4, T5, T6, T7, T8, T9, T10, T11, T12, T13, T14>(in ReadOnlyTensorSpan<T0> input0,
            in ReadOnlyTensorSpan<T1> input1, in ReadOnlyTensorSpan<T2> input2, in ReadOnlyTensorSpan<T3> input3,
            in ReadOnlyTensorSpan<T4> input4, in ReadOnlyTensorSpan<T5> input5, in ReadOnlyTensorSpan<T6> input6,
            in ReadOnlyTensorSpan<T7> input7, in ReadOnlyTensorSpan<T8> input8, in ReadOnlyTensorSpan<T9> input9,
            in ReadOnlyTensorSpan<T10> input10, in ReadOnlyTensorSpan<T11> input11, in ReadOnlyTensorSpan<T12> input12,
            in ReadOnlyTensorSpan<T13> input13, in ReadOnlyTensorSpan<T14> input14)
            where T0 : unmanaged where T1 : unmanaged where T2 : unmanaged where T3 : unmanaged where T4 : unmanaged where T5 : unmanaged
            where T6 : unmanaged where T7 : unmanaged where T8 : unmanaged where T9 : unmanaged where T10 : unmanaged
            where T11 : unmanaged where T12 : unmanaged where T13 : unmanaged where T14 : unmanaged
        {
            ArgumentNullException.ThrowIfNull(function);
            function.Run(Elements(function, 0, input0), Elements(function, 1, input1), Elements(function, 2, input2),
                Elements(function, 3, input3), Elements(function, 4, input4), Elements(function, 5, input5),
                Elements(function, 6, input6), Elements(function, 7, input7), Elements(function, 8, input8),
                Elements(function, 9, input9), Elements(function, 10, input10), Elements(function, 11, input11),
                Elements(function, 12, input12), Elements(function, 13, input13), Elements(function, 14, input14));
        }

        /// <inheritdoc cref="Run{T0}(CompiledFunction, in ReadOnlyTensorSpan{T0})"/>
        public void Run<T0, T1, T2, T3, T4, T5, T6, T7, T8, T9, T10, T11, T12, T13, T14, T15>(in ReadOnlyTensorSpan<T0> input0,
            in ReadOnlyTensorSpan<T1> input1, in ReadOnlyTensorSpan<T2> input2, in ReadOnlyTensorSpan<T3> input3,
            in ReadOnlyTensorSpan<T4> input4, in ReadOnlyTensorSpan<T5> input5, in ReadOnlyTensorSpan<T6> input6,
            in ReadOnlyTensorSpan<T7> input7, in ReadOnlyTensorSpan<T8> input8, in ReadOnlyTensorSpan<T9> input9,
            in ReadOnlyTensorSpan<T10> input10, in ReadOnlyTensorSpan<T11> input11, in ReadOnlyTensorSpan<T12> input12,
            in ReadOnlyTensorSpan<T13> input13, in ReadOnlyTensorSpan<T14> input14, in ReadOnlyTensorSpan<T15> input15)
            where T0 : unmanaged where T1 : unmanaged where T2 : unmanaged where T3 : unmanaged where T4 : unmanaged where T5 : unmanaged
            where T6 : unmanaged where T7 : unmanaged where T8 : unmanaged where T9 : unmanaged where T10 : unmanaged
            where T11 : unmanaged where T12 : unmanaged where T13 : unmanaged where T14 : unmanaged where T15 : unmanaged
        {
            ArgumentNullException.ThrowIfNull(function);
            function.Run(Elements(function, 0, input0), Elements(function, 1, input1), Elements(function, 2, input2),
                Elements(function, 3, input3), Elements(function, 4, input4), Elements(function, 5, input5),
                Elements(function, 6, input6), Elements(function, 7, input7), Elements(function, 8, input8),
                Elements(function, 9, input9), Elements(function, 10, input10), Elements(function, 11, input11),
                Elements(function, 12, input12), Elements(function, 13, input13), Elements(function, 14, input14),
                Elements(function, 15, input15));
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
