using System.Collections.Immutable;
using System.Reflection;
using System.Reflection.Metadata;
using System.Reflection.Metadata.Ecma335;
using System.Reflection.PortableExecutable;
using System.Security.Cryptography;
using GraphCompiler.Runtime;
using GraphCompiler.Runtime.Deployment;

namespace GraphCompiler.Aot;

/// <summary>Writes NAME.dll: one sealed class of typed members over <see cref="CompiledModel"/>. The same model gives the same
/// bytes.</summary>
public sealed partial class Facade
{
    /// <summary>The namespace of generated classes.</summary>
    public const string Namespace = "CompiledModels";

    private readonly MetadataBuilder _metadata = new();
    private readonly BlobBuilder _il = new();
    private readonly MethodBodyStreamEncoder _bodies;
    private readonly ModelManifest _manifest;
    private readonly ModelNames _names;
    private const int MostInputs = 1024; // A test compiles a method of as many.

    private readonly TypeReferenceHandle _base, _pinnedInput, _span, _readOnlySpan;
    private int _parameter = 1;

    private Facade(ModelManifest manifest)
    {
        (_manifest, _names, _bodies) = (manifest, new ModelNames(manifest), new MethodBodyStreamEncoder(_il));
        AssemblyReferenceHandle Reference(AssemblyName name) => _metadata.AddAssemblyReference(_metadata.GetOrAddString(name.Name!),
            name.Version!, default, name.GetPublicKeyToken() is { Length: > 0 } key
                ? _metadata.GetOrAddBlob(key) : default, default, default);
        var system = Reference(new AssemblyName("System.Runtime, Version=10.0.0.0, PublicKeyToken=b03f5f7f11d50a3a"));
        var runtime = Reference(typeof(CompiledModel).Assembly.GetName());
        TypeReferenceHandle Type(AssemblyReferenceHandle from, string space, string name) =>
            _metadata.AddTypeReference(from, _metadata.GetOrAddString(space), _metadata.GetOrAddString(name));
        _base = Type(runtime, typeof(CompiledModel).Namespace!, nameof(CompiledModel));
        _pinnedInput = _metadata.AddTypeReference(_base, default, _metadata.GetOrAddString("PinnedInput"));
        _span = Type(system, "System", "Span`1");
        _readOnlySpan = Type(system, "System", "ReadOnlySpan`1");
    }

    /// <summary>The class of a model: its name in C#'s casing, or escaped (see docs/aot.md).</summary>
    public static string ClassName(string name) => Identifiers.ClassOf(name);

    /// <summary>The assembly's bytes.</summary>
    /// <exception cref="AotException">SGC7109: more than 1024 inputs.</exception>
    public static byte[] Write(ModelManifest manifest) => new Facade(manifest).Build();

    private byte[] Build()
    {
        var (train, predict) = (Inputs(_manifest.Training), Inputs(_manifest.Prediction));
        if (Math.Max(train.Count, predict.Count) is > MostInputs and var count)
            throw new AotException("SGC7109", $"a facade takes up to {MostInputs} inputs, and '{_manifest.Model}' has {count};"
                + " leave 'assembly' out of --emit");
        _metadata.AddAssembly(
            _metadata.GetOrAddString(_manifest.Model), new Version(1, 0, 0, 0), default, default, default, AssemblyHashAlgorithm.Sha256);
        var mvid = _metadata.ReserveGuid();
        _metadata.AddModule(0, _metadata.GetOrAddString($"{_manifest.Model}.dll"), mvid.Handle, default, default);
        var (noField, firstMethod) = (MetadataTokens.FieldDefinitionHandle(1), MetadataTokens.MethodDefinitionHandle(1));
        _metadata.AddTypeDefinition(default, default, _metadata.GetOrAddString("<Module>"), default, noField, firstMethod);
        var facade = _metadata.AddTypeDefinition(TypeAttributes.Public | TypeAttributes.Sealed | TypeAttributes.BeforeFieldInit,
            _metadata.GetOrAddString(Namespace), _metadata.GetOrAddString(ClassName(_manifest.Model)), _base, noField, firstMethod);
        Constructor();
        if (_manifest.IsFunction) Program("Run", "Run", train, r => r.Void());
        else Program("TrainStep", "Train", train, r => r.Type().Single());
        if (_manifest.Prediction.Length > 0)
        {
            var type = _manifest.Prediction[^1].Type;
            Program("Predict", "Infer", predict, r => Primitive(ReadOnlySpanOf(r.Type()), type), type);
        }
        var first = true;
        void Property(ManifestBuffer buffer, string baseMethod, TypeReferenceHandle span)
        {
            var property = Getter(buffer, baseMethod, span);
            if (first) _metadata.AddPropertyMap(facade, property);
            first = false;
        }
        foreach (var name in _manifest.Parameters) Property(_manifest.Training.Single(b => b.Name == name), "Parameter", _span);
        foreach (var metric in Metrics(_manifest)) Property(metric, "Metric", _readOnlySpan);
        return Serialize(mvid);
    }

