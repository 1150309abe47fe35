// Typed handles over the opaque pointers; the members live in one file per handle.
namespace LLVMSharp.Interop;

public unsafe partial struct LLVMContextRef(IntPtr handle) : IDisposable, IEquatable<LLVMContextRef>
{
    public IntPtr Handle = handle;

    public static implicit operator LLVMContextRef(LLVMOpaqueContext* value) => new((IntPtr)value);

    public static implicit operator LLVMOpaqueContext*(LLVMContextRef value) => (LLVMOpaqueContext*)value.Handle;

    public static bool operator ==(LLVMContextRef left, LLVMContextRef right) => left.Handle == right.Handle;

    public static bool operator !=(LLVMContextRef left, LLVMContextRef right) => left.Handle != right.Handle;

    public void Dispose()
    {
        if (Handle == IntPtr.Zero) return;
        LLVM.ContextDispose(this);
        Handle = IntPtr.Zero;
    }

    public readonly bool Equals(LLVMContextRef other) => Handle == other.Handle;

    public override readonly bool Equals(object? obj) => obj is LLVMContextRef other && Equals(other);

    public override readonly int GetHashCode() => Handle.GetHashCode();
}

public unsafe partial struct LLVMModuleRef(IntPtr handle) : IDisposable, IEquatable<LLVMModuleRef>
{
    public IntPtr Handle = handle;

    public static implicit operator LLVMModuleRef(LLVMOpaqueModule* value) => new((IntPtr)value);

    public static implicit operator LLVMOpaqueModule*(LLVMModuleRef value) => (LLVMOpaqueModule*)value.Handle;

    public static bool operator ==(LLVMModuleRef left, LLVMModuleRef right) => left.Handle == right.Handle;

    public static bool operator !=(LLVMModuleRef left, LLVMModuleRef right) => left.Handle != right.Handle;

    public void Dispose()
    {
        if (Handle == IntPtr.Zero) return;
        LLVM.DisposeModule(this);
        Handle = IntPtr.Zero;
    }

    public readonly bool Equals(LLVMModuleRef other) => Handle == other.Handle;

    public override readonly bool Equals(object? obj) => obj is LLVMModuleRef other && Equals(other);

    public override readonly int GetHashCode() => Handle.GetHashCode();
}

public unsafe partial struct LLVMBuilderRef(IntPtr handle) : IDisposable, IEquatable<LLVMBuilderRef>
{
    public IntPtr Handle = handle;

    public static implicit operator LLVMBuilderRef(LLVMOpaqueBuilder* value) => new((IntPtr)value);

    public static implicit operator LLVMOpaqueBuilder*(LLVMBuilderRef value) => (LLVMOpaqueBuilder*)value.Handle;

    public static bool operator ==(LLVMBuilderRef left, LLVMBuilderRef right) => left.Handle == right.Handle;

    public static bool operator !=(LLVMBuilderRef left, LLVMBuilderRef right) => left.Handle != right.Handle;

    public void Dispose()
    {
        if (Handle == IntPtr.Zero) return;
        LLVM.DisposeBuilder(this);
        Handle = IntPtr.Zero;
    }

    public readonly bool Equals(LLVMBuilderRef other) => Handle == other.Handle;

    public override readonly bool Equals(object? obj) => obj is LLVMBuilderRef other && Equals(other);

    public override readonly int GetHashCode() => Handle.GetHashCode();
}

public unsafe partial struct LLVMTypeRef(IntPtr handle) : IEquatable<LLVMTypeRef>
{
    public IntPtr Handle = handle;

    public static implicit operator LLVMTypeRef(LLVMOpaqueType* value) => new((IntPtr)value);

    public static implicit operator LLVMOpaqueType*(LLVMTypeRef value) => (LLVMOpaqueType*)value.Handle;

    public static bool operator ==(LLVMTypeRef left, LLVMTypeRef right) => left.Handle == right.Handle;

    public static bool operator !=(LLVMTypeRef left, LLVMTypeRef right) => left.Handle != right.Handle;

    public readonly bool Equals(LLVMTypeRef other) => Handle == other.Handle;

    public override readonly bool Equals(object? obj) => obj is LLVMTypeRef other && Equals(other);

    public override readonly int GetHashCode() => Handle.GetHashCode();
}

public unsafe partial struct LLVMValueRef(IntPtr handle) : IEquatable<LLVMValueRef>
{
    public IntPtr Handle = handle;

