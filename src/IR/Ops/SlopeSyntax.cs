namespace GraphCompiler.IR.Ops;

/// <summary>Elementwise values whose derivatives are stated, where those of what they are made of lose digits or have kinks.</summary>
internal static class SlopeSyntax
{
    extension(Value y)
    {
        /// <summary>y as computed, with a derivative by each of some values that is a tensor of y's shape; by everything else it is
        /// zero.</summary>
        /// <param name="of">Values that broadcast to y's shape, and the derivatives by them.</param>
        public Value WithSlopes(params (Value X, Value Slope)[] of)
        {
            Value[] x = [.. of.Select(o => Broadcasting.To(o.X, y.Shape))];
            (string, TensorType)[] given = [("ct", y.Type), .. x.Select((v, i) => ($"t{i}", v.Type))];
            var (rules, captured) = y.Builder.Region("slopes", given, y.Location, v =>
            [
                .. of.Select(o => v[0] * o.Slope),
                of.Select((o, i) => v[i + 1] * o.Slope).Aggregate((a, b) => a + b),
            ]);
            return y.Builder.EmitAll(CustomGradient.Instance, [y, .. x, .. captured], CustomGradient.Attributes(x.Length), y.Location,
                rules)[0];
        }
    }
}
