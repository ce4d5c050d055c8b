"""Being stopped from outside, as an exception: Ctrl-C is one by itself, SIGTERM becomes one."""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

INTERRUPTED, TERMINATED = 130, 143  # exit codes: 128 + the signal's number


class Terminated(KeyboardInterrupt):
    """Somebody ended this process, politely (SIGTERM)."""


_STOPS: list[type[KeyboardInterrupt]] = []  # that have come in the blocks that are being polite


def _stop(number: int, _: Any) -> None:
    _STOPS.append(Terminated if number == signal.SIGTERM else KeyboardInterrupt)
    raise _STOPS[-1]


@contextmanager
def politely() -> Iterator[None]:
    """Let SIGTERM end what is in here as Ctrl-C does, and a full disk without a thread's traceback.

    TensorBoard writes in a thread, which hands its error on to the main one as well. No exception gets through some
    callbacks, such as the compiler's: where another error comes of that, the stop is raised again in its place.
    """
    stops = {}
    if threading.current_thread() is threading.main_thread():  # no other one is told
        heard = signal.getsignal(signal.SIGINT) in (signal.default_int_handler, _stop)  # or else not ours to hear
        stops = {number: signal.signal(number, _stop) for number in (signal.SIGTERM, *[signal.SIGINT] * heard)}
    count, of_threads, unraisable = len(_STOPS), threading.excepthook, sys.unraisablehook

    def tell(args: threading.ExceptHookArgs) -> None:
        if not issubclass(args.exc_type, OSError):
            of_threads(args)

    def tell_unraisable(args: sys.UnraisableHookArgs) -> None:
        if not issubclass(args.exc_type, KeyboardInterrupt):
            unraisable(args)

    threading.excepthook, sys.unraisablehook = tell, tell_unraisable
    try:
        yield
    except Exception as error:
        if len(_STOPS) > count:
            raise _STOPS[-1] from error
        raise
    finally:
        for number, before in stops.items():
            signal.signal(number, before)
        threading.excepthook, sys.unraisablehook = of_threads, unraisable
        del _STOPS[count:]


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
