"""Twins: one seed, another intent. Between t2 and t3 nothing tells them apart, not by a single bit."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest

from kindergarten.scenarios import SCENARIOS
from kindergarten.scoring.planner import twins
from kindergarten.world.codes import Control, End, Phase, SignalReliability
from kindergarten.world.config import Config, Scenario
from kindergarten.world.simulator import Simulator
from kindergarten.world.users import ROAD_USER
from tests.driving import EXAMPLES, at_random, drive, sample
from tests.worlds import BUSY, CIRCLE, LANES, LEGS

pytestmark = pytest.mark.kernels

DISCRETE, CONTINUOUS = Control.DISCRETE, Control.CONTINUOUS
RANDOM_SEEDS = np.random.default_rng(1)  # of twins: nothing special about any of them
#: What the signaller keeps to itself until its t3: its way, what it shows and for how long it is to wait.
MADE_OF_THE_INTENT = [
    (ROAD_USER.names or ()).index(name)
    for name in ("intent", "route", "cue_signal", "truthful", "go", "last_speed_factor")
]
scenarios = pytest.mark.parametrize("scenario", SCENARIOS.values(), ids=SCENARIOS.keys())
CASES = [
    ("as registered", Config(), sample(300, 3)),
    ("continuous", Config(control=CONTINUOUS), sample(100, 1)),
    ("half a second", Config(delay_s=(0.5, 0.5)), sample(50, 2)),
    ("half a minute", Config(delay_s=(32.0, 32.0)), sample(20, 1)),
    ("shown until t3", Config(delay_s=(0.0, 0.0)), sample(50, 1)),
    ("hands on", Config(hands_on=True), sample(50, 1)),
    ("hands on, continuous", Config(control=CONTINUOUS, hands_on=True), sample(50, 1)),
    ("half of them signal", Config(signal_rate=0.5), sample(50, 2)),
    ("nobody signals", Config(signal_rate=0.0), sample(50, 1)),
    ("all take back what they showed first", Config(rewritten=1.0), sample(50, 1)),
    ("as on real roads", Config(signals=SignalReliability.REAL), sample(50, 1)),
]


def rows(array: np.ndarray, families: int) -> np.ndarray:
    """An array over worlds as whole numbers (intents, families, ...): what is equal is the same bit for bit."""
    return np.ascontiguousarray(array).view(f"u{array.itemsize}").reshape(-1, families, array[0].size)


def rows_of_signallers(simulator: Simulator, leg: int = 0) -> np.ndarray:
    """In which row (W,) of its world whoever stands whose intent has to be remembered on ``leg``."""
    return (simulator.users["member"] == simulator.scenario.signallers[leg]).argmax(axis=1)


def signallers(simulator: Simulator, name: str, leg: int = 0) -> np.ndarray:
    """A field (W,) of whose intent has to be remembered on ``leg``."""
    return simulator.users[name][np.arange(simulator.num_worlds), rows_of_signallers(simulator, leg)]


def state(simulator: Simulator, leg: int = 0) -> np.ndarray:
    """Everything that changes, but for the signaller's intent and what it has made of it: (W, ...) words of 64 bits."""
    users = simulator.users.view(np.uint64).reshape(*simulator.users.shape, -1).copy()
    users[np.arange(len(users))[:, None], rows_of_signallers(simulator, leg)[:, None], MADE_OF_THE_INTENT] = 0
    return np.concatenate([simulator.worlds[:, None].view(np.uint64), users.reshape(len(users), -1)], axis=1)


