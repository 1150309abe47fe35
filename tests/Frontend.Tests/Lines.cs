using Microsoft.Extensions.Logging;

namespace GraphCompiler.Frontend.Tests;

/// <summary>Keeps what is logged at Information level.</summary>
internal sealed class Lines : ILogger
{
    public List<string> Informed { get; } = [];

    public IDisposable? BeginScope<TState>(TState state) where TState : notnull => null;

    public bool IsEnabled(LogLevel logLevel) => logLevel == LogLevel.Information;

    public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception,
        Func<TState, Exception?, string> formatter)
    {
        if (IsEnabled(logLevel)) Informed.Add(formatter(state, exception));
    }
}
