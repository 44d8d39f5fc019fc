"""Values with tensors in them, handed to another process through memory that both see."""

import io
import mmap
import pickle
from math import prod
from typing import Any

import torch
from torch import Tensor
from torch.nn import Parameter

SIZE = 2**32
"""Bytes of address space an arena asks for. Memory is taken only as far as it is written."""
ALIGN = 64
MAP_NORESERVE = 0x4000
"""Linux; Python names it from 3.13 on."""


class Arena:
    """Memory that a process and its forks share, for the tensors of one value at a time.

    `dump` puts the bytes of tensors here and gives the rest as a pickle, which travels by any other way. Tensors that
    do not fit, and tensors that are not dense or not on the CPU, stay in the pickle. A tensor arrives without gradient
    and contiguous, a parameter as a plain tensor. What is one tensor in a value is one tensor in what arrives.
    """

    def __init__(self) -> None:
        self.memory = _shared(SIZE)

    def dump(self, value: Any) -> bytes:
        """What `load` makes the value from, until the next `dump`."""
        with io.BytesIO() as out:
            _Pickler(out, self.memory).dump(value)
            return out.getvalue()

    def load(self, data: bytes, *, copy: bool) -> Any:
        """The value that was dumped.

        Args:
            data: what `dump` gave.
            copy: whether tensors have memory of their own; else they lie in the arena, and the next `dump` spoils them.
        """
        with io.BytesIO(data) as source:
            return _Unpickler(source, self.memory, copy).load()


class _Pickler(pickle.Pickler):
    """Puts tensors into memory, one after the other, and where they are into the pickle."""

    def __init__(self, out: io.BytesIO, memory: mmap.mmap) -> None:
        super().__init__(out, protocol=pickle.HIGHEST_PROTOCOL)
        self._memory, self._used = memory, 0
        self._places: dict[Any, Any] = {}
        self._kept: list[Tensor] = []

    def persistent_id(self, value: Any) -> Any:
        """Number, place, type and shape of a tensor; None of anything else."""
        if type(value) is not Tensor and type(value) is not Parameter:
            return None
        if value.layout is not torch.strided or value.device.type != "cpu" or value.is_quantized:
            return None
        same = value.data_ptr(), value.dtype, value.shape, value.stride(), value.is_conj(), value.is_neg()
        if same not in self._places:
            self._kept.append(value)  # else a later tensor might take over its address
            self._places[same] = len(self._kept), self._put(value.detach()), value.dtype, tuple(value.shape)
        return self._places[same]

    def _put(self, tensor: Tensor) -> int | bytes:
        """Where the tensor's bytes begin, or the bytes themselves."""
        size = tensor.numel() * tensor.itemsize
        if not size:
            return b""
        if self._used + size > len(self._memory):
            copy = torch.empty(tensor.shape, dtype=tensor.dtype).copy_(tensor)
            return copy.reshape(-1).view(torch.uint8).numpy().tobytes()
        start = self._used
        _at(self._memory, start, tensor.dtype, tensor.shape).copy_(tensor)
        self._used = -(-(start + size) // ALIGN) * ALIGN
        return start


class _Unpickler(pickle.Unpickler):
    """Finds tensors in memory."""

    def __init__(self, source: io.BytesIO, memory: mmap.mmap, copy: bool) -> None:
        super().__init__(source)
        self._memory, self._copy = memory, copy
        self._seen: dict[int, Tensor] = {}

    def persistent_load(self, place: Any) -> Tensor:
        number, start, dtype, shape = place
        if number not in self._seen:
            self._seen[number] = self._tensor(start, dtype, shape)
        return self._seen[number]

    def _tensor(self, start: int | bytes, dtype: torch.dtype, shape: tuple[int, ...]) -> Tensor:
        if isinstance(start, bytes):
            return _at(bytearray(start), 0, dtype, shape) if start else torch.empty(shape, dtype=dtype)
        tensor = _at(self._memory, start, dtype, shape)
        return tensor.clone() if self._copy else tensor


def _at(memory: mmap.mmap | bytearray, start: int, dtype: torch.dtype, shape: tuple[int, ...]) -> Tensor:
    """The tensor [*shape] whose bytes begin at `start`."""
    count = prod(shape)
    return torch.frombuffer(memory, dtype=dtype, count=count, offset=start).view(shape)


def _shared(size: int) -> mmap.mmap:
    """A mapping of `size` bytes that forks share, or of half, a quarter, ... where the system grants no more."""
    while True:
        try:
            return mmap.mmap(-1, size, flags=mmap.MAP_SHARED | MAP_NORESERVE)
        except OSError:
            if size <= mmap.PAGESIZE:
                raise
            size //= 2
