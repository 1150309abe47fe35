using Xunit;

namespace GraphCompiler.Tests.Shared;

/// <summary>A thread beside the test's own.</summary>
internal static class OtherThread
{
    /// <summary>Runs an action on a new thread and waits for it; what it throws fails the test.</summary>
    /// <param name="action">What runs there.</param>
    /// <param name="stackBytes">Of the thread's stack; 0 for the usual size.</param>
    public static void Run(Action action, int stackBytes = 0)
    {
        Exception? error = null;
        var thread = new Thread(() => error = Record.Exception(action), stackBytes);
        thread.Start();
        thread.Join();
        Assert.Null(error);
    }
}
