"""What cannot be asked of a shell is refused in one clear line, and changes nothing."""

from __future__ import annotations

import dataclasses
import inspect
import warnings
from collections.abc import Callable
from typing import Any, cast

import numpy as np
import pytest
from gymnasium.error import ResetNeeded
from hypothesis import given, settings
from hypothesis import strategies as st

import kindergarten
from kindergarten.envs import KindergartenEnv
from kindergarten.envs.mixed import make_mixed
from kindergarten.scenarios import SCENARIOS
from kindergarten.world.codes import Action, Control, Observation, SignalReliability, names
from kindergarten.world.config import Scenario
from tests.driving import same, sample
from tests.shells import FOLLOW, QUICK, actions_for, ids, make, make_sb3, make_vec


@pytest.mark.parametrize("make_it", [make, make_vec])
@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        (dict(scenario="Corssing"), "scenario 'Corssing'.*Follow, Crossing"),
        (dict(control="joystick"), "control 'joystick'.*discrete, continuous"),
        (dict(observation="lidar"), "observation 'lidar'.*features"),
        (dict(render_mode="ascii"), "render_mode 'ascii'.*rgb_array"),
        (dict(delay_s=-1.0), r"delay_s is \(-1.0, -1.0\)"),
        (dict(delay_s=(3.0, 1.0)), r"delay_s is \(3.0, 1.0\).*low <= high"),
        (dict(delay_s=float("nan")), "delay_s.*nan"),
        (dict(delay_s=float("inf")), "delay_s.*inf"),
        (dict(delay_s="long"), "delay_s is 'long'.*pair"),
        (dict(delay_s="12"), "delay_s is '12'.*pair"),
        (dict(delay_s=(1.0, 2.0, 3.0)), "delay_s is .*pair"),
        (dict(delay_s=None), "delay_s is None.*pair"),
        (dict(signal_rate=1.5), "signal_rate is 1.5.*between 0 and 1"),
        (dict(signal_rate="often"), "signal_rate is 'often'.*between 0 and 1"),
        (dict(signal_rate=float("nan")), "signal_rate is nan"),
    ],
)
def test_what_cannot_be_made_is_named(make_it, wrong: dict, words: str):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Gymnasium has its own thoughts on render modes
        with pytest.raises(ValueError, match=words):
            make_it(**wrong)


WILD = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-3, 3),
    st.floats(),
    st.text(max_size=8),
    st.binary(max_size=4),
    st.lists(st.floats(-1.0, 5.0) | st.text(max_size=3), max_size=3),
    st.tuples(st.floats(), st.floats()),
    st.sampled_from([10**400, -0.0, 1e308, 1j, np.float32(0.5), np.array(1.0), np.array([1.0, 2.0]), object(), {}, ()]),
)
PIXELS = st.integers(4, 32).map(lambda eights: 8 * eights)
SENSE: dict[str, st.SearchStrategy[Any]] = {
    "scenario": st.sampled_from(list(SCENARIOS)),
    "render_mode": st.sampled_from([None, "rgb_array"]),
    "observation": st.sampled_from(names(Observation)),
    "control": st.sampled_from(names(Control)),
    "delay_s": st.floats(0.0, 8.0) | st.tuples(st.floats(0.0, 2.0), st.floats(2.0, 4.0)),
    "signal_rate": st.floats(0.0, 1.0),
    "signals": st.sampled_from(names(SignalReliability)),
    "rewritten": st.floats(0.0, 1.0),
    "held": st.integers(1, 3),
    "hands_on": st.booleans(),
    "spurious": st.floats(-1.0, 1.0),
    "shuffled": st.booleans(),
    "image_size": PIXELS | st.tuples(PIXELS, PIXELS),
    "grayscale": st.booleans(),
    "max_episode_steps": st.none() | st.integers(1, 1000),
}


def test_every_argument_is_fuzzed():
    assert list(inspect.signature(KindergartenEnv).parameters) == list(SENSE)


@pytest.mark.drawn
@settings(max_examples=sample(80, 60))
@given(st.fixed_dictionaries({}, optional=SENSE), st.dictionaries(st.sampled_from(list(SENSE)), WILD, max_size=2))
def test_whatever_is_asked_for_is_made_or_refused_in_one_line(sense: dict, wild: dict):
    """A clear word about one of the arguments, or an environment that works."""
    try:
        env = KindergartenEnv(**{**sense, **wild})
    except ValueError as error:
        assert wild, "what makes sense is not refused"
        assert any(name in str(error) for name in (*wild, *(f"unknown {name}" for name in wild)))
        assert "\n" not in str(error)
        return
    observation, _ = env.reset(seed=1)
    rng = np.random.default_rng(0)
    for _ in range(4):
        assert env.observation_space.contains(observation)
        observation, reward, terminated, truncated, _ = env.step(actions_for(env.simulator, rng)[0])
        assert np.isfinite(reward)
        if terminated or truncated:
            break


@pytest.mark.parametrize("env", [make(), make_vec()])
@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        (dict(intent=["left"]), "option 'intent'.*intents"),
        (dict(intents=["up"]), "road user 1 has no intent 'up'.*left, straight, right"),
        (dict(intents=[None, "left"]), "road user 2 has no intent 'left'.*straight"),
        (dict(intents=["left"] * 99), "at most"),
        (dict(intents="left"), "'left'.*list"),
        (3, "options is 3: it must be a dict or None"),
        ([], "options is \\[\\]"),
        (dict(intents=["x" * 10_000]), "no intent 'xxx"),
        (dict(intents="x" * 10_000), "intents is 'xxx"),
        ({"x" * 10_000: 1}, "unknown option 'xxx"),
    ],
)
def test_what_cannot_be_reset_to_is_named(env: Any, wrong: Any, words: str):
    env.reset(seed=4)
    before = env.simulator.snapshot()
    with pytest.raises(ValueError, match=words) as refused:
        env.reset(seed=1, options=wrong)
    assert len(str(refused.value)) < 250
    assert all(same(a, b) for a, b in zip(before, env.simulator.snapshot(), strict=True))


