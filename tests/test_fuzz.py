"""Whatever numbers a snapshot, a checkpoint or a replay holds: one clear error, or observations inside their space.

``make fuzz`` tries ten thousand of each, with kernels that check every index; here it is a few hundred.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

import numpy as np
import pygame
import pytest

from kindergarten.playground import PLAYGROUNDS
from kindergarten.playground.drivers import DRIVER, Deed
from kindergarten.playground.rules import make_rules
from kindergarten.playground.world import DRIVER_FIELDS, Playground, PlaygroundSnapshot
from kindergarten.replay.replay import LONGEST, Replay, ReplayError, read
from kindergarten.viewer.draw.stage import stages_of
from kindergarten.world.codes import Control
from kindergarten.world.config import Config
from kindergarten.world.limits import Limits
from kindergarten.world.pixels import Rasterizer
from kindergarten.world.simulator import Simulator, Snapshot
from kindergarten.world.users import ROAD_USER, WORLD
from tests.driving import EXAMPLES, at_random, batch
from tests.test_replay import drive as driven
from tests.worlds import ALL, with_seat

COUNT = 100 * EXAMPLES
#: Playgrounds, and their rules.
MANY = {
    "Meeting": (PLAYGROUNDS["Meeting"], {"signals": "early", "humans": 0.5, "defects": 0.2}),
    "Square": (PLAYGROUNDS["Square"], {"humans": 0.25, "endless": True}),
    "Town": (with_seat(ALL["Town"]), {}),
}
ODD = (
    *(0, 1, -1, 2, 3, 7, 255, -128, 2**31, -(2**31), 2**53),
    *(1e-300, 0.1, -0.5, 1e6, -1e6, 1e7, 1e308, -1e308, np.inf, np.nan),
)


def test_the_table_knows_every_field():
    limits = Limits(3, 4, 1, 1)
    assert set(limits.user_fields) == set(ROAD_USER.names or ())
    assert set(limits.world_fields) == set(WORLD.names or ())
    assert set(DRIVER_FIELDS) == set(DRIVER.names or ())


@pytest.mark.parametrize("control", Control)
@pytest.mark.parametrize("name", ALL)
def test_whatever_happens_is_within_the_limits(name: str, control: Control):
    simulator, driver = batch(ALL[name], np.arange(100), Config(control=control, shuffled=True)), at_random()
    for _ in range(150):
        simulator.check(simulator.snapshot())
        step = simulator.step(driver(simulator))
        simulator.reset(step.terminated | step.truncated)


# ---- snapshots


@lru_cache
def moments(name: str, control: Control) -> tuple[Simulator, list[Snapshot]]:
    """A world, and what it was like at some moments."""
    simulator = batch(ALL[name], np.array([7]), Config(control=control, delay_s=(0.0, 8.0)))
    driver, kept = at_random(), []
    for k in range(120):
        if k % 12 == 0:
            kept.append(simulator.snapshot())
        step = simulator.step(driver(simulator))
        simulator.reset(step.terminated | step.truncated)
    return simulator, kept


def any_number(rng: np.random.Generator, interval: tuple[float, float], array: np.ndarray) -> np.ndarray:
    """A number for a field of ``array``: odd, within or on its limits, somebody else's, or with a bit flipped."""
    kind = rng.integers(5)
    if kind == 0:
        value = ODD[rng.integers(len(ODD))]
    elif kind == 1:
        value = rng.uniform(*interval)
    elif kind == 2:
        value = interval[rng.integers(2)]
    elif kind == 3:
        value = array.reshape(-1)[rng.integers(array.size)]
    else:
        bits = array.reshape(-1)[:1].copy().view(np.uint8)
        bits[rng.integers(len(bits))] ^= 1 << int(rng.integers(8))
        return bits.view(array.dtype)[0]
    with np.errstate(all="ignore"):  # integers make of NaN what they like
        return np.array(value).astype(array.dtype)


def disturbed(
    rng: np.random.Generator, limits: Limits, worlds: np.ndarray, users: np.ndarray, *drivers: np.ndarray
) -> None:
    """Change one to four numbers; ``drivers`` (W, A) are those of a playground, if it is one."""
    tables = [(worlds, limits.world_fields), (users, limits.user_fields), *((its, DRIVER_FIELDS) for its in drivers)]
    for _ in range(rng.integers(1, 5)):
        array, fields = tables[rng.integers(len(tables))]
        name = list(fields)[rng.integers(len(fields))]
        place = tuple(rng.integers(size) for size in array.shape)
        array[name][place] = any_number(rng, fields[name], array[name])


def cases(count: int) -> Iterator[tuple[np.random.Generator, Simulator, Snapshot]]:
    names = [(name, control) for name in ALL for control in Control]
    for k in range(count):
        simulator, kept = moments(*names[k % len(names)])
        rng = np.random.default_rng(k)
        snapshot = Snapshot(*(array.copy() for array in kept[rng.integers(len(kept))]))
        yield rng, simulator, snapshot


def drives_soundly(rng: np.random.Generator, simulator: Simulator, decisions: int) -> None:
    """Every observation is inside its space, and so it is after a reset."""
    low, high = simulator.observation_low, simulator.observation_high
    seen = simulator.observe()
    for k in range(decisions):
        assert ((low <= seen) & (seen <= high)).all(), np.flatnonzero(~((low <= seen) & (seen <= high)[0]))  # nor NaN
        actions = rng.integers(5, size=len(seen)) if simulator.discrete else rng.uniform(-1, 1, (len(seen), 2))
        step = simulator.step(actions)
        seen = step.observations
        if k == decisions // 2:
            simulator.reset(step.terminated | step.truncated)


