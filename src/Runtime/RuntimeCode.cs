namespace GraphCompiler.Runtime;

/// <summary>The stable error codes of the runtime (5xxx) and of the files it reads (6xxx).</summary>
/// <remarks>A code is never given a second meaning; a retired one stays listed.</remarks>
public static class RuntimeCode
{
    /// <summary>A span has another number of elements than the argument it is passed for.</summary>
    public const string WrongLength = "SGC5001";

    /// <summary>An object is used after it was disposed.</summary>
    public const string Disposed = "SGC5002";

    /// <summary>A span's element type is not the argument's.</summary>
    public const string WrongType = "SGC5003";

    /// <summary>No input, state, output or batch has the name or index that was asked for.</summary>
    public const string UnknownArgument = "SGC5004";

    /// <summary>A function or compiled model is used while another thread runs it, or runs one that shares its variables.</summary>
    public const string ConcurrentRun = "SGC5005";

    /// <summary>A layout contradicts itself, or a variable is of another type or shape than its store's.</summary>
    public const string InconsistentLayout = "SGC5006";

    /// <summary>A step is run with another number of inputs than it declares.</summary>
    public const string WrongInputCount = "SGC5007";

    /// <summary>A checked step was given an input that a loss cannot use.</summary>
    public const string BadInput = "SGC5008";

    /// <summary>A step is profiled that was compiled without its counters of time.</summary>
    public const string NotProfiled = "SGC5009";

    /// <summary>The system or the garbage collector's limit leaves no memory for a step's buffers.</summary>
    public const string OutOfMemory = "SGC5010";

    /// <summary>An argument is out of range.</summary>
    public const string BadArgument = "SGC5011";

    /// <summary>A step that checks its numbers met one that is NaN or infinite.</summary>
    public const string NotFinite = "SGC5012";

    /// <summary>A file is missing, or cannot be opened, read or, for a checkpoint, written.</summary>
    public const string FileMissing = "SGC6001";

    /// <summary>A file has another magic number than its format's, is not in its format, or declares more than an array holds.</summary>
    public const string WrongFormat = "SGC6002";

    /// <summary>A file ends before the data that its header declares.</summary>
    public const string FileCutShort = "SGC6003";

    /// <summary>Data contradicts itself: counts differ between files, a label is out of range, or a batch has no samples or more than
    /// there are.</summary>
    public const string InconsistentData = "SGC6004";

    /// <summary>A file was altered: a checksum that it carries differs.</summary>
    public const string AlteredFile = "SGC6005";

    /// <summary>A file or a copy does not fit what is to take it over: other tensors, or a checkpoint of another training.</summary>
    public const string Mismatch = "SGC6006";

    /// <summary>A compiled model's manifest is not one, is truncated, was altered, or contradicts itself.</summary>
    public const string BadManifest = "SGC7201";

    /// <summary>A file of a compiled model has other bytes than its manifest says, or its library was linked with another
    /// manifest.</summary>
    public const string AlteredArtefact = "SGC7202";

    /// <summary>A compiled model was built for another version of the runtime.</summary>
    public const string AbiMismatch = "SGC7203";

    /// <summary>A compiled model was built for another processor architecture or operating system.</summary>
    public const string WrongArchitecture = "SGC7204";

    /// <summary>The processor lacks a feature that every variant of a compiled model needs, or one that cannot be checked.</summary>
    public const string MissingCpuFeature = "SGC7205";

    /// <summary>A facade and the manifest beside it come from different builds.</summary>
    public const string MismatchedFacade = "SGC7206";

    /// <summary>More threads are asked for than a model was compiled for.</summary>
    public const string TooManyThreads = "SGC7207";

    /// <summary>A checkpoint is not one, is truncated or altered, or has other variables.</summary>
    public const string BadCheckpoint = "SGC7208";

    /// <summary>A batch has a number of rows that a model was not compiled for.</summary>
    public const string UnknownBatchSize = "SGC7209";
}
