"""Whoever stops a command by a signal is told so in one line, wherever the signal comes."""

from __future__ import annotations

import ctypes
import signal
import threading
from collections.abc import Iterator

import pytest

from kindergarten import cli, commands
from kindergarten.interrupts import Terminated, politely

STOPS = [(signal.SIGTERM, Terminated, 143), (signal.SIGINT, KeyboardInterrupt, 130)]


def compile_meanwhile(how: signal.Signals) -> None:
    """As numba does: no exception gets out of the callback, and then there is nothing to go on with."""
    ctypes.CFUNCTYPE(None)(lambda: signal.raise_signal(how))()
    raise RuntimeError("no compiled object yet")


@pytest.fixture
def in_front() -> Iterator[None]:
    """As in the foreground of a shell: in the background Ctrl-C is not heard."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("in_front")
@pytest.mark.parametrize(("how", "stop", "code"), STOPS)
def test_a_stop_that_a_callback_swallows_is_one_all_the_same(how, stop, code, capfd, monkeypatch):
    with pytest.raises(KeyboardInterrupt) as raised, politely():
        compile_meanwhile(how)
    assert raised.type is stop
    monkeypatch.setattr(commands.Scenarios, "run", lambda self: compile_meanwhile(how))
    assert cli.main(["scenarios"]) == code
    assert capfd.readouterr() == ("", "kindergarten: stopped\n")


def test_other_errors_are_what_they_are():
    """Also after a stop that somebody has seen to."""
    with pytest.raises(RuntimeError, match="later"), politely():
        with pytest.raises(Terminated), politely():
            signal.raise_signal(signal.SIGTERM)
        raise RuntimeError("later")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_who_hears_signals_otherwise_goes_on_to(number):
    before = signal.signal(number, signal.SIG_IGN)
    try:
        with politely():
            if number == signal.SIGINT:
                signal.raise_signal(number)  # as in the background of a shell
        assert signal.getsignal(number) is signal.SIG_IGN
    finally:
        signal.signal(number, before)


def test_commands_run_in_any_thread():
    codes: list[int] = []
    thread = threading.Thread(target=lambda: codes.append(cli.main(["--version"])))
    thread.start()
    thread.join()
    assert codes == [0]
