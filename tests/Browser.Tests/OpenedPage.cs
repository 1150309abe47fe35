using PuppeteerSharp;
using PuppeteerSharp.Media;
using Xunit;

namespace GraphCompiler.Browser.Tests;

/// <summary>A page in a headless Chromium, which notes what goes wrong on it and what it asks the network for.</summary>
internal sealed class OpenedPage : IAsyncDisposable
{
    private readonly IBrowser _browser;
    private readonly List<string> _errors = [];

    private OpenedPage(IBrowser browser, IPage page)
    {
        (_browser, Page) = (browser, page);
        page.PageError += (_, e) => Note(e.Message);
        page.Error += (_, e) => Note(e.Error);
        page.Console += (_, e) =>
        {
            if (e.Message.Type == ConsoleType.Error) Note(e.Message.Text);
        };
        page.Request += (_, e) =>
        {
            if (!e.Request.Url.StartsWith("file:", StringComparison.Ordinal)) Note($"asks for {e.Request.Url}");
        };
    }

    public IPage Page { get; }

    /// <summary>Opens a file. eng/chromium.sh says where Chromium is.</summary>
    /// <param name="path">Of the file.</param>
    /// <param name="fragment">Of its address.</param>
    /// <param name="isDark">Whether the reader prefers dark pages.</param>
    public static async Task<OpenedPage> Open(string path, string fragment = "", bool isDark = false)
    {
        var executable = Environment.GetEnvironmentVariable("GRAPHCOMPILER_CHROMIUM")
            ?? throw new InvalidOperationException("GRAPHCOMPILER_CHROMIUM is not set; ./test sets it");
        // Who is root has no sandbox, and a container little shared memory.
        var browser = await Puppeteer.LaunchAsync(new LaunchOptions
        {
            ExecutablePath = executable, Headless = true, Timeout = 120_000,
            Args = ["--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu", "--hide-scrollbars"],
            DefaultViewport = new ViewPortOptions { Width = 1280, Height = 900 },
        });
        var opened = new OpenedPage(browser, await browser.NewPageAsync());
        var scheme = isDark ? "dark" : "light";
        await opened.Page.EmulateMediaFeaturesAsync([new() { MediaFeature = MediaFeature.PrefersColorScheme, Value = scheme }]);
        await opened.Page.GoToAsync($"{new Uri(path)}{fragment}");
        return opened;
    }

    public Task<T> Ask<T>(string script) => Page.EvaluateExpressionAsync<T>(script);

    public Task<string> Text(string selector) => Ask<string>($"document.querySelector({Quoted(selector)}).innerText");

    public Task<int> Count(string selector) => Ask<int>($"document.querySelectorAll({Quoted(selector)}).length");

    public Task Click(string selector) => Page.ClickAsync(selector);

    /// <summary>Keeps a picture where SGC_SCREENSHOTS names a folder.</summary>
    public async Task Picture(string name)
    {
        if (Environment.GetEnvironmentVariable("SGC_SCREENSHOTS") is not { Length: > 0 } folder) return;
        Directory.CreateDirectory(folder);
        await Page.ScreenshotAsync(Path.Combine(folder, $"{name}.png"), new ScreenshotOptions { FullPage = true });
    }

    /// <summary>Fails where the page had an error or asked for anything but its file.</summary>
    public void CheckErrors()
    {
        lock (_errors) Assert.True(_errors.Count == 0, string.Join('\n', _errors));
    }

    public async ValueTask DisposeAsync() => await _browser.DisposeAsync();

    private static string Quoted(string text) => System.Text.Json.JsonSerializer.Serialize(text);

    private void Note(string error)
    {
        lock (_errors) _errors.Add(error);
    }
}
