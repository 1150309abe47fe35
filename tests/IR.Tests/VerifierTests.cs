using System.Collections.Immutable;
using GraphCompiler.IR.Diagnostics;
using GraphCompiler.IR.Ops;
using Xunit;

namespace GraphCompiler.IR.Tests;

/// <summary>Breaks each invariant by the internal constructors, which the builder never lets happen.</summary>
public class VerifierTests
{
    private static readonly TensorType s_type = DType.F32[2];
    private readonly FunctionBuilder _builder = new("f");

    [Fact]
    public void V1_operand_defined_later()
    {
        var x = Param(0, "x");
        var (first, second) = (Op(0, Tanh.Instance, [], 1), Op(1, Tanh.Instance, [x], 2));
        first = Op(0, Tanh.Instance, [second.Result], 1);
        Broken("V1: @f: operand %2 is not defined before it", new Function("f", [x], [first, second], [first.Result]),
            "%1 = tanh %2 : f32[2]");
    }

    [Fact]
    public void V1_operand_of_another_function()
    {
        var operation = Op(0, Tanh.Instance, [Param(0, "elsewhere")], 0);
        Broken("V1: @f: operand %elsewhere", new Function("f", [], [operation], []));
    }

    [Fact]
    public void V2_types_differ_from_the_rule()
    {
        var x = Param(0, "x");
        var operation = Op(0, Tanh.Instance, [x], 1, type: DType.F32[3]);
        Broken("V2: @f: the types are f32[3], but tanh infers f32[2]", new Function("f", [x], [operation], []), "%1 = tanh %x : f32[3]");
    }

    [Fact]
    public void V2_the_rule_refuses()
    {
        var x = Param(0, "x");
        Broken("V2: @f: add: takes 2 operands, given 1", new Function("f", [x], [Op(0, Add.Instance, [x], 1)], []));
    }

    [Fact]
    public void V3_parameter_names()
    {
        Broken("V3: @f: two parameters are named %x", new Function("f", [Param(0, "x"), Param(1, "x")], [], []));
        Broken("V3: @f: parameter %0 has no name", new Function("f", [Param(0, null)], [], []));
    }

    [Fact]
    public void V4_result_not_defined() =>
        Broken("V4: @f: the result %y is not defined", new Function("f", [Param(0, "x")], [], [Param(1, "y")]));

    [Fact]
    public void V5_op_not_registered()
    {
        var x = Param(0, "x");
        Broken("V5: @f: the op unlisted is not registered", new Function("f", [x], [Op(0, new UnlistedOp(), [x], 1)], []));
    }

    [Fact]
    public void V6_region_reads_outside()
    {
        var x = Param(0, "x");
        var inner = Op(0, Tanh.Instance, [x], 1);
        var body = new Function("body", [Param(0, "p")], [inner], [inner.Result]);
        var fusion = Op(0, Fusion.Instance, [x], 1, body: body, attributes: AttributeMap.Empty.With("kind", "loop"));
        Broken("V6: @f: its region is not valid: V1: @body: operand %x", new Function("f", [x], [fusion], []),
            "= fusion %x {kind=loop} : f32[2] {");
    }

    [Fact]
    public void V7_ids()
    {
        var x = Param(0, "x");
        Broken("V7: @f: operation 0 has the id 5", new Function("f", [x], [Op(5, Tanh.Instance, [x], 1)], []));
        Broken("V7: @f: %9 has the id 9, not below 2", new Function("f", [x], [Op(0, Tanh.Instance, [x], 9)], []));
        Broken("V7: @f: the id 0 of %0 is taken", new Function("f", [x], [Op(0, Tanh.Instance, [x], 0)], []));
    }

    [Fact]
    public void V8_defined_once()
    {
        var x = Param(0, "x");
        var operation = Op(0, Tanh.Instance, [x], 1);
        var again = new Operation(1, Tanh.Instance, [x], AttributeMap.Empty, operation.Results, null, default);
        Broken("V8: @f: %1 is defined by another operation", new Function("f", [x], [operation, again], []));
        Broken("V8: @f: parameter %1 is also a result", new Function("f", [Named(operation.Result)], [], []));
    }

    [Fact]
    public void The_location_is_the_operations()
    {
        var x = Param(0, "x");
        var result = new Value(_builder, 1, DType.F32[3], null, default);
        var operation = new Operation(0, Tanh.Instance, [x], AttributeMap.Empty, [result], null, new Location("Mlp.cs", 14));
        result.Definition = operation;
        var error = Assert.Throws<GraphException>(() => Verifier.Verify(new Function("f", [x], [operation], [])));
        Assert.StartsWith("Mlp.cs(14): error SGC2002: V2", error.Message, StringComparison.Ordinal);
    }

    private sealed class UnlistedOp : OpaqueOp
    {
        public UnlistedOp() : base("unlisted", arity: 1) { }

        protected override TensorType Infer(OpCall call) => call[0];

        public override Literal[] Evaluate(Operation operation, ReadOnlySpan<Literal> operands) => operands.ToArray();

        public override Value?[] Vjp(Operation operation, ReadOnlySpan<Value?> cotangents, ReadOnlySpan<bool> wanted) => [null];

        public override Value[] Batch(Operation operation, BatchedOperands x) => [x[0]];
    }

    private static void Broken(string message, Function function, string printed = "")
    {
        var error = Assert.Throws<GraphException>(() => Verifier.Verify(function));
        Assert.Equal("SGC2002", error.Code);
        Assert.StartsWith(message, error.Diagnostics[0].Message, StringComparison.Ordinal);
        Assert.Contains(printed, error.Message, StringComparison.Ordinal);
    }

    private Value Param(int id, string? name) => new(_builder, id, s_type, name, default);

    private Value Named(Value result) => new(_builder, result.Id, result.Type, "1", default) { Definition = result.Definition };

    private Operation Op(int id, Op op, ImmutableArray<Value> operands, int resultId, TensorType? type = null, Function? body = null,
        AttributeMap? attributes = null)
    {
        var result = new Value(_builder, resultId, type ?? s_type, null, default);
        var operation = new Operation(id, op, operands, attributes ?? AttributeMap.Empty, [result], body, default);
        result.Definition = operation;
        return operation;
    }
}
