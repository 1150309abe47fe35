// Counters of native memory are of the whole process, and worker pools need the cores for themselves.
[assembly: Xunit.CollectionBehavior(DisableTestParallelization = true)]
