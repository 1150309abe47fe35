using GraphCompiler.Runtime;

namespace GraphCompiler.Frontend;

// The overloads of Run, for 0 to 16 inputs and for any number as bytes.
public partial class CompiledFunction
{
    /// <summary>One run of a function without inputs. Nothing is allocated.</summary>
    /// <exception cref="RuntimeException">SGC5002: disposed. SGC5005: run by another thread, or a function that shares its variables is.
    /// SGC5007: the function has inputs.</exception>
    public void Run()
    {
        using var entry = Executable.Enter();
        entry.Run();
        CheckInputs(entry);
    }

    /// <summary>One run on any number of inputs, given as bytes. Nothing is copied.</summary>
    /// <param name="inputs">One memory per input, in the order of <see cref="Inputs"/>, of exactly the input's bytes.</param>
    /// <exception cref="RuntimeException">SGC5001: wrong length. SGC5002: disposed. SGC5005: run by another thread, or a function that
    /// shares its variables is. SGC5007: wrong number. SGC5008: an input that a loss cannot use.</exception>
    public void Run(ReadOnlySpan<ReadOnlyMemory<byte>> inputs)
    {
        using var entry = Executable.Enter();
        entry.Run(inputs);
        CheckInputs(entry);
    }

    /// <summary>One run on inputs in the order of <see cref="Inputs"/>. Nothing is copied or allocated.</summary>
    /// <exception cref="RuntimeException">SGC5001: wrong length. SGC5002: disposed. SGC5003: wrong element type. SGC5005: run by
    /// another thread, or a function that shares its variables is. SGC5007: wrong number. SGC5008: an input that a loss cannot use, in a
    /// function compiled with <see cref="CompileOptions.Checked"/>.</exception>
    public void Run<T0>(ReadOnlySpan<T0> input0)
        where T0 : unmanaged
    {
        using var entry = Executable.Enter();
        entry.Run(input0);
        CheckInputs(entry);
    }

    /// <inheritdoc cref="Run{T0}(ReadOnlySpan{T0})"/>
    public void Run<T0, T1>(ReadOnlySpan<T0> input0, ReadOnlySpan<T1> input1)
        where T0 : unmanaged where T1 : unmanaged
    {
        using var entry = Executable.Enter();
        entry.Run(input0, input1);
        CheckInputs(entry);
    }

    /// <inheritdoc cref="Run{T0}(ReadOnlySpan{T0})"/>
    public void Run<T0, T1, T2>(ReadOnlySpan<T0> input0, ReadOnlySpan<T1> input1, ReadOnlySpan<T2> input2)
        where T0 : unmanaged where T1 : unmanaged where T2 : unmanaged
    {
        using var entry = Executable.Enter();
        entry.Run(input0, input1, input2);
        CheckInputs(entry);
    }

    /// <inheritdoc cref="Run{T0}(ReadOnlySpan{T0})"/>
    public void Run<T0, T1, T2, T3>(ReadOnlySpan<T0> input0, ReadOnlySpan<T1> input1, ReadOnlySpan<T2> input2, ReadOnlySpan<T3> input3)
        where T0 : unmanaged where T1 : unmanaged where T2 : unmanaged where T3 : unmanaged
    {
        using var entry = Executable.Enter();
        entry.Run(input0, input1, input2, input3);
        CheckInputs(entry);
    }

    /// <inheritdoc cref="Run{T0}(ReadOnlySpan{T0})"/>
    public void Run<T0, T1, T2, T3, T4>(ReadOnlySpan<T0> input0, ReadOnlySpan<T1> input1, ReadOnlySpan<T2> input2,
        ReadOnlySpan<T3> input3, ReadOnlySpan<T4> input4)
        where T0 : unmanaged where T1 : unmanaged where T2 : unmanaged where T3 : unmanaged where T4 : unmanaged
    {
        using var entry = Executable.Enter();
        entry.Run(input0, input1, input2, input3, input4);
        CheckInputs(entry);
    }

