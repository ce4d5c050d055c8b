"""What a setting may be: kinds, each of which checks a value, says what it takes, and knows how people write it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum, IntEnum
from numbers import Integral, Real
from typing import Any, Literal, Protocol

import numpy as np

from kindergarten.world.words import quoted

Range = tuple[float, float]


class SettingKind(Protocol):
    """What a setting may be."""

    @property
    def accepts(self) -> Any:
        """The type of what people give, as a hint."""
        ...

    @property
    def limits(self) -> str:
        """The same in words, where the type alone does not say it."""
        ...

    def settle(self, name: str, value: Any) -> Any:
        """The value that the code works with.

        Raises:
            ValueError: the value makes no sense; the message says which one does.
        """
        ...

    def plain(self, value: Any) -> Any:
        """A settled value as people give it: words, numbers, and tuples of numbers."""
        ...


@dataclass(frozen=True)
class OneOf:
    """A member of an Enum, by the name that people type."""

    codes: type[Enum]

    @property
    def names(self) -> tuple[str, ...]:
        """All names."""
        return tuple(map(self.plain, self.codes))

    @property
    def accepts(self) -> Any:
        """Its names."""
        return Literal[self.names]

    @property
    def limits(self) -> str:
        """The names are in the type."""
        return ""

    def settle(self, name: str, value: Any) -> Any:
        """The member itself."""
        for code in self.codes:
            if value is code or (isinstance(value, str) and value == self.plain(code)):
                return code
        raise ValueError(f"unknown {name} {quoted(value)}: choose from {', '.join(self.names)}")

    def plain(self, value: Any) -> str:
        """Its name: lower case if it is a number, else its value."""
        return value.name.lower() if issubclass(self.codes, IntEnum) else value.value


@dataclass(frozen=True)
class Switch:
    """True or False."""

    accepts = bool
    limits = ""

    def settle(self, name: str, value: Any) -> bool:
        """As a bool."""
        if not isinstance(value, (bool, np.bool_)):
            raise ValueError(f"{name} is {quoted(value)}: it must be True or False")
        return bool(value)

    def plain(self, value: Any) -> bool:
        """The same."""
        return value


@dataclass(frozen=True)
class Number:
    """A number from ``low`` to ``high``."""

    low: float = -math.inf
    high: float = math.inf
    accepts = float

    @property
    def limits(self) -> str:
        """Both ends, or the one that there is."""
        if self.high < math.inf:
            return f"between {self.low:g} and {self.high:g}"
        return f"at least {self.low:g}" if self.low > -math.inf else ""

    def settle(self, name: str, value: Any) -> float:
        """As a float; refuses NaN as well."""
        number = finite(value)
        if not self.low <= number <= self.high:
            raise ValueError(f"{name} is {quoted(value)}: it must be {self.limits or 'a number'}")
        return number

    def plain(self, value: Any) -> float:
        """The same."""
        return value


@dataclass(frozen=True)
class Whole(Number):
    """A whole number from ``low`` to ``high``."""

    accepts = int

    @property
    def limits(self) -> str:
        """As of any number, in all their digits."""
        return f"from {self.low} to {self.high}" if self.high < math.inf else f"at least {self.low}"

    def settle(self, name: str, value: Any) -> int:
        """As an int."""
        if not isinstance(value, Integral) or isinstance(value, bool) or not within(value, self.low, self.high):
            raise ValueError(f"{name} is {quoted(value)}: it must be a whole number, {self.limits}")
        return int(value)


@dataclass(frozen=True)
class Span:
    """Two numbers, low and high, between which something is drawn, or one that fixes it."""

    low: float
    high: float
    unit: str
    accepts = float | tuple[float, float]

    @property
    def limits(self) -> str:
        """Both ends."""
        return f"between {self.low:g} and {self.high:g} {self.unit}"

    def settle(self, name: str, value: Any) -> Range:
        """As a pair of floats."""
        ends = value if isinstance(value, (tuple, list)) else (value, value)
        if len(ends) != 2 or not all(isinstance(end, Real) for end in ends):
            raise ValueError(f"{name} is {quoted(value)}: it must be {self.unit}, or a pair (low, high) of them")
        check_range(name, (ends[0], ends[1]), self.low, self.high)
        return float(ends[0]), float(ends[1])

    def plain(self, value: Any) -> Range:
        """The pair."""
        return value


@dataclass(frozen=True)
class Sides:
    """Height and width of a picture [px], or one number for both."""

    low: int
    high: int
    step: int
    accepts = int | tuple[int, int]

    @property
    def limits(self) -> str:
        """All of them."""
        return f"multiples of {self.step} from {self.low} to {self.high}"

    def settle(self, name: str, value: Any) -> tuple[int, int]:
        """As a pair of ints."""
        sides = tuple(value) if isinstance(value, (tuple, list)) else (value, value)
        whole = all(isinstance(side, Integral) and not isinstance(side, bool) for side in sides)
        if len(sides) != 2 or not whole or any(s % self.step or not within(s, self.low, self.high) for s in sides):
            raise ValueError(f"{name} is {quoted(value)}: it must be one or two {self.limits} (height and width)")
        return int(sides[0]), int(sides[1])

    def plain(self, value: Any) -> int | tuple[int, int]:
        """One number for a square."""
        return value[0] if value[0] == value[1] else value


@dataclass(frozen=True)
class Text:
    """Any words that can be printed."""

    accepts = str
    limits = ""

    def settle(self, name: str, value: Any) -> str:
        """The same."""
        if not isinstance(value, str) or not value or not value.isprintable():
            raise ValueError(f"{name} is {quoted(value)}: it must be a text")
        return value

    def plain(self, value: Any) -> str:
        """The same."""
        return value


@dataclass(frozen=True)
class Word:
    """A key of a mapping, which may still grow, or one of some other words."""

    mapping: Mapping[str, Any]
    others: tuple[str, ...] = ()
    limits = ""

    @property
    def accepts(self) -> Any:
        """What may be said now."""
        return Literal[(*self.mapping, *self.others)]

    def settle(self, name: str, value: Any) -> str:
        """The word itself."""
        choices = [*self.mapping, *self.others]
        if not isinstance(value, str) or value not in choices:
            raise ValueError(f"unknown {name} {quoted(value)}: choose from {', '.join(choices)}")
        return value

    def plain(self, value: Any) -> str:
        """The same."""
        return value


@dataclass(frozen=True)
class Maybe:
    """Something of another kind, or None."""

    kind: SettingKind

    @property
    def accepts(self) -> Any:
        """What the kind does, and None."""
        return self.kind.accepts | None

    @property
    def limits(self) -> str:
        """The kind's."""
        return self.kind.limits

    def settle(self, name: str, value: Any) -> Any:
        """As the kind does it."""
        return None if value is None else self.kind.settle(name, value)

    def plain(self, value: Any) -> Any:
        """As the kind does it."""
        return None if value is None else self.kind.plain(value)


def finite(value: Any) -> float:
    """A number as a float; NaN, which is within no limits, for anything else."""
    try:
        number = float(value) if isinstance(value, Real) else math.nan
    except OverflowError:
        return math.nan
    return number if abs(number) < math.inf else math.nan


def array_of(what: str, value: Any) -> np.ndarray:
    """An array of what somebody else hands over.

    Raises:
        ValueError: its rows differ in length, or it is a tensor that does not let go of its numbers.
    """
    try:
        return np.asarray(value)
    except (ValueError, TypeError, RuntimeError):
        raise ValueError(f"{what} {quoted(value)}: an array was expected") from None


def within(value: Any, low: float, high: float) -> bool:
    """Whether it is; NaN never is."""
    return bool(low <= value <= high)


def check_range(name: str, value: Any, least: float, most: float) -> None:
    """Refuse what is no range, NaN included.

    Raises:
        ValueError: it is no pair, empty, or not within least..most.
    """
    pair = isinstance(value, tuple) and len(value) == 2 and all(isinstance(end, Real) for end in value)
    if not (pair and within(value[0], least, most) and within(value[1], value[0], most)):
        raise ValueError(f"{name} is {quoted(value)}: it must be (low, high) with {least:g} <= low <= high <= {most:g}")
