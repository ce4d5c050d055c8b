"""How far a long piece of work is."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from kindergarten.output import is_silent

if TYPE_CHECKING:
    from rich.progress import Progress as Bar


class Progress:
    """Says on stderr how far a piece of work is: a bar on a terminal, elsewhere a line at each update.

    Args:
        total: how much there is to do. What is said never passes it.
        unit: what is counted, such as "decisions".
        done: how many of them are done already.
        lines: say something where there is no terminal, too.
    """

    def __init__(self, total: int, unit: str, done: int = 0, lines: bool = True) -> None:
        self._total, self._unit, self._done, self._lines = total, unit, done, lines
        self._bar: Bar | None = None
        if sys.stderr is None or is_silent():
            self._lines = False
        elif sys.stderr.isatty():
            self._bar = _bar(total, unit, done)

    def update(self, done: int, note: str = "") -> None:
        """So many are done; ``note`` is what else there is to say."""
        done, before = min(done, self._total), self._done
        self._done = done
        if self._bar is not None:
            self._bar.update(self._bar.task_ids[0], completed=done, note=note)
        elif self._lines and done > before:
            words = f"{done:,} of {self._total:,} {self._unit}"
            print(words, note, sep=", " if note else "", file=sys.stderr, flush=True)

    def close(self) -> None:
        """Let go of the screen."""
        if self._bar is not None:
            self._bar.stop()


def _bar(total: int, unit: str, done: int) -> Bar | None:
    """A bar that is shown already; None without rich, which only agents need."""
    try:
        from rich import progress
        from rich.console import Console
    except ImportError:
        return None
    bar = progress.Progress(
        progress.BarColumn(),
        progress.TextColumn(f"{{task.completed:,}} of {total:,} {unit}"),
        progress.TimeElapsedColumn(),
        progress.TextColumn("{task.fields[note]}", markup=False),
        console=Console(stderr=True),
        refresh_per_second=2,  # 0.6 ms each
        redirect_stdout=False,  # which may be a file
    )
    bar.add_task("", total=total, completed=done, note="")
    bar.start()
    return bar
