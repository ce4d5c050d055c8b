"""When and how road users signal, in worlds as they are sampled."""

from __future__ import annotations

import numpy as np
import pytest

from kindergarten.world.codes import Kind, Signal
from kindergarten.world.config import Config, Scenario
from kindergarten.world.signals import shown
from kindergarten.world.simulator import Simulator
from tests.driving import batch, sample
from tests.worlds import scenarios, worlds

pytestmark = pytest.mark.kernels


@worlds
def test_times_are_drawn_from_the_scenario(scenario: Scenario):
    config = Config(delay_s=(2.0, 3.0))
    simulator = batch(scenario, np.arange(sample(1000, 50) * len(scenario.casts)), config)
    user, dt = signallers(simulator), config.physics_step
    for cast in range(len(scenario.casts)):
        member, plays = scenario.casts[cast][1], simulator.worlds["cast"] == cast
        for length, (low, high) in (
            (user["t1"], scenario.first),
            (user["t2"] - user["t1"], member.cue),
            (user["t3"] - user["t2"], config.delay_s),
        ):
            length = length[plays]
            assert (length * dt >= low - dt / 2 - 1e-9).all() and (length * dt <= high + dt / 2 + 1e-9).all()
            assert (length.max() - length.min()) * dt > 0.8 * (high - low) - dt


@scenarios
def test_a_cue_is_as_long_as_people_signal(scenario: Scenario):
    """1 to 4 seconds, so that whoever looks cannot miss it."""
    for cast in scenario.casts:
        for k in scenario.signallers:
            if not cast[k].signals:
                continue  # then something else is the cue
            assert cast[k].cue[0] >= 1.0 and cast[k].cue[1] <= 4.0


@scenarios
def test_whoever_has_a_choice_shows_it_while_the_ego_looks(scenario: Scenario):
    """Those who do not matter too: a distractor that never signals distracts nobody."""
    users = batch(scenario, np.arange(sample(1000, 50))).users[:, 1:]
    times = [users[name][users["choices"] > 1] for name in ("t1", "t2", "t3")]
    assert (np.diff(times, axis=0) * Config().physics_step >= 1.0 - 1e-9).all()


def signallers(simulator: Simulator) -> np.ndarray:
    """Whose intent has to be remembered: ROAD_USER (W,)."""
    return simulator.users[np.arange(simulator.num_worlds), simulator.worlds["signaller"]]


@scenarios
def test_indicators_flash_and_arms_do_not(scenario: Scenario):
    simulator = batch(scenario, np.arange(5))
    seconds, dt = 40, 0.02
    for user in simulator.users.ravel():
        user["t1"], user["t2"], user["cue_signal"] = 0, seconds / dt, Signal.RIGHT
        frames = np.array([shown(user, tick, dt, 0.0) for tick in range(-10, round(seconds / dt) + 10)])
        assert not frames[:10].any() and not frames[-10:].any()
        lit = frames[10:-10] == Signal.RIGHT
        if user["kind"] == Kind.CYCLIST:
            assert lit.all()
        else:
            assert 1.0 - 1.0 / seconds <= (np.diff(lit.astype(int)) == 1).sum() / seconds <= 2.0 + 1.0 / seconds
            assert lit.mean() == pytest.approx(0.5, abs=0.03)


@pytest.mark.jit
@pytest.mark.parametrize("rate", [0.0, 0.3, 1.0])
@scenarios
def test_the_signal_rate_is_the_share_that_signals(scenario: Scenario, rate: float):
    simulator = batch(scenario, np.arange(sample(2000, 300)), Config(signal_rate=rate))
    might = np.array([[member.signals for member in cast] for cast in scenario.casts])
    user = signallers(simulator)
    signals = user["truthful"][might[simulator.worlds["cast"], user["member"]]]
    if len(signals):
        assert signals.mean() == pytest.approx(rate, abs=sample(50, 100) / 1000)
