"""Files that can be made again, in folders that nobody else can write to: machine code and references.

Machine code is kept as pickles, so whoever could write there could run anything as us. And a cache that fails stops
nobody: it is said once, and what is missing is made again.
"""

from __future__ import annotations

import hashlib
import os
import stat
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from kindergarten.files import write_whole

HAS_USERS = hasattr(os, "geteuid")  # on Windows a user's folders are the user's own
SEAL = hashlib.sha256().digest_size  # [B] at the beginning of a file: the digest of the rest
_failed: set[Path] = set()


def own_folder(name: str, *before: Path) -> Path | None:
    """A folder called ``name`` that only the user can write to, made if need be; None, with a warning, if none is had.

    It stands in one of ``before``, else in the user's cache, else beside other people's files in the temporary folder.
    """
    places = [*(base / name for base in before), *_places(name)]
    found = next(filter(_is_own, places), None)
    if found is None:
        tried = ", ".join(map(str, places)) or "there is neither a home nor a temporary folder"
        warn_once(Path(name), f"no folder of your own that can be written to ({tried})")
    return found


def read(path: Path) -> bytes | None:
    """What ``write`` has written; None if there is nothing that can be trusted."""
    try:
        with open(path, "rb", opener=_no_link) as file:
            trusted = _is_ours(os.fstat(file.fileno()))
            seal, content = file.read(SEAL), file.read()
    except FileNotFoundError:
        return None
    except OSError as error:
        return warn_once(path.parent, str(error))
    if trusted and hashlib.sha256(content).digest() == seal:
        return content
    return warn_once(path.parent, f"{path.name} is {'damaged' if trusted else 'of another user'}")


def write(path: Path, content: bytes) -> None:
    """Keep ``content`` if that can be done."""
    if not _is_own(path.parent):  # it is made again where somebody has emptied the cache
        return warn_once(path.parent, "it is not yours alone, or cannot be written to")
    try:
        write_whole(path, hashlib.sha256(content).digest() + content)
    except OSError as error:
        warn_once(path.parent, str(error))


def warn_once(folder: Path, problem: str) -> None:
    """Say that a cache failed, unless its folder has been named already."""
    if folder not in _failed:
        _failed.add(folder)
        message = f"kindergarten's cache {folder} failed: {problem}. What it lacks is made again, which takes time."
        warnings.warn(message, RuntimeWarning, stacklevel=3)


def _places(name: str) -> Iterator[Path]:
    bases = Path(os.environ.get("XDG_CACHE_HOME", "")), Path(os.path.expanduser("~/.cache"))
    yield from [base / "kindergarten" / name for base in bases if base.is_absolute()][:1]
    with suppress(OSError):  # there is no temporary folder at all
        user = os.geteuid() if HAS_USERS else ""
        # In one step from the folder that everybody writes to: what lies between might be somebody else's.
        yield Path(tempfile.gettempdir()) / f"kindergarten-{user}-{name}"


def _is_own(folder: Path) -> bool:
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        folder.mkdir(mode=0o700, exist_ok=True)
        status = folder.lstat()
    except OSError:
        return False
    private = stat.S_ISDIR(status.st_mode) and not (HAS_USERS and status.st_mode & 0o077)
    return private and _is_ours(status) and os.access(folder, os.W_OK | os.X_OK)


def _is_ours(status: os.stat_result) -> bool:
    return not HAS_USERS or status.st_uid == os.geteuid()


def _no_link(path: str, flags: int) -> int:
    return os.open(path, flags | getattr(os, "O_NOFOLLOW", 0))
