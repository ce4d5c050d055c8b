"""Being stopped from outside, as an exception: Ctrl-C is one by itself, SIGTERM becomes one."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

INTERRUPTED, TERMINATED = 130, 143  # exit codes: 128 + the signal's number


class Terminated(KeyboardInterrupt):
    """Somebody ended this process, politely (SIGTERM)."""


@contextmanager
def politely() -> Iterator[None]:
    """Let SIGTERM end what is in here as Ctrl-C does."""

    def end(*_: Any) -> None:
        raise Terminated

    before = signal.signal(signal.SIGTERM, end)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def code_of(stop: KeyboardInterrupt) -> int:
    """The exit code that says how a process was stopped."""
    return TERMINATED if isinstance(stop, Terminated) else INTERRUPTED