    private byte[] Serialize(ReservedBlob<GuidHandle> mvid)
    {
        static BlobContentId Id(IEnumerable<Blob> content)
        {
            using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
            foreach (var blob in content) hash.AppendData(blob.GetBytes());
            return BlobContentId.FromHash(hash.GetHashAndReset());
        }
        var pe = new ManagedPEBuilder(
            PEHeaderBuilder.CreateLibraryHeader(), new MetadataRootBuilder(_metadata), _il, deterministicIdProvider: Id);
        var image = new BlobBuilder();
        var id = pe.Serialize(image);
        mvid.CreateWriter().WriteGuid(id.Guid);
        return image.ToArray();
    }

    // Name(int threads = 0, string? folder = null) : base("name", "sha", threads, folder)
    private void Constructor()
    {
        var to = Member(".ctor", s => s.MethodSignature(isInstanceMethod: true).Parameters(4, r => r.Void(), p =>
        {
            p.AddParameter().Type().String();
            p.AddParameter().Type().String();
            p.AddParameter().Type().Int32();
            p.AddParameter().Type().String();
        }));
        var signature = Blob(s => s.MethodSignature(isInstanceMethod: true).Parameters(2, r => r.Void(), p =>
        {
            p.AddParameter().Type().Int32();
            p.AddParameter().Type().String();
        }));
        var il = new InstructionEncoder(new BlobBuilder());
        il.LoadArgument(0);
        il.LoadString(_metadata.GetOrAddUserString(_manifest.Model));
        il.LoadString(_metadata.GetOrAddUserString(_manifest.SourceSha256));
        il.LoadArgument(1);
        il.LoadArgument(2);
        il.Call(to);
        il.OpCode(ILOpCode.Ret);
        Define(".ctor", MethodAttributes.SpecialName | MethodAttributes.RTSpecialName, signature, il, ["threads", "folder"],
            defaults: [0, null]);
    }

    // TResult Name(ReadOnlySpan<T0> a, ...)
    // {
    //     var inputs = stackalloc PinnedInput[n];
    //     fixed (T0* pinned0 = PinInput(a), ...) { PassInput(inputs, 0, a); ... return Base(inputs, n); }
    // }
    private void Program(string name, string baseMethod, List<ManifestBuffer> inputs, Action<ReturnTypeEncoder> result,
        ElementType? typeArgument = null)
    {
        var (pin, pass) = (Pin(), Pass());
        var to = Member(baseMethod, s => s.MethodSignature(default, typeArgument is null ? 0 : 1, isInstanceMethod: true).Parameters(2, r =>
        {
            if (typeArgument is null) result(r);
            else ReadOnlySpanOf(r.Type()).GenericMethodTypeParameter(0);
        }, p =>
        {
            p.AddParameter().Type().Pointer().Type(_pinnedInput, isValueType: true);
            p.AddParameter().Type().Int32();
        }));
        var il = new InstructionEncoder(new BlobBuilder());
        il.LoadConstantI4(inputs.Count);
        il.OpCode(ILOpCode.Conv_u);
        il.OpCode(ILOpCode.Sizeof);
        il.Token(_pinnedInput);
        il.OpCode(ILOpCode.Mul_ovf_un);
        il.OpCode(ILOpCode.Localloc);
        il.StoreLocal(inputs.Count);
        for (var i = 0; i < inputs.Count; i++)
        {
            il.LoadArgument(i + 1);
            il.Call(Instantiate(pin, [inputs[i].Type]));
            il.StoreLocal(i);
            il.LoadLocal(inputs.Count);
            il.LoadConstantI4(i);
            il.LoadArgument(i + 1);
            il.Call(Instantiate(pass, [inputs[i].Type]));
        }
        il.LoadArgument(0);
        il.LoadLocal(inputs.Count);
        il.LoadConstantI4(inputs.Count);
        il.Call(Instantiate(to, typeArgument is { } type ? [type] : []));
        il.OpCode(ILOpCode.Ret);
        var signature = Blob(s => s.MethodSignature(isInstanceMethod: true).Parameters(inputs.Count, result, p =>
        {
            foreach (var input in inputs) Primitive(ReadOnlySpanOf(p.AddParameter().Type()), input.Type);
        }));
        Define(name, 0, signature, il, [.. inputs.Select(i => _names.Argument(i.Name))], locals: Locals(inputs));
    }

    // For each input a pinned reference, and the stack's memory for what is passed.
    private StandaloneSignatureHandle Locals(List<ManifestBuffer> inputs) => _metadata.AddStandaloneSignature(Blob(s =>
    {
        var locals = s.LocalVariableSignature(inputs.Count + 1);
        foreach (var input in inputs) Primitive(locals.AddVariable().Type(isByRef: true, isPinned: true), input.Type);
        locals.AddVariable().Type().Pointer().Type(_pinnedInput, isValueType: true);
    }));

    private MemberReferenceHandle Pin() => Member("PinInput", s => s.MethodSignature(genericParameterCount: 1).Parameters(1,
        r => r.Type(isByRef: true).GenericMethodTypeParameter(0),
        p => ReadOnlySpanOf(p.AddParameter().Type()).GenericMethodTypeParameter(0)));

