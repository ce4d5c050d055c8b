"""Golden pictures: what was looked at and found good stays as it is.

Where a picture is meant to look different, ``KINDERGARTEN_GOLDEN=1 pytest tests/test_golden.py`` takes the new one into
``tests/golden/``: look at it.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

os.environ.setdefault("PYGAME_HIDE_SUPPORT_PROMPT", "1")
import pygame

from kindergarten.replay.episode import Episode
from kindergarten.replay.replay import Replay
from kindergarten.replay.thoughts import Thoughts
from kindergarten.viewer import Stage, Take, View, write_sheet
from kindergarten.viewer.app.player import Player
from kindergarten.world.codes import Action, End, Intent, Kind, Phase, Signal
from kindergarten.world.config import Junction, Road, Roundabout
from kindergarten.world.reward import TERMS
from kindergarten.world.road import RoadMap, build
from kindergarten.world.users import ROAD_USER, WORLD

FOLDER = Path(__file__).parent / "golden"
SMALL, LARGE = (640, 360), (960, 540)
DECISIONS, T1, T2, T3, HANDS_ON = 40, 10, 26, 50, 40  # the last four in physics steps
PLAIN = View(panels=False)


def place(users: np.ndarray, road: RoadMap, route: int, s: float, kind: Kind) -> None:
    """Put a road user (T,) on its way, where it is at ``s`` in the middle of the time, at 5 m/s."""
    length, width = {Kind.CAR: (4.5, 1.8), Kind.CYCLIST: (1.8, 0.65), Kind.TRUCK: (9.0, 2.5)}[kind]
    users["kind"], users["length"], users["width"], users["route"], users["speed"] = kind, length, width, route, 5.0
    users["s"] = s + np.arange(-(DECISIONS // 2), DECISIONS // 2 + 1)
    points = road.points[route, (users["s"] * 2).astype(int).clip(0, road.points.shape[1] - 1)]
    for k, name in enumerate(("x", "y", "cos", "sin")):
        users[name] = points[:, k]
    users["seen"] = 1


def episode(road: RoadMap, ways: list[tuple[int, float, Kind]], intent: Intent, seed: int = 7) -> Episode:
    """An episode without a simulator: an ego and others on their ways; road user 1 signals ``intent``."""
    users, worlds = np.zeros((DECISIONS + 1, len(ways)), ROAD_USER), np.zeros(DECISIONS + 1, WORLD)
    for i, way in enumerate(ways):
        place(users[:, i], road, *way)
        users["colour"][:, i] = i % 3
    tick = 2 * np.arange(DECISIONS + 1)
    worlds["tick"], worlds["hands_on"], worlds["signaller"], worlds["target_speed"] = tick, HANDS_ON, 1, 5.0
    worlds["end"][-1] = End.GOAL
    users["intent"] = Intent.STRAIGHT
    first = users[:, 1]
    first["t1"], first["t2"], first["t3"], first["intent"], first["choices"] = T1, T2, T3, intent, 3
    first["cue_signal"] = {Intent.LEFT: Signal.LEFT, Intent.RIGHT: Signal.RIGHT}.get(intent, Signal.NONE)
    first["truthful"] = 1
    first["phase"] = (tick >= T1).astype(int) + (tick >= T2) + (tick >= T3)
    first["signal"] = np.where(first["phase"] == Phase.CUE, first["cue_signal"], Signal.NONE)
    if len(ways) > 2:
        users["signal"][:, 2], users["acceleration"][:, 2] = Signal.RIGHT, -3.0
    random, others = np.random.default_rng(seed), len(ways) - 1
    captions = np.zeros((DECISIONS, others, len(Intent)))
    captions[:, 0, :3] = 0.03
    captions[:, 0, intent] = 0.94
    held = np.linspace(-1, 1, 32) * np.clip((tick[:-1, None] - T1) / 8, 0.0, 1.0)
    actions = np.where(tick[:-1] >= HANDS_ON, Action.SLOWER if intent is Intent.LEFT else Action.FASTER, Action.IDLE)
    terms = np.zeros((DECISIONS, len(TERMS)))
    terms[tick[:-1] >= HANDS_ON, :2] = 0.04, -0.03
    return Episode(
        users,
        worlds,
        actions[:, None].astype(float),
        terms,
        seed,
        Thoughts(
            values=np.full(DECISIONS, 0.5),
            probabilities=np.tile([0.1, 0.2, 0.05, 0.15, 0.5], (DECISIONS, 1)),
            captions=captions,
            attention=np.tile(np.array([0.8, *[0.1] * (others - 1)]), (DECISIONS, 1)),
            cells=(held + random.normal(0, 0.05, held.shape)).astype(np.float16),
            gates=random.random((DECISIONS, 3, 32)).astype(np.float16),
        ),
    )


def replay(road: Road, ways: list[tuple[int, float, Kind]], houses: list[tuple[float, float, float, float]]) -> Replay:
    """Twins on ``road``."""
    laid = build(road, 60.0, 3.5, (0.0, 0.0, 0.0, 0.0), houses)
    episodes = tuple(episode(laid, ways, intent) for intent in (Intent.LEFT, Intent.RIGHT))
    return Replay("Golden", laid, episodes, 0.1, 2, agent="somebody", version="0")


@pytest.fixture(scope="module")
def crossing() -> Replay:
    """The ego from the south; a cyclist from the north, a car from the east, a truck from the west."""
    ways = [(1, 38.0, Kind.CAR), (7, 40.0, Kind.CYCLIST), (4, 44.0, Kind.CAR), (10, 52.0, Kind.TRUCK)]
    return replay(Junction(), ways, [(12.0, 10.0, 26.0, 19.0)])


@pytest.fixture(scope="module")
def circle() -> Replay:
    """The ego from the south; a cyclist on the circle."""
    ways = [(1, 50.0, Kind.CAR), (3, 82.0, Kind.CYCLIST), (7, 72.0, Kind.CAR)]
    return replay(Roundabout(), ways, [])


def drawn(stage: Stage, time: float, view: View, size: tuple[int, int]) -> pygame.Surface:
    surface = pygame.Surface(size, 0, 32)
    stage.draw(surface, time, view)
    return surface


def compare(name: str, surface: pygame.Surface) -> None:
    """Against the picture that is kept, but for what letters and edges may differ by."""
    path = FOLDER / f"{name}.png"
    if os.environ.get("KINDERGARTEN_GOLDEN"):  # look at what you make!
        FOLDER.mkdir(exist_ok=True)
        pygame.image.save(surface, path)
    seen, golden = (pygame.surfarray.array3d(each).astype(int) for each in (surface, pygame.image.load(path)))
    assert seen.shape == golden.shape
    apart = np.abs(seen - golden).max(axis=2)
    assert apart.mean() < 1.5 and (apart > 48).mean() < 0.01, f"{name}: see {path}"


def test_street(crossing):
    compare("street", drawn(Stage(Take(crossing, 0)), 2.0, PLAIN, SMALL))


def test_street_in_the_dark(circle):
    compare("dark", drawn(Stage(Take(circle, 1)), 2.0, replace(PLAIN, dark=True, follow=False, zoom=1.3), SMALL))


def test_panels(crossing):
    compare("panels", drawn(Stage(Take(crossing, 0)), 4.4, View(), LARGE))


def test_twins(crossing):
    stage = Stage(Take(crossing, 0), Take(crossing, 1))
    compare("twins", drawn(stage, 4.4, View(dark=True), LARGE))


def test_help(circle):
    player, surface = Player(circle), pygame.Surface(LARGE, 0, 32)
    player.help = True
    player.draw(surface)
    compare("help", surface)


def test_contact_sheet(crossing, tmp_path):
    write_sheet(tmp_path / "x.png", Stage(Take(crossing, 0)), size=LARGE)
    compare("sheet", pygame.image.load(tmp_path / "x.png"))


@pytest.mark.parametrize("change", [lambda p: np.roll(p, 3, axis=0), lambda p: np.clip(p.astype(int) + 9, 0, 255)])
def test_a_change_would_be_noticed(crossing, change: Callable[[np.ndarray], np.ndarray]):
    surface = drawn(Stage(Take(crossing, 0)), 2.0, PLAIN, SMALL)
    changed = pygame.surfarray.make_surface(change(pygame.surfarray.array3d(surface)).astype(np.uint8))
    if not os.environ.get("KINDERGARTEN_GOLDEN"):
        with pytest.raises(AssertionError):
            compare("street", changed)
