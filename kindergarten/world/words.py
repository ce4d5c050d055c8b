"""How messages quote what they were given: in one line, and no longer than one can read."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar

T = TypeVar("T")
LONGEST = 80  # characters of a value


def quoted(value: object) -> str:
    """``repr`` in one line of at most LONGEST characters, the middle cut out of anything longer."""
    try:
        text = " ".join(repr(value).split())
    except ValueError:  # Python writes no whole number of more than some thousand digits
        text = f"a number of {value.bit_length()} bits" if isinstance(value, int) else type(value).__name__
    return shortened(text)


def shortened(text: str) -> str:
    """``text`` itself, or its beginning and its end if it is longer than LONGEST."""
    half = (LONGEST - 3) // 2
    return text if len(text) <= LONGEST else f"{text[:half]}...{text[-half:]}"


def chosen(what: str, name: object, choices: Mapping[str, T]) -> T:
    """What is called ``name`` among ``choices``, of which each is a ``what``.

    Raises:
        ValueError: there is none; the message names the choices.
    """
    if not isinstance(name, str) or name not in choices:
        raise ValueError(f"unknown {what} {quoted(name)}: choose from {', '.join(choices)}")
    return choices[name]
