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
