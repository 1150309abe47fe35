namespace GraphCompiler.IR;

/// <summary>Where the channels of a batch are.</summary>
public enum Layout
{
    /// <summary>The last axis: [batch, height, width, channels].</summary>
    ChannelsLast,
    /// <summary>The second axis: [batch, channels, height, width].</summary>
    ChannelsFirst,
}
