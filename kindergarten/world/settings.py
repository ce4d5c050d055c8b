"""How a setting is declared: once, with its default, what it may be, and a sentence. All else is made from that.

A dataclass whose fields are made by ``setting`` and whose ``__post_init__`` calls ``settle`` takes what people type as
well as what the code works with. Signatures, options and tables are made from ``declared``.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable
from dataclasses import field, fields
from functools import cache
from types import MappingProxyType
from typing import Any, NamedTuple, TypeVar

from kindergarten.world.kinds import SettingKind
from kindergarten.world.words import quoted

T = TypeVar("T")
F = TypeVar("F", bound=Callable[..., Any])


class Setting(NamedTuple):
    """A field as it was declared."""

    name: str
    kind: SettingKind
    default: Any  # as people give it
    meaning: str  # of the default first, where it is a choice
    earns: bool
    option: str

    @property
    def written(self) -> str:
        """The default as it is written in Python."""
        return f'"{self.default}"' if isinstance(self.default, str) else repr(self.default)

    @property
    def explained(self) -> str:
        """What it means, and its limits."""
        return f"{self.meaning} ({self.kind.limits})" if self.kind.limits else self.meaning


def setting(default: T, kind: SettingKind, meaning: str, earns: bool = False, option: str | None = None) -> T:
    """A field of a dataclass.

    Args:
        default: what it is if it is left out, as the code works with it.
        kind: what it may be.
        meaning: what it means, in one sentence; of a choice, also what the others mean.
        earns: whether the returns of the best drivers depend on it, and with them the references.
        option: what the command line calls it, if not by the field's name.
    """
    return field(default=default, metadata={"kind": kind, "help": meaning, "earns": earns, "option": option})


def same(declaration: type, name: str) -> Any:
    """The field ``name`` of another declared dataclass once more: for who takes some of its settings."""
    (found,) = (f for f in fields(declaration) if f.name == name)
    return field(default=found.default, metadata=found.metadata)


def option(meaning: str, default: Any = None) -> Any:
    """A field of a dataclass that is an option of a command and no setting: a file, or anything else."""
    return field(default=default, metadata={"help": meaning})


@cache
def declared(declaration: type) -> MappingProxyType[str, Setting]:
    """The settings of a dataclass, by name, in their order; fields that are not made by ``setting`` are no settings."""
    found = [(f.name, f.default, f.metadata) for f in fields(declaration) if "kind" in f.metadata]
    return MappingProxyType(
        {
            name: Setting(name, m["kind"], m["kind"].plain(default), m["help"], m["earns"], m["option"] or name)
            for name, default, m in found
        }
    )


class UnknownSetting(ValueError, TypeError):
    """A keyword that is no setting: a TypeError too, as of any function, by which libraries find out what it takes."""


def refuse_unknown(declaration: type, names: Iterable[str]) -> None:
    """Let ``names`` be settings of a dataclass and nothing else.

    Raises:
        UnknownSetting: one is none; the message names it and the choices.
    """
    known = declared(declaration)
    for name in names:
        if name not in known:
            raise UnknownSetting(f"unexpected keyword argument {quoted(name)}: choose from {', '.join(known)}")


def settle(instance: Any) -> None:
    """Check what a declared dataclass was given, and put settled values in its place.

    Raises:
        ValueError: a value makes no sense.
    """
    for name, its in declared(type(instance)).items():
        object.__setattr__(instance, name, its.kind.settle(name, getattr(instance, name)))


def plain(instance: Any) -> Any:
    """The settings of a declared dataclass as people give them."""
    return {name: its.kind.plain(getattr(instance, name)) for name, its in declared(type(instance)).items()}


def spelled_out(declaration: type) -> Callable[[F], F]:
    """For functions with ``**settings``: ``help`` and ``inspect`` show every setting, with its type and default."""

    def decorate(function: F) -> F:
        signature = inspect.signature(function)
        own = [p for p in signature.parameters.values() if p.kind is not inspect.Parameter.VAR_KEYWORD]
        named = [
            inspect.Parameter(s.name, inspect.Parameter.KEYWORD_ONLY, default=s.default, annotation=s.kind.accepts)
            for s in declared(declaration).values()
        ]
        ordered = sorted((*own, *named), key=lambda parameter: parameter.kind)  # stable
        function.__signature__ = signature.replace(parameters=ordered)  # pyright: ignore[reportFunctionMemberAccess]
        return function

    return decorate
