"""How a command line is read: tyro makes the options from dataclasses, and what is wrong is said in one line.

A field made by ``setting`` is an option with its own words, limits and choices; any other is what tyro makes of it.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, redirect_stdout
from dataclasses import KW_ONLY, MISSING, dataclass, fields, is_dataclass
from io import StringIO
from pathlib import Path
from types import NoneType, UnionType
from typing import Annotated, Any, TypeVar, Union, get_args, get_origin, get_type_hints

import tyro
from tyro import _errors as failures  # tyro's hook for saying in other words what is wrong
from tyro.constructors import (
    ConstructorRegistry,
    PrimitiveConstructorSpec,
    PrimitiveTypeInfo,
    StructConstructorSpec,
    StructFieldSpec,
    StructTypeInfo,
)

from kindergarten.files import RUNS, write_whole
from kindergarten.output import note, pasteable
from kindergarten.world.kinds import SettingKind, Sides, Span
from kindergarten.world.settings import declared, option
from kindergarten.world.words import chosen, quoted, shortened

C = TypeVar("C")
T = TypeVar("T")
REGISTRY = ConstructorRegistry()
NUMBERS: dict[Any, str] = {int: "a whole number", float: "a number"}
POSITIONAL = get_args(tyro.conf.Positional[int])[1]  # how tyro marks what is no option
BEST = "checkpoints/best.*"  # of a run: what it takes to be looked into
PRINTS, WRITES = "--tyro-print-completion", "--tyro-write-completion"
SHELLS: dict[str, None] = dict.fromkeys(("bash", "zsh", "fish"))  # for which tyro knows how
FEW = 8  # options are named one by one when somebody mistypes one


def read(command: type[C] | Any, words: Sequence[str], prog: str, default: C | None = None) -> C:
    """``command`` with the options in ``words``.

    Args:
        command: a dataclass, a field for each option; the fields of a dataclass in it are options as well.
        words: the command line without the program's name.
        prog: that name.
        default: what holds where nothing is said; if left out, the fields' own defaults.

    Raises:
        ValueError: something is wrong with the words.
        SystemExit: help was asked for, and is printed.
    """
    options = options_of(command)

    def refuse(event: failures.ParseErrorEvent) -> None:
        if isinstance(event, failures.UnrecognizedArgs):
            raise ValueError(_unknown(event.tokens, list(options.values())))
        name, _, rest = _wrong(event).partition(" ")
        raise ValueError(f"{options.get(name, name)} {rest}")  # a setting is called as its option is

    with failures.on_parse_error(refuse), _completing(words) as words:
        return tyro.cli(
            command,
            prog=prog,
            description=inspect.getdoc(command) if isinstance(command, type) else None,
            args=words,
            default=tyro.MISSING_NONPROP if default is None else default,
            registry=REGISTRY,
            config=(tyro.conf.OmitArgPrefixes,),
        )


@contextmanager
def _completing(words: Sequence[str]) -> Iterator[Sequence[str]]:
    """``words``; what tyro makes for a shell, if it is asked to write that, goes into the file whole or not at all.

    Raises:
        ValueError: there is no such shell, or no file is named.
        OSError: the file cannot be written.
    """
    asked = words[0].replace("_", "-") if words else ""
    if asked not in (PRINTS, WRITES):
        yield words
        return
    shell, file, *_ = *words[1:], "", ""
    chosen("shell", shell, SHELLS)
    if asked == PRINTS:
        yield words
        return
    if not file:
        raise ValueError(f"{WRITES} {shell} needs a file: name it after the shell, or {PRINTS} {shell}")
    script = StringIO()
    try:
        with redirect_stdout(script):
            yield [PRINTS, shell]
    except SystemExit:  # so tyro ends when it has printed
        write_whole(file, script.getvalue().encode())
        raise


@dataclass(frozen=True)
class Quiet:
    """What can be told to be quiet."""

    _: KW_ONLY
    quiet: bool = option("say nothing but what is wrong", False)


def newest_run(holds: str) -> Path:
    """The folder in runs/ with the newest file of this kind, of a run or of several seeds.

    Raises:
        ValueError: there is none.
    """
    runs = [path for path in RUNS.glob("*") if path.is_dir()]
    found = [(file.stat().st_mtime, run) for run in runs for at in ("", "seed*/") for file in run.glob(at + holds)]
    if not found:
        raise ValueError(f"{RUNS.resolve()} holds no run that could be meant: name one, or {pasteable('train')}")
    newest = max(found)[1]
    note(f"the newest run, {newest}")
    return newest


def value_of(option: str, words: Sequence[str]) -> str | None:
    """What follows ``option``, before anything else is known; None if it is not there, or nothing follows.

    Of an option that is given twice the last one counts, as it does for tyro.
    """
    found = None
    for word, following in zip(words, [*words[1:], None], strict=False):
        if word == option:
            found = following
        elif word.startswith(f"{option}="):
            found = word.removeprefix(f"{option}=")
    return found


def check_said(asked: T, words: Sequence[str], goes_with: Mapping[str, tuple[str, Callable[[T], bool]]]) -> None:
    """Refuse what was said in vain; what stands in a file, or is usual, may.

    Args:
        asked: the command that came out.
        words: the command line.
        goes_with: by the name of a field without which thing it does nothing, and how one sees whether that is so.

    Raises:
        ValueError: names an option, and what it goes with.
    """
    said = {word.partition("=")[0].replace("_", "-") for word in words}
    for name, its in options_of(type(asked)).items():
        company, there = goes_with.get(name, ("", lambda _: True))
        if its in said and not there(asked):
            raise ValueError(f"{its} does nothing here: it goes with {company}")


def options_of(command: Any) -> dict[str, str]:
    """The options of a command as people type them, by the names of the fields; none of a choice of commands."""
    found: dict[str, str] = {}
    for name, hint in _asked(command).items() if is_dataclass(command) else ():
        its = declared(command).get(name)
        called = (its.option if its is not None else name).replace("_", "-")
        if is_dataclass(hint):
            found |= options_of(hint)
        elif POSITIONAL not in getattr(hint, "__metadata__", ()):
            found[name] = f"--{called}"
    return found


def _asked(command: Any) -> dict[str, Any]:
    """The fields that people are asked for, with their types: all but those with a default of which nothing is said."""
    hints = get_type_hints(command, include_extras=True)
    asked = (f.name for f in fields(command) if f.metadata or f.default is MISSING or is_dataclass(hints[f.name]))
    return {name: hints[name] for name in asked}


# ---- what is wrong


def _unknown(tokens: list[str], options: list[str]) -> str:
    wrong = [token.partition("=")[0] for token in tokens if token.startswith("-")]
    if not wrong:
        return f"nothing is known of {', '.join(map(shortened, tokens))}: --help says what there is"
    choices = f"choose from {', '.join(options)}" if 0 < len(options) <= FEW else "--help names them all"
    return f"unknown option {', '.join(map(shortened, wrong))}: {choices}"


def _wrong(event: failures.ParseErrorEvent) -> str:
    if isinstance(event, failures.InvalidChoice):
        name = event.argument.display_name().removeprefix("--").replace("-", "_")
        return f"unknown {name} {quoted(event.value)}: choose from {', '.join(event.choices)}"
    if isinstance(event, failures.MissingArgs):
        names = ", ".join(_shown(each.arg) for each in event.missing_arguments)
        return f"{names} is missing: --help says more"
    if isinstance(event, failures.BadValue):
        return f"{event.argument.display_name()} needs {event.argument.lowered.metavar}"
    if isinstance(event, failures.InstantiationFailure):
        name = "" if event.argument is None else f"{_shown(event.argument)}: "
        return event.message if event.message.startswith(name) else name + event.message
    return f"{type(event).__name__}: --help says more"


def _shown(argument: Any) -> str:
    """An option by its name, anything else by what stands in its place in the help."""
    return (argument.lowered.metavar or "") if argument.is_positional() else argument.display_name()


# ---- what tyro makes of a field


@REGISTRY.struct_rule
def _declared(info: StructTypeInfo) -> StructConstructorSpec | None:
    """Settings, by what they accept; other fields as they are."""
    if not (isinstance(info.type, type) and is_dataclass(info.type) and any(f.metadata for f in fields(info.type))):
        return None
    hints, made = _asked(info.type), []
    for f in (f for f in fields(info.type) if f.name in hints):
        own = tyro.MISSING_NONPROP if f.default is MISSING else f.default
        given = getattr(info.default, f.name) if isinstance(info.default, info.type) else own
        its = declared(info.type).get(f.name)
        if its is None:
            typed: Any = Annotated[bool, tyro.conf.FlagCreatePairsOff] if hints[f.name] is bool else hints[f.name]
            made.append(StructFieldSpec(f.name, typed, given, f.metadata.get("help")))
            continue
        markers = hints[f.name].__metadata__ if get_origin(hints[f.name]) is Annotated else ()
        typed = Annotated[(_typed(its.kind), tyro.conf.arg(name=its.option), *markers)]
        made.append(StructFieldSpec(f.name, typed, _words(its.kind, its.kind.plain(given)), its.explained))
    return StructConstructorSpec(lambda **given: info.type(**_joined(info.type, given)), tuple(made))


def _typed(kind: SettingKind) -> Any:
    """The type that tyro reads: where one value or a pair is meant, a tuple of any length, which the kind checks."""
    if isinstance(kind, Span):
        return tuple[float, ...]
    return tuple[int, ...] if isinstance(kind, Sides) else kind.accepts


def _words(kind: SettingKind, value: Any) -> Any:
    return (value,) if isinstance(kind, Sides) and isinstance(value, int) else value


def _joined(command: type, given: dict[str, Any]) -> dict[str, Any]:
    """``given`` with tuples of one element as that element."""
    alone = {name for name, its in declared(command).items() if isinstance(its.kind, (Span, Sides))}
    return {name: v[0] if name in alone and len(v) == 1 else v for name, v in given.items()}


@REGISTRY.primitive_rule
def _number(info: PrimitiveTypeInfo) -> PrimitiveConstructorSpec | None:
    """Numbers, with an error that says what they should be."""
    if info.type not in NUMBERS:
        return None

    def parse(words: list[str]) -> Any:
        try:
            return info.type(words[0])
        except ValueError:
            raise ValueError(f"{quoted(words[0])} is not {NUMBERS[info.type]}") from None

    name = info.type.__name__.upper()
    return PrimitiveConstructorSpec(
        1, name, parse, lambda value: isinstance(value, info.type), lambda value: [str(value)]
    )


@REGISTRY.primitive_rule
def _maybe(info: PrimitiveTypeInfo) -> PrimitiveConstructorSpec | None:
    """What may be left out is read as if it could not."""
    inner = [each for each in get_args(info.type) if each is not NoneType]
    if get_origin(info.type) not in (Union, UnionType) or NoneType not in get_args(info.type) or len(inner) != 1:
        return None
    spec = ConstructorRegistry.get_primitive_spec(PrimitiveTypeInfo.make(inner[0], info.markers))
    if not isinstance(spec, PrimitiveConstructorSpec):
        return None
    return PrimitiveConstructorSpec(
        spec.nargs,
        spec.metavar,
        spec.instance_from_str,
        lambda value: value is None or spec.is_instance(value),
        lambda value: ["none"] if value is None else spec.str_from_instance(value),
        spec.choices,
    )
