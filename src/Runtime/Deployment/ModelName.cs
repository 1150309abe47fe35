namespace GraphCompiler.Runtime.Deployment;

/// <summary>The names that a model compiled ahead of time can have.</summary>
/// <remarks>
/// A model NAME is the files NAME.h, NAME.dll, libNAME.so and so on, and the C functions NAME_create, NAME_save and so on. So a name is a
/// letter, then letters, digits and '_', <see cref="MostCharacters"/> at most, and none whose files or functions are the system's: a
/// header of C or POSIX, a library that C programs link with, a base assembly of .NET, a device of Windows, or one of the families of
/// functions that end as ours do (<c>pthread_create</c>, <c>timer_create</c>, <c>mtx_destroy</c>). Case does not make a difference, since
/// some file systems do not keep it.
/// </remarks>
public static class ModelName
{
    /// <summary>The longest name: file names have 255 bytes, and the model's is part of them.</summary>
    public const int MostCharacters = 100;

    private static readonly HashSet<string> s_headers = Words("""
        assert complex ctype errno fenv float inttypes iso646 limits locale math setjmp signal stdalign stdarg stdatomic stdbit stdbool
        stdckdint stddef stdint stdio stdlib stdnoreturn string tgmath threads time uchar wchar wctype
        aio alloca cpio cpuid dirent dlfcn endian fcntl features fmtmsg fnmatch ftw glob grp iconv langinfo libgen libintl limits malloc
        memory monetary mqueue ndbm netdb nl_types poll pthread pwd regex sched search semaphore spawn strings stropts sysexits syslog tar
        termios trace ulimit unistd utime utmpx wordexp
        """);

    private static readonly HashSet<string> s_libraries =
        Words("anl atomic c crypt dl gcc gcc_s m nsl pthread resolv rt stdc thread_db util");
    private static readonly HashSet<string> s_assemblies = Words("mscorlib netstandard system windowsbase");
    private static readonly HashSet<string> s_devices = Words("""
        aux con nul prn com0 com1 com2 com3 com4 com5 com6 com7 com8 com9 lpt0 lpt1 lpt2 lpt3 lpt4 lpt5 lpt6 lpt7 lpt8 lpt9
        """);

    private static readonly HashSet<string> s_functions = Words("cnd mtx pthread sem thrd timer tss");

    /// <summary>Why a model cannot have a name, as the end of a sentence; null if it can.</summary>
    public static string? Refusal(string name)
    {
        if (name.Length == 0 || !char.IsAsciiLetter(name[0]) || !name.All(c => char.IsAsciiLetterOrDigit(c) || c == '_'))
            return "cannot be a file and a C function: use a letter, then letters, digits and '_'";
        if (name.Length > MostCharacters) return $"has {name.Length} characters, and file names have room for {MostCharacters}";
        return s_headers.Contains(name) ? $"would hide the system's <{name.ToLowerInvariant()}.h>"
            : s_libraries.Contains(name) ? $"would hide the system's lib{name.ToLowerInvariant()}.so"
            : s_assemblies.Contains(name) ? $"would hide the assembly {name} of .NET"
            : s_devices.Contains(name) ? "is a device on Windows"
            : s_functions.Contains(name) || name.StartsWith("pthread_", StringComparison.OrdinalIgnoreCase)
                ? $"would define functions that C and POSIX keep for themselves, such as {name.ToLowerInvariant()}_create"
            : null;
    }

    private static HashSet<string> Words(string text) =>
        text.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries).ToHashSet(StringComparer.OrdinalIgnoreCase);
}
