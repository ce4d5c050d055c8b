"""The one ``njit`` that every kernel uses.

numba keys its disk cache by the file that a kernel stands in, so a helper that is edited in *another* file
leaves the old machine code in place; it reads pickles from wherever it can write, trusts whatever a damaged file holds,
and stops where a disk is full. So the kernels have a cache of their own (``world.cache``), in a folder that is named by
the text of all that they may call: any edit there compiles anew, and an unchanged package compiles nothing at its
second start.
"""

from __future__ import annotations

import hashlib
import pickle
import sys
from collections.abc import Callable, Iterable
from functools import lru_cache
from pathlib import Path
from typing import Any

import llvmlite
import numba
from numba.core import config
from numba.core.compiler import CompileResult
from numba.core.cpu import CPUTargetOptions
from numba.core.serialize import dumps
from numba.extending import is_jitted

from kindergarten.world import cache

PACKAGE = Path(__file__).parent.parent
KERNELS = ("world", "playground", "scoring")  # folders of the package whose kernels other files call
OPTIONS: dict[str, Any] = {"error_model": "numpy", "nogil": True}
if hasattr(CPUTargetOptions, "_nrt"):
    # Kernels hand arrays to each other all the time, and own none: numba need not count who holds them, which is atomic
    # and took up to half of their time. It is no promise: where numba has it no more, kernels are slower and right.
    OPTIONS["_nrt"] = False
SETTINGS: Any = config  # its attributes are made at run time, which no type checker sees


def source_digest() -> str:
    """Hash of what machine code depends on: every module whose kernels others call, and the compiler.

    A kernel's own file counts anyway, in ``KernelCache``.
    """
    compiler = numba.__version__, llvmlite.__version__, sys.implementation.cache_tag, SETTINGS.BOUNDSCHECK, OPTIONS
    return text_digest(KERNELS, repr(compiler))


def text_digest(folders: Iterable[str], beside: str = "") -> str:
    """Hash of the text of every module in these folders of the package, and of what it depends on ``beside``."""
    digest = hashlib.sha256(beside.encode())
    for path in sorted(path for folder in folders for path in (PACKAGE / folder).glob("*.py")):
        digest.update(path.name.encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()[:16]


def cache_folder() -> Path | None:
    """Where machine code is kept: in NUMBA_CACHE_DIR, in a source tree, or in the user's cache."""
    asked = [Path(SETTINGS.CACHE_DIR)] if SETTINGS.CACHE_DIR else []
    in_a_tree = (PACKAGE.parent / "pyproject.toml").exists()  # an installed package must be gone once it is uninstalled
    trees = [PACKAGE / "__pycache__"] if in_a_tree else []
    return cache.own_folder(f"kernels-{source_digest()}", *asked, *trees)


class KernelCache:
    """What numba asks for machine code before it compiles, and tells afterwards: a file for each signature."""

    def __init__(self, function: Callable[..., Any], folder: Path) -> None:
        text = _digest_of(function.__code__.co_filename)
        self._folder, self._name = folder, f"{function.__module__}.{function.__qualname__}"
        self._about = text, function.__code__.co_firstlineno

    @property
    def cache_path(self) -> str:
        """The folder; numba shows it in a kernel's ``stats``."""
        return str(self._folder)

    def load_overload(self, signature: Any, target: Any) -> CompileResult | None:
        """The machine code for a signature, if there is any that can be used."""
        target.refresh()
        kept = cache.read(self._file(signature, target.codegen()))
        try:
            return None if kept is None else CompileResult._rebuild(target, *pickle.loads(kept))
        except Exception as error:  # whatever it is: it can be compiled again
            return cache.warn_once(self._folder, f"{self._name}: {error!r}")

    def save_overload(self, signature: Any, result: Any) -> None:
        """Keep freshly made machine code, unless it holds addresses of this very process."""
        if not result.library.has_dynamic_globals:
            cache.write(self._file(signature, result.codegen), dumps(result._reduce()))

    def _file(self, signature: Any, codegen: Any) -> Path:
        key = hashlib.sha256(repr((self._about, signature, codegen.magic_tuple())).encode()).hexdigest()
        return self._folder / f"{self._name.replace('<', '').replace('>', '')}-{key[:32]}"


@lru_cache
def _digest_of(file: str) -> str:
    """Hash of a module's text: kernels of tests stand outside of the package."""
    return hashlib.sha256(Path(file).read_bytes()).hexdigest()


_CACHE = None if SETTINGS.DISABLE_JIT else cache_folder()


def njit(function: Callable[..., Any]) -> Any:
    """Compile ``function`` at its first call and keep the result on disk. It may fill arrays, but not make any.

    fastmath stays off: twins must agree bit for bit, on every machine and in every batch size.
    """
    kernel: Any = numba.njit(**OPTIONS)(function)
    if _CACHE is not None:
        kernel._cache = KernelCache(function, _CACHE)
    return kernel


def inlined(function: Callable[..., Any]) -> Any:
    """``function`` for kernels, as if its text stood in them: it is not compiled by itself, which takes its time."""
    return numba.njit(inline="always", **OPTIONS)(function)


class Direct:
    """Calls of a kernel without numba's look at what the arguments are, which takes most of the time of a small batch.

    The first call says of what types they are. Nobody asks again: they must be the caller's own, and always alike.
    """

    def __init__(self, kernel: Any) -> None:
        self._kernel, self._code = kernel, None if is_jitted(kernel) else kernel

    def __call__(self, *arguments: Any) -> Any:
        """Call the kernel."""
        if self._code is None:
            types = tuple(map(numba.typeof, arguments))
            self._kernel.compile(types)
            self._code = self._kernel.get_overload(types)
        return self._code(*arguments)
