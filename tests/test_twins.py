"""Twins: one seed, another intent. Between t2 and t3 nothing tells them apart, not by a single bit."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest

from kindergarten.codes import Control, End, Phase
from kindergarten.config import Config, Scenario
from kindergarten.reference import twins
from kindergarten.scenarios import SCENARIOS
from kindergarten.simulator import Simulator
from tests.driving import at_random, drive, sample

DISCRETE, CONTINUOUS = Control.DISCRETE, Control.CONTINUOUS
RANDOM_SEEDS = np.random.default_rng(1)  # of twins: nothing special about any of them
scenarios = pytest.mark.parametrize("scenario", SCENARIOS.values(), ids=SCENARIOS.keys())
CASES = [
    ("as registered", Config(), sample(1000, 3)),
    ("continuous", Config(CONTINUOUS), sample(1000, 1)),
    ("half a second", Config(delay=(0.5, 0.5)), sample(200, 2)),
    ("half a minute", Config(delay=(32.0, 32.0)), sample(50, 1)),
    ("shown until t3", Config(delay=(0.0, 0.0)), sample(200, 1)),
    ("hands on", Config(hands_on=True), sample(200, 1)),
    ("hands on, continuous", Config(CONTINUOUS, hands_on=True), sample(200, 1)),
    ("half of them signal", Config(signal_rate=0.5), sample(200, 2)),
    ("nobody signals", Config(signal_rate=0.0), sample(200, 1)),
]


def rows(array: np.ndarray, families: int) -> np.ndarray:
    """An array over worlds as bytes (intents, families, ...): what is the same here is the same bit for bit."""
    return np.ascontiguousarray(array).view(np.uint8).reshape(-1, families, array.nbytes // len(array))


def state(simulator: Simulator) -> np.ndarray:
    """Everything that changes, but for the intent itself and the way that follows from it; as bytes."""
    users = simulator.users.copy()
    for name in ("intent", "route"):
        users[name][:, 1] = 0
    return np.concatenate(
        [simulator.worlds[:, None].view(np.uint8), users.reshape(len(users), -1).view(np.uint8)], axis=1
    )


class Family:
    """Twins on the same journey: what differs, by phase, between each pair of them, as long as both are under way.

    frames, seen, hidden: (phases, pairs, families) number of frames; of those that look different; of those that
    are different in anything but the intent itself.
    """

    def __init__(self, scenario: Scenario, config: Config, seeds: np.ndarray) -> None:
        self.simulator, self.num = twins(scenario, config, seeds), len(seeds)
        self.pairs = list(combinations(range(len(scenario.intents)), 2))
        self.frames, self.seen, self.hidden = np.zeros((3, len(Phase), len(self.pairs), self.num), int)
        self.under_way = np.ones((len(scenario.intents), self.num), bool)
        siblings = Simulator(scenario, self.num, config)  # for the form of an action alone
        chance = at_random(7)
        self.watch(self.simulator.observe())
        for step in drive(self.simulator, lambda _: np.concatenate([chance(siblings)] * len(scenario.intents))):
            self.watch(step.observations)

    def watch(self, observations: np.ndarray) -> None:
        views, states = rows(observations, self.num), rows(state(self.simulator), self.num)
        phases = self.simulator.users["phase"][: self.num, 1]
        runs = (self.simulator.worlds["end"] == End.RUNNING).reshape(self.under_way.shape)
        for k, (a, b) in enumerate(self.pairs):
            # After t3 their journeys may end differently, and with them the frames in which they end.
            together = np.where(phases == Phase.AFTER, runs[a] & runs[b], self.under_way[a] & self.under_way[b])
            both = np.flatnonzero(together)
            at = phases[both], k, both
            self.frames[at] += 1
            self.seen[at] += (views[a] != views[b])[both].any(1)
            self.hidden[at] += (states[a] != states[b])[both].any(1)
        self.under_way = runs


@scenarios
@pytest.mark.parametrize(("config", "count"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_twins_differ_in_the_cue_and_after_t3_and_never_in_between(scenario: Scenario, config: Config, count: int):
    family = Family(scenario, config, RANDOM_SEEDS.integers(1 << 62, size=count))
    signals = family.simulator.users["signals"][:count, 1] == 1
    frames, seen, hidden = family.frames, family.seen, family.hidden
    if not config.hands_on:  # nobody ends a scene before the agent drives
        assert frames[Phase.CUE].all() and frames[Phase.AFTER].all()
        assert frames[Phase.DELAY].all() or config.delay[0] == 0.0
    assert not seen[Phase.BEFORE].any() and not hidden[Phase.BEFORE].any()
    assert seen[Phase.CUE][:, signals].all() and not seen[Phase.CUE][:, ~signals].any()
    assert not seen[Phase.DELAY].any(), "a frame between t2 and t3 gives the intent away"
    assert not hidden[Phase.DELAY].any(), "something that is not seen yet gives the intent away later"
    if scenario.revealed:
        assert seen[Phase.AFTER][frames[Phase.AFTER] > 5].all()
    else:
        assert not seen[Phase.AFTER].any()


@scenarios
@pytest.mark.parametrize("delay", [0.5, 2.0, 32.0])
def test_the_agent_drives_only_when_the_signal_is_off(scenario: Scenario, delay: float):
    family = twins(scenario, Config(delay=(delay, delay)), np.arange(sample(1000, 20)))
    assert (family.worlds["hands_on"] >= family.users["t2"][:, 1]).all()
    assert (family.worlds["hands_on"] <= family.users["t3"][:, 1]).all()


@scenarios
def test_hands_on_means_from_the_first_frame(scenario: Scenario):
    family = twins(scenario, Config(hands_on=True), np.arange(20))
    assert not family.worlds["hands_on"].any()
    assert (family.observe()[:, 0] == 1.0).all()


@scenarios
def test_twins_begin_as_one(scenario: Scenario):
    count = sample(1000, 20)
    family = twins(scenario, Config(), np.arange(count))
    assert (rows(state(family), count) == rows(state(family), count)[0]).all()
    intents = family.users["intent"].reshape(-1, count, family.num_users)
    assert {tuple(each) for each in intents[:, :, 1].T.tolist()} == {scenario.intents}
    assert (intents[:, :, 2:] == intents[0, :, 2:]).all()
