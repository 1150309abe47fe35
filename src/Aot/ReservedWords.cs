namespace GraphCompiler.Aot;

/// <summary>Identifiers that cannot be arguments of a function which C, C++ and C# programs call.</summary>
/// <remarks>
/// Keywords of C23, C++23 and C# 14; names that headers may define as macros, of which those without a lower-case letter are all taken for
/// macros; names that end in _t, which POSIX keeps for types. Names with "__" or with '_' at an end are no plain forms at all.
/// </remarks>
internal static class ReservedWords
{
    private static readonly HashSet<string> s_words = Words("""
        alignas alignof auto bool break case char const constexpr continue default do double else enum extern false float for goto if inline
        int long nullptr register restrict return short signed sizeof static static_assert struct switch thread_local true typedef typeof
        typeof_unqual union unsigned void volatile while

        and and_eq asm bitand bitor catch char8_t char16_t char32_t class co_await co_return co_yield compl concept const_cast consteval
        constinit decltype delete dynamic_cast explicit export friend mutable namespace new noexcept not not_eq operator or or_eq private
        protected public reinterpret_cast requires static_cast template this throw try typeid typename using virtual wchar_t xor xor_eq

        abstract as base byte checked decimal delegate event finally fixed foreach implicit in interface internal is lock null object out
        override params readonly ref sbyte sealed stackalloc string uint ulong unchecked unsafe ushort

        assert complex emit errno far fortran i386 imaginary linux near noreturn offsetof signals slots small stderr stdin stdout unix
        """);

    /// <summary>Whether an argument cannot have this identifier.</summary>
    public static bool Contains(string identifier) =>
        s_words.Contains(identifier) || !identifier.Any(char.IsAsciiLetterLower) || identifier.EndsWith("_t", StringComparison.Ordinal);

    private static HashSet<string> Words(string text) => [.. text.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries)];
}
