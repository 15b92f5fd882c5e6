"""Read weights from a legacy torch.save file, without torch and without executing its pickles.

The format before torch 1.6: a sequence of pickles (magic number, version, byte order, state dict,
keys of the storages), then each storage: its length in elements, and its bytes.
"""

import pickle
import struct
from collections import OrderedDict
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from loaders.core.errors import Problem

MAGIC = 0x1950A86A20F9469CFC6C
VERSION = 1001
STORAGES = {"FloatStorage": "<f4", "LongStorage": "<i8"}

Array = np.ndarray[Any, np.dtype[Any]]


@dataclass(frozen=True)
class _Storage:
    key: str
    dtype: str


@dataclass(frozen=True)
class _Tensor:
    """The arguments of `torch._utils._rebuild_tensor_v2`; the last two concern training only."""

    storage: _Storage
    offset: int
    shape: tuple[int, ...]
    stride: tuple[int, ...]
    requires_grad: bool
    hooks: object


class _Unpickler(pickle.Unpickler):
    """Resolves the four names that a state dict needs, and rejects all others."""

    def find_class(self, module: str, name: str) -> Any:
        if module == "torch" and name in STORAGES:
            return STORAGES[name]
        allowed = {
            ("collections", "OrderedDict"): OrderedDict,
            ("torch._utils", "_rebuild_tensor_v2"): _Tensor,
        }
        if (module, name) not in allowed:
            raise pickle.UnpicklingError(f"it names {module}.{name}")
        return allowed[module, name]

    def persistent_load(self, pid: Any) -> _Storage:
        _, dtype, key, *_ = pid
        return _Storage(str(key), str(dtype))


def read_state(path: Path) -> dict[str, Array]:
    """The tensors of a file's state dict, by name. Errors: Problem where it has another format."""
    try:
        with path.open("rb") as file:
            return _read(file)
    except (pickle.UnpicklingError, EOFError, struct.error, ValueError, TypeError, KeyError) as bad:
        raise Problem(f"{path.name} is no legacy torch.save file: {bad}") from bad


def _read(file: BinaryIO) -> dict[str, Array]:
    magic, version, _ = (_Unpickler(file).load() for _ in range(3))
    if (magic, version) != (MAGIC, VERSION):
        raise ValueError("another magic number")
    tensors: dict[str, _Tensor] = _Unpickler(file).load()
    dtypes = {tensor.storage.key: tensor.storage.dtype for tensor in tensors.values()}
    storages = {key: _storage(file, dtypes[key]) for key in _Unpickler(file).load()}
    return {name: _array(tensor, storages[tensor.storage.key]) for name, tensor in tensors.items()}


def _storage(file: BinaryIO, dtype: str) -> Array:
    (length,) = struct.unpack("<q", file.read(8))
    return np.frombuffer(file.read(length * np.dtype(dtype).itemsize), dtype)


def _array(tensor: _Tensor, storage: Array) -> Array:
    """The array of a tensor, whose axes may be in any order.

    Errors: ValueError where it exceeds its storage.
    """
    steps = zip(tensor.shape, tensor.stride, strict=True)
    last = tensor.offset + sum((size - 1) * stride for size, stride in steps)
    if min(tensor.offset, *tensor.shape, *tensor.stride, 0) < 0 or last >= len(storage):
        raise ValueError("a tensor exceeds its storage")
    strides = [stride * storage.itemsize for stride in tensor.stride]
    return np.lib.stride_tricks.as_strided(storage[tensor.offset :], tensor.shape, strides).copy()
