namespace GraphCompiler.Runtime;

/// <summary>The counter-based random function Philox4x32-10.</summary>
/// <remarks>
/// Salmon, Moraes, Dror, Shaw, "Parallel Random Numbers: As Easy as 1, 2, 3", SC 2011. A pure function of counter and
/// key: any element of any stream is found without those before it, so results do not depend on the thread count.
/// </remarks>
public static class Philox
{
    // The multipliers and the key increments (golden ratio and sqrt(3) - 1, times 2^32) of the paper's section 3.3.
    private const uint Multiplier0 = 0xD2511F53, Multiplier1 = 0xCD9E8D57;
    private const uint Increment0 = 0x9E3779B9, Increment1 = 0xBB67AE85;
    private const int Rounds = 10;

    /// <summary>Four independent words, uniform over all 32-bit values.</summary>
    /// <param name="counter">128 bits, lowest word first; each value gives another block.</param>
    /// <param name="key">64 bits, lowest word first; each value gives another sequence of blocks.</param>
    public static (uint X0, uint X1, uint X2, uint X3) Block(
        (uint C0, uint C1, uint C2, uint C3) counter, (uint K0, uint K1) key)
    {
        var (c0, c1, c2, c3) = counter;
        var (k0, k1) = key;
        for (var round = 0; round < Rounds; round++)
        {
            var product0 = (ulong)Multiplier0 * c0;
            var product1 = (ulong)Multiplier1 * c2;
            (c0, c1, c2, c3) = ((uint)(product1 >> 32) ^ c1 ^ k0, (uint)product1,
                (uint)(product0 >> 32) ^ c3 ^ k1, (uint)product0);
            unchecked
            {
                k0 += Increment0;
                k1 += Increment1;
            }
        }
        return (c0, c1, c2, c3);
    }
}

/// <summary>A random sequence that is fixed by seed and stream on every platform; made of <see cref="Philox"/>.</summary>
/// <remarks>A mutable struct: pass it by reference, for a copy repeats the same numbers.</remarks>
/// <param name="seed">The key.</param>
/// <param name="stream">Sequences of different streams are independent, such as the epochs of a training.</param>
public struct CounterRandom(ulong seed, ulong stream = 0)
{
    private readonly (uint, uint) _key = ((uint)seed, (uint)(seed >> 32));
    private (uint X0, uint X1, uint X2, uint X3) _block;
    private ulong _counter;
    private int _left;

    /// <summary>The next word, uniform over all 32-bit values.</summary>
    public uint NextUInt32()
    {
        if (_left == 0)
        {
            var counter = ((uint)_counter, (uint)(_counter >> 32), (uint)stream, (uint)(stream >> 32));
            _block = Philox.Block(counter, _key);
            _counter++;
            _left = 4;
        }
        return _left-- switch { 4 => _block.X0, 3 => _block.X1, 2 => _block.X2, _ => _block.X3 };
    }

    /// <summary>The next integer in [0, <paramref name="bound"/>), exactly uniform.</summary>
    /// <remarks>Lemire, "Fast Random Integer Generation in an Interval", 2019: multiply, reject the biased remainder.</remarks>
    /// <param name="bound">At least 1.</param>
    /// <exception cref="RuntimeException">SGC5011: a bound below 1.</exception>
    public int NextInt32(int bound)
    {
        if (bound < 1) throw new RuntimeException(RuntimeCode.BadArgument, $"an integer below {bound}; the bound is at least 1");
        var range = (uint)bound;
        var product = (ulong)NextUInt32() * range;
        if ((uint)product < range)
        {
            var threshold = (uint)((0x1_0000_0000UL - range) % range);
            while ((uint)product < threshold)
                product = (ulong)NextUInt32() * range;
        }
        return (int)(product >> 32);
    }

    /// <summary>The next number in [0, 1), a multiple of 2^-24.</summary>
    public float NextSingle() => (NextUInt32() >> 8) * (1f / (1 << 24));

    /// <summary>Puts the elements into a uniformly random order (Fisher and Yates).</summary>
    public void Shuffle(Span<int> values)
    {
        for (var i = values.Length - 1; i > 0; i--)
        {
            var j = NextInt32(i + 1);
            (values[i], values[j]) = (values[j], values[i]);
        }
    }
}
