"""The command line: ``kindergarten COMMAND``. Each command is imported when it is called for."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Sequence
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from kindergarten import __version__

if TYPE_CHECKING:
    from kindergarten.replay.replay import Replay
    from kindergarten.viewer import View

HELP = """usage: kindergarten COMMAND ...

A playground where cars learn by themselves to read what others are about to do.

  train                 teach a car; the same as python train.py
  evaluate AGENT        how well a car anticipates: a run, a file, or anybody's agent
  diagnose RUN          what it learned, and for the right reason: a page and a verdict for each question
  compare RUN...        what several runs say together, as a table and a picture
  export-onnx RUN OUT   the trained car as one file for other programs
  watch RUN-or-REPLAY   look at what it does, in a window or as a video
  play SCENARIO         drive yourself, as the agent has to
  export-web REPLAY OUT one page that shows a replay in any browser, without a network
  scenarios             the scenarios, and what blind and all-knowing drivers get there

kindergarten COMMAND --help says more. kindergarten --version says the version.
"""
DELEGATED = {  # the module whose main(argv) takes the rest of the line as it is
    "train": "kindergarten.agents.runs.train",
    "evaluate": "kindergarten.evaluation",
    "diagnose": "kindergarten.agents.diagnose.command",
    "compare": "kindergarten.agents.runs.compare",
    "export-onnx": "kindergarten.agents.runs.export",
    "scenarios": "kindergarten.scoring.reference",
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
    own = {"watch": watch, "play": play, "export-web": export_web}
    if command in own:
        return own[command](rest)
    if command in DELEGATED:
        return _delegate(DELEGATED[command])(rest)
    raise ValueError(f"unknown command {command!r}: choose from {', '.join((*DELEGATED, *own))}")


def _delegate(module: str) -> Callable[[list[str]], int]:
    try:
        return import_module(module).main
    except ModuleNotFoundError as error:
        if (error.name or "").split(".")[0] == "kindergarten":
            raise
        raise OSError(f"this needs {error.name}: pip install 'kindergarten[agents]'") from None


def watch(argv: Sequence[str]) -> int:
    """``kindergarten watch``: play a replay in a window, or write it to a file."""
    options = _watch_options(argv)
    if options.follow:
        return _follow(options)

    from kindergarten.replay import replay
    from kindergarten.viewer.app import window

    recorded = replay.read(newest_replay(options.source))
    beside = None if options.beside is None else replay.read(newest_replay(options.beside))
    count = len(recorded.episodes)
    if options.episode is not None and not 1 <= options.episode <= count:
        raise ValueError(f"there is no episode {options.episode}: {options.source} has {count}, counted from 1")
    _export(options, recorded, beside)
    if not options.headless:
        window.watch(recorded, (options.episode or 1) - 1, _view(options), beside, options.twins, options.guess)
    return 0


def _watch_options(argv: Sequence[str]) -> argparse.Namespace:
    parser = Parser(
        "kindergarten watch",
        description="Look at a replay, in a window or as a video. In the window, ? shows all keys.",
        epilog="A small GIF: --headless --video a.gif --episode 1 --street --still --size 640 360",
    )
    add = parser.add_argument
    add("source", metavar="RUN-or-REPLAY", type=Path, help="a run's folder or an .npz file")
    add("beside", metavar="ANOTHER", type=Path, nargs="?", help="one to show beside it, in the same worlds")
    add("--video", metavar="FILE", type=Path, help="write an .mp4 or a .gif")
    add("--png", metavar="FILE", type=Path, help="write one moment as a picture")
    add("--at", metavar="SECONDS", type=float, help="which moment (default: while it signals)")
    add("--sheet", metavar="FILE", type=Path, help="write t1, t2, t3 and the decision as one picture")
    add("--episode", metavar="K", type=int, help="which episode, from 1 (videos: all)")
    add("--twins", action="store_true", help="beside each episode its twin: the same seed, another intent")
    add("--guess", action="store_true", help="be asked what it will do, before it is shown")
    add("--follow", action="store_true", help="show new episodes of a training as it goes on")
    add("--street", action="store_true", help="the street alone, without panels")
    add("--still", action="store_true", help="a camera that stands still above the junction")
    add("--dark", action="store_true", help="the dark theme")
    add("--no-beliefs", action="store_true", help="do not show what the car believes")
    add("--hide", action="store_true", help="do not show what will happen, which nobody can see")
    add("--size", metavar=("W", "H"), type=int, nargs=2, help="of pictures and videos [pixels]")
    add("--fps", metavar="N", type=float, help="frames per second of a video (.mp4 30, .gif 10)")
    add("--span", metavar=("FROM", "TO"), type=float, nargs=2, help="the part of each episode to write [s]")
    add("--headless", action="store_true", help="open no window")
    options = parser.parse_args(argv)
    if options.headless and not (options.video or options.png or options.sheet):
        raise ValueError("--headless shows nothing by itself: add --video FILE, --png FILE or --sheet FILE")
    if options.beside is not None and options.twins:
        raise ValueError("--twins: there is room for two, and another replay is shown already")
    if options.follow and (options.headless or options.beside or options.guess or options.twins):
        raise ValueError("--follow shows a training in a window, and nothing beside it")
    return options


def _view(options: argparse.Namespace, window: bool = True) -> View:
    """How to look: in a window, what nobody can see is shown when a key asks for it."""
    from kindergarten.viewer.model.view import View

    reveal = not options.hide and not window
    return View(not options.still, 1.0, options.dark, reveal, not options.no_beliefs, panels=not options.street)


def _export(options: argparse.Namespace, recorded: Replay, beside: Replay | None) -> None:
    """Write the files that were asked for, and name them."""
    from kindergarten import viewer

    view, size = _view(options, window=False), tuple(options.size) if options.size else None
    chosen = range(len(recorded.episodes)) if options.episode is None else [options.episode - 1]
    stages = viewer.stages_of(recorded, chosen, beside, options.twins)
    if options.png:
        viewer.write_picture(options.png, stages[0], options.at, view, size)
        print(options.png)
    if options.sheet:
        viewer.write_sheet(options.sheet, stages[0], view, size)
        print(options.sheet)
    if options.video:
        span = tuple(options.span) if options.span else None
        viewer.write_video(options.video, stages, view, size, options.fps, span, progress=True)
        print(options.video)


def _follow(options: argparse.Namespace) -> int:
    """Show the newest replay of a run, and whatever is written after it."""
    from kindergarten.replay import replay
    from kindergarten.viewer.app import window

    if not options.source.is_dir():
        raise ValueError(f"{options.source} is no folder of a run: there is nothing to follow")
    window.watch(None, view=_view(options), fresh=replay.Newest(lambda: newest_replay(options.source)))
    return 0


def play(argv: Sequence[str]) -> int:
    """``kindergarten play``: drive oneself."""
    parser = Parser("kindergarten play", description="Drive yourself, seeing what the agent sees when it sees it.")
    add = parser.add_argument
    add("scenario", metavar="SCENARIO", help="see kindergarten scenarios")
    add("--episodes", metavar="N", type=int, default=3, help="how many (default 3)")
    add("--seed", metavar="S", type=int, help="of the first world; the others follow (default: by chance)")
    add("--delay", metavar="S", type=float, nargs="+", default=[1.0, 4.0], help="seconds from t2 to t3, or two limits")
    add("--control", default="discrete", help="discrete or continuous")
    add("--frames-only", action="store_true", help="the street as it is: no timeline, nothing that helps to remember")
    add("--replay", metavar="FILE", type=Path, help="write what you did, to be watched (.npz)")
    options = parser.parse_args(argv)
    if not 1 <= options.episodes <= 1000:
        raise ValueError(f"--episodes is {options.episodes}: it must be from 1 to 1000")
    if options.seed is not None and not 0 <= options.seed < 1 << 60:
        raise ValueError(f"--seed is {options.seed}: it must be from 0 to {(1 << 60) - 1}")

    import numpy as np

    from kindergarten import viewer
    from kindergarten.scenarios import scenario_named
    from kindergarten.world.config import make_config

    delay = options.delay[0] if len(options.delay) == 1 else tuple(options.delay)
    scenario, config = scenario_named(options.scenario), make_config(control=options.control, delay_s=delay)
    first = int(np.random.default_rng().integers(1 << 20)) if options.seed is None else options.seed
    game = viewer.Game(scenario, config, first + np.arange(options.episodes), options.frames_only)
    viewer.play(game)
    if options.replay:
        game.replay("you").write(options.replay)
        print(options.replay)
    print(viewer.score(game))
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

    from kindergarten.replay import replay
    from kindergarten.viewer.export import web

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
