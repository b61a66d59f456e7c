"""The few machine instructions the hot loop needs and Numba has no word for."""

from typing import Any

from llvmlite import ir
from numba.core import cgutils, types
from numba.extending import intrinsic


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


def _split_step(unordered: bool) -> Any:
    """Code for one split on eight rows; ``unordered`` says whether a missing value counts as greater."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        floats, words = ir.VectorType(ir.FloatType(), 8), ir.VectorType(ir.IntType(32), 8)
        masks_type, columns_type = signature.args[0], signature.args[1]
        masks = context.make_array(masks_type)(context, builder, args[0]).data
        columns = context.make_array(columns_type)(context, builder, args[1]).data
        mask_at = builder.bitcast(builder.gep(masks, [args[2]]), words.as_pointer())
        column_at = builder.bitcast(builder.gep(columns, [args[3]]), floats.as_pointer())

        def eight(kind: Any, scalar: Any) -> Any:
            one = builder.insert_element(ir.Constant(kind, ir.Undefined), scalar, ir.IntType(32)(0))
            zeros = ir.Constant(ir.VectorType(ir.IntType(32), 8), [0] * 8)
            return builder.shuffle_vector(one, ir.Constant(kind, ir.Undefined), zeros)

        values = builder.load(column_at, align=4)
        compare = builder.fcmp_unordered if unordered else builder.fcmp_ordered
        goes_right = compare(">", values, eight(floats, args[4]))
        keep = ir.Constant(words, [0xFFFFFFFF] * 8)
        left_over = builder.and_(builder.load(mask_at, align=4), builder.select(goes_right, eight(words, args[5]), keep))
        builder.store(left_over, mask_at, align=4)
        return context.get_dummy_value()

    return codegen


@intrinsic
def split_eight(
    typingctx: Any, masks: Any, columns: Any, mask_at: Any, column_at: Any, threshold: Any, clear: Any
) -> Any:
    """For eight rows: ``masks[mask_at + i] &= clear`` where ``columns.flat[column_at + i] > threshold``.

    A missing value is not greater. ``masks`` uint32[], ``columns`` float32[,] contiguous.
    """
    return types.void(masks, columns, types.intp, types.intp, types.float32, types.uint32), _split_step(False)


@intrinsic
def split_eight_missing_right(
    typingctx: Any, masks: Any, columns: Any, mask_at: Any, column_at: Any, threshold: Any, clear: Any
) -> Any:
    """Like :func:`split_eight`, but a missing value counts as greater."""
    return types.void(masks, columns, types.intp, types.intp, types.float32, types.uint32), _split_step(True)
