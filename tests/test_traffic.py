"""Realistic traffic where it shows: nobody drives through anybody, and people drive as people do (FACTS)."""

from __future__ import annotations

import math
from dataclasses import replace
from functools import lru_cache

import numpy as np
import pytest

from kindergarten.replay.episode import Episode, Recorder
from kindergarten.scenarios import SCENARIOS
from kindergarten.world.codes import Action, End, Intent, Kind, Phase, Signal
from kindergarten.world.config import Config, Member
from kindergarten.world.geometry import overlap
from kindergarten.world.jit import njit
from kindergarten.world.step import step_world
from tests.driving import JIT, batch, drive, sample, steadily

pytestmark = pytest.mark.kernels

names = pytest.mark.parametrize("name", SCENARIOS)
NOBODY, RUNNING = int(Kind.NOBODY), int(End.RUNNING)
HARD = 3.4  # [m/s^2] AASHTO's design braking: one seldom brakes harder
KINDS = len(Kind)
#: Where arms tell what somebody is about to do, or nothing does: no lamp.
NO_LAMPS = {"Crossing", "Overtake", "AllWayStop", "Roundabout", "Town"}

#: What ``play`` finds out of all road users but the ego, by Kind: physics steps, of those braked harder than HARD,
#: highest speed [m/s], strongest acceleration and braking [m/s^2].
STEPS, HARSH, SPEED, ACCELERATION, BRAKING = range(5)


@njit
def meet(users, i, reach):
    """Another road user (row) that ``users[i]`` overlaps, neither of them the ego; or 0."""
    a = users[i]
    for j in range(i + 1, len(users)):
        b = users[j]
        dx, dy = a["x"] - b["x"], a["y"] - b["y"]
        if b["kind"] != NOBODY and dx * dx + dy * dy < reach * reach and overlap(a, b):
            return j
    return 0


@njit
def play(worlds, users, road, casts, params, action, terms, hits, found):
    """Drive every world to its end by one meta-action, one physics step at a time.

    Fills hits (W, 3), where and when two first overlap: both rows and the physics step; and found (KINDS, 5).
    """
    for w in range(len(worlds)):
        rules = params[worlds[w]["cast"]]
        while worlds[w]["end"] == RUNNING:
            step_world(worlds[w], users[w], road, casts, rules, (float(action), 0.0), terms)
            for i in range(1, len(users[w])):
                user = users[w, i]
                if user["kind"] == NOBODY:
                    continue
                j = meet(users[w], i, 10.0)
                if j > 0 and hits[w, 0] == 0:
                    hits[w, 0], hits[w, 1], hits[w, 2] = i, j, worlds[w]["tick"]
                row = found[user["kind"]]
                row[0] += 1.0
                row[1] += user["acceleration"] < -HARD
                row[2] = max(row[2], user["speed"])
                row[3] = max(row[3], user["acceleration"])
                row[4] = max(row[4], -user["acceleration"])


@lru_cache
def played(name: str, action: Action, delay: tuple[float, float], count: int) -> tuple[np.ndarray, np.ndarray]:
    """Hits and findings of ``count`` worlds."""
    simulator = batch(SCENARIOS[name], np.arange(count), Config(delay_s=delay, substeps=1))
    hits, found = np.zeros((count, 3), np.int64), np.zeros((KINDS, 5))
    arrays = (simulator.worlds, simulator.users, simulator.road, simulator.casts, simulator.params)
    play(*arrays, int(action), simulator.terms[0], hits, found)
    return hits, found


# ---- nobody drives through anybody


@pytest.mark.drawn
@pytest.mark.parametrize(
    ("action", "delay", "count"),
    [
        (Action.IDLE, (1.0, 4.0), 5000),
        (Action.SLOWER, (1.0, 4.0), 1000),  # whoever stands has others come together around it
        (Action.FASTER, (1.0, 4.0), 1000),
        (Action.IDLE, (0.0, 0.0), 500),
        (Action.IDLE, (32.0, 32.0), 300),
    ],
    ids=["idle", "slower", "faster", "no delay", "long delay"],
)
@pytest.mark.jit
@names
def test_nobody_drives_through_anybody(name: str, action: Action, delay: tuple[float, float], count: int):
    """But for the ego, whose collisions end the scene. Looked at after every physics step."""
    hits, _ = played(name, action, delay, count)
    worlds = np.flatnonzero(hits[:, 0])
    assert not len(worlds), f"seed {worlds[0]}: rows {hits[worlds[0], :2]} overlap at physics step {hits[worlds[0], 2]}"


def test_bodies_that_overlap_are_found():
    simulator = batch(SCENARIOS["Crossing"], np.arange(1))
    users = simulator.users[0]
    assert meet(users, 2, 10.0) == 0
    for name in ("x", "y", "cos", "sin"):
        users[name][5] = users[name][2]
    assert meet(users, 2, 10.0) == 5


