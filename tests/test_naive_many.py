"""The kernels of several agents against a naive world: objects, plain Python, and one agent after the other."""

from __future__ import annotations

import numpy as np
import pytest

from kindergarten.playground import PLAYGROUNDS
from kindergarten.playground.drivers import Deed
from kindergarten.playground.meeting import SCENARIO as MEETING
from kindergarten.playground.rules import make_rules
from kindergarten.playground.sight import columns_of_seat
from kindergarten.playground.world import CONFIG, Playground
from kindergarten.world.codes import End
from kindergarten.world.config import Scenario
from tests.naive_many import NaiveMany
from tests.worlds import THREE, everybody_a_cyclist

pytestmark = pytest.mark.jit

STEPS = 90
SQUARE = PLAYGROUNDS["Square"]
RULED: dict[str, tuple[Scenario, dict]] = {
    "free": (THREE, {"honest": 0.3}),
    "humans, without end": (SQUARE, {"humans": 0.25, "endless": True}),
    "early, social": (SQUARE, {"signals": "early", "social": 0.3, "signal_cost": 0.2, "endless": True}),
    "honest, broken": (THREE, {"signals": "honest", "defects": 0.5, "humans": 0.5}),
    "told": (SQUARE, {"signals": "told", "endless": True}),
    "off": (PLAYGROUNDS["Junction4"], {"signals": "off"}),
    "cyclists": (everybody_a_cyclist(MEETING), {"humans": 0.25}),
}


@pytest.mark.parametrize("name", ["free", "humans, without end"])
def test_a_naive_world_agrees(name: str):
    """Objects, and no kernels: the world of one ego, which becomes the world of each agent in turn."""
    agrees(*RULED[name], seeds=3 if name == "free" else 1)


@pytest.mark.slow
@pytest.mark.parametrize("name", RULED)
def test_and_so_it_does_on_many_seeds_under_every_rule(name: str):
    agrees(*RULED[name], seeds=20)


def agrees(scenario: Scenario, rules: dict, seeds: int) -> None:
    rng, ends = np.random.default_rng(0), set()
    for seed in range(seeds):
        playground = Playground(scenario, 1, make_rules(**rules))
        playground.seed(np.array([seed]))
        seen = playground.reset()[0]
        naive = NaiveMany(scenario, CONFIG, seed, playground.road, playground.rules)
        naive.begin()
        for _ in range(STEPS):
            looks_alike(naive, playground, seen)
            deeds = rng.integers(0, len(Deed), playground.agents)
            deeds[(deeds == Deed.SLOWER) & (rng.random(playground.agents) < 0.95)] = Deed.FASTER
            ends |= {driver.end for driver in naive.drivers}
            if not playground.acting().any():
                break
            found = playground.step(deeds[None])
            np.testing.assert_allclose(naive.act(list(deeds)), found.rewards[0], atol=1e-7)
            seen = found.observations[0]
    assert {End.GOAL, End.COLLISION} <= ends


def looks_alike(naive: NaiveMany, playground: Playground, seen: np.ndarray) -> None:
    """Where everybody is, what shows, and what each agent that drives on sees (A, D)."""
    for row, user in zip(playground.users[0], naive.everybody, strict=True):
        assert row["kind"] == user.kind and (row["signal"] == user.signal or not user.present)
        numbers = (user.s, user.at.real, user.at.imag, user.speed) if user.present else ()
        np.testing.assert_allclose([row[n] for n in ("s", "x", "y", "speed")][: len(numbers)], numbers, atol=1e-6)
    columns = [column.name for column in columns_of_seat(playground.num_users)]
    for row, driver, frame in zip(playground.drivers[0], naive.drivers, seen, strict=True):
        assert row["end"] == driver.end
        if driver.drives:
            sight = naive.seen_by(driver)
            np.testing.assert_allclose(frame, [sight[name] for name in columns], atol=1e-5)