@pytest.mark.parametrize("env", [make(), make_vec()])
@pytest.mark.parametrize("seed", [-1, -(10**400), 1.5, "1", float("nan"), object(), {}, np.float64(2.0)])
def test_a_seed_that_is_none_is_refused_and_changes_nothing(env: Any, seed: Any):
    env.reset(seed=4)
    before = env.simulator.snapshot()
    with pytest.raises(ValueError, match="^seed is .*: it must be a whole number, at least 0$") as refused:
        env.reset(seed=seed)
    assert len(str(refused.value)) < 250
    assert all(same(a, b) for a, b in zip(before, env.simulator.snapshot(), strict=True))
    assert same(env.reset(seed=np.int64(7))[0], env.reset(seed=7)[0])


@pytest.mark.parametrize("make_it", [make, make_vec])
@pytest.mark.parametrize("mode", [3, ["human"], b"human", object()])
def test_a_render_mode_that_is_no_text_is_named(make_it: Any, mode: Any):
    with pytest.raises(ValueError, match="unknown render_mode .*: choose from None, rgb_array"):
        make_it(render_mode=mode)


WRONG_ACTIONS = [
    ("discrete", 5, "5"),
    ("discrete", -1, "-1"),
    ("discrete", 1.0, "float64"),
    ("discrete", float("nan"), "float64"),
    ("discrete", True, "bool"),
    ("discrete", [1], "shape"),
    ("discrete", "left", "whole numbers"),
    ("discrete", None, "object"),
    ("continuous", [0.0, 1.1], "1.1"),
    ("continuous", [float("nan"), 0.0], "nan"),
    ("continuous", [0.0, float("-inf")], "inf"),
    ("continuous", 0.5, "shape"),
    ("continuous", [0.0], "shape"),
    ("continuous", [[0.0, 0.0]], "shape"),
    ("continuous", ["a", "b"], "floats"),
    ("continuous", [True, False], "bool"),
]


@pytest.mark.parametrize(("control", "action", "words"), WRONG_ACTIONS)
def test_an_action_that_is_none_is_refused_and_changes_nothing(control: str, action: Any, words: str):
    env, envs = make(control=control), make_vec(control=control)
    shells: list[tuple[Any, Any]] = [(env, action), (envs, [action] * 3)]
    for shell, wrong in shells:
        shell.reset(seed=1)
        before = shell.simulator.snapshot()
        with pytest.raises(ValueError, match=words):
            shell.step(wrong)
        assert all(same(a, b) for a, b in zip(before, shell.simulator.snapshot(), strict=True))


@ids
def test_only_a_running_episode_can_be_stepped(id: str):
    env = make(id, **QUICK)
    with pytest.raises(ResetNeeded):
        env.step(Action.IDLE)
    env.reset(seed=1)
    done = False
    while not done:
        _, _, terminated, truncated, _ = env.step(Action.IDLE)
        done = terminated or truncated
    with pytest.raises(ResetNeeded):
        env.step(Action.IDLE)
    env.reset()
    env.step(Action.IDLE)


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        (lambda: make_sb3(FOLLOW, 2, seed=-1), "seed is -1: it must be a whole number, at least 0"),
        (lambda: make_sb3(FOLLOW, 2, seed=1.5), "seed is 1.5"),
        (lambda: make_sb3(FOLLOW, 2, seed="a"), "seed is 'a'"),
        (lambda: make_sb3(FOLLOW, 2, reward_scale=float("nan")), "reward_scale is nan: it must be a number"),
        (lambda: make_sb3(FOLLOW, 2, reward_scale="x"), "reward_scale is 'x'"),
        (lambda: make_sb3("CartPole-v1", 2), "id 'CartPole-v1' is none of ours: choose from Kindergarten/Follow-v0"),
        (lambda: make_mixed([], 2), r"scenarios is \[\]: give a list"),
        (lambda: make_mixed("Follow", 2), "scenarios is 'Follow': give a list"),
        (lambda: make_mixed(["Follow", "Corssing"], 2), "scenario 'Corssing'.*Follow, Crossing"),
        (lambda: make_mixed(["Follow"], 0), "num_envs is 0: it must be a whole number, at least 1"),
        (lambda: make_mixed(["Follow"], -1), "num_envs is -1"),
        (lambda: make_mixed(["Follow"], 2, seed=-1), "seed is -1"),
        (lambda: make_mixed(["Follow"], 2, observation="users"), "observation is 'users': .* features or pixels"),
        (lambda: kindergarten.register(cast(Any, "Crossing")), "scenario is 'Crossing': a kindergarten.Scenario"),
        (lambda: kindergarten.register(named("my scene")), "name is 'my scene': .* letters, digits and underscores"),
        (lambda: kindergarten.register(named("Crossing-users")), "name is 'Crossing-users'"),
    ],
)
def test_what_libraries_cannot_be_given_is_named(wrong: Callable[[], Any], words: str):
    before = dict(SCENARIOS)
    with pytest.raises(ValueError, match=words):
        wrong()
    assert before == SCENARIOS


def named(name: str) -> Scenario:
    return dataclasses.replace(SCENARIOS["Crossing"], name=name)
