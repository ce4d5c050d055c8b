"""How far signals and colours are to be trusted: as far as it was asked for, and in twins alike."""

from __future__ import annotations

import math

import numpy as np
import pytest

from kindergarten.scenarios import SCENARIOS
from kindergarten.scenarios.town import town
from kindergarten.scoring.planner import twins
from kindergarten.world.codes import Action, Colour, End, Intent, Kind, Phase, Signal, SignalReliability
from kindergarten.world.config import Config, Scenario
from kindergarten.world.signals import first_signal
from kindergarten.world.simulator import Simulator
from tests.driving import batch, sample
from tests.worlds import ALL, BUSY

pytestmark = pytest.mark.kernels

scenarios = pytest.mark.parametrize("scenario", SCENARIOS.values(), ids=SCENARIOS.keys())
worlds = pytest.mark.parametrize("scenario", ALL.values(), ids=ALL.keys())
TRUTH = {Intent.LEFT: Signal.LEFT, Intent.RIGHT: Signal.RIGHT}


def likely(count: int, tries: int, chance: float) -> bool:
    """Whether ``count`` of ``tries`` is within four standard deviations of ``chance``: all but 1 in 16,000 are."""
    return abs(count - tries * chance) <= 4.0 * math.sqrt(tries * chance * (1.0 - chance)) + 1e-9


def willing(simulator: Simulator) -> np.ndarray:
    """All road users (K,) whom nothing but their own choice keeps from signalling."""
    members = np.array([[member.signals for member in cast] for cast in simulator.scenario.casts])
    users = simulator.users
    return users[members[simulator.worlds["cast"][:, None], users["member"]] & (users["member"] > 0)]


@pytest.mark.jit
@pytest.mark.parametrize("rate", [1.0, 0.4])
@worlds
def test_real_signals_are_missing_wrong_or_left_on_as_often_as_on_real_roads(scenario: Scenario, rate: float):
    simulator = batch(
        scenario, np.arange(sample(10_000, 300)), Config(signal_rate=rate, signals=SignalReliability.REAL)
    )
    users = willing(simulator)
    turns = np.isin(users["intent"], list(TRUTH))
    true = np.where(users["intent"] == Intent.LEFT, Signal.LEFT, np.where(turns, Signal.RIGHT, Signal.NONE))
    shows, count = users["cue_signal"], int(turns.sum())
    assert likely(int((turns & (shows == Signal.NONE)).sum()), count, 1.0 - rate * 0.75)
    assert likely(int((turns & (shows != Signal.NONE) & (shows != true)).sum()), count, rate * 0.03)
    assert likely(int((turns & (shows == true)).sum()), count, rate * 0.72)
    for side in (Signal.LEFT, Signal.RIGHT):
        assert likely(int((~turns & (shows == side)).sum()), len(users) - count, rate * 0.025)
    truthful = (users["truthful"] == 1) & turns
    assert (shows[truthful] == true[truthful]).all() and (truthful == (turns & (shows == true))).all()


@worlds
def test_perfect_signals_are_the_truth(scenario: Scenario):
    users = willing(batch(scenario, np.arange(sample(2000, 100))))
    assert (users["truthful"] == 1).all()
    for intent, signal in TRUTH.items():
        assert (users["cue_signal"][users["intent"] == intent] == signal).all()
    assert not users["cue_signal"][~np.isin(users["intent"], list(TRUTH))].any()


@scenarios
def test_whoever_never_signals_never_does(scenario: Scenario):
    for signals in SignalReliability:
        simulator = batch(scenario, np.arange(sample(500, 50)), Config(signals=signals))
        assert (simulator.users["cue_signal"] > 0).sum() == (willing(simulator)["cue_signal"] > 0).sum()


@worlds
def test_signals_draw_the_same_numbers_whatever_their_reliability(scenario: Scenario):
    """Worlds of one seed differ in their signals alone."""
    count = sample(500, 30)
    plain, real = (batch(scenario, np.arange(count), Config(signals=signals)) for signals in SignalReliability)
    assert (plain.worlds == real.worlds).all()
    for name in set(plain.users.dtype.names or ()) - {"cue_signal", "truthful", "signal"}:
        assert (plain.users[name] == real.users[name]).all(), name


# ---- colours


