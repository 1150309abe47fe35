using System.Runtime.CompilerServices;

namespace GraphCompiler.Runtime;

// The overloads of Run, for 0 to 16 inputs. Each pins its first input, passes its address on, and leaves the rest to the overload below it:
// inlined, they are one method.
public sealed unsafe partial class Executable
{
    internal readonly ref partial struct Entry
    {
        /// <summary>Runs what has been given all inputs.</summary>
        /// <param name="at">How many were given.</param>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public void Run(int at = 0)
        {
            executable.CheckCount(at);
            executable.Step();
        }

        /// <inheritdoc cref="Run(int)"/>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public void Run<T0>(ReadOnlySpan<T0> x0, int at = 0)
            where T0 : unmanaged
        {
            fixed (T0* pointer = x0)
            {
                executable.Bind(at, pointer, x0.Length);
                Run(at + 1);
            }
        }

        /// <inheritdoc cref="Run(int)"/>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public void Run<T0, T1>(ReadOnlySpan<T0> x0, ReadOnlySpan<T1> x1, int at = 0)
            where T0 : unmanaged where T1 : unmanaged
        {
            fixed (T0* pointer = x0)
            {
                executable.Bind(at, pointer, x0.Length);
                Run(x1, at + 1);
            }
        }

        /// <inheritdoc cref="Run(int)"/>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public void Run<T0, T1, T2>(ReadOnlySpan<T0> x0, ReadOnlySpan<T1> x1, ReadOnlySpan<T2> x2, int at = 0)
            where T0 : unmanaged where T1 : unmanaged where T2 : unmanaged
        {
            fixed (T0* pointer = x0)
            {
                executable.Bind(at, pointer, x0.Length);
                Run(x1, x2, at + 1);
            }
        }

        /// <inheritdoc cref="Run(int)"/>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public void Run<T0, T1, T2, T3>(ReadOnlySpan<T0> x0, ReadOnlySpan<T1> x1, ReadOnlySpan<T2> x2, ReadOnlySpan<T3> x3, int at = 0)
            where T0 : unmanaged where T1 : unmanaged where T2 : unmanaged where T3 : unmanaged
        {
            fixed (T0* pointer = x0)
            {
                executable.Bind(at, pointer, x0.Length);
                Run(x1, x2, x3, at + 1);
            }
        }

        /// <inheritdoc cref="Run(int)"/>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public void Run<T0, T1, T2, T3, T4>(ReadOnlySpan<T0> x0, ReadOnlySpan<T1> x1, ReadOnlySpan<T2> x2, ReadOnlySpan<T3> x3,
            ReadOnlySpan<T4> x4, int at = 0)
            where T0 : unmanaged where T1 : unmanaged where T2 : unmanaged where T3 : unmanaged where T4 : unmanaged
        {
            fixed (T0* pointer = x0)
            {
                executable.Bind(at, pointer, x0.Length);
                Run(x1, x2, x3, x4, at + 1);
            }
        }

