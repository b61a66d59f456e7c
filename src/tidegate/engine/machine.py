"""The few machine instructions the hot loop needs and Numba has no word for."""

from typing import Any

from llvmlite import ir
from numba.core import cgutils, types
from numba.extending import intrinsic as _intrinsic


def intrinsic(function: Any) -> Any:
    """Numba's decorator, with a type that strict checking accepts."""
    return _intrinsic(function)


@intrinsic
def as_pointer(typingctx: Any, address: Any) -> Any:
    """``as_pointer(address) -> void*``: the memory at an address, for :func:`numba.carray`."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return builder.inttoptr(args[0], cgutils.voidptr_t)

    return types.voidptr(types.intp), codegen


@intrinsic
def prefetch(typingctx: Any, array: Any, position: Any, offset: Any) -> Any:
    """``prefetch(array, position, offset)``: ask for the cache line ``offset`` bytes into ``array[position]``.

    A hint only: it never faults and changes no result.
    """

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        view = context.make_array(signature.args[0])(context, builder, args[0])
        base = builder.bitcast(view.data, cgutils.voidptr_t)
        itemsize = context.get_constant(
            types.intp, context.get_abi_sizeof(context.get_data_type(signature.args[0].dtype))
        )
        start = builder.add(builder.mul(args[1], itemsize), args[2])
        pointer = builder.gep(base, [start])
        i32 = ir.IntType(32)
        kind = ir.FunctionType(ir.VoidType(), [cgutils.voidptr_t, i32, i32, i32])
        function = cgutils.get_or_insert_function(builder.module, kind, "llvm.prefetch.p0i8")
        builder.call(function, [pointer, i32(1), i32(3), i32(1)])
        return context.get_dummy_value()

    return types.void(array, types.intp, types.intp), codegen


@intrinsic
def float_bits(typingctx: Any, value: Any) -> Any:
    """``float_bits(x: float64) -> int64``: the same 64 bits."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return builder.bitcast(args[0], ir.IntType(64))

    return types.int64(types.float64), codegen


@intrinsic
def bits_float(typingctx: Any, value: Any) -> Any:
    """``bits_float(n: int64) -> float64``: the same 64 bits."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return builder.bitcast(args[0], ir.DoubleType())

    return types.float64(types.int64), codegen


@intrinsic
def popcount(typingctx: Any, value: Any) -> Any:
    """``popcount(n: uint64) -> int64``: the number of bits set."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return builder.ctpop(args[0])

    return types.int64(types.uint64), codegen


@intrinsic
def lowest_bit(typingctx: Any, value: Any) -> Any:
    """``lowest_bit(n: uint32) -> int64``: position of the lowest bit set; 32 when none is."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return builder.zext(builder.cttz(args[0], ir.IntType(1)(0)), ir.IntType(64))

    return types.int64(types.uint32), codegen


def _masks_of_tree(context: Any, builder: Any, signature: Any, args: Any) -> Any:
    """Two loops over a tree's splits, the eight masks in one register throughout."""
    i32, i64 = ir.IntType(32), ir.IntType(64)
    floats, words = ir.VectorType(ir.FloatType(), 8), ir.VectorType(i32, 8)
    columns, splits, masks = (
        builder.bitcast(
            context.make_array(signature.args[i])(context, builder, args[i]).data, cgutils.voidptr_t
        )
        for i in (0, 2, 6)
    )
    lane_bytes = builder.mul(args[1], i64(4))

    def eight(kind: Any, scalar: Any) -> Any:
        one = builder.insert_element(ir.Constant(kind, ir.Undefined), scalar, i32(0))
        return builder.shuffle_vector(one, ir.Constant(kind, ir.Undefined), ir.Constant(words, [0] * 8))

    def visit(first: Any, last: Any, start: Any, missing_is_greater: bool) -> Any:
        before = builder.block
        head, body, done = (builder.append_basic_block(name) for name in ("splits", "split", "done"))
        builder.branch(head)
        builder.position_at_end(head)
        position, possible = builder.phi(i64), builder.phi(words)
        position.add_incoming(first, before)
        possible.add_incoming(start, before)
        builder.cbranch(builder.icmp_signed("<", position, last), body, done)
        builder.position_at_end(body)
        split = builder.gep(splits, [builder.mul(position, i64(16))])  # SPLIT: threshold, feature, clear
        threshold = builder.load(builder.bitcast(split, ir.FloatType().as_pointer()))
        numbers = builder.bitcast(split, i32.as_pointer())
        feature = builder.sext(builder.load(builder.gep(numbers, [i32(1)])), i64)
        clear = builder.load(builder.gep(numbers, [i32(2)]))
        column = builder.add(builder.mul(feature, args[7]), lane_bytes)
        values = builder.load(builder.bitcast(builder.gep(columns, [column]), floats.as_pointer()), align=4)
        compare = builder.fcmp_unordered if missing_is_greater else builder.fcmp_ordered
        goes_right = compare(">", values, eight(floats, threshold))
        every = ir.Constant(words, [0xFFFFFFFF] * 8)
        left_over = builder.and_(possible, builder.select(goes_right, eight(words, clear), every))
        position.add_incoming(builder.add(position, i64(1)), builder.block)
        possible.add_incoming(left_over, builder.block)
        builder.branch(head)
        builder.position_at_end(done)
        return possible

    possible = visit(args[3], args[4], ir.Constant(words, [0xFFFFFFFF] * 8), False)
    possible = visit(args[4], args[5], possible, True)
    builder.store(possible, builder.bitcast(masks, words.as_pointer()), align=4)
    return context.get_dummy_value()


@intrinsic
def masks_of_tree(
    typingctx: Any,
    columns: Any,
    lane: Any,
    splits: Any,
    start: Any,
    missing_right_from: Any,
    end: Any,
    masks: Any,
    column_bytes: Any,
) -> Any:
    """``masks[:8]``: the leaves of one tree still possible for the rows ``lane`` to ``lane + 7``.

    ``columns`` float32[,], a column ``column_bytes`` after the other; ``splits`` SPLIT[]; ``masks`` uint32[8].
    A split takes ``clear`` from the rows whose value is greater than its threshold; a missing value is not greater in
    splits ``start`` to ``missing_right_from``, and is in those up to ``end``.
    """
    whole = types.intp
    return types.void(columns, whole, splits, whole, whole, whole, masks, whole), _masks_of_tree
