"""What a snapshot is of: a line of text that stands in it, so that no other worlds go on from it."""

from __future__ import annotations

import hashlib
from dataclasses import fields, is_dataclass, replace
from functools import lru_cache
from typing import Any

import numpy as np

from kindergarten.world.config import Scenario
from kindergarten.world.words import quoted

ORIGIN, MARK, DIGITS = np.dtype("S64"), b"kindergarten ", 16  # a mark, a digest, and the beginning of a name
UNTOLD = np.zeros(1, ORIGIN)  # of snapshots that an older version took


@lru_cache
def origin_of(scenario: Scenario, settings: Any) -> np.ndarray:
    """Of worlds of ``scenario`` with ``settings``, a dataclass: (1,) ORIGIN, not to be written to."""
    made_of = described((replace(scenario, summary=scenario.name), settings))  # the summary may be put otherwise
    digest = hashlib.sha256(made_of.encode()).hexdigest()[:DIGITS]
    origin = np.array([MARK + f"{digest} {scenario.name}".encode()], ORIGIN)
    origin.flags.writeable = False
    return origin


def check_origin(mine: np.ndarray, theirs: bytes) -> None:
    """Refuse what is of other worlds than ``mine``.

    Raises:
        ValueError: it is; the message names them.
    """
    if theirs in (mine.tobytes(), UNTOLD.tobytes()):
        return
    ours, its = (_name(origin) for origin in (mine.tobytes(), theirs))
    other = f"{ours} with other settings" if its == ours else its
    raise ValueError(f"this is no snapshot of these worlds: it is of {other}, and they are of {ours}")


def described(value: Any) -> str:
    """``repr``, but for fields at their default: a new one leaves the digests of all that do without it alone.

    Nor for what makes no difference between two scenarios (``compare``).
    """
    if is_dataclass(value):
        given = (
            f"{f.name}={described(getattr(value, f.name))}"
            for f in fields(value)
            if f.compare and getattr(value, f.name) != f.default
        )
        return f"{type(value).__name__}({', '.join(given)})"
    if isinstance(value, tuple):
        return f"({', '.join(map(described, value))})"
    return repr(value)


def _name(origin: bytes) -> str:
    name = origin[len(MARK) + DIGITS + 1 :].rstrip(b"\0").decode(errors="replace")
    return quoted(name)[1:-1]