@pytest.mark.drawn
def test_a_disturbed_snapshot_is_refused_or_drives_on_within_its_space():
    refused = 0
    for rng, simulator, snapshot in cases(COUNT):
        limits = Limits(
            simulator.num_users, len(simulator.road.points), simulator.scenario.road.legs, len(simulator.casts)
        )
        disturbed(rng, limits, *snapshot[:2])
        try:
            simulator.restore(snapshot)
        except ValueError as error:
            assert str(error).startswith("this is no snapshot of these worlds: ") and "\n" not in str(error)
            refused += 1
            continue
        drives_soundly(rng, simulator, 40)
        Rasterizer(simulator.road, (32, 40)).paint(simulator.users, simulator.observe())
    assert 0.2 * COUNT < refused < 0.9 * COUNT


@lru_cache
def meetings(name: str) -> tuple[Playground, list[PlaygroundSnapshot]]:
    """A playground, and what it was like at some moments."""
    playground, rng, kept = Playground(MANY[name][0], 1, make_rules(**MANY[name][1])), np.random.default_rng(0), []
    playground.reset()
    for k in range(60):
        if k % 6 == 0:
            kept.append(playground.snapshot())
        playground.step(rng.integers(len(Deed), size=(1, playground.agents)))
        playground.reset(~np.any(playground.acting(), axis=1))
    return playground, kept


@pytest.mark.drawn
def test_a_disturbed_snapshot_of_several_agents_is_refused_or_drives_on_within_its_space():
    refused, count = 0, COUNT // 2
    for k in range(count):
        rng, (playground, kept) = np.random.default_rng(k), meetings(list(MANY)[k % len(MANY)])
        snapshot = PlaygroundSnapshot(*(array.copy() for array in kept[rng.integers(len(kept))]))
        road, casts = playground.road, playground.casts
        limits = Limits(playground.num_users, len(road.points), playground.scenario.road.legs, len(casts))
        disturbed(rng, limits, *snapshot[:3])
        before = playground.snapshot()
        try:
            playground.restore(snapshot)
        except ValueError as error:
            assert str(error).startswith("this is no snapshot of these worlds: ") and "\n" not in str(error)
            assert all((mine == its).all() for mine, its in zip(before, playground.snapshot(), strict=True))
            refused += 1
            continue
        for step in range(20):
            seen = playground.step(rng.integers(len(Deed), size=(1, playground.agents))).observations
            assert ((playground.observation_low <= seen) & (seen <= playground.observation_high)).all()
            if step == 10:
                playground.reset(~np.any(playground.acting(), axis=1))
    assert 0.2 * count < refused < 0.9 * count


def test_a_snapshot_of_another_playground_is_refused_before_anything_changes():
    playground, kept = meetings("Meeting")
    other, four = meetings("Square")[1][0], Playground(MANY["Meeting"][0], 4, playground.rules)
    four.reset()
    humans, worlds = (array.copy() for array in (kept[0].users, kept[0].worlds))
    humans["member"][:, 0], worlds["cast"] = 10**9, 10**9
    wrong = kept[0]._replace(users=humans), kept[0]._replace(worlds=worlds), other
    for target, snapshot in (*((playground, its) for its in wrong), (four, kept[0])):
        before = target.snapshot()
        with pytest.raises(ValueError, match="this is no snapshot of these worlds: "):
            target.restore(snapshot)
        assert all((mine == its).all() for mine, its in zip(before, target.snapshot(), strict=True))


# ---- replays


@pytest.fixture(scope="module")
def replays() -> list[Replay]:
    return [driven(name, seed=1) for name in ("Town", "Follow", "AllWayStop")]


@pytest.mark.drawn
def test_a_disturbed_replay_is_refused_or_can_be_looked_at(replays: list[Replay], tmp_path: Path):
    refused, surface = 0, pygame.Surface((320, 180), 0, 32)
    count = COUNT if EXAMPLES > 1 else COUNT // 2  # drawing takes long
    for k in range(count):
        rng, replay = np.random.default_rng(k), replays[k % len(replays)]
        episode = replay.episodes[0]
        worlds, users = episode.worlds.copy(), episode.users.copy()
        disturbed(rng, Limits(users.shape[1], len(replay.road.points), len(replay.road.junctions), 1), worlds, users)
        changed = dataclasses.replace(episode, worlds=worlds, users=users)
        step = 60.0 if k % 8 == 0 else replay.physics_step
        dataclasses.replace(replay, episodes=(changed,), physics_step=step).write(tmp_path / "a.npz")
        try:
            again = read(tmp_path / "a.npz")
        except ReplayError as error:
            assert "a.npz: damaged: " in str(error) and "\n" not in str(error)
            refused += 1
            continue
        (stage,) = stages_of(again, [0])
        assert stage.duration <= LONGEST  # or the moments of a video would fill the memory
        stage.draw(surface, rng.uniform(0.0, stage.duration))
    assert 0.2 * count < refused < 0.9 * count


def damaged(rng: np.random.Generator, whole: bytes) -> bytes:
    """The file with a bit flipped, a piece gone, or a piece doubled."""
    content, at = bytearray(whole), int(rng.integers(len(whole)))
    kind, size = rng.integers(4), int(rng.integers(1, 300))
    if kind < 2:
        content[at] ^= 1 << int(rng.integers(8))
    elif kind == 2:
        del content[at : at + size]
    else:
        content[at:at] = content[at : at + size]
    return bytes(content)
