using System.Runtime.CompilerServices;
using GraphCompiler.IR;
using GraphCompiler.IR.Diagnostics;
using GraphCompiler.Passes;

namespace GraphCompiler.Frontend.Derivatives;

/// <summary>Derivatives of any value by any other of the same graph, as values that go on in it: they are differentiated again, take
/// part in a loss, or are compiled.</summary>
/// <remarks>By inputs, variables or intermediate results; a derivative by a value on which y does not depend is zero. Where several are
/// named, each derivative is along all paths, so also through another one named. See docs/derivatives.md.</remarks>
public static class DerivativeSyntax
{
    extension(Value y)
    {
        /// <summary>∂y/∂x for a scalar y, in reverse mode: of x's type.</summary>
        /// <exception cref="GraphException">SGC1010: y is not a floating-point scalar, or x not floating point. SGC1008: x is of another
        /// builder.</exception>
        public Value Gradient(Value x, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0) =>
            y.Cotangents(One(x), null, new(file, line))[0];

        /// <summary>∂y/∂x for a scalar y and each of <paramref name="x"/>, in one backward walk.</summary>
        /// <exception cref="GraphException">SGC1010: y is not a floating-point scalar, x is empty, or one of x not floating point.
        /// SGC1008: one of x is of another builder.</exception>
        public Value[] Gradient(Value[] x, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0) =>
            y.Cotangents(x, null, new(file, line));

        /// <summary>y and its <see cref="Gradient(Value,Value,string,int)"/>.</summary>
        /// <exception cref="GraphException">SGC1010: y is not a floating-point scalar, or x not floating point. SGC1008: x is of another
        /// builder.</exception>
        public (Value Value, Value Gradient) ValueAndGradient(Value x, [CallerFilePath] string file = "",
            [CallerLineNumber] int line = 0) => (y, y.Cotangents(One(x), null, new(file, line))[0]);

        /// <summary>y and its gradient by each of <paramref name="x"/>.</summary>
        /// <exception cref="GraphException">SGC1010: y is not a floating-point scalar, x is empty, or one of x not floating point.
        /// SGC1008: one of x is of another builder.</exception>
        public (Value Value, Value[] Gradients) ValueAndGradient(Value[] x, [CallerFilePath] string file = "",
            [CallerLineNumber] int line = 0) => (y, y.Cotangents(x, null, new(file, line)));

        /// <summary>Vector-Jacobian product in reverse mode, Σ cotangent·∂y/∂x: of x's type.</summary>
        /// <param name="x">Floating point.</param>
        /// <param name="cotangent">Of y's type: what each element of y weighs.</param>
        /// <param name="file">Filled in by the compiler.</param>
        /// <param name="line">Filled in by the compiler.</param>
        /// <exception cref="GraphException">SGC1010: y or x is not floating point, or the cotangent not of y's type. SGC1008: a value of
        /// another builder.</exception>
        public Value Vjp(Value x, Value cotangent, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0)
        {
            ArgumentNullException.ThrowIfNull(cotangent);
            return y.Cotangents(One(x), cotangent, new(file, line))[0];
        }

        /// <summary>Vector-Jacobian products by each of <paramref name="x"/>, in one backward walk.</summary>
        /// <inheritdoc cref="Vjp(Value,Value,Value,string,int)"/>
        public Value[] Vjp(Value[] x, Value cotangent, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0)
        {
            ArgumentNullException.ThrowIfNull(cotangent);
            return y.Cotangents(x, cotangent, new(file, line));
        }

        /// <summary>Jacobian-vector product in forward mode, ∂y/∂x·tangent: of y's type.</summary>
        /// <param name="x">Floating point.</param>
        /// <param name="tangent">Of x's type: the direction in which x moves.</param>
        /// <param name="file">Filled in by the compiler.</param>
        /// <param name="line">Filled in by the compiler.</param>
        /// <exception cref="GraphException">SGC1010: y or x is not floating point, or the tangent not of x's type. SGC1008: a value of
        /// another builder.</exception>
        public Value Jvp(Value x, Value tangent, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0) =>
            y.Tangent(One(x), One(tangent), new(file, line));

        /// <summary>Jacobian-vector product where each of <paramref name="x"/> moves in a direction of its own.</summary>
        /// <exception cref="GraphException">SGC1010: y or one of x is not floating point, x is empty, or the tangents are not one of its
        /// type for each. SGC1008: a value of another builder.</exception>
        public Value Jvp(Value[] x, Value[] tangents, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0) =>
            y.Tangent(x, tangents, new(file, line));