def ranks(simulator: Simulator) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Of all who have a choice: which of their intents they have, of how many, and their colour; (K,) each."""
    users = simulator.users[simulator.users["choices"] > 1]
    casts = np.repeat(simulator.worlds["cast"], simulator.num_users).reshape(simulator.users.shape)
    chances = simulator.casts["chances"][casts[simulator.users["choices"] > 1], users["member"]] > 0.0
    below = np.arange(len(Intent)) < users["intent"][:, None]
    return (chances & below).sum(1), users["choices"], users["colour"]


def chi_square(a: np.ndarray, b: np.ndarray, sizes: tuple[int, int]) -> tuple[float, float]:
    """How far two columns of codes are from being independent, and what happens once in 10,000 if they are."""
    table = np.zeros(sizes)
    np.add.at(table, (a, b), 1)
    expected = table.sum(1, keepdims=True) * table.sum(0) / table.sum()
    there = expected > 0
    freedom = (np.count_nonzero(table.sum(1)) - 1) * (np.count_nonzero(table.sum(0)) - 1)
    bound = freedom * (1 - 2 / (9 * freedom) + 3.72 * math.sqrt(2 / (9 * freedom))) ** 3  # Wilson and Hilferty
    return float(((table - expected)[there] ** 2 / expected[there]).sum()), bound


@pytest.mark.jit
@worlds
def test_colours_tell_nothing_unless_asked_to(scenario: Scenario):
    rank, _, colour = ranks(batch(scenario, np.arange(sample(20_000, 300))))
    statistic, bound = chi_square(rank, colour, (len(Intent), len(Colour)))
    assert statistic < bound
    for each in Colour:
        assert likely(int((colour == each).sum()), len(colour), 1 / 3)


@pytest.mark.jit
@pytest.mark.parametrize("spurious", [0.9, 0.3, -0.9])
@worlds
def test_spurious_colours_go_with_the_intent_or_against_it(scenario: Scenario, spurious: float):
    config = Config(spurious=spurious)
    rank, choices, colour = ranks(batch(scenario, np.arange(sample(10_000, 300)), config))
    goes_with = rank if spurious > 0 else (rank + 1) % choices
    share = abs(spurious) + (1.0 - abs(spurious)) / len(Colour)
    assert likely(int((colour == goes_with).sum()), len(colour), share)
    if spurious < 0:
        assert likely(int((colour == rank).sum()), len(colour), (1.0 - abs(spurious)) / len(Colour))
    statistic, bound = chi_square(rank, colour, (len(Intent), len(Colour)))
    assert statistic > bound


@pytest.mark.jit
@scenarios
@pytest.mark.parametrize("spurious", [0.0, 1.0, -1.0])
def test_twins_wear_the_same_colour_unless_it_goes_with_the_intent(scenario: Scenario, spurious: float):
    count = sample(500, 20)
    family = twins(scenario, Config(spurious=spurious), np.arange(count))
    rows = np.arange(family.num_worlds), family.worlds["signaller"]
    colours = family.users["colour"][rows].reshape(-1, count)
    if spurious == 0.0:
        assert (colours == colours[0]).all()
    else:
        drawn = family.casts["chances"][family.worlds["cast"], 1][:, list(scenario.intents)] > 0.0
        drawn = drawn[:count].T  # a cast may lack some of the intents
        for own, have in zip(colours.T, drawn.T, strict=True):
            assert len(set(own[have].tolist())) == have.sum()


def test_whoever_has_no_choice_has_any_colour():
    simulator = batch(BUSY, np.arange(sample(3000, 200)), Config(spurious=1.0))
    without = simulator.users[(simulator.users["choices"] == 1) & (simulator.users["kind"] != Kind.NOBODY)]
    for each in Colour:
        assert likely(int((without["colour"] == each).sum()), len(without), 1 / 3)


@pytest.mark.parametrize("name", ["Crossing", "PullOut"])  # arms, and lamps
def test_who_takes_a_signal_back_shows_the_last_one_last_and_nothing_else_changes(name: str):
    """Half of them do: the same world bit for bit, but for what is shown, which differs at first and not at the end."""
    seeds, scenario = np.arange(sample(300, 20)), SCENARIOS[name]
    plain, other = (batch(scenario, seeds, Config(rewritten=share)) for share in (0.0, 0.5))
    shown: list[list[np.ndarray]] = [[], []]
    while (plain.worlds["tick"] < plain.signallers()["t3"]).any():
        for k, simulator in enumerate((plain, other)):
            shown[k].append(
                np.where(simulator.signallers()["phase"] == Phase.CUE, simulator.signallers()["signal"], -1)
            )
            simulator.step(np.full(len(seeds), Action.IDLE))
        for field in set(plain.users.dtype.names or ()) - {"signal"}:
            np.testing.assert_array_equal(plain.users[field], other.users[field])
    before, after = (np.array(rows).T for rows in shown)
    meant = plain.signallers()["cue_signal"]
    rewrites = np.array([first_signal(user, 0.5) for user in other.signallers()]) != meant
    assert likely(int(rewrites.sum()), len(seeds), 0.5)
    np.testing.assert_array_equal(before[~rewrites], after[~rewrites])
    for frames, truth in zip(after[rewrites], meant[rewrites], strict=True):
        lit = frames[frames >= 0]
        seen = lit[lit != Signal.NONE]
        assert seen[0] != truth and seen[-1] == truth if truth != Signal.NONE else lit[0] != truth == lit[-1]


@pytest.mark.parametrize(("legs", "held"), [(3, 3), (8, 8)])
def test_where_signals_have_to_be_held_at_once_they_are_shown_together(legs: int, held: int):
    """Those of all junctions, before the first: the same riders as ever, who are gone until their junction comes."""
    seeds, scenario = np.arange(sample(40, 6)), town(legs)
    plain, other = (batch(scenario, seeds, Config(held=many)) for many in (1, held))
    rows, idle = list(scenario.signallers), np.full(len(seeds), Action.IDLE)
    together = np.zeros(len(seeds), bool)
    np.testing.assert_array_equal(plain.users["intent"], other.users["intent"])
    while (other.worlds["end"] == End.RUNNING).any():
        waves, first = other.users["signal"][:, rows], other.worlds["leg"] == 0
        together |= (waves == other.users["cue_signal"][:, rows]).all(1) & (other.users["kind"][:, rows] > 0).all(1)
        gone = first & (other.worlds["tick"] > other.users["t2"][:, 1] + 1)
        assert (other.users["kind"][gone][:, rows[1:]] == Kind.NOBODY).all()
        assert not waves[~first].any()  # on the later legs nobody signals any more
        other.step(idle)
    assert together.all() and (other.worlds["leg"] > 0).any()
