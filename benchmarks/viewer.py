"""How fast the viewer draws, opens and exports: ``python -m benchmarks.viewer``.

Drawing alone, on a surface in memory, 1280 x 720 with all panels: captions, attention, actions and value, reward, 64
cells of memory with their gates, and the timeline. Every picture is another moment, 1/60 s after the last.
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

os.environ.setdefault("PYGAME_HIDE_SUPPORT_PROMPT", "1")

import numpy as np
import pygame

from benchmarks.common import Clocks, about, command_line, spread, write
from kindergarten.extras import NotInstalled
from kindergarten.replay.episode import Episode, Recorder
from kindergarten.replay.replay import Replay, read
from kindergarten.replay.thoughts import Thoughts
from kindergarten.scenarios import SCENARIOS
from kindergarten.viewer import Stage, Take, View, write_video
from kindergarten.viewer.app.player import Player
from kindergarten.world.codes import Action, End, Intent
from kindergarten.world.simulator import Simulator

PACKAGES = ("numpy", "pygame", "imageio-ffmpeg")
CLOCKS = ("on the wall", "on two undisturbed cores")
SIZE, RATE, CELLS, LONG = (1280, 720), 60, 64, 3000
VIEWS = {"following the car": View(), "above the junction": View(follow=False), "dark": View(dark=True)}


def recorded(name: str, seed: int = 3) -> Replay:
    """Two episodes of one seed, driven by nobody, with thoughts made up by chance."""
    simulator = Simulator(SCENARIOS[name], 2)
    simulator.seed(np.full(2, seed))
    intents = np.full((2, simulator.num_users - 1), -1)
    intents[:, 0] = SCENARIOS[name].intents[:2]
    simulator.reset(intents=intents)
    recorders, random = [Recorder(simulator, w, seed) for w in range(2)], np.random.default_rng(seed)
    cells, gates, others = np.zeros((2, CELLS)), random.normal(0, 2, (2, 3, CELLS)), simulator.num_users - 1
    while not simulator.worlds["end"].all():
        simulator.step(np.full(2, Action.IDLE))
        cells += random.normal(0, 0.1, cells.shape)
        for w, recorder in enumerate(recorders):
            captions, attention = random.dirichlet(np.ones(len(Intent)), others), random.dirichlet(np.ones(others))
            gates[w] += random.normal(0, 0.05, (3, CELLS))
            chances = random.dirichlet(np.ones(5))
            value, open_gates = random.normal(), 1 / (1 + np.exp(-gates[w]))
            thoughts = Thoughts(np.array(value), chances, captions, attention, cells[w], open_gates)
            recorder.record(Action.IDLE, thoughts)
    return Replay.of(simulator, [recorder.episode() for recorder in recorders], "nobody")


def stretched(replay: Replay, decisions: int) -> Replay:
    """A replay of one episode that lasts so many decisions: the same over and over again."""
    episode = replay.episodes[0]
    times = -(-decisions // len(episode.actions))
    arrays = {name: np.concatenate([getattr(episode, name)] * times)[:decisions] for name in ("actions", "terms")}
    thoughts = Thoughts.join([episode.thoughts] * times)[:decisions]
    users = np.concatenate([episode.users[:-1]] * (times + 1))[: decisions + 1]
    worlds = np.concatenate([episode.worlds[:-1]] * (times + 1))[: decisions + 1]
    worlds["tick"], worlds["end"] = np.arange(decisions + 1) * replay.substeps, End.RUNNING
    return replace(replay, episodes=(Episode(users, worlds, seed=episode.seed, thoughts=thoughts, **arrays),))


def drawing(stage: Stage, view: View, frames: int) -> dict[str, dict[str, float]]:
    """Pictures per second of processor time, and the slowest pictures [ms]."""
    surface, costs = pygame.Surface(SIZE, 0, 32), []
    start = Clocks.now()
    for k in range(frames):
        began = time.process_time()
        stage.draw(surface, stage.start + (k / RATE) % max(stage.duration - stage.start, 1.0), view)
        costs.append(time.process_time() - began)
    wall, processor = Clocks.now().since(start)
    slowest = {f"{share:g} %": round(1e3 * float(np.quantile(costs, share / 100)), 1) for share in (50, 95, 99)}
    return {"pictures_per_s": {"mean": round(frames / processor), "cores": round(processor / wall, 2)}, "ms": slowest}


def opening(path: Path) -> float:
    """Seconds on the wall from a file to the first picture of it."""
    began = time.perf_counter()
    Player(read(path)).draw(pygame.Surface(SIZE, 0, 32))
    return time.perf_counter() - began


def export(stage: Stage, folder: Path, seconds: float) -> tuple[float, float]:
    """How many times faster than real time an .mp4 of 1280 x 720 is written, encoder included.

    By the clock on the wall; and as fast as two undisturbed cores would be, by the processor time of both processes.
    """
    wall, before = time.perf_counter(), os.times()
    frames = write_video(folder / "x.mp4", [stage], size=SIZE, span=(0.0, seconds))
    used = sum(os.times()[:4]) - sum(before[:4])
    return frames / 30 / (time.perf_counter() - wall), frames / 30 / (used / 2)


def measure(frames: int, rounds: int) -> dict[str, Any]:
    """All of it."""
    made = about("viewer", PACKAGES)
    crossing, follow = recorded("Crossing"), recorded("Follow")
    stages: dict[str, tuple[Callable[[], Stage], View]] = {
        **{f"Crossing, {name}": (lambda: Stage(Take(crossing, 0)), view) for name, view in VIEWS.items()},
        "Follow, following the car": (lambda: Stage(Take(follow, 0)), View()),
        "Crossing, twins side by side": (lambda: Stage(Take(crossing, 0), Take(crossing, 1)), View()),
    }
    rates = {name: drawing(make(), view, frames) for name, (make, view) in stages.items()}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        stretched(crossing, LONG).write(folder / "long.npz")
        seconds = [opening(folder / "long.npz") for _ in range(rounds)]
        try:
            speeds = [export(Stage(Take(crossing, 0)), folder, 2.0 * rounds) for _ in range(min(rounds, 3))]
        except NotInstalled:
            speeds = []
    return {
        **made,
        "settings": {"size": f"{SIZE[0]} x {SIZE[1]}", "frames": frames, "rounds": rounds, "cells": CELLS},
        "drawing": rates,
        "opening_s": spread(seconds, 3) | {"decisions": LONG, "road_users": 8, "target": 0.5},
        "export_times_real_time": {
            name: spread(column, 2) | {"target": 5.0}
            for name, column in zip(CLOCKS, zip(*speeds, strict=True), strict=False)
        },
    }


def show(result: dict[str, Any]) -> None:
    """Print a result as people read it."""
    print(f"\n{'pictures of 1280 x 720, one core':36} {'per second':>10} {'median':>9} {'95 %':>9} {'99 %':>9}")
    for name, row in result["drawing"].items():
        cells = "".join(f"{row['ms'][share]:7.1f} ms" for share in ("50 %", "95 %", "99 %"))
        print(f"{name:36} {row['pictures_per_s']['mean']:10,}{cells}")
    opened = result["opening_s"]
    print(f"opening {opened['decisions']:,} decisions of 8 road users: {opened['median']:.2f} s (target 0.5)")
    for name, speed in result["export_times_real_time"].items():
        print(f"writing an .mp4 of 1280 x 720, {name}: {speed['median']:.1f} times real time (target 5)")


def main(argv: list[str] | None = None) -> int:
    """Run the command line."""
    parser = command_line("viewer", __doc__)
    parser.add_argument("--quick", action="store_true", help="a few pictures; rough")
    options = parser.parse_args(argv)
    result = measure(20, 1) if options.quick else measure(300, 3)
    show(result)
    if options.out:
        write(options.out, result)
    return 0


if __name__ == "__main__":
    sys.exit(main())
