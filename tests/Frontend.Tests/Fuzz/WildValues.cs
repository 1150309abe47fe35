using System.Collections.Immutable;
using System.Reflection;
using System.Runtime.CompilerServices;
using GraphCompiler.Frontend.Layers;
using GraphCompiler.Frontend.Metrics;
using GraphCompiler.Frontend.Optimizers;
using GraphCompiler.IR;
using GraphCompiler.IR.Ops;
using Microsoft.Extensions.Logging;
using Attribute = GraphCompiler.IR.Attribute;

namespace GraphCompiler.Frontend.Tests.Fuzz;

/// <summary>Arguments: mostly ones that fit, so that calls get far, and now and then null, NaN, a limit, an empty or huge collection, a
/// name that is none, or an object of another builder.</summary>
internal sealed class WildValues(Random random, List<object> pool)
{
    private static readonly NullabilityInfoContext s_nullability = new();
    private static readonly Type[] s_elements =
        [typeof(float), typeof(int), typeof(double), typeof(bool), typeof(byte), typeof(long), typeof(Guid)];
    private static readonly string[] s_attributes =
        ["axes", "axis", "batch", "contract", "dimension", "dimensions", "direction", "dtype", "high", "interior", "limit", "low",
            "permutation", "shape", "start", "stride", "value"];
    private static readonly string[] s_names =
        ["x", "w", "loss", "ct", "output", "adam/step", "update0", "a.b", "größe", "a b", "1x", "", "\n", "a\0b",
            "..", "/", "//", "\"", "%s", "{0}"];

    /// <summary>Whether something was null that must not be.</summary>
    public bool GaveNull { get; private set; }

    /// <summary>The parameter that a call within the call, as a wild optimizer makes them, was given a null for.</summary>
    public string? NullWithin { get; private set; }

    /// <summary>Values of this builder are those that fit.</summary>
    public FunctionBuilder? Home { get; set; }

    public void Start() => (GaveNull, NullWithin) = (false, null);

    /// <summary>The member with random type arguments, if it has any.</summary>
    public MethodBase Close(MethodBase member) => member is MethodInfo { IsGenericMethodDefinition: true } generic
        ? generic.MakeGenericMethod([.. generic.GetGenericArguments().Select(_ => s_elements[random.Next(s_elements.Length)])])
        : member;

    public object? Argument(ParameterInfo parameter)
    {
        if (parameter.ParameterType.IsByRef) return null;
        if (parameter.IsDefined(typeof(CallerFilePathAttribute)) || parameter.IsDefined(typeof(CallerLineNumberAttribute)))
            return Chance(50) ? Of(parameter.ParameterType, isNullable: false) : parameter.ParameterType == typeof(string) ? "Fuzz.cs" : 7;
        if (parameter.HasDefaultValue && Chance(3)) return Default(parameter);
        return Of(parameter.ParameterType, MayBeNull(parameter));
    }

    /// <summary>Whether the signature allows null.</summary>
    public static bool MayBeNull(ParameterInfo parameter)
    {
        var type = parameter.ParameterType;
        if (type.IsByRef || Invocation.IsSpan(type, out _)) return true;
        return type.IsValueType ? Nullable.GetUnderlyingType(type) is not null
            : s_nullability.Create(parameter).WriteState != NullabilityState.NotNull;
    }

    /// <summary>A value of a type.</summary>
    public object? Of(Type type, bool isNullable)
    {
        if (!type.IsValueType && !Invocation.IsSpan(type, out _) && Chance(isNullable ? 3 : 40)) return Null(isNullable);
        if (Nullable.GetUnderlyingType(type) is { } underlying) return Chance(2) ? null : Of(underlying, isNullable: false);
        if (Invocation.IsSpan(type, out var element)) return Items(element);
        if (type.IsArray) return type.GetArrayRank() == 1 ? Items(type.GetElementType()!) : Matrix(type.GetElementType()!);
        if (type.IsEnum) return Enum.ToObject(type, Chance(5) ? Integer() : random.Next(Enum.GetValues(type).Length));
        return Simple(type) ?? Made(type) ?? Pooled(type)
            ?? (type.IsValueType ? RuntimeHelpers.GetUninitializedObject(type) : Null(isNullable));
    }

