// Counters of native memory are of the whole process, and worker teams need the cores for themselves.
[assembly: Xunit.CollectionBehavior(DisableTestParallelization = true)]
