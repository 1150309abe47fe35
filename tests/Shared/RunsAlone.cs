using Xunit;

namespace GraphCompiler.Tests.Shared;

/// <summary>The collection of tests that look at the whole process, as at its threads; nothing runs beside them.</summary>
[CollectionDefinition(nameof(RunsAlone), DisableParallelization = true)]
public sealed class RunsAlone;