    /// <summary>An object to call a member on, or null if there is none.</summary>
    public object? Target(Type type) => Of(type, isNullable: true) ?? Pooled(type);

    public int Integer() => random.Next(12) switch
    {
        0 => -1,
        1 => int.MaxValue,
        2 => int.MinValue,
        3 => 1 << 30,
        4 => -random.Next(2, 5),
        5 => 0,
        _ => random.Next(0, 5),
    };

    private bool Chance(int one) => random.Next(one) == 0;

    private object? Null(bool isNullable)
    {
        GaveNull |= !isNullable;
        return null;
    }

    private static object? Default(ParameterInfo parameter) => parameter.DefaultValue is null && parameter.ParameterType.IsValueType
        && Nullable.GetUnderlyingType(parameter.ParameterType) is null ? RuntimeHelpers.GetUninitializedObject(parameter.ParameterType)
        : parameter.ParameterType.IsEnum ? Enum.ToObject(parameter.ParameterType, parameter.DefaultValue!) : parameter.DefaultValue;

    private Array Matrix(Type element)
    {
        var matrix = Array.CreateInstance(element, random.Next(0, 4), random.Next(0, 4));
        for (var i = 0; i < matrix.GetLength(0); i++)
            for (var k = 0; k < matrix.GetLength(1); k++) matrix.SetValue(Of(element, isNullable: false), i, k);
        return matrix;
    }

    private Array Items(Type element)
    {
        var array = Array.CreateInstance(element, Chance(30) ? 300 : random.Next(0, 4));
        for (var i = 0; i < array.Length; i++) array.SetValue(Of(element, isNullable: false), i);
        return array;
    }

    private double Number() => random.Next(10) switch
    {
        0 => double.NaN,
        1 => double.PositiveInfinity,
        2 => double.NegativeInfinity,
        3 => -0.0,
        4 => double.MaxValue,
        5 => double.Epsilon,
        6 => 300,
        7 => random.Next(-3, 4),
        _ => random.NextDouble(),
    };

    private string Text() => random.Next(6) switch
    {
        0 => s_names[random.Next(s_names.Length)],
        1 when Chance(10) => new string('a', 100_000),
        2 => pool.OfType<Value>().First(v => v.Name is not null).Name!,
        _ => $"n{random.Next(1_000_000)}",
    };

    private object? Simple(Type type) => Type.GetTypeCode(type) switch
    {
        TypeCode.Boolean => Chance(2),
        TypeCode.Int32 => Integer(),
        TypeCode.UInt32 => (uint)Integer(),
        TypeCode.Int64 => Chance(10) ? long.MinValue : Chance(10) ? long.MaxValue : (long)Integer(),
        TypeCode.UInt64 => (ulong)random.NextInt64(),
        TypeCode.Byte => (byte)Integer(),
        TypeCode.Single => (float)Number(),
        TypeCode.Double => Number(),
        TypeCode.String => Text(),
        _ => null,
    };