    private MemberReferenceHandle Pass() => Member("PassInput", s => s.MethodSignature(genericParameterCount: 1).Parameters(3,
        r => r.Void(), p =>
        {
            p.AddParameter().Type().Pointer().Type(_pinnedInput, isValueType: true);
            p.AddParameter().Type().Int32();
            ReadOnlySpanOf(p.AddParameter().Type()).GenericMethodTypeParameter(0);
        }));

    private SignatureTypeEncoder ReadOnlySpanOf(SignatureTypeEncoder span) =>
        span.GenericInstantiation(_readOnlySpan, 1, isValueType: true).AddArgument();

    // Span<T> Name => Parameter<T>("name");
    private PropertyDefinitionHandle Getter(ManifestBuffer buffer, string baseMethod, TypeReferenceHandle span)
    {
        var to = Member(baseMethod, s => s.MethodSignature(genericParameterCount: 1, isInstanceMethod: true).Parameters(1,
            r => r.Type().GenericInstantiation(span, 1, true).AddArgument().GenericMethodTypeParameter(0),
            p => p.AddParameter().Type().String()));
        var signature = Blob(s => s.MethodSignature(isInstanceMethod: true).Parameters(0,
            r => Primitive(r.Type().GenericInstantiation(span, 1, true).AddArgument(), buffer.Type), _ => { }));
        var il = new InstructionEncoder(new BlobBuilder());
        il.LoadArgument(0);
        il.LoadString(_metadata.GetOrAddUserString(buffer.Name));
        il.Call(Instantiate(to, [buffer.Type]));
        il.OpCode(ILOpCode.Ret);
        var getter = Define($"get_{_names.Member(buffer.Name)}", MethodAttributes.SpecialName, signature, il, []);
        var property = _metadata.AddProperty(PropertyAttributes.None, _metadata.GetOrAddString(_names.Member(buffer.Name)),
            Blob(s => s.PropertySignature(isInstanceProperty: true).Parameters(0, r =>
                Primitive(r.Type().GenericInstantiation(span, 1, true).AddArgument(), buffer.Type), _ => { })));
        _metadata.AddMethodSemantics(property, MethodSemanticsAttributes.Getter, getter);
        return property;
    }

    private MethodDefinitionHandle Define(string name, MethodAttributes attributes, BlobHandle signature, InstructionEncoder il,
        string[] parameters, object?[]? defaults = null, StandaloneSignatureHandle locals = default)
    {
        attributes |= MethodAttributes.Public | MethodAttributes.HideBySig;
        var method = _metadata.AddMethodDefinition(attributes, MethodImplAttributes.IL,
            _metadata.GetOrAddString(name), signature,
            _bodies.AddMethodBody(il, localVariablesSignature: locals), MetadataTokens.ParameterHandle(_parameter));
        for (var i = 0; i < parameters.Length; i++, _parameter++)
        {
            var optional = defaults is null ? 0 : ParameterAttributes.Optional | ParameterAttributes.HasDefault;
            var handle = _metadata.AddParameter(optional, _metadata.GetOrAddString(parameters[i]), i + 1);
            if (defaults is not null) _metadata.AddConstant(handle, defaults[i]);
        }
        return method;
    }

    private MemberReferenceHandle Member(string name, Action<BlobEncoder> signature) =>
        _metadata.AddMemberReference(_base, _metadata.GetOrAddString(name), Blob(signature));

    private EntityHandle Instantiate(MemberReferenceHandle method, ElementType[] types)
    {
        if (types.Length == 0) return method;
        return _metadata.AddMethodSpecification(method, Blob(s =>
        {
            var arguments = s.MethodSpecificationSignature(types.Length);
            foreach (var type in types) Primitive(arguments.AddArgument(), type);
        }));
    }

    private BlobHandle Blob(Action<BlobEncoder> write)
    {
        var blob = new BlobBuilder();
        write(new BlobEncoder(blob));
        return _metadata.GetOrAddBlob(blob);
    }

    private static void Primitive(SignatureTypeEncoder encoder, ElementType type) => encoder.PrimitiveType(type switch
    {
        ElementType.F32 => PrimitiveTypeCode.Single,
        ElementType.F64 => PrimitiveTypeCode.Double,
        ElementType.BF16 or ElementType.F16 => PrimitiveTypeCode.UInt16,
        ElementType.I8 => PrimitiveTypeCode.SByte,
        ElementType.I32 => PrimitiveTypeCode.Int32,
        ElementType.I64 => PrimitiveTypeCode.Int64,
        ElementType.U32 => PrimitiveTypeCode.UInt32,
        ElementType.Bool => PrimitiveTypeCode.Boolean,
        _ => PrimitiveTypeCode.Byte,
    });

    private static List<ManifestBuffer> Inputs(ImmutableArray<ManifestBuffer> buffers) =>
        [.. buffers.Where(b => b.Role == BufferRole.Input)];

    private static IEnumerable<ManifestBuffer> Metrics(ModelManifest manifest) =>
        manifest.Training.Where(b => b.Role == BufferRole.Output && (manifest.IsFunction || b.Name != "loss"));
}