    /// <inheritdoc cref="Run{T0}(ReadOnlySpan{T0})"/>
    public void Run<T0, T1, T2, T3, T4, T5>(ReadOnlySpan<T0> input0, ReadOnlySpan<T1> input1, ReadOnlySpan<T2> input2,
        ReadOnlySpan<T3> input3, ReadOnlySpan<T4> input4, ReadOnlySpan<T5> input5)
        where T0 : unmanaged where T1 : unmanaged where T2 : unmanaged where T3 : unmanaged where T4 : unmanaged where T5 : unmanaged
    {
        using var entry = Executable.Enter();
        entry.Run(input0, input1, input2, input3, input4, input5);
        CheckInputs(entry);
    }

    /// <inheritdoc cref="Run{T0}(ReadOnlySpan{T0})"/>
    public void Run<T0, T1, T2, T3, T4, T5, T6>(ReadOnlySpan<T0> input0, ReadOnlySpan<T1> input1, ReadOnlySpan<T2> input2,
        ReadOnlySpan<T3> input3, ReadOnlySpan<T4> input4, ReadOnlySpan<T5> input5, ReadOnlySpan<T6> input6)
        where T0 : unmanaged where T1 : unmanaged where T2 : unmanaged where T3 : unmanaged where T4 : unmanaged where T5 : unmanaged
        where T6 : unmanaged
    {
        using var entry = Executable.Enter();
        entry.Run(input0, input1, input2, input3, input4, input5, input6);
        CheckInputs(entry);
    }

    /// <inheritdoc cref="Run{T0}(ReadOnlySpan{T0})"/>
    public void Run<T0, T1, T2, T3, T4, T5, T6, T7>(ReadOnlySpan<T0> input0, ReadOnlySpan<T1> input1, ReadOnlySpan<T2> input2,
        ReadOnlySpan<T3> input3, ReadOnlySpan<T4> input4, ReadOnlySpan<T5> input5, ReadOnlySpan<T6> input6, ReadOnlySpan<T7> input7)
        where T0 : unmanaged where T1 : unmanaged where T2 : unmanaged where T3 : unmanaged where T4 : unmanaged where T5 : unmanaged
        where T6 : unmanaged where T7 : unmanaged
    {
        using var entry = Executable.Enter();
        entry.Run(input0, input1, input2, input3, input4, input5, input6, input7);
        CheckInputs(entry);
    }

    /// <inheritdoc cref="Run{T0}(ReadOnlySpan{T0})"/>
    public void Run<T0, T1, T2, T3, T4, T5, T6, T7, T8>(ReadOnlySpan<T0> input0, ReadOnlySpan<T1> input1, ReadOnlySpan<T2> input2,
        ReadOnlySpan<T3> input3, ReadOnlySpan<T4> input4, ReadOnlySpan<T5> input5, ReadOnlySpan<T6> input6, ReadOnlySpan<T7> input7,
        ReadOnlySpan<T8> input8)
        where T0 : unmanaged where T1 : unmanaged where T2 : unmanaged where T3 : unmanaged where T4 : unmanaged where T5 : unmanaged
        where T6 : unmanaged where T7 : unmanaged where T8 : unmanaged
    {
        using var entry = Executable.Enter();
        entry.Run(input0, input1, input2, input3, input4, input5, input6, input7, input8);
        CheckInputs(entry);
    }

    /// <inheritdoc cref="Run{T0}(ReadOnlySpan{T0})"/>
    public void Run<T0, T1, T2, T3, T4, T5, T6, T7, T8, T9>(ReadOnlySpan<T0> input0, ReadOnlySpan<T1> input1, ReadOnlySpan<T2> input2,
        ReadOnlySpan<T3> input3, ReadOnlySpan<T4> input4, ReadOnlySpan<T5> input5, ReadOnlySpan<T6> input6, ReadOnlySpan<T7> input7,
        ReadOnlySpan<T8> input8, ReadOnlySpan<T9> input9)
        where T0 : unmanaged where T1 : unmanaged where T2 : unmanaged where T3 : unmanaged where T4 : unmanaged where T5 : unmanaged
        where T6 : unmanaged where T7 : unmanaged where T8 : unmanaged where T9 : unmanaged
    {
        using var entry = Executable.Enter();
        entry.Run(input0, input1, input2, input3, input4, input5, input6, input7, input8, input9);
        CheckInputs(entry);
    }

