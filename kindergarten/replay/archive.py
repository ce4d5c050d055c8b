"""Files of arrays (``.npz``) that nobody has to trust.

Headers are checked before anything is unpacked, so that a file can neither fill the memory nor smuggle in a
pickle; and a file is written whole or not at all.
"""

from __future__ import annotations

import math
import zipfile
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import NamedTuple

import numpy as np

from kindergarten.files import whole_file

MAX_BYTES = 1 << 28  # [B] unpacked
HEADER = 10_000  # [B] NumPy reads no longer one
Shape = tuple[int, ...]
#: Which arrays a file holds: dtype, and per axis a size, or a letter where arrays must agree on any size.
Table = Mapping[str, tuple[np.dtype, tuple[str | int, ...]]]


class ArchiveError(ValueError):
    """A file is not what it should be; the message says in what respect, but not which file."""


class PackedArray(NamedTuple):
    """An array in a file that is still packed."""

    info: zipfile.ZipInfo
    dtype: np.dtype
    shape: Shape
    start: int  # [B] where its numbers begin


def write(path: Path, arrays: Mapping[str, np.ndarray]) -> None:
    """Write arrays to ``path``, whose folder is made if need be. A reader never meets half a file.

    Raises:
        ArchiveError: it would be too large to be read; nothing was written.
    """
    size = sum(array.nbytes + HEADER for array in arrays.values())
    if size > MAX_BYTES:
        raise ArchiveError(f"too large: it would unpack to {size >> 20} MiB, and {MAX_BYTES >> 20} can be read")
    with whole_file(path) as draft, open(draft, "wb") as file:
        np.savez_compressed(file, allow_pickle=False, **arrays)


def packed_arrays(archive: zipfile.ZipFile) -> dict[str, PackedArray]:
    """The arrays of an open file by name, checked as far as their headers go.

    Raises:
        ArchiveError: too large, an object array, or a header that contradicts the file.
    """
    infos = archive.infolist()
    if sum(info.file_size for info in infos) > MAX_BYTES:
        raise ArchiveError(f"too large: it unpacks to more than {MAX_BYTES >> 20} MiB")
    found = {info.filename.removesuffix(".npy"): _packed_array(archive, info) for info in infos}
    if len(found) != len(infos):
        raise ArchiveError("damaged: two arrays of the same name")
    return found


def _packed_array(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> PackedArray:
    name = info.filename.removesuffix(".npy")[:80]
    with archive.open(info) as file:
        version = np.lib.format.read_magic(file)
        if version == (1, 0):
            shape, fortran, dtype = np.lib.format.read_array_header_1_0(file)
        elif version == (2, 0):
            shape, fortran, dtype = np.lib.format.read_array_header_2_0(file)
        else:
            raise ArchiveError(f"damaged: array {name} has the unknown format {version}")
        start = file.tell()
    if dtype.hasobject:
        raise ArchiveError(f"array {name} is a pickle, which could run any program: it was not opened")
    if fortran or min(shape, default=0) < 0 or math.prod(shape) * dtype.itemsize + start != info.file_size:
        raise ArchiveError(f"damaged: array {name} is not as long as it says")
    return PackedArray(info, dtype, shape, start)


def renamed(packed: PackedArray, names: Mapping[str, str]) -> PackedArray:
    """``packed`` with its fields called as ``names`` says; those that it does not mention keep their names."""
    fields = [(names.get(name, name), packed.dtype[name]) for name in packed.dtype.names or ()]
    return packed._replace(dtype=np.dtype(fields)) if fields else packed


def misfit(kinds: Mapping[str, tuple[np.dtype, Shape]], table: Table, optional: Collection[str]) -> str:
    """What is wrong with the arrays' dtypes and shapes; empty if nothing is."""
    for name in sorted(kinds.keys() ^ table.keys()):
        if name not in optional or name not in table:
            return f"array {name[:80]} is {'missing' if name in table else 'unknown'}"
    sizes: dict[str, int] = {}
    for name, (dtype, shape) in kinds.items():
        wanted_dtype, wanted = table[name]
        if _fields(dtype) != _fields(wanted_dtype):
            return f"array {name} has other fields than in this version of Kindergarten"
        if len(shape) != len(wanted):
            return f"array {name} has {len(shape)} axes and not {len(wanted)}"
        for size, axis in zip(shape, wanted, strict=True):
            if size != (axis if isinstance(axis, int) else sizes.setdefault(axis, size)):
                return f"array {name} has shape {shape}, which does not go with the other arrays"
    return ""


def load(archive: zipfile.ZipFile, packed: PackedArray, dtype: np.dtype) -> np.ndarray:
    """Unpack an array, read-only, its fields in the order of ``dtype``."""
    numbers = np.frombuffer(archive.read(packed.info), np.uint8)[packed.start :]
    array = numbers.view(packed.dtype).reshape(packed.shape)
    if array.dtype == dtype:
        return array
    ordered = np.empty(array.shape, dtype)
    for name in dtype.names or ():
        ordered[name] = array[name]
    ordered.flags.writeable = False
    return ordered


def _fields(dtype: np.dtype) -> list[tuple[str, np.dtype]]:
    """A dtype's fields, whatever their order, which is nobody's business but the kernels'."""
    return sorted((name, dtype[name]) for name in dtype.names) if dtype.names else [("", dtype)]
