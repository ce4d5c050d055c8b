"""Being stopped from outside, as an exception: Ctrl-C is one by itself, SIGTERM becomes one."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

INTERRUPTED, TERMINATED = 130, 143  # exit codes: 128 + the signal's number


class Terminated(KeyboardInterrupt):
    """Somebody ended this process, politely (SIGTERM)."""


@contextmanager
def politely() -> Iterator[None]:
    """Let SIGTERM end what is in here as Ctrl-C does, and a full disk without a thread's traceback.

    TensorBoard writes in a thread, which hands its error on to the main one as well.
    """

    def end(*_: Any) -> None:
        raise Terminated

    def tell(args: threading.ExceptHookArgs) -> None:
        if not issubclass(args.exc_type, OSError):
            hook(args)

    before, hook = signal.signal(signal.SIGTERM, end), threading.excepthook
    threading.excepthook = tell
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
        threading.excepthook = hook


def code_of(stop: KeyboardInterrupt) -> int:
    """The exit code that says how a process was stopped."""
    return TERMINATED if isinstance(stop, Terminated) else INTERRUPTED


def end_with_parent() -> None:
    """End politely as soon as the parent does, however it ends.

    ``multiprocessing`` knows when that is; for other processes standard input ends then: its other end is the parent's.
    """
    parent = multiprocessing.parent_process()

    def wait() -> None:
        if parent is not None:
            parent.join()
        else:
            while os.read(0, 1):
                pass
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=wait, daemon=True).start()
