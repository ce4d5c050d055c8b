"""Files and folders that are written whole or not at all."""

from __future__ import annotations

import errno
import glob
import json
import math
import os
import platform
import re
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from kindergarten.extras import explained

#: Where runs are, unless somebody says where.
RUNS = Path("runs")
#: The run that comes with the package.
DEMO = Path(__file__).parent / "demo"
#: The file of a folder by which two processes know of each other.
LOCK = ".lock"
#: How the name of a page ends.
PAGES = (".html", ".htm")
#: How the name of a draft begins: a folder may be shared by several machines, each with processes of its own.
OURS = f".{platform.node()}-"


def place_of(path: str | os.PathLike[str]) -> Path:
    """Where an agent is: ``demo`` is the one that comes with the package, unless there is anything of that name."""
    return DEMO if Path(path) == Path(DEMO.name) and not Path(path).exists() else Path(path)


def read_json(path: Path) -> Any:
    """What a JSON file holds, which may be anybody's.

    Raises:
        OSError: it cannot be read.
        ValueError: it holds something else, or more than can be worked with.
    """
    try:
        return json.loads(path.read_text(encoding="utf-8"), parse_int=_whole)
    except RecursionError:
        raise ValueError("it is nested too deeply") from None


def _whole(digits: str) -> int:
    """A whole number that is a float as well: whoever makes one of it need not ask."""
    if math.isinf(float(digits)):
        raise ValueError(f"it holds a number of {len(digits)} digits")
    return int(digits)


def check_ending(path: Path | None, what: str, *endings: str) -> None:
    """Refuse a name, if there is one, of another kind of file: somebody may have one there, to be written over.

    Raises:
        ValueError: it ends in none of ``endings``.
    """
    if path is not None and path.suffix.lower() not in endings:
        *others, last = endings
        raise ValueError(f"{path}: {what} is written as {' or '.join(filter(None, (', '.join(others), last)))}")


@contextmanager
def whole_file(path: str | os.PathLike[str]) -> Iterator[Path]:
    """Give the path of a draft to write to, which becomes ``path`` when the block ends without an error.

    Whoever reads ``path`` meets the old file or the new one, even after a crash. Its folder is made if need be. The
    draft lies beside it, has its ending, and is gone whatever happens; so are those that killed processes left.

    Raises:
        OSError: it cannot be written; the message names ``path``, or the folder that cannot be made.
    """
    path = Path(path)
    with _draft_of(path) as draft:
        yield draft
        with open(draft, "r+b") as file:
            os.fsync(file.fileno())
        os.replace(draft, path)


def check_writable(path: Path) -> None:
    """See that a file can be written there, before what it shall hold is made; nothing stays but its folder.

    Raises:
        OSError: it cannot; see ``whole_file``.
    """
    with _draft_of(path) as draft, suppress(FileNotFoundError):
        draft.touch()
        os.lstat(path)  # whose name may be too long, which the draft's is not


@contextmanager
def _draft_of(path: Path) -> Iterator[Path]:
    """The path of a draft of a file; it is gone when the block ends. Errors that name it name the file instead."""
    if path.is_dir():
        raise IsADirectoryError(f"{path} is a folder")
    draft = _draft_beside(path)
    try:
        yield draft
    except OSError as error:
        if error.errno is None or error.filename not in (None, os.fspath(draft)):
            raise  # it speaks for itself, or of another file
        raise OSError(error.errno, error.strerror, os.fspath(path)) from None
    finally:
        with suppress(OSError):  # where nothing can be removed nothing could be written: that is what is said
            draft.unlink()


@contextmanager
def whole_folder(path: str | os.PathLike[str], anew: bool = False) -> Iterator[Path]:
    """Give the path of a folder to fill, which becomes ``path`` when the block ends without an error.

    Nobody meets it half full, even after a crash, and of two who make it at once one does. What was made there before
    stays until then, if it is made ``anew``.

    Raises:
        FileExistsError: it is there already, and not to be made anew.
        OSError: it cannot be made.
    """
    path = Path(path)
    there = FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), os.fspath(path))
    if path.exists() and not anew:
        raise there
    draft = _draft_beside(path)
    draft.mkdir()
    try:
        yield draft
        if anew and path.exists():
            shutil.rmtree(path)
        os.rename(draft, path)
    except OSError as error:
        raise (there if error.filename2 == os.fspath(path) and path.exists() else error) from None
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def write_whole(path: str | os.PathLike[str], content: bytes) -> None:
    """Write ``content`` to ``path`` in one go; see ``whole_file``."""
    with whole_file(path) as draft:
        draft.write_bytes(content)


@contextmanager
def alone(folder: Path, done: str) -> Iterator[None]:
    """Work in ``folder`` while nobody else does. Whoever ends, in whatever way, lets go of it.

    Args:
        folder: which is there.
        done: what is being done to it: "trained".

    Raises:
        ValueError: somebody else does.
    """
    with explained(folder):
        from filelock import FileLock, Timeout
    lock = FileLock(folder / LOCK)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        raise ValueError(f"{folder} is being {done} by another process: wait until it is done, or stop it") from None
    except NotImplementedError:
        pass  # a file system without locks
    try:
        yield
    finally:
        lock.release()


def _draft_beside(path: Path) -> Path:
    """A name that nobody else has, in the folder of ``path``, which is made if need be and rid of stale drafts."""
    path.parent.mkdir(parents=True, exist_ok=True)
    _remove_stale_drafts(path.parent)
    return path.with_name(f"{OURS}{os.getpid()}-{secrets.token_hex(4)}.draft{path.suffix}")


def _remove_stale_drafts(folder: Path) -> None:
    """Remove the drafts of this machine's processes that are no more; another's name may begin as this one's does."""
    for draft in folder.glob(f"{glob.escape(OURS)}*.draft*"):
        named = re.fullmatch(re.escape(OURS) + r"(\d+)-[0-9a-f]+\.draft.*", draft.name, re.ASCII)
        if named and not _is_running(int(named[1])):
            with suppress(OSError):  # whoever may not remove it may still write
                shutil.rmtree(draft) if draft.is_dir() else draft.unlink()


def _is_running(process: int) -> bool:
    if os.name == "nt":
        return True  # there is no signal there that merely asks
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except (PermissionError, OverflowError):
        pass  # another user's; a number that no process has
    return True
