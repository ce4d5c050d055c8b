"""Makes the pictures of driving in README and on these pages from what trained agents did, and the cards for links.

python -m docs.pictures RUNS    (folders as benchmarks.agents leaves them: RUNS/NAME-lstm/seed100/replays/twins.npz)

Pictures of results are made where the results are, in benchmarks/: by ``--picture`` of agents, ladder, depth, data and
pixels, and ``--pictures`` of reasons and redistribution; the other figures of docs/understanding.md by docs.figures.
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path

os.environ.setdefault("PYGAME_HIDE_SUPPORT_PROMPT", "1")

import numpy as np
import pygame

from docs import story
from kindergarten.extras import NotInstalled, explained
from kindergarten.replay import replay
from kindergarten.replay.episode import Episode
from kindergarten.replay.replay import Replay
from kindergarten.scenarios import SCENARIOS
from kindergarten.viewer import Stage, Take, View, write_picture, write_sheet, write_video
from kindergarten.viewer.export.video import Span
from kindergarten.viewer.export.web import write_page
from kindergarten.viewer.model.frame import differences
from kindergarten.viewer.model.view import SIZE, Hud
from kindergarten.world.codes import End, Signal
from kindergarten.world.words import chosen

DOCS = Path(__file__).resolve().parent
IMAGES, CARDS = DOCS / "images", DOCS / "card"
SMALL, WIDE, CARD = (300, 200), (800, 450), (1280, 640)  # [px] in a grid; across a page; for links
RATES = 10.0, 8.0, 6.5, 5.0, 4.0  # [1/s] the next if the file gets too large
LONGEST, LARGEST = 10.0, 1_000_000  # [s], [B]
BEFORE, AFTER = 1.0, 5.0  # [s] before t1 and after t3 that are shown, as far as there is time
STREET = View(panels=False)
LINE = View(follow=False, close_up=False, reward=False, memory=False)  # a still camera, actions, and the timeline
SLOGAN = "Kindergarten: cars learn to read what others are about to do"


def newest(runs: Path, name: str, memory: str = "lstm") -> Replay | None:
    """The twins that an agent drove on the scenario ``name``; None if there are none."""
    found = runs.glob(f"{name}-{memory}/*/replays/[!.]*.npz")
    newest = max(found, key=lambda path: (path.stat().st_mtime, path), default=None)
    return None if newest is None else replay.read(newest)


def interesting(episode: Episode, physics_step: float) -> Span:
    """[s] From just before t1 until it is clear what t3 brought. What is too long loses its beginning.

    Where there are several junctions it is about the first.
    """
    signaller = episode.users[0][episode.worlds["signaller"][0]]
    last = float(episode.worlds["tick"][-1]) * physics_step
    stop = min(last + BEFORE, float(signaller["t3"]) * physics_step + AFTER)
    return max(float(signaller["t1"]) * physics_step - BEFORE, stop - LONGEST, 0.0), stop


def best(recorded: Replay) -> int:
    """The episode to show: of those that end well the first in which the signaller shows something."""

    def rank(k: int) -> tuple[bool, bool]:
        episode = recorded.episodes[k]
        shown = episode.users[:, int(episode.worlds["signaller"][0])]["signal"]
        return episode.end is not End.GOAL, bool(np.all(shown == Signal.NONE))

    return min(range(len(recorded.episodes)), key=rank)


def moving(path: Path, stage: Stage, view: View, size: tuple[int, int], span: Span) -> None:
    """Write a GIF, with as many frames per second as keep it small.

    Raises:
        ValueError: it cannot be made small enough.
    """
    for rate in RATES:
        write_video(path, [stage], view, size, rate, span)
        if path.stat().st_size < LARGEST:
            return
    raise ValueError(f"{path} has {path.stat().st_size:,} bytes: more than {LARGEST:,}")


def scenario(path: Path, recorded: Replay) -> None:
    """The GIF of a scenario."""
    k = best(recorded)
    span = interesting(recorded.episodes[k], recorded.physics_step)
    moving(path, Stage(Take(recorded, k)), STREET, SMALL, span)


def in_the_delay(stage: Stage) -> float:
    """When [s] nothing has shown for a while, and the agent drives."""
    told = stage.stories[0]
    role = told.role(told.watched(0, told.start), told.start)
    return min(max(role.t2 + 0.7 * (role.t3 - role.t2), told.hands_on_at(told.start) + 0.3), role.t3 - 0.1)


def still_alike(twins: Stage) -> float:
    """The last moment [s] of the delay at which both cars see the same picture."""
    story, (a, b) = twins.stories[0], (story.episode for story in twins.stories)
    assert a is not None and b is not None
    role, times = story.role(story.watched(0, story.start), story.start), max((s.times for s in twins.stories), key=len)
    alike = times[~differences(a, b) & (times >= role.t2) & (times < role.t3)]
    return float(alike.max(initial=role.t2))


def pictures(agents: dict[str, Replay]) -> dict[Path, Callable[[Path], None]]:
    """What makes each of the pictures for which there are agents; by name and memory, as "Crossing-lstm"."""
    found: dict[Path, Callable[[Path], None]] = {}
    for name in SCENARIOS:
        if recorded := agents.get(f"{name}-lstm"):
            found[IMAGES / "scenarios" / f"{name}.gif"] = partial(scenario, recorded=recorded)
    crossing, forgetful = agents.get("Crossing-lstm"), agents.get("Crossing-none")
    if crossing is None or forgetful is None:
        return found
    one, twins = Stage(Take(crossing, 0)), Stage(Take(crossing, 0), Take(crossing, 1))
    two, now, alike = Stage(Take(crossing, 0), Take(forgetful, 0)), in_the_delay(one), still_alike(twins)
    span = interesting(crossing.episodes[0], crossing.physics_step)
    return found | {
        IMAGES / "story.png": partial(story.write, stage=one),
        IMAGES / "story-dark.png": partial(story.write, stage=one, dark=True),
        IMAGES / "twins.gif": partial(moving, stage=twins, view=LINE, size=WIDE, span=span),
        IMAGES / "mind.png": partial(write_picture, stage=one, time=now),
        IMAGES / "agents.png": partial(write_picture, stage=two, time=now),
        IMAGES / "sheet.png": partial(write_sheet, stage=one),
        IMAGES / "web.png": partial(page, recorded=crossing, time=alike),
        CARDS / "crossing.png": partial(card, stage=one, time=one.moment(0), view=View()),
        CARDS / "twins.png": partial(card, stage=twins, time=alike, view=View(dark=True)),
    }


def card(path: Path, stage: Stage, time: float, view: View) -> None:
    """A picture for links, with what this is all about."""
    surface = pygame.Surface(CARD, 0, 32)
    stage.draw(surface, time, replace(view, panels=False, large=True), Hud(card=SLOGAN, points=36))
    path.parent.mkdir(exist_ok=True)
    pygame.image.save(surface, path)


def page(path: Path, recorded: Replay, time: float) -> None:
    """A picture of the page.

    Raises:
        OSError: there is no Chromium to take it with.
        NotInstalled: there is no playwright to tell it so.
    """
    chromium = os.environ.get("KINDERGARTEN_CHROMIUM") or shutil.which("chromium")
    if not chromium:
        raise OSError("it takes Chromium (Debian: apt install chromium; KINDERGARTEN_CHROMIUM names another)")
    with explained("it"):
        from playwright.sync_api import sync_playwright
    written = path.with_suffix(".html")
    write_page(written, recorded)
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=chromium)
        shown = browser.new_page(viewport={"width": SIZE[0], "height": SIZE[1]})
        shown.goto(f"{written.as_uri()}#t={time}&twins&reveal")
        shown.evaluate("new Promise(requestAnimationFrame)")
        shown.screenshot(path=path)
    written.unlink()


def made(runs: Path, names: list[str]) -> Iterator[str]:
    """Make the pictures called so, or all; what could not be made, in words."""
    wanted = [*((name, "lstm") for name in SCENARIOS), ("Crossing", "none")]
    found = {f"{name}-{memory}": newest(runs, name, memory) for name, memory in wanted}
    agents = {name: recorded for name, recorded in found.items() if recorded is not None}
    makers = {path.name: (path, make) for path, make in pictures(agents).items()}
    for name in names or makers:
        try:
            path, make = chosen("picture", name, makers)
            make(path)
            print(f"{path}: {path.stat().st_size:,} bytes")
        except (ValueError, OSError, NotInstalled) as error:
            yield f"{name}: {error}"
    if len(agents) < len(found) and not (names and makers.keys() >= set(names)):
        yield f"no replays in {runs} of {', '.join(name for name in found if name not in agents)}"


def main(argv: list[str] | None = None) -> int:
    """Make all pictures, or those that are named; 2, with a line for each that could not be made."""
    parser = argparse.ArgumentParser("docs.pictures", description=__doc__)
    parser.add_argument("runs", metavar="RUNS", type=Path, help="folder with the runs")
    parser.add_argument("names", metavar="NAME", nargs="*", help="of pictures; all if left out")
    given = parser.parse_args(argv)
    try:
        problems = list(made(given.runs, given.names))
    except (ValueError, OSError) as error:  # a replay that is damaged
        problems = [str(error)]
    for problem in problems:
        print(f"pictures: error: {problem}", file=sys.stderr)
    return 2 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
