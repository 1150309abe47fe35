using System.Reflection;
using System.Reflection.Emit;
using System.Runtime.CompilerServices;

namespace GraphCompiler.Frontend.Tests.Fuzz;

/// <summary>Calls members that reflection cannot: those that take or give spans. An array stands for a span, and a span that is returned is
/// read to its end.</summary>
internal static class Invocation
{
    /// <summary>Calls a method or constructor.</summary>
    /// <param name="target">The object or boxed value; null for a static method or a constructor.</param>
    /// <param name="arguments">One for each parameter.</param>
    internal delegate object? Call(object? target, object?[] arguments);

    private static readonly Dictionary<MethodBase, Call> s_calls = [];

    public static Call Of(MethodBase member)
    {
        if (!s_calls.TryGetValue(member, out var call)) s_calls.Add(member, call = Create(member));
        return call;
    }

    /// <summary>Whether a type is a span, and of what.</summary>
    public static bool IsSpan(Type type, out Type element)
    {
        element = typeof(void);
        if (!type.IsGenericType) return false;
        var generic = type.GetGenericTypeDefinition();
        if (generic != typeof(ReadOnlySpan<>) && generic != typeof(Span<>)) return false;
        element = type.GetGenericArguments()[0];
        return true;
    }

    /// <summary>Whether C# calls it in an object initializer or a <c>with</c> expression alone, so on an object that nothing holds
    /// yet.</summary>
    public static bool IsInit(MethodBase member) =>
        member is MethodInfo method && method.ReturnParameter.GetRequiredCustomModifiers().Contains(typeof(IsExternalInit));

    /// <summary>What <c>with</c> makes of an object; a boxed value is copied.</summary>
    public static object Copy(object original) =>
        original.GetType().GetMethod("<Clone>$") is { } clone ? clone.Invoke(original, null)! : RuntimeHelpers.GetObjectValue(original);

    private static Call Create(MethodBase member)
    {
        Type[] parameters = [typeof(object), typeof(object[])];
        var method = new DynamicMethod($"call {member.Name}", typeof(object), parameters, typeof(Invocation).Module, skipVisibility: true);
        var il = method.GetILGenerator();
        if (!member.IsStatic && !member.IsConstructor)
        {
            il.Emit(OpCodes.Ldarg_0);
            il.Emit(member.DeclaringType!.IsValueType ? OpCodes.Unbox : OpCodes.Castclass, member.DeclaringType);
        }
        foreach (var parameter in member.GetParameters()) Load(il, parameter);
        if (member is ConstructorInfo constructor) il.Emit(OpCodes.Newobj, constructor);
        else il.Emit(member.IsStatic || member.DeclaringType!.IsValueType ? OpCodes.Call : OpCodes.Callvirt, (MethodInfo)member);
        Return(il, member is MethodInfo m ? m.ReturnType : member.DeclaringType!);
        return method.CreateDelegate<Call>();
    }

    private static void Load(ILGenerator il, ParameterInfo parameter)
    {
        var type = parameter.ParameterType;
        if (type.IsByRef)
        {
            il.Emit(OpCodes.Ldloca, il.DeclareLocal(type.GetElementType()!));
            return;
        }
        il.Emit(OpCodes.Ldarg_1);
        il.Emit(OpCodes.Ldc_I4, parameter.Position);
        il.Emit(OpCodes.Ldelem_Ref);
        if (!IsSpan(type, out var element))
        {
            il.Emit(OpCodes.Unbox_Any, type);
            return;
        }
        il.Emit(OpCodes.Castclass, element.MakeArrayType());
        il.Emit(OpCodes.Call, type.GetMethod("op_Implicit", [element.MakeArrayType()])!);
    }

    private static void Return(ILGenerator il, Type type)
    {
        if (IsSpan(type, out _))
        {
            var span = il.DeclareLocal(type);
            il.Emit(OpCodes.Stloc, span);
            il.Emit(OpCodes.Ldloca, span);
            il.Emit(OpCodes.Call, type.GetMethod("ToArray")!);
        }
        else if (type == typeof(void)) il.Emit(OpCodes.Ldnull);
        else if (type.IsByRefLike)
        {
            il.Emit(OpCodes.Pop);
            il.Emit(OpCodes.Ldnull);
        }
        else if (type.IsValueType) il.Emit(OpCodes.Box, type);
        il.Emit(OpCodes.Ret);
    }
}