        /// <summary>All ∂y/∂x: of shape y.shape ++ x.shape and x's element type. Forward or reverse mode, whichever needs fewer directions;
        /// the directions are a batch, so the graph does not grow with their number. Cost: that many tangents or cotangents.</summary>
        /// <exception cref="GraphException">SGC1010: y or x is not floating point. SGC1008: x is of another builder. SGC1012: the Jacobian
        /// is larger than tensors can be.</exception>
        public Value Jacobian(Value x, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0)
        {
            ArgumentNullException.ThrowIfNull(x);
            return y.Compose(new(file, line), () => Passes.Jacobian.Append(y.Builder, y, x));
        }

        /// <summary>All second derivatives of a scalar y: of shape x.shape ++ x.shape. Forward over reverse, a batch of as many tangents of
        /// the gradient as x has elements.</summary>
        /// <exception cref="GraphException">SGC1010: y is not a floating-point scalar, or x not floating point. SGC1008: x is of another
        /// builder. SGC1012: the Hessian is larger than tensors can be.</exception>
        public Value Hessian(Value x, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0)
        {
            ArgumentNullException.ThrowIfNull(x);
            return y.Compose(new(file, line), () =>
                Passes.Jacobian.Append(y.Builder, Adjoint.AppendDense(y.Builder, y, [x])[0], x));
        }

        /// <summary>∂²y/∂x²·v for a scalar y: of x's type, for about the cost of two gradients. Forward over reverse.</summary>
        /// <param name="x">Floating point.</param>
        /// <param name="v">Of x's type.</param>
        /// <param name="file">Filled in by the compiler.</param>
        /// <param name="line">Filled in by the compiler.</param>
        /// <exception cref="GraphException">SGC1010: y is not a floating-point scalar, x not floating point, or v not of x's type.
        /// SGC1008: a value of another builder.</exception>
        public Value HessianVectorProduct(Value x, Value v, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0) =>
            y.HessianTimes(One(x), One(v), new(file, line))[0];

        /// <summary>The Hessian by all of <paramref name="x"/> together, times a vector given in parts: a part of the product for each of
        /// x.</summary>
        /// <exception cref="GraphException">SGC1010: y is not a floating-point scalar, x is empty or one of it not floating point, or v is
        /// not one of its type for each. SGC1008: a value of another builder.</exception>
        public Value[] HessianVectorProduct(Value[] x, Value[] v, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0) =>
            y.HessianTimes(x, v, new(file, line));

        private Value[] Cotangents(Value[] x, Value? cotangent, Location location) => y.ComposeAll(location, x, () =>
            Adjoint.AppendDense(y.Builder, y, x, cotangent));

        private Value Tangent(Value[] x, Value[] tangents, Location location)
        {
            CheckNotNull(tangents);
            return y.ComposeAll(location, x, () => y.DType.IsFloating ? Tangents([y], x, tangents)
                : throw new GraphException(DiagnosticCode.NotDifferentiable,
                    $"{y} is {y.Type}: only floating-point values have derivatives", y.Builder.Pinned ?? location))[0];
        }

        private Value[] HessianTimes(Value[] x, Value[] v, Location location)
        {
            CheckNotNull(v);
            return y.ComposeAll(location, x, () => Tangents(Adjoint.AppendDense(y.Builder, y, x), x, v));
        }

        // All of the values, or none if one fails.
        private Value[] ComposeAll(Location location, Value[] x, Func<Value[]> declare)
        {
            CheckNotNull(x);
            Value[] results = [];
            y.Compose(location, () => (results = declare())[0]);
            return results;
        }
    }

    private static Value[] Tangents(Value[] of, Value[] x, Value[] tangents) =>
        [.. Passes.Jvp.Append(of[0].Builder, of, x, tangents).Select((t, i) => t ?? of[i].Constant(0))];

    private static Value[] One(Value x, [CallerArgumentExpression(nameof(x))] string? parameter = null)
    {
        ArgumentNullException.ThrowIfNull(x, parameter);
        return [x];
    }

    private static void CheckNotNull(Value[] values, [CallerArgumentExpression(nameof(values))] string? parameter = null)
    {
        ArgumentNullException.ThrowIfNull(values, parameter);
        foreach (var value in values) ArgumentNullException.ThrowIfNull(value, parameter);
    }
}
