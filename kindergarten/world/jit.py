"""The one ``njit`` that every kernel uses.

numba keys its disk cache by the file that a kernel stands in, so a helper that is edited in *another* file
leaves the old machine code in place. Here the cache folder is named by the text of the whole package: any
edit compiles anew, and an unchanged package compiles nothing at its second start.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numba
from numba.core import config

PACKAGE = Path(__file__).parent.parent
KERNELS = ("world", "scoring")  # the folders of the package that hold kernels
SETTINGS: Any = config  # its attributes are made at run time, which no type checker sees


def source_digest() -> str:
    """Hash of the text of every module that may hold a kernel."""
    digest = hashlib.sha256()
    for path in sorted(path for folder in KERNELS for path in (PACKAGE / folder).glob("*.py")):
        digest.update(path.name.encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()[:16]


def user_cache() -> Path:
    """The folder where the user's programs keep what they can make again."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "kindergarten"


def cache_folder() -> Path:
    """Where machine code is kept: beside the package if that can be written to, else the user's cache folder."""
    for base in (PACKAGE / "__pycache__", user_cache(), Path(tempfile.gettempdir()) / "kindergarten"):
        folder = base / f"kernels-{source_digest()}"
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError:
            continue
        if os.access(folder, os.W_OK):
            return folder
    raise OSError("kindergarten found no folder that it can write compiled kernels to")


_CACHE = SETTINGS.CACHE_DIR or str(cache_folder())


def njit(function: Callable[..., Any]) -> Any:
    """Compile ``function`` at its first call and keep the result on disk.

    fastmath stays off: twins must agree bit for bit, on every machine and in every batch size.
    """
    # The folder is read while the decorator runs; other people's kernels keep their own.
    theirs, SETTINGS.CACHE_DIR = SETTINGS.CACHE_DIR, _CACHE
    try:
        return numba.njit(cache=True, error_model="numpy", nogil=True)(function)
    finally:
        SETTINGS.CACHE_DIR = theirs