        /// <inheritdoc cref="Run(int)"/>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public void Run<T0, T1, T2, T3, T4, T5>(ReadOnlySpan<T0> x0, ReadOnlySpan<T1> x1, ReadOnlySpan<T2> x2, ReadOnlySpan<T3> x3,
            ReadOnlySpan<T4> x4, ReadOnlySpan<T5> x5, int at = 0)
            where T0 : unmanaged where T1 : unmanaged where T2 : unmanaged where T3 : unmanaged where T4 : unmanaged where T5 : unmanaged
        {
            fixed (T0* pointer = x0)
            {
                executable.Bind(at, pointer, x0.Length);
                Run(x1, x2, x3, x4, x5, at + 1);
            }
        }

        /// <inheritdoc cref="Run(int)"/>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public void Run<T0, T1, T2, T3, T4, T5, T6>(ReadOnlySpan<T0> x0, ReadOnlySpan<T1> x1, ReadOnlySpan<T2> x2, ReadOnlySpan<T3> x3,
            ReadOnlySpan<T4> x4, ReadOnlySpan<T5> x5, ReadOnlySpan<T6> x6, int at = 0)
            where T0 : unmanaged where T1 : unmanaged where T2 : unmanaged where T3 : unmanaged where T4 : unmanaged where T5 : unmanaged
            where T6 : unmanaged
        {
            fixed (T0* pointer = x0)
            {
                executable.Bind(at, pointer, x0.Length);
                Run(x1, x2, x3, x4, x5, x6, at + 1);
            }
        }

        /// <inheritdoc cref="Run(int)"/>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public void Run<T0, T1, T2, T3, T4, T5, T6, T7>(ReadOnlySpan<T0> x0, ReadOnlySpan<T1> x1, ReadOnlySpan<T2> x2,
            ReadOnlySpan<T3> x3, ReadOnlySpan<T4> x4, ReadOnlySpan<T5> x5, ReadOnlySpan<T6> x6, ReadOnlySpan<T7> x7, int at = 0)
            where T0 : unmanaged where T1 : unmanaged where T2 : unmanaged where T3 : unmanaged where T4 : unmanaged where T5 : unmanaged
            where T6 : unmanaged where T7 : unmanaged
        {
            fixed (T0* pointer = x0)
            {
                executable.Bind(at, pointer, x0.Length);
                Run(x1, x2, x3, x4, x5, x6, x7, at + 1);
            }
        }

        /// <inheritdoc cref="Run(int)"/>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public void Run<T0, T1, T2, T3, T4, T5, T6, T7, T8>(ReadOnlySpan<T0> x0, ReadOnlySpan<T1> x1, ReadOnlySpan<T2> x2,
            ReadOnlySpan<T3> x3, ReadOnlySpan<T4> x4, ReadOnlySpan<T5> x5, ReadOnlySpan<T6> x6, ReadOnlySpan<T7> x7, ReadOnlySpan<T8> x8,
            int at = 0)
            where T0 : unmanaged where T1 : unmanaged where T2 : unmanaged where T3 : unmanaged where T4 : unmanaged where T5 : unmanaged
            where T6 : unmanaged where T7 : unmanaged where T8 : unmanaged
        {
            fixed (T0* pointer = x0)
            {
                executable.Bind(at, pointer, x0.Length);
                Run(x1, x2, x3, x4, x5, x6, x7, x8, at + 1);
            }
        }

        /// <inheritdoc cref="Run(int)"/>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public void Run<T0, T1, T2, T3, T4, T5, T6, T7, T8, T9>(ReadOnlySpan<T0> x0, ReadOnlySpan<T1> x1, ReadOnlySpan<T2> x2,
            ReadOnlySpan<T3> x3, ReadOnlySpan<T4> x4, ReadOnlySpan<T5> x5, ReadOnlySpan<T6> x6, ReadOnlySpan<T7> x7, ReadOnlySpan<T8> x8,
            ReadOnlySpan<T9> x9, int at = 0)
            where T0 : unmanaged where T1 : unmanaged where T2 : unmanaged where T3 : unmanaged where T4 : unmanaged where T5 : unmanaged
            where T6 : unmanaged where T7 : unmanaged where T8 : unmanaged where T9 : unmanaged
        {
            fixed (T0* pointer = x0)
            {
                executable.Bind(at, pointer, x0.Length);
                Run(x1, x2, x3, x4, x5, x6, x7, x8, x9, at + 1);
            }
        }

        /// <inheritdoc cref="Run(int)"/>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public void Run<T0, T1, T2, T3, T4, T5, T6, T7, T8, T9, T10>(ReadOnlySpan<T0> x0, ReadOnlySpan<T1> x1, ReadOnlySpan<T2> x2,
            ReadOnlySpan<T3> x3, ReadOnlySpan<T4> x4, ReadOnlySpan<T5> x5, ReadOnlySpan<T6> x6, ReadOnlySpan<T7> x7, ReadOnlySpan<T8> x8,
            ReadOnlySpan<T9> x9, ReadOnlySpan<T10> x10, int at = 0)
            where T0 : unmanaged where T1 : unmanaged where T2 : unmanaged where T3 : unmanaged where T4 : unmanaged where T5 : unmanaged
            where T6 : unmanaged where T7 : unmanaged where T8 : unmanaged where T9 : unmanaged where T10 : unmanaged
        {
            fixed (T0* pointer = x0)
            {
                executable.Bind(at, pointer, x0.Length);
                Run(x1, x2, x3, x4, x5, x6, x7, x8, x9, x10, at + 1);
            }
        }

        /// <inheritdoc cref="Run(int)"/>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public void Run<T0, T1, T2, T3, T4, T5, T6, T7, T8, T9, T10, T11>(ReadOnlySpan<T0> x0, ReadOnlySpan<T1> x1, ReadOnlySpan<T2> x2,
            ReadOnlySpan<T3> x3, ReadOnlySpan<T4> x4, ReadOnlySpan<T5> x5, ReadOnlySpan<T6> x6, ReadOnlySpan<T7> x7, ReadOnlySpan<T8> x8,
            ReadOnlySpan<T9> x9, ReadOnlySpan<T10> x10, ReadOnlySpan<T11> x11, int at = 0)
            where T0 : unmanaged where T1 : unmanaged where T2 : unmanaged where T3 : unmanaged where T4 : unmanaged where T5 : unmanaged
            where T6 : unmanaged where T7 : unmanaged where T8 : unmanaged where T9 : unmanaged where T10 : unmanaged
            where T11 : unmanaged
        {
            fixed (T0* pointer = x0)
            {
                executable.Bind(at, pointer, x0.Length);
                Run(x1, x2, x3, x4, x5, x6, x7, x8, x9, x10, x11, at + 1);
            }
        }

        /// <inheritdoc cref="Run(int)"/>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public void Run<T0, T1, T2, T3, T4, T5, T6, T7, T8, T9, T10, T11, T12>(ReadOnlySpan<T0> x0, ReadOnlySpan<T1> x1,
            ReadOnlySpan<T2> x2, ReadOnlySpan<T3> x3, ReadOnlySpan<T4> x4, ReadOnlySpan<T5> x5, ReadOnlySpan<T6> x6, ReadOnlySpan<T7> x7,
            ReadOnlySpan<T8> x8, ReadOnlySpan<T9> x9, ReadOnlySpan<T10> x10, ReadOnlySpan<T11> x11, ReadOnlySpan<T12> x12, int at = 0)
            where T0 : unmanaged where T1 : unmanaged where T2 : unmanaged where T3 : unmanaged where T4 : unmanaged where T5 : unmanaged
            where T6 : unmanaged where T7 : unmanaged where T8 : unmanaged where T9 : unmanaged where T10 : unmanaged
            where T11 : unmanaged where T12 : unmanaged
        {
            fixed (T0* pointer = x0)
            {
                executable.Bind(at, pointer, x0.Length);
                Run(x1, x2, x3, x4, x5, x6, x7, x8, x9, x10, x11, x12, at + 1);
            }
        }

        /// <inheritdoc cref="Run(int)"/>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public void Run<T0, T1, T2, T3, T4, T5, T6, T7, T8, T9, T10, T11, T12, T13>(ReadOnlySpan<T0> x0, ReadOnlySpan<T1> x1,
            ReadOnlySpan<T2> x2, ReadOnlySpan<T3> x3, ReadOnlySpan<T4> x4, ReadOnlySpan<T5> x5, ReadOnlySpan<T6> x6, ReadOnlySpan<T7> x7,
            ReadOnlySpan<T8> x8, ReadOnlySpan<T9> x9, ReadOnlySpan<T10> x10, ReadOnlySpan<T11> x11, ReadOnlySpan<T12> x12,
            ReadOnlySpan<T13> x13, int at = 0)
            where T0 : unmanaged where T1 : unmanaged where T2 : unmanaged where T3 : unmanaged where T4 : unmanaged where T5 : unmanaged
            where T6 : unmanaged where T7 : unmanaged where T8 : unmanaged where T9 : unmanaged where T10 : unmanaged
            where T11 : unmanaged where T12 : unmanaged where T13 : unmanaged
        {
            fixed (T0* pointer = x0)
            {
                executable.Bind(at, pointer, x0.Length);
                Run(x1, x2, x3, x4, x5, x6, x7, x8, x9, x10, x11, x12, x13, at + 1);
            }
        }

        /// <inheritdoc cref="Run(int)"/>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public void Run<T0, T1, T2, T3, T4, T5, T6, T7, T8, T9, T10, T11, T12, T13, T14>(ReadOnlySpan<T0> x0, ReadOnlySpan<T1> x1,
            ReadOnlySpan<T2> x2, ReadOnlySpan<T3> x3, ReadOnlySpan<T4> x4, ReadOnlySpan<T5> x5, ReadOnlySpan<T6> x6, ReadOnlySpan<T7> x7,
            ReadOnlySpan<T8> x8, ReadOnlySpan<T9> x9, ReadOnlySpan<T10> x10, ReadOnlySpan<T11> x11, ReadOnlySpan<T12> x12,
            ReadOnlySpan<T13> x13, ReadOnlySpan<T14> x14, int at = 0)
            where T0 : unmanaged where T1 : unmanaged where T2 : unmanaged where T3 : unmanaged where T4 : unmanaged where T5 : unmanaged
            where T6 : unmanaged where T7 : unmanaged where T8 : unmanaged where T9 : unmanaged where T10 : unmanaged
            where T11 : unmanaged where T12 : unmanaged where T13 : unmanaged where T14 : unmanaged
        {
            fixed (T0* pointer = x0)
            {
                executable.Bind(at, pointer, x0.Length);
                Run(x1, x2, x3, x4, x5, x6, x7, x8, x9, x10, x11, x12, x13, x14, at + 1);
            }
        }

        /// <inheritdoc cref="Run(int)"/>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public void Run<T0, T1, T2, T3, T4, T5, T6, T7, T8, T9, T10, T11, T12, T13, T14, T15>(ReadOnlySpan<T0> x0, ReadOnlySpan<T1> x1,
            ReadOnlySpan<T2> x2, ReadOnlySpan<T3> x3, ReadOnlySpan<T4> x4, ReadOnlySpan<T5> x5, ReadOnlySpan<T6> x6, ReadOnlySpan<T7> x7,
            ReadOnlySpan<T8> x8, ReadOnlySpan<T9> x9, ReadOnlySpan<T10> x10, ReadOnlySpan<T11> x11, ReadOnlySpan<T12> x12,
            ReadOnlySpan<T13> x13, ReadOnlySpan<T14> x14, ReadOnlySpan<T15> x15, int at = 0)
            where T0 : unmanaged where T1 : unmanaged where T2 : unmanaged where T3 : unmanaged where T4 : unmanaged where T5 : unmanaged
            where T6 : unmanaged where T7 : unmanaged where T8 : unmanaged where T9 : unmanaged where T10 : unmanaged
            where T11 : unmanaged where T12 : unmanaged where T13 : unmanaged where T14 : unmanaged where T15 : unmanaged
        {
            fixed (T0* pointer = x0)
            {
                executable.Bind(at, pointer, x0.Length);
                Run(x1, x2, x3, x4, x5, x6, x7, x8, x9, x10, x11, x12, x13, x14, x15, at + 1);
            }
        }
    }
}