@pytest.mark.parametrize("change", [{}, dict(stops=True), dict(yields=False), dict(desired_speed_factor=1.5)], ids=str)
@pytest.mark.parametrize("kind", [dict(cyclist=1.0), dict(cyclist=0.0, truck=1.0), dict(cyclist=0.0)], ids=str)
def test_who_is_parked_stays_where_it_is(kind: dict, change: dict):
    """To the bit; whoever stops, and then wants to go on at no speed, as well."""
    crossing = SCENARIOS["Crossing"]
    parked = Member("west", ((Intent.STRAIGHT, 1.0),), (0.0, 0.0), arrival_position=-30.0, **kind, **change)
    its = replace(crossing, casts=((*crossing.casts[0], parked),))
    simulator = batch(its, np.arange(sample(20, 2)), Config(delay_s=(8.0, 8.0)))
    before = simulator.users[:, -1].copy()
    for _ in drive(simulator, steadily(Action.SLOWER)):
        now = simulator.users[:, -1]
        for name in ("s", "x", "y", "speed", "acceleration"):
            assert (now[name] == before[name]).all(), name
    assert (simulator.worlds["tick"] > 100).any()


# ---- people drive as people do


@pytest.mark.drawn
@names
def test_people_speed_up_and_brake_as_people_do(name: str):
    _, found = played(name, Action.IDLE, (1.0, 4.0), sample(5000, 4))  # the same as above
    cars, riders = found[[Kind.CAR, Kind.TRUCK]], found[Kind.CYCLIST]
    # Parkin and Rotheram 2010: 22 km/h is the 85th percentile on the flat. So some are faster, but nobody races.
    assert riders[SPEED] <= 25 / 3.6
    assert riders[ACCELERATION] <= 1.2 + 1e-9  # their peak is 0.8 to 1.2 m/s^2
    assert cars[:, ACCELERATION].max() <= 1.5 + 1e-9  # IDM in town
    # On a dry road 6 m/s^2 are hard, and not yet locked wheels; the last step to a stop at a line takes a little more.
    assert found[:, BRAKING].max() <= 7.5
    assert found[:, HARSH].sum() <= 0.01 * found[:, STEPS].sum()


@names
def test_indicators_flash_at_the_rate_of_the_law(name: str):
    """UN R48: 90 +- 30 a minute. Measured on recorded episodes, as anybody who has one could."""
    seconds, changes, lit, frames = 0.0, 0, 0, 0
    for episode in recorded(name):
        times = episode.worlds["tick"] * 0.1
        for user in episode.users.T[1:]:
            cue = (user["phase"] == Phase.CUE) & (user["kind"] != Kind.NOBODY)
            on = user["signal"][cue] != Signal.NONE
            if not user["cue_signal"][0] or cue.sum() < 2:
                continue
            if user["kind"][cue][0] == Kind.CYCLIST:
                assert on.all(), "an arm does not flash"
                continue
            changes += int(np.count_nonzero(np.diff(on)))  # frames are nearer to each other than half a flash
            seconds += times[cue][-1] - times[cue][0]
            lit, frames = lit + int(on.sum()), frames + len(on)
    assert frames > 300 or name in NO_LAMPS or not JIT
    if frames > 300:
        assert changes / 2 / seconds == pytest.approx(1.4, abs=0.15)
        assert lit / frames == pytest.approx(0.5, abs=0.05)


@names
def test_nobody_jumps_or_drifts(name: str):
    """Whoever is there moves as fast as it drives, to where its nose points."""
    for episode in recorded(name):
        for user in episode.users.T[1:]:
            there = (user["kind"] != Kind.NOBODY)[:-1] & (user["kind"] != Kind.NOBODY)[1:]
            at, heading = user["x"] + 1j * user["y"], user["cos"] + 1j * user["sin"]
            moved = np.diff(at)[there]
            way = np.diff(episode.worlds["tick"])[there] * 0.1 * (user["speed"][1:] + user["speed"][:-1])[there] / 2
            spare = 0.15 if user["go"][0] else 0.05  # where it brakes in between, it is a little off
            assert abs(abs(moved) - way).max(initial=0.0) < spare
            turned = np.angle(moved * (heading[:-1] + heading[1:]).conjugate()[there])[abs(moved) > 0.1]
            assert abs(turned).max(initial=0.0) < math.radians(5.0)


@lru_cache
def recorded(name: str) -> list[Episode]:
    """Episodes in which the ego does nothing."""
    simulator = batch(SCENARIOS[name], np.arange(sample(100, 2)))
    recorders = [Recorder(simulator, w) for w in range(simulator.num_worlds)]
    for _ in drive(simulator, steadily(Action.IDLE)):
        for recorder in recorders:
            recorder.record(Action.IDLE)
    return [recorder.episode() for recorder in recorders]