    private object? Made(Type type)
    {
        if (type == typeof(Scalar)) return Chance(2) ? (Scalar)Number() : (Scalar)(long)Integer();
        if (type == typeof(DType)) return Chance(2) ? DType.F32 : DType.All[random.Next(DType.All.Count)];
        if (type == typeof(Shape)) return Shape();
        if (type == typeof(TensorType)) return ((DType)Made(typeof(DType))!)[Shape().Sizes];
        if (type == typeof(Location)) return Chance(10) ? new Location(Text(), Integer()) : new Location("Fuzz.cs", 3);
        if (type == typeof(Index)) return new Index(random.Next(0, 5), Chance(2));
        if (type == typeof(Axes)) return Chance(3) ? default : Axes.Create((int[])Items(typeof(int)));
        if (type == typeof(PerAxis)) return PerAxis();
        if (type == typeof(Padding)) return Padding();
        if (type == typeof(AxisSlice))
            return Chance(2) ? (AxisSlice)Integer() : (AxisSlice)((Index)Made(typeof(Index))!..(Index)Made(typeof(Index))!);
        if (type == typeof(Value)) return Value();
        if (type == typeof((int, int))) return (Integer(), Integer());
        if (type == typeof((string, Value))) return (Text(), (Value)Of(typeof(Value), isNullable: false)!);
        if (type == typeof((string, Metric))) return (Text(), (Metric)Of(typeof(Metric), isNullable: false)!);
        if (type == typeof(FunctionBuilder) || type == typeof(GraphBuilder)) return Chance(4) ? Pooled(type) : Home;
        if (type == typeof(Op)) return OpRegistry.All[random.Next(OpRegistry.All.Count)];
        if (type == typeof(AttributeMap)) return Attributes();
        if (type == typeof(Attribute)) return Attribute();
        if (type == typeof(Optimizer)) return Chance(4) ? new WildOptimizer(this) : Pooled(type) ?? new Sgd();
        if (type == typeof(Schedule)) return Chance(2) ? Pooled(type) : (Schedule)Number();
        if (type == typeof(ImmutableArray<GradientTransform>)) return Chance(10) ? default : Transforms<GradientTransform>();
        if (type == typeof(ImmutableArray<ParameterTransform>)) return Chance(10) ? default : Transforms<ParameterTransform>();
        if (type == typeof(Func<Value, bool>)) return Held();
        if (type == typeof(CompileOptions)) return new CompileOptions { Threads = Chance(10) ? Integer() : random.Next(1, 4) };
        if (type == typeof(Func<Value, Value>)) return Activation();
        if (type == typeof(Func<Value, Value, Value, Value>))
            return (Func<Value, Value, Value, Value?>)((x, y, ct) =>
                Chance(3) ? Pooled(typeof(Value)) as Value : Chance(2) ? ct * x : ct * y);
        if (type == typeof(Func<Value[], Value>))
            return (Func<Value[], Value>)(x => Chance(5) ? (Value)Pooled(typeof(Value))! : x.Aggregate((a, b) => a * b));
        if (type == typeof(Func<Value[], Value, Value, Value[]>))
            return (Func<Value[], Value, Value, Value?[]>)((x, _, ct) => Chance(5) ? [ct] : [.. x.Select(v => Chance(2) ? v : null)]);
        if (type == typeof(Func<Value[], Value, Value[], Value>))
            return (Func<Value[], Value, Value[], Value>)((_, y, t) => Chance(2) ? y : t[0]);
        if (type == typeof(IReadOnlyDictionary<string, Value>)) return Metrics();
        if (type == typeof(Func<string, bool>)) return Chosen();
        if (type == typeof(IReadOnlyList<Value>)) return Items(typeof(Value));
        if (type == typeof(IReadOnlyList<Assignment>)) return Items(typeof(Assignment));
        if (type == typeof(ReadOnlyMemory<float>)) return new ReadOnlyMemory<float>((float[])Items(typeof(float)));
        if (type == typeof(ReadOnlyMemory<int>)) return new ReadOnlyMemory<int>((int[])Items(typeof(int)));
        if (type == typeof(ReadOnlyMemory<byte>)) return new ReadOnlyMemory<byte>((byte[])Items(typeof(byte)));
        if (type == typeof(IEnumerable<int>)) return Items(typeof(int));
        if (type == typeof(ImmutableArray<Scalar>)) return Immutable<Scalar>();
        if (type == typeof(ImmutableArray<int>)) return Immutable<int>();
        if (type == typeof(ImmutableArray<long>)) return Immutable<long>();
        if (type == typeof(object)) return Chance(2) ? "text" : Pooled(typeof(object));
        return null;
    }

    private ImmutableArray<T> Immutable<T>() => Chance(5) ? default : [.. (T[])Items(typeof(T))];

    private Shape Shape() => random.Next(14) switch
    {
        0 => new([int.MaxValue]),
        1 => new([1 << 20, 1 << 20]),
        2 => new([0, 3]),
        3 => new([.. Enumerable.Range(0, 40).Select(_ => 1)]),
        4 => IR.Shape.Scalar,
        5 => new([3]),
        6 => new([3, 3]),
        7 => new([4]),
        8 => new([2, 4, 3]),
        9 => new([2, 3, 4, 2]),
        _ => new([4, 3]),
    };

