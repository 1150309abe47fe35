using GraphCompiler.Frontend;

namespace Vision;

/// <summary>What to train, and what it must reach.</summary>
/// <param name="Model">A classifier.</param>
/// <param name="Epochs">Passes over the training images.</param>
/// <param name="Target">The accuracy on images that it was not trained with.</param>
/// <param name="LeavesOutTenth">Whether a tenth of the training images is left out too, and judged as the test images are.</param>
internal sealed record Recipe(ModelDeclaration Model, int Epochs, double Target, bool LeavesOutTenth = false);

/// <summary>Images that a model is judged by.</summary>
internal sealed record HeldOut(string Name, ReadOnlyMemory<float> Images, ReadOnlyMemory<int> Labels);