    public static implicit operator LLVMValueRef(LLVMOpaqueValue* value) => new((IntPtr)value);

    public static implicit operator LLVMOpaqueValue*(LLVMValueRef value) => (LLVMOpaqueValue*)value.Handle;

    public static bool operator ==(LLVMValueRef left, LLVMValueRef right) => left.Handle == right.Handle;

    public static bool operator !=(LLVMValueRef left, LLVMValueRef right) => left.Handle != right.Handle;

    public readonly bool Equals(LLVMValueRef other) => Handle == other.Handle;

    public override readonly bool Equals(object? obj) => obj is LLVMValueRef other && Equals(other);

    public override readonly int GetHashCode() => Handle.GetHashCode();
}

public unsafe partial struct LLVMBasicBlockRef(IntPtr handle) : IEquatable<LLVMBasicBlockRef>
{
    public IntPtr Handle = handle;

    public static implicit operator LLVMBasicBlockRef(LLVMOpaqueBasicBlock* value) => new((IntPtr)value);

    public static implicit operator LLVMOpaqueBasicBlock*(LLVMBasicBlockRef value) => (LLVMOpaqueBasicBlock*)value.Handle;

    public static bool operator ==(LLVMBasicBlockRef left, LLVMBasicBlockRef right) => left.Handle == right.Handle;

    public static bool operator !=(LLVMBasicBlockRef left, LLVMBasicBlockRef right) => left.Handle != right.Handle;

    public readonly bool Equals(LLVMBasicBlockRef other) => Handle == other.Handle;

    public override readonly bool Equals(object? obj) => obj is LLVMBasicBlockRef other && Equals(other);

    public override readonly int GetHashCode() => Handle.GetHashCode();
}

public unsafe partial struct LLVMMetadataRef(IntPtr handle) : IEquatable<LLVMMetadataRef>
{
    public IntPtr Handle = handle;

    public static implicit operator LLVMMetadataRef(LLVMOpaqueMetadata* value) => new((IntPtr)value);

    public static implicit operator LLVMOpaqueMetadata*(LLVMMetadataRef value) => (LLVMOpaqueMetadata*)value.Handle;

    public static bool operator ==(LLVMMetadataRef left, LLVMMetadataRef right) => left.Handle == right.Handle;

    public static bool operator !=(LLVMMetadataRef left, LLVMMetadataRef right) => left.Handle != right.Handle;

    public readonly bool Equals(LLVMMetadataRef other) => Handle == other.Handle;

    public override readonly bool Equals(object? obj) => obj is LLVMMetadataRef other && Equals(other);

    public override readonly int GetHashCode() => Handle.GetHashCode();
}

public unsafe partial struct LLVMAttributeRef(IntPtr handle) : IEquatable<LLVMAttributeRef>
{
    public IntPtr Handle = handle;

    public static implicit operator LLVMAttributeRef(LLVMOpaqueAttributeRef* value) => new((IntPtr)value);

    public static implicit operator LLVMOpaqueAttributeRef*(LLVMAttributeRef value) => (LLVMOpaqueAttributeRef*)value.Handle;

    public static bool operator ==(LLVMAttributeRef left, LLVMAttributeRef right) => left.Handle == right.Handle;

    public static bool operator !=(LLVMAttributeRef left, LLVMAttributeRef right) => left.Handle != right.Handle;

    public readonly bool Equals(LLVMAttributeRef other) => Handle == other.Handle;

    public override readonly bool Equals(object? obj) => obj is LLVMAttributeRef other && Equals(other);

    public override readonly int GetHashCode() => Handle.GetHashCode();
}

public unsafe partial struct LLVMMemoryBufferRef(IntPtr handle) : IEquatable<LLVMMemoryBufferRef>
{
    public IntPtr Handle = handle;

    public static implicit operator LLVMMemoryBufferRef(LLVMOpaqueMemoryBuffer* value) => new((IntPtr)value);

    public static implicit operator LLVMOpaqueMemoryBuffer*(LLVMMemoryBufferRef value) => (LLVMOpaqueMemoryBuffer*)value.Handle;

    public static bool operator ==(LLVMMemoryBufferRef left, LLVMMemoryBufferRef right) => left.Handle == right.Handle;

    public static bool operator !=(LLVMMemoryBufferRef left, LLVMMemoryBufferRef right) => left.Handle != right.Handle;