    private PerAxis PerAxis() => random.Next(5) switch
    {
        0 => default,
        1 => (Integer(), Integer()),
        2 => (Integer(), Integer(), Integer()),
        _ => Integer(),
    };

    private Padding Padding() => random.Next(4) switch
    {
        0 => IR.Padding.Valid,
        1 => IR.Padding.Same,
        2 => IR.Padding.Create((ValueTuple<int, int>[])Items(typeof((int, int)))),
        _ => Integer(),
    };

    private object? Value()
    {
        Value[] values = [.. pool.OfType<Value>().Where(v => v.Builder == Home)];
        return values.Length == 0 || Chance(12) ? Pooled(typeof(Value)) : values[random.Next(values.Length)];
    }

    private object? Pooled(Type type)
    {
        object[] fitting = [.. pool.Where(type.IsInstanceOfType)];
        return fitting.Length == 0 ? null : fitting[random.Next(fitting.Length)];
    }

    private AttributeMap Attributes()
    {
        var map = AttributeMap.Empty;
        for (var i = random.Next(0, 5); i > 0; i--) map = map.With(s_attributes[random.Next(s_attributes.Length)], Attribute());
        return map;
    }

    private Attribute Attribute() => random.Next(4) switch
    {
        0 => new Attribute.Number((Scalar)Made(typeof(Scalar))!),
        1 => new Attribute.Numbers([.. ((int[])Items(typeof(int))).Select(i => (Scalar)(long)i)]),
        2 => new Attribute.Pairs([.. (int[])Items(typeof(int))], [.. (int[])Items(typeof(int))]),
        _ => new Attribute.Word(Chance(2) ? "f32" : Chance(2) ? "lt" : Text()),
    };

    private Func<Value, Value> Activation() => random.Next(4) switch
    {
        0 => _ => null!,
        1 => _ => (Value)Value()!,
        2 => h => h.Relu(),
        _ => h => h,
    };

    // Null among them too, for which there is a coded error.
    private ImmutableArray<T> Transforms<T>() where T : class =>
        [.. Enumerable.Range(0, random.Next(0, 3)).Select(_ => Chance(20) ? null! : (T)Pooled(typeof(T))!)];

    private Func<Value, bool> Held()
    {
        var rank = random.Next(0, 3);
        return p => p.Rank >= rank;
    }

    private Func<string, bool> Chosen()
    {
        var answer = Chance(2);
        return name => answer || name.Length > 3;
    }

    private Dictionary<string, Value> Metrics()
    {
        var metrics = new Dictionary<string, Value>();
        for (var i = random.Next(0, 4); i > 0; i--) metrics[Text()] = (Value)Of(typeof(Value), isNullable: false)!;
        return metrics;
    }

    /// <summary>A rule whose methods give whatever they like.</summary>
    private sealed record WildOptimizer(WildValues Values) : Optimizer
    {
        public override UpdateRule Begin(UpdateScope scope) => Values.Chance(20) ? null! : (parameter, gradient) =>
        {
            for (var i = Values.Chance(2) ? 0 : 3; i > 0; i--) Keep(scope, parameter);
            return Values.Chance(2) ? parameter - gradient : (Value)Values.Value()!;
        };

        private TensorType NullType()
        {
            (Values.GaveNull, Values.NullWithin) = (true, "type");
            return null!;
        }

        private void Keep(UpdateScope scope, Value parameter)
        {
            var state = Values.Chance(2) ? scope.State(Values.Text(), parameter)
                : Values.Chance(2) ? scope.CopyOf(Values.Text(), Values.Chance(2) ? parameter : (Value)Values.Value()!)
                : scope.State(Values.Text(), Values.Chance(20) ? NullType() : (TensorType)Values.Made(typeof(TensorType))!);
            if (Values.Chance(2)) scope.Assign(state, state);
            else scope.Assign(Values.Chance(2) ? state : (Value)Values.Value()!, Values.Chance(2) ? scope.Step : (Value)Values.Value()!);
        }
    }
}
