"""The command line: ``kindergarten COMMAND``. Each command is imported when it is called for."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Sequence
from importlib import import_module
from pathlib import Path
from typing import NoReturn

from kindergarten import __version__

HELP = """usage: kindergarten COMMAND ...

A playground where cars learn by themselves to read what others are about to do.

  train                 teach a car; the same as python train.py
  evaluate RUN          how well a trained car anticipates
  watch RUN-or-REPLAY   look at what it does, in a window or as a video
  export-web REPLAY OUT one page that shows a replay in any browser, without a network
  scenarios             the scenarios, and what blind and all-knowing drivers get there

kindergarten COMMAND --help says more. kindergarten --version says the version.
"""
DELEGATED = {  # the module whose main(argv) takes the rest of the line as it is
    "train": "kindergarten.agents.train",
    "evaluate": "kindergarten.agents.evaluate",
    "scenarios": "kindergarten.reference",
}
ERROR = 2  # exit code


class Parser(argparse.ArgumentParser):
    """An ArgumentParser that leaves it to ``main`` to say what is wrong."""

    def error(self, message: str) -> NoReturn:
        """Raise ``message`` instead of printing a page of usage."""
        raise ValueError(message)


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command line (``sys.argv[1:]`` if left out) and return its exit code.

    What the user got wrong becomes one line on stderr and exit code 2; KINDERGARTEN_TRACEBACK=1 shows where.
    """
    try:
        code = _run(list(sys.argv[1:] if argv is None else argv))
        sys.stdout.flush()  # a broken pipe shall be met here
        return code
    except BrokenPipeError:  # whoever read our output has read enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except KeyboardInterrupt:
        return 130
    except (ValueError, OSError) as error:
        if os.environ.get("KINDERGARTEN_TRACEBACK"):
            raise
        print(f"kindergarten: error: {' '.join(str(error).split())}", file=sys.stderr)
        return ERROR
    except SystemExit as stop:  # argparse and tyro leave in this way
        if isinstance(stop.code, str):
            print(stop.code, file=sys.stderr)
        return stop.code if isinstance(stop.code, int) else int(stop.code is not None)


def _run(argv: list[str]) -> int:
    command, rest = (argv[0], argv[1:]) if argv else ("--help", [])
    if command in ("--help", "-h", "help"):
        print(HELP, end="")
        return 0
    if command == "--version":
        print(f"kindergarten {__version__}")
        return 0
    if command == "watch":
        return watch(rest)
    if command == "export-web":
        return export_web(rest)
    if command in DELEGATED:
        return _delegate(DELEGATED[command])(rest)
    raise ValueError(f"unknown command {command!r}: choose from {', '.join((*DELEGATED, 'watch', 'export-web'))}")


def _delegate(module: str) -> Callable[[list[str]], int]:
    try:
        return import_module(module).main
    except ModuleNotFoundError as error:
        if (error.name or "").split(".")[0] == "kindergarten":
            raise
        raise OSError(f"this needs {error.name}: pip install 'kindergarten[agents]'") from None


def watch(argv: Sequence[str]) -> int:
    """``kindergarten watch``: play a replay in a window, or write it to a file."""
    parser = Parser(
        "kindergarten watch",
        description="Look at a replay, in a window or as a video.",
        epilog="A small GIF: --headless --video a.gif --episode 1 --street --still --size 640 360",
    )
    parser.add_argument("source", metavar="RUN-or-REPLAY", type=Path, help="a run's folder or an .npz file")
    parser.add_argument("--video", metavar="FILE", type=Path, help="write an .mp4 or a .gif")
    parser.add_argument("--png", metavar="FILE", type=Path, help="write one moment as a picture")
    parser.add_argument("--at", metavar="SECONDS", type=float, help="which moment (default: while it signals)")
    parser.add_argument("--episode", metavar="K", type=int, help="which episode, from 1 (videos: all)")
    parser.add_argument("--street", action="store_true", help="the street alone, without panels")
    parser.add_argument("--still", action="store_true", help="a camera that stands still above the junction")
    parser.add_argument("--no-beliefs", action="store_true", help="do not show what the car believes")
    parser.add_argument("--size", metavar=("W", "H"), type=int, nargs=2, help="of pictures and videos [pixels]")
    parser.add_argument("--fps", metavar="N", type=float, help="frames per second of a video (.mp4 30, .gif 10)")
    parser.add_argument(
        "--span", metavar=("FROM", "TO"), type=float, nargs=2, help="the part of each episode to write [s]"
    )
    parser.add_argument("--headless", action="store_true", help="open no window")
    options = parser.parse_args(argv)
    if options.headless and not (options.video or options.png):
        raise ValueError("--headless shows nothing by itself: add --video FILE or --png FILE")

    from kindergarten import replay

    recorded = replay.read(newest_replay(options.source))
    count = len(recorded.episodes)
    if options.episode is not None and not 1 <= options.episode <= count:
        raise ValueError(f"there is no episode {options.episode}: {options.source} has {count}, counted from 1")
    episode = (options.episode or 1) - 1

    from kindergarten.viewer import video, window
    from kindergarten.viewer.painter import View

    view = View(follow=not options.still, beliefs=not options.no_beliefs, panels=not options.street)
    size, span = (tuple(pair) if pair else None for pair in (options.size, options.span))
    if options.png:
        video.write_picture(options.png, recorded, episode, options.at, view, size)
        print(options.png)
    if options.video:
        chosen = None if options.episode is None else [episode]
        video.write_video(options.video, recorded, chosen, view, size, options.fps, span)
        print(options.video)
    if not options.headless:
        window.watch(recorded, episode, view)
    return 0


def export_web(argv: Sequence[str]) -> int:
    """``kindergarten export-web``: write a replay as one HTML page."""
    parser = Parser(
        "kindergarten export-web",
        description="Write a replay as one HTML page that needs no server and no network.",
        epilog="Open it at a moment of your choice: out.html#episode=2&t=4.5&reveal&twins&theme=dark&junction&play",
    )
    parser.add_argument("source", metavar="REPLAY", type=Path, help="an .npz file, or a run's folder")
    parser.add_argument("page", metavar="OUT.html", type=Path, help="the page to write")
    options = parser.parse_args(argv)

    from kindergarten import replay
    from kindergarten.viewer import web

    web.write_page(options.page, replay.read(newest_replay(options.source)))
    print(options.page)
    return 0


def newest_replay(source: Path) -> Path:
    """The replay that ``source`` means: itself, or the newest in a run's folder.

    Raises:
        ValueError: the folder has none.
        OSError: there is no such file or folder.
    """
    if not source.is_dir():
        return source
    found = [path for folder in (source / "replays", source) for path in folder.glob("*.npz")]
    if not found:
        raise ValueError(f"{source} has no replays: there is no {source / 'replays' / '*.npz'}")
    return max(found, key=lambda path: (path.stat().st_mtime, path.name))