    /// <inheritdoc cref="Run{T0}(ReadOnlySpan{T0})"/>
    public void Run<T0, T1, T2, T3, T4, T5, T6, T7, T8, T9, T10>(ReadOnlySpan<T0> input0, ReadOnlySpan<T1> input1,
        ReadOnlySpan<T2> input2, ReadOnlySpan<T3> input3, ReadOnlySpan<T4> input4, ReadOnlySpan<T5> input5, ReadOnlySpan<T6> input6,
        ReadOnlySpan<T7> input7, ReadOnlySpan<T8> input8, ReadOnlySpan<T9> input9, ReadOnlySpan<T10> input10)
        where T0 : unmanaged where T1 : unmanaged where T2 : unmanaged where T3 : unmanaged where T4 : unmanaged where T5 : unmanaged
        where T6 : unmanaged where T7 : unmanaged where T8 : unmanaged where T9 : unmanaged where T10 : unmanaged
    {
        using var entry = Executable.Enter();
        entry.Run(input0, input1, input2, input3, input4, input5, input6, input7, input8, input9, input10);
        CheckInputs(entry);
    }

    /// <inheritdoc cref="Run{T0}(ReadOnlySpan{T0})"/>
    public void Run<T0, T1, T2, T3, T4, T5, T6, T7, T8, T9, T10, T11>(ReadOnlySpan<T0> input0, ReadOnlySpan<T1> input1,
        ReadOnlySpan<T2> input2, ReadOnlySpan<T3> input3, ReadOnlySpan<T4> input4, ReadOnlySpan<T5> input5, ReadOnlySpan<T6> input6,
        ReadOnlySpan<T7> input7, ReadOnlySpan<T8> input8, ReadOnlySpan<T9> input9, ReadOnlySpan<T10> input10, ReadOnlySpan<T11> input11)
        where T0 : unmanaged where T1 : unmanaged where T2 : unmanaged where T3 : unmanaged where T4 : unmanaged where T5 : unmanaged
        where T6 : unmanaged where T7 : unmanaged where T8 : unmanaged where T9 : unmanaged where T10 : unmanaged where T11 : unmanaged
    {
        using var entry = Executable.Enter();
        entry.Run(input0, input1, input2, input3, input4, input5, input6, input7, input8, input9, input10, input11);
        CheckInputs(entry);
    }

    /// <inheritdoc cref="Run{T0}(ReadOnlySpan{T0})"/>
    public void Run<T0, T1, T2, T3, T4, T5, T6, T7, T8, T9, T10, T11, T12>(ReadOnlySpan<T0> input0, ReadOnlySpan<T1> input1,
        ReadOnlySpan<T2> input2, ReadOnlySpan<T3> input3, ReadOnlySpan<T4> input4, ReadOnlySpan<T5> input5, ReadOnlySpan<T6> input6,
        ReadOnlySpan<T7> input7, ReadOnlySpan<T8> input8, ReadOnlySpan<T9> input9, ReadOnlySpan<T10> input10, ReadOnlySpan<T11> input11,
        ReadOnlySpan<T12> input12)
        where T0 : unmanaged where T1 : unmanaged where T2 : unmanaged where T3 : unmanaged where T4 : unmanaged where T5 : unmanaged
        where T6 : unmanaged where T7 : unmanaged where T8 : unmanaged where T9 : unmanaged where T10 : unmanaged where T11 : unmanaged
        where T12 : unmanaged
    {
        using var entry = Executable.Enter();
        entry.Run(input0, input1, input2, input3, input4, input5, input6, input7, input8, input9, input10, input11, input12);
        CheckInputs(entry);
    }

