using System.Numerics.Tensors;
using GraphCompiler.Frontend;

namespace GraphCompiler.Tensors;

// Runs on five to sixteen tensors, as many as there are overloads for spans.
public static partial class TensorSyntax
{
    extension(CompiledFunction function)
    {
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
    }
}