class Family:
    """Twins on the same journey: what differs, by phase, between each pair of them, as long as both are under way.

    On a road of several legs they are twins of one of them, up to its end.

    frames, seen, hidden: (phases, pairs, families) number of frames; of those that look different; of those that
    are different in anything but the intent itself.
    near: of those in which the signallers are in sight.
    differs: (pairs, families) whether they have anything to show that differs.
    """

    def __init__(self, scenario: Scenario, config: Config, seeds: np.ndarray, leg: int = 0) -> None:
        self.simulator, self.num, self.leg = twins(scenario, config, seeds, leg), len(seeds), leg
        self.pairs = list(combinations(range(len(scenario.intents)), 2))
        self.frames, self.seen, self.hidden, self.near = np.zeros((4, len(Phase), len(self.pairs), self.num), int)
        self.under_way = np.ones((len(scenario.intents), self.num), bool)
        self.differs = self.differ("cue_signal") | self.differ("last_speed_factor")
        siblings = Simulator(scenario, self.num, config)  # for the form of an action alone
        chance = at_random(7)
        self.watch(self.simulator.observe())
        for step in drive(self.simulator, lambda _: np.concatenate([chance(siblings)] * len(scenario.intents))):
            self.watch(step.observations)
            if not self.under_way.any():  # whatever comes now is counted nowhere
                break

    def differ(self, name: str) -> np.ndarray:
        """Between which pairs of twins (pairs, families) a field of the signaller differs."""
        values = signallers(self.simulator, name, self.leg).reshape(-1, self.num)
        return np.array([values[a] != values[b] for a, b in self.pairs])

    def watch(self, observations: np.ndarray) -> None:
        views, states = rows(observations, self.num), rows(state(self.simulator, self.leg), self.num)
        phases = signallers(self.simulator, "phase", self.leg)[: self.num]
        worlds, looks = self.simulator.worlds, signallers(self.simulator, "seen", self.leg).reshape(-1, self.num)
        runs = ((worlds["end"] == End.RUNNING) & (worlds["leg"] <= self.leg)).reshape(self.under_way.shape)
        for k, (a, b) in enumerate(self.pairs):
            # After t3 their journeys may end differently, and with them the frames in which they end.
            together = np.where(phases == Phase.AFTER, runs[a] & runs[b], self.under_way[a] & self.under_way[b])
            both = np.flatnonzero(together)
            at = phases[both], k, both
            self.frames[at] += 1
            self.seen[at] += (views[a] != views[b])[both].any(1)
            self.near[at] += (looks[a] & looks[b])[both]
            self.hidden[at] += (states[a] != states[b])[both].any(1)
        self.under_way = runs

    def check(self) -> None:
        """Between t2 and t3, and before t1, all is the same."""
        for phase in (Phase.BEFORE, Phase.DELAY):
            assert not self.seen[phase].any(), f"a frame of phase {phase.name} gives the intent away"
            assert not self.hidden[phase].any(), f"in phase {phase.name} something differs that is not seen yet"
        assert not self.seen[Phase.CUE][~self.differs].any()


@pytest.mark.drawn
@pytest.mark.jit
@scenarios
@pytest.mark.parametrize(("config", "count"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_twins_differ_in_the_cue_and_after_t3_and_never_in_between(scenario: Scenario, config: Config, count: int):
    for leg in range(scenario.road.legs if config == Config() or EXAMPLES > 1 else 1):
        family = Family(scenario, config, RANDOM_SEEDS.integers(1 << 62, size=count), leg)
        family.check()
        frames, seen = family.frames, family.seen
        if not config.hands_on and leg == 0:  # nobody ends a scene before the agent drives
            assert frames[Phase.CUE].all() and (frames[Phase.AFTER] > 0).mean() > 0.9  # some are wrecked before t3
            assert frames[Phase.DELAY].all() or config.delay_s[0] == 0.0
        if config == Config():  # of so many some get as far as the last leg by chance
            assert frames[Phase.DELAY].any()
        if not (config.hands_on and scenario.buildings):  # a driver may have stayed where houses hide it all
            assert seen[Phase.CUE][family.differs & (frames[Phase.CUE] > 5)].all()
        if scenario.revealed:
            assert seen[Phase.AFTER][family.near[Phase.AFTER] > 5].all()
        else:
            assert not seen[Phase.AFTER].any()


@pytest.mark.jit
def test_twins_of_later_junctions_are_the_same_though_they_signal_before_the_first():
    for leg in range(3):
        family = Family(SCENARIOS["Town"], Config(held=3), RANDOM_SEEDS.integers(1 << 62, size=20), leg)
        family.check()
        assert family.frames[Phase.CUE].all() and family.seen[Phase.CUE][family.differs].all()


@pytest.mark.parametrize("control", Control, ids=lambda control: control.name.lower())
@pytest.mark.parametrize("scenario", [BUSY, CIRCLE, LANES, LEGS], ids=lambda scenario: scenario.name)
def test_no_driver_gives_away_what_another_is_about_to_do(scenario: Scenario, control: Control):
    """Whatever happens: who follows, yields or stops beside the signaller does not know more than it shows."""
    for leg in range(scenario.road.legs):
        Family(scenario, Config(control=control), RANDOM_SEEDS.integers(1 << 62, size=sample(200, 2)), leg).check()


@scenarios
@pytest.mark.parametrize("delay", [0.5, 2.0, 32.0])
def test_the_agent_drives_only_when_the_signal_is_off(scenario: Scenario, delay: float):
    family = twins(scenario, Config(delay_s=(delay, delay)), np.arange(sample(1000, 20)))
    assert (family.worlds["hands_on"] >= signallers(family, "t2")).all()
    assert (family.worlds["hands_on"] <= signallers(family, "t3")).all()


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
    intents = signallers(family, "intent").reshape(-1, count)
    assert {tuple(each) for each in intents.T.tolist()} == {scenario.intents}