    /// <inheritdoc cref="Run{T0}(ReadOnlySpan{T0})"/>
    public void Run<T0, T1, T2, T3, T4, T5, T6, T7, T8, T9, T10, T11, T12, T13>(ReadOnlySpan<T0> input0, ReadOnlySpan<T1> input1,
        ReadOnlySpan<T2> input2, ReadOnlySpan<T3> input3, ReadOnlySpan<T4> input4, ReadOnlySpan<T5> input5, ReadOnlySpan<T6> input6,
        ReadOnlySpan<T7> input7, ReadOnlySpan<T8> input8, ReadOnlySpan<T9> input9, ReadOnlySpan<T10> input10, ReadOnlySpan<T11> input11,
        ReadOnlySpan<T12> input12, ReadOnlySpan<T13> input13)
        where T0 : unmanaged where T1 : unmanaged where T2 : unmanaged where T3 : unmanaged where T4 : unmanaged where T5 : unmanaged
        where T6 : unmanaged where T7 : unmanaged where T8 : unmanaged where T9 : unmanaged where T10 : unmanaged where T11 : unmanaged
        where T12 : unmanaged where T13 : unmanaged
    {
        using var entry = Executable.Enter();
        entry.Run(input0, input1, input2, input3, input4, input5, input6, input7, input8, input9, input10, input11, input12, input13);
        CheckInputs(entry);
    }

    /// <inheritdoc cref="Run{T0}(ReadOnlySpan{T0})"/>
    public void Run<T0, T1, T2, T3, T4, T5, T6, T7, T8, T9, T10, T11, T12, T13, T14>(ReadOnlySpan<T0> input0, ReadOnlySpan<T1> input1,
        ReadOnlySpan<T2> input2, ReadOnlySpan<T3> input3, ReadOnlySpan<T4> input4, ReadOnlySpan<T5> input5, ReadOnlySpan<T6> input6,
        ReadOnlySpan<T7> input7, ReadOnlySpan<T8> input8, ReadOnlySpan<T9> input9, ReadOnlySpan<T10> input10, ReadOnlySpan<T11> input11,
        ReadOnlySpan<T12> input12, ReadOnlySpan<T13> input13, ReadOnlySpan<T14> input14)
        where T0 : unmanaged where T1 : unmanaged where T2 : unmanaged where T3 : unmanaged where T4 : unmanaged where T5 : unmanaged
        where T6 : unmanaged where T7 : unmanaged where T8 : unmanaged where T9 : unmanaged where T10 : unmanaged where T11 : unmanaged
        where T12 : unmanaged where T13 : unmanaged where T14 : unmanaged
    {
        using var entry = Executable.Enter();
        entry.Run(input0, input1, input2, input3, input4, input5, input6, input7, input8, input9, input10, input11, input12, input13,
            input14);
        CheckInputs(entry);
    }

    /// <inheritdoc cref="Run{T0}(ReadOnlySpan{T0})"/>
    public void Run<T0, T1, T2, T3, T4, T5, T6, T7, T8, T9, T10, T11, T12, T13, T14, T15>(ReadOnlySpan<T0> input0,
        ReadOnlySpan<T1> input1, ReadOnlySpan<T2> input2, ReadOnlySpan<T3> input3, ReadOnlySpan<T4> input4, ReadOnlySpan<T5> input5,
        ReadOnlySpan<T6> input6, ReadOnlySpan<T7> input7, ReadOnlySpan<T8> input8, ReadOnlySpan<T9> input9, ReadOnlySpan<T10> input10,
        ReadOnlySpan<T11> input11, ReadOnlySpan<T12> input12, ReadOnlySpan<T13> input13, ReadOnlySpan<T14> input14,
        ReadOnlySpan<T15> input15)
        where T0 : unmanaged where T1 : unmanaged where T2 : unmanaged where T3 : unmanaged where T4 : unmanaged where T5 : unmanaged
        where T6 : unmanaged where T7 : unmanaged where T8 : unmanaged where T9 : unmanaged where T10 : unmanaged where T11 : unmanaged
        where T12 : unmanaged where T13 : unmanaged where T14 : unmanaged where T15 : unmanaged
    {
        using var entry = Executable.Enter();
        entry.Run(input0, input1, input2, input3, input4, input5, input6, input7, input8, input9, input10, input11, input12, input13,
            input14, input15);
        CheckInputs(entry);
    }
}
