"""The folders of runs: made whole, and found."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from kindergarten.files import whole_folder
from kindergarten.output import pasteable


def check_new(folder: Path) -> None:
    """See that a folder is still to be made, and can be trained in.

    Raises:
        ValueError: it exists already, and nothing is ever overwritten; or what is written there knows no such name.
    """
    try:
        str(folder).encode()
    except UnicodeEncodeError:
        raise ValueError(f"{folder} is no name in UTF-8, which a run's folder needs: choose another --out") from None
    if folder.exists():
        again = pasteable("train", "--resume", folder)
        raise ValueError(f"{folder} exists: choose another --out, or go on with it: {again}")


@contextmanager
def new_folder(folder: Path) -> Iterator[Path]:
    """A draft of a folder that becomes it in one go; see ``whole_folder``.

    Raises:
        ValueError: see ``check_new``.
    """
    check_new(folder)
    try:
        with whole_folder(folder) as draft:
            yield draft
    except FileExistsError as error:
        if error.filename == str(folder):
            check_new(folder)
        raise


def runs_in(folder: Path) -> list[Path]:
    """The runs of several seeds in a folder; none if it is a run itself, or anything else."""
    if (folder / "config.json").exists():
        return []
    return sorted(path.parent for path in folder.glob("seed*/config.json"))
