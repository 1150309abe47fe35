namespace GraphCompiler.Backend.Llvm.Tests;

internal static class FoundObjects
{
    extension(ObjectCache cache)
    {
        /// <summary>An entry's objects as they are, not linked.</summary>
        public byte[][] FindOrAdd(string key, Func<byte[][]> create) => cache.FindOrAdd(key, create, objects => objects);
    }
}