    public readonly bool Equals(LLVMMemoryBufferRef other) => Handle == other.Handle;

    public override readonly bool Equals(object? obj) => obj is LLVMMemoryBufferRef other && Equals(other);

    public override readonly int GetHashCode() => Handle.GetHashCode();
}

public unsafe partial struct LLVMTargetRef(IntPtr handle) : IEquatable<LLVMTargetRef>
{
    public IntPtr Handle = handle;

    public static implicit operator LLVMTargetRef(LLVMTarget* value) => new((IntPtr)value);

    public static implicit operator LLVMTarget*(LLVMTargetRef value) => (LLVMTarget*)value.Handle;

    public static bool operator ==(LLVMTargetRef left, LLVMTargetRef right) => left.Handle == right.Handle;

    public static bool operator !=(LLVMTargetRef left, LLVMTargetRef right) => left.Handle != right.Handle;

    public readonly bool Equals(LLVMTargetRef other) => Handle == other.Handle;

    public override readonly bool Equals(object? obj) => obj is LLVMTargetRef other && Equals(other);

    public override readonly int GetHashCode() => Handle.GetHashCode();
}

public unsafe partial struct LLVMTargetMachineRef(IntPtr handle) : IEquatable<LLVMTargetMachineRef>
{
    public IntPtr Handle = handle;

    public static implicit operator LLVMTargetMachineRef(LLVMOpaqueTargetMachine* value) => new((IntPtr)value);

    public static implicit operator LLVMOpaqueTargetMachine*(LLVMTargetMachineRef value) => (LLVMOpaqueTargetMachine*)value.Handle;

    public static bool operator ==(LLVMTargetMachineRef left, LLVMTargetMachineRef right) => left.Handle == right.Handle;

    public static bool operator !=(LLVMTargetMachineRef left, LLVMTargetMachineRef right) => left.Handle != right.Handle;

    public readonly bool Equals(LLVMTargetMachineRef other) => Handle == other.Handle;

    public override readonly bool Equals(object? obj) => obj is LLVMTargetMachineRef other && Equals(other);

    public override readonly int GetHashCode() => Handle.GetHashCode();
}

public unsafe partial struct LLVMTargetDataRef(IntPtr handle) : IEquatable<LLVMTargetDataRef>
{
    public IntPtr Handle = handle;

    public static implicit operator LLVMTargetDataRef(LLVMOpaqueTargetData* value) => new((IntPtr)value);

    public static implicit operator LLVMOpaqueTargetData*(LLVMTargetDataRef value) => (LLVMOpaqueTargetData*)value.Handle;

    public static bool operator ==(LLVMTargetDataRef left, LLVMTargetDataRef right) => left.Handle == right.Handle;

    public static bool operator !=(LLVMTargetDataRef left, LLVMTargetDataRef right) => left.Handle != right.Handle;

    public readonly bool Equals(LLVMTargetDataRef other) => Handle == other.Handle;

    public override readonly bool Equals(object? obj) => obj is LLVMTargetDataRef other && Equals(other);

    public override readonly int GetHashCode() => Handle.GetHashCode();
}

public unsafe partial struct LLVMPassBuilderOptionsRef(IntPtr handle) : IDisposable, IEquatable<LLVMPassBuilderOptionsRef>
{
    public IntPtr Handle = handle;

    public static implicit operator LLVMPassBuilderOptionsRef(LLVMOpaquePassBuilderOptions* value) => new((IntPtr)value);

    public static implicit operator LLVMOpaquePassBuilderOptions*(LLVMPassBuilderOptionsRef value) =>
        (LLVMOpaquePassBuilderOptions*)value.Handle;

    public static bool operator ==(LLVMPassBuilderOptionsRef left, LLVMPassBuilderOptionsRef right) => left.Handle == right.Handle;

    public static bool operator !=(LLVMPassBuilderOptionsRef left, LLVMPassBuilderOptionsRef right) => left.Handle != right.Handle;

    public void Dispose()
    {
        if (Handle == IntPtr.Zero) return;
        LLVM.DisposePassBuilderOptions(this);
        Handle = IntPtr.Zero;
    }

    public readonly bool Equals(LLVMPassBuilderOptionsRef other) => Handle == other.Handle;

    public override readonly bool Equals(object? obj) => obj is LLVMPassBuilderOptionsRef other && Equals(other);

    public override readonly int GetHashCode() => Handle.GetHashCode();
}
