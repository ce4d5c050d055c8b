"""The command line: ``kindergarten COMMAND``. Each command is imported when it is called for."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Sequence
from contextlib import nullcontext
from importlib import import_module
from typing import Annotated, Any, NamedTuple, Union

from kindergarten import __version__
from kindergarten.extras import NotInstalled, explained
from kindergarten.interrupts import code_of, politely
from kindergarten.output import patiently, say, silently
from kindergarten.world.words import LONGEST, quoted, shortened


class Command(NamedTuple):
    """What the list of commands says of one."""

    takes: str
    does: str
    place: str  # of its options, module:class; nothing there may need torch, pygame or a kernel


OURS, SHOWN, AGENTS = "kindergarten.commands", "kindergarten.watching", "kindergarten.agents.commands"
COMMANDS = {
    "train": Command("", "teach a car; the same as python train.py", f"{AGENTS}:Train"),
    "evaluate": Command("[AGENT]", "how well a car anticipates: a run, a file, or anybody's agent", f"{OURS}:Evaluate"),
    "exam": Command(
        "AGENT", "its report card: what its training did not show it, and how long it remembers", f"{OURS}:Examine"
    ),
    "diagnose": Command(
        "[RUN]",
        "what it learned, and for the right reason: a page and a verdict for each question",
        f"{AGENTS}:Diagnose",
    ),
    "compare": Command("RUN...", "what several runs say together, as a table and a picture", f"{AGENTS}:Compare"),
    "export-onnx": Command("RUN OUT", "the trained car as one file for other programs", f"{AGENTS}:ExportOnnx"),
    "watch": Command("[RUN-or-REPLAY]", "look at what it does, in a window or as a video", f"{SHOWN}:Watch"),
    "play": Command("SCENARIO", "drive yourself, as the agent has to", f"{SHOWN}:Play"),
    "export-web": Command(
        "REPLAY OUT", "one page that shows a replay in any browser, without a network", f"{SHOWN}:ExportWeb"
    ),
    "record": Command("", "labelled sequences by the thousand, as Parquet", f"{OURS}:Record"),
    "scenarios": Command("", "the scenarios, and what blind and all-knowing drivers get there", f"{OURS}:Scenarios"),
}
LINES = "\n".join(f"  {f'{name} {its.takes}':<21} {its.does}" for name, its in COMMANDS.items())
HELP = f"""usage: kindergarten COMMAND ...

A playground where cars learn by themselves to read what others are about to do.

{LINES}

kindergarten COMMAND --help says more. kindergarten --version says the version.
kindergarten --tyro-print-completion bash (or zsh, fish) prints what a shell completes all of this with.
"""
ERROR = 2  # exit code


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command line (``sys.argv[1:]`` if left out) and return its exit code.

    What the user got wrong becomes one line on stderr and exit code 2; KINDERGARTEN_TRACEBACK=1 shows where.
    """
    words = list(sys.argv[1:] if argv is None else argv)
    with patiently() as out:
        code = _code(words)
        out.flush()
        if code == 0 and out.problem is not None:
            code = _say(f"error: not all could be printed: {out.problem.strerror}", ERROR)
    return code


def _code(words: list[str]) -> int:
    """Run a command line; the exit code."""
    try:
        with politely():
            return _run(words)
    except KeyboardInterrupt as stop:
        return _say("stopped", code_of(stop))
    except (ValueError, OSError, NotInstalled, MemoryError) as error:
        if os.environ.get("KINDERGARTEN_TRACEBACK"):
            raise
        return _say(f"error: {_line(error, words)}", ERROR)
    except SystemExit as stop:  # tyro leaves in this way
        if isinstance(stop.code, str):
            print(stop.code, file=sys.stderr)
        return stop.code if isinstance(stop.code, int) else int(stop.code is not None)


def _say(what: str, code: int) -> int:
    say(what)
    return code


def _run(words: list[str]) -> int:
    name, rest = (words[0], words[1:]) if words else ("--help", [])
    if name in ("--help", "-h", "help"):
        print(HELP, end="")
        return 0
    if name == "--version":
        print(f"kindergarten {__version__}")
        return 0
    if name.startswith("--tyro-"):
        return _complete(words)
    if name not in COMMANDS:
        raise ValueError(f"unknown command {quoted(name)}: choose from {', '.join(COMMANDS)}")
    with explained():
        asked = _read(name, rest)
        with silently() if getattr(asked, "quiet", False) else nullcontext():
            return asked.run()


def _read(name: str, words: list[str]) -> Any:
    """The command called ``name``, as ``words`` want it."""
    from kindergarten.commandline import read

    command, prog = _class_of(name), f"kindergarten {name}"
    return command.of_words(words, prog) if hasattr(command, "of_words") else read(command, words, prog)


def _complete(words: list[str]) -> int:
    """Print or write what a shell completes the commands with: they are all looked at, as one."""
    from tyro.conf import subcommand

    from kindergarten.commandline import read

    commands = tuple(Annotated[_class_of(name), subcommand(name)] for name in COMMANDS)
    read(Union[commands], words, "kindergarten")  # noqa: UP007  # it is made here, not written
    return 0


def _class_of(name: str) -> Any:
    module, _, options = COMMANDS[name].place.partition(":")
    return getattr(import_module(module), options)


def _line(error: Exception, words: list[str]) -> str:
    """What is wrong, in one line; long words of the command line are cut, but for paths, which somebody may copy."""
    text = " ".join(str(error).split()) or ("not enough memory" if isinstance(error, MemoryError) else repr(error))
    long = [part for word in words for part in (word, word.partition("=")[2]) if len(part) > LONGEST]
    paths = [part for part in long if os.path.exists(part)]
    if len(paths) == len(long):
        return text
    for part in long:
        for said in (" ".join(part.split()), repr(part)[1:-1]):  # as it is, and as it is quoted
            text = text if part in paths else text.replace(said, shortened(said))

    def cut(found: re.Match[str]) -> str:  # what has been made of a word: a piece of it, or another path
        return found[0] if any(path in found[0] for path in paths) else shortened(found[0])

    return re.sub(rf"\S{{{LONGEST + 1},}}", cut, text)
