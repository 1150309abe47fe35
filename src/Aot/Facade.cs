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
    private const int MostInputsOfAStep = 3, MostInputsOfAPrediction = 2, MostInputsOfAFunction = 4;

    private readonly TypeReferenceHandle _base, _executable, _span, _readOnlySpan;
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
        _executable = Type(runtime, typeof(Executable).Namespace!, nameof(Executable));
        _span = Type(system, "System", "Span`1");
        _readOnlySpan = Type(system, "System", "ReadOnlySpan`1");
    }

    /// <summary>The class of a model: its name in C#'s casing, or escaped (see docs/aot.md).</summary>
    public static string ClassName(string name) => Identifiers.ClassOf(name);

    /// <summary>The assembly's bytes.</summary>
    /// <exception cref="AotException">SGC7109: a step of more than three inputs, a prediction of none or more than two, a function of more
    /// than four.</exception>
    public static byte[] Write(ModelManifest manifest) => new Facade(manifest).Build();

    private byte[] Build()
    {
        var (train, predict) = (Inputs(_manifest.Training), Inputs(_manifest.Prediction));
        if (train.Count > (_manifest.IsFunction ? MostInputsOfAFunction : MostInputsOfAStep)
            || (_manifest.Prediction.Length > 0 && predict.Count is 0 or > MostInputsOfAPrediction))
            throw new AotException("SGC7109", $"a facade takes up to {MostInputsOfAStep} inputs for a step, 1 or {MostInputsOfAPrediction}"
                + $" for a prediction and up to {MostInputsOfAFunction} for a function; '{_manifest.Model}' has {train.Count} and"
                + $" {predict.Count}."
                + " Leave 'assembly' out of --emit");
        _metadata.AddAssembly(
            _metadata.GetOrAddString(_manifest.Model), new Version(1, 0, 0, 0), default, default, default, AssemblyHashAlgorithm.Sha256);
        var mvid = _metadata.ReserveGuid();
        _metadata.AddModule(0, _metadata.GetOrAddString($"{_manifest.Model}.dll"), mvid.Handle, default, default);
        var (noField, firstMethod) = (MetadataTokens.FieldDefinitionHandle(1), MetadataTokens.MethodDefinitionHandle(1));
        _metadata.AddTypeDefinition(default, default, _metadata.GetOrAddString("<Module>"), default, noField, firstMethod);
        var type = _metadata.AddTypeDefinition(TypeAttributes.Public | TypeAttributes.Sealed | TypeAttributes.BeforeFieldInit,
            _metadata.GetOrAddString(Namespace), _metadata.GetOrAddString(ClassName(_manifest.Model)), _base, noField, firstMethod);
        Constructor();
        if (_manifest.IsFunction) Run(train);
        else Forward("TrainStep", "Train", train, null);
        if (_manifest.Prediction.Length > 0) Forward("Predict", "Infer", predict, _manifest.Prediction[^1].Type);
        var first = true;
        void Property(ManifestBuffer buffer, string baseMethod, TypeReferenceHandle span)
        {
            var property = Getter(buffer, baseMethod, span);
            if (first) _metadata.AddPropertyMap(type, property);
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

    // void Run(ReadOnlySpan<T0> a, ...) => Program.Run<T0, ...>(a, ...);
    private void Run(List<ManifestBuffer> inputs)
    {
        SignatureTypeEncoder ElementOf(SignatureTypeEncoder span) => span.GenericInstantiation(_readOnlySpan, 1, true).AddArgument();
        var program = Member("get_Program", s => s.MethodSignature(isInstanceMethod: true).Parameters(0,
            r => r.Type().Type(_executable, isValueType: false), _ => { }));
        var to = _metadata.AddMemberReference(_executable, _metadata.GetOrAddString(nameof(Executable.Run)),
            Blob(s => s.MethodSignature(default, inputs.Count, isInstanceMethod: true).Parameters(inputs.Count, r => r.Void(), p =>
            {
                for (var i = 0; i < inputs.Count; i++) ElementOf(p.AddParameter().Type()).GenericMethodTypeParameter(i);
            })));
        var signature = Blob(s => s.MethodSignature(isInstanceMethod: true).Parameters(inputs.Count, r => r.Void(), p =>
        {
            foreach (var input in inputs) Primitive(ElementOf(p.AddParameter().Type()), input.Type);
        }));
        var il = new InstructionEncoder(new BlobBuilder());
        il.LoadArgument(0);
        il.Call(program);
        for (var i = 1; i <= inputs.Count; i++) il.LoadArgument(i);
        il.Call(Instantiate(to, [.. inputs.Select(i => i.Type)]));
        il.OpCode(ILOpCode.Ret);
        Define("Run", 0, signature, il, [.. inputs.Select(i => _names.Argument(i.Name))]);
    }

    // float TrainStep(ReadOnlySpan<T0> a, ...) => Train<T0, ...>(a, ...); likewise for predictions, whose result is the last type argument.
    private void Forward(string name, string baseMethod, List<ManifestBuffer> inputs, ElementType? result)
    {
        var arity = inputs.Count + (result is null ? 0 : 1);
        SignatureTypeEncoder ElementOf(SignatureTypeEncoder span) => span.GenericInstantiation(_readOnlySpan, 1, true).AddArgument();
        var to = Member(baseMethod, s => s.MethodSignature(default, genericParameterCount: arity, true).Parameters(inputs.Count, r =>
        {
            if (result is null) r.Type().Single();
            else ElementOf(r.Type()).GenericMethodTypeParameter(arity - 1);
        }, p =>
        {
            for (var i = 0; i < inputs.Count; i++) ElementOf(p.AddParameter().Type()).GenericMethodTypeParameter(i);
        }));
        ElementType[] types = [.. inputs.Select(i => i.Type), .. result is { } r ? new[] { r } : []];
        var signature = Blob(s => s.MethodSignature(isInstanceMethod: true).Parameters(inputs.Count, r =>
        {
            if (result is null) r.Type().Single();
            else Primitive(ElementOf(r.Type()), result.Value);
        }, p =>
        {
            foreach (var input in inputs) Primitive(ElementOf(p.AddParameter().Type()), input.Type);
        }));
        var il = new InstructionEncoder(new BlobBuilder());
        for (var i = 0; i <= inputs.Count; i++) il.LoadArgument(i);
        il.Call(Instantiate(to, types));
        il.OpCode(ILOpCode.Ret);
        Define(name, 0, signature, il, [.. inputs.Select(i => _names.Argument(i.Name))]);
    }

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
        string[] parameters, object?[]? defaults = null)
    {
        attributes |= MethodAttributes.Public | MethodAttributes.HideBySig;
        var method = _metadata.AddMethodDefinition(attributes, MethodImplAttributes.IL,
            _metadata.GetOrAddString(name), signature, _bodies.AddMethodBody(il), MetadataTokens.ParameterHandle(_parameter));
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
