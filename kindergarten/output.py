"""What is printed: for readers who may go away meanwhile, and with command lines that work where they are read."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import sys
import textwrap
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from contextvars import ContextVar
from itertools import chain, zip_longest
from pathlib import Path
from typing import Any, SupportsFloat, TextIO, cast

NAME = "kindergarten"


class Patient:
    """A stream of text whose reader may go away, or whose disk may be full: the rest goes nowhere, the work goes on.

    Attributes:
        problem: why something could not be written; None if it could, or if nobody wanted to read it.
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self.problem: OSError | None = None

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    def write(self, text: str) -> int:
        """Write, or do as if."""
        with self._patience():
            self._stream.write(text)
        return len(text)

    def flush(self) -> None:
        """Let nothing wait any longer."""
        with self._patience():
            self._stream.flush()

    @contextmanager
    def _patience(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            self.problem = None if isinstance(error, BrokenPipeError) else error
            with open(os.devnull, "wb") as nowhere:  # where what still waits in buffers goes as well
                os.dup2(nowhere.fileno(), self._stream.fileno())


NARROWEST = 12  # characters that are left to the first column of a table
_COMMANDED: ContextVar[bool] = ContextVar("commanded", default=False)  # whether our command line is at work
_ASIDE: ContextVar[TextIO | None] = ContextVar("aside", default=None)  # standard output, while nothing goes there


@contextmanager
def patiently() -> Iterator[Patient]:
    """For the command line: print to patient streams, and give the one that is standard output.

    Those that are closed are opened on nothing.
    """
    while (number := os.open(os.devnull, os.O_RDWR)) <= 2:  # or else some file of ours would get their numbers
        os.set_inheritable(number, True)
    os.close(number)
    with open(os.devnull, "w") as nowhere:
        out, errors = (Patient(stream or nowhere) for stream in (sys.stdout, sys.stderr))
        before = _COMMANDED.set(True)
        try:
            with redirect_stdout(cast(TextIO, out)), redirect_stderr(cast(TextIO, errors)):
                yield out
        finally:
            _COMMANDED.reset(before)


@contextmanager
def silently() -> Iterator[None]:
    """Print nothing but what is wrong, and JSON, which is asked for to be read."""
    before = _ASIDE.set(_ASIDE.get() or sys.stdout)
    try:
        with open(os.devnull, "w") as nowhere, redirect_stdout(nowhere):
            yield
    finally:
        _ASIDE.reset(before)


def is_silent() -> bool:
    """Whether nothing is to be said but what is wrong."""
    return _ASIDE.get() is not None


def print_json(value: object) -> None:
    """Print a result for programs, however silent all else is."""
    print(json.dumps(value, indent=2), file=_ASIDE.get() or sys.stdout)


def say(words: str) -> None:
    """Say a line on standard error. What a terminal would act on, as in a file of somebody else, is written out."""
    shown = "".join(c if c.isprintable() else repr(c)[1:-1] for c in words)
    print(f"{NAME}: {shown}", file=sys.stderr, flush=True)


def note(words: str) -> None:
    """Say what is neither a result nor wrong."""
    if not is_silent():
        say(words)


def decimals(value: SupportsFloat, digits: int = 2, sign: str = "") -> str:
    """A number so many digits long, never "-0.00"; ``sign`` "+" shows that of others too."""
    return f"{round(float(value), digits) + 0.0:{sign}.{digits}f}"  # + 0.0: minus nothing plus nothing is nothing


def columns() -> int:
    """How wide tables may be: as the terminal is, or 80 where there is none, or a wider one."""
    return min(shutil.get_terminal_size().columns, 80)


def aligned(rows: Sequence[Sequence[str]], width: int) -> str:
    """Rows of cells as a table: the first column to the left and folded if need be, the others to the right.

    Columns that find no room in ``width`` follow below, beside the first one again. A cell may have several lines.
    """
    first, *others = (max(len(line) for cell in each for line in cell.split("\n")) for each in zip(*rows, strict=True))
    gap = 2 if first + sum(2 + size for size in others) <= width else 1
    first, others = min(first, max(width - gap - max(others), NARROWEST)), [gap + size for size in others]
    parts, k = [], 0
    while k < len(others):
        end = k + 1
        while end < len(others) and first + sum(others[k : end + 1]) <= width:
            end += 1
        lines = (_lines(row[0], first, row[1 + k : 1 + end], others[k:end]) for row in rows)
        parts.append("\n".join(chain.from_iterable(lines)))
        k = end
    return "\n\n".join(parts)


def _lines(name: str, size: int, cells: Sequence[str], sizes: Sequence[int]) -> Iterator[str]:
    """The lines of one row: its name, in so many characters, and its cells."""
    names = textwrap.wrap(name, size, subsequent_indent="    ")
    for first, *others in zip_longest(names, *(cell.split("\n") for cell in cells), fillvalue=""):
        yield "".join([first.ljust(size), *map(str.rjust, others, sizes)]).rstrip()


def pasteable(*words: object) -> str:
    """A command line of ours, ready to be pasted into a shell."""
    return shlex.join([*_program(), *map(str, words)])


def _program() -> list[str]:
    """How this installation is called from here: by its name, by its path, or through its interpreter.

    Or by a script of somebody else's, which hands on what it is asked: nobody but itself knows its scenarios.
    """
    python, own = Path(sys.executable), _own_script()
    script = python.with_name(NAME)
    found = shutil.which(NAME)
    if own is None and found is not None and os.path.realpath(found) == os.path.realpath(script):
        return [NAME]
    words = [python, own] if own is not None else [script] if script.exists() else [python, "-m", NAME]
    here = Path.cwd()
    return [str(word.relative_to(here) if isinstance(word, Path) and here in word.parents else word) for word in words]


def _own_script() -> Path | None:
    """The file that was started, if it is none of ours and has our command line at work.

    What was started by ``-m`` is no such file: it is called otherwise.
    """
    started = Path(*sys.argv[:1]).absolute()
    of_a_module = getattr(sys.modules.get("__main__"), "__spec__", None) is not None
    if not _COMMANDED.get() or of_a_module or started.suffix != ".py":
        return None
    ours = Path(__file__).with_name("__main__.py"), Path(__file__).parents[1] / "train.py"
    return None if os.path.realpath(started) in map(os.path.realpath, ours) else started
