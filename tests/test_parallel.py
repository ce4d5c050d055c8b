"""PettingZoo's ParallelEnv."""

from __future__ import annotations

import sys
import warnings
from typing import Any

import gymnasium
import numpy as np
import pytest

from kindergarten import envs
from kindergarten.envs import parallel_env
from kindergarten.scenarios import SCENARIOS

pytest.importorskip("pettingzoo")

from pettingzoo.test import api_test, parallel_api_test, parallel_seed_test
from pettingzoo.utils.conversions import parallel_to_aec

pytestmark = pytest.mark.jit


def test_pettingzoos_own_tests_pass_without_a_warning():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        parallel_api_test(parallel_env("Meeting"), num_cycles=200)
        parallel_api_test(parallel_env("Square"), num_cycles=60)
        parallel_seed_test(lambda: parallel_env("Meeting", humans=0.25), num_cycles=100)
        api_test(parallel_to_aec(parallel_env("Meeting", signals="early")), num_cycles=200)


def test_who_has_ended_leaves_and_time_limits_truncate():
    env = parallel_env("Meeting")
    env.reset(seed=1)
    assert env.agents == env.possible_agents == ["seat_0", "seat_1"]
    env.step({"seat_0": 4, "seat_1": 1})
    for _ in range(200):
        driving = env.agents
        _, _, terminated, truncated, _ = env.step(
            dict(zip(driving, (4, 1) if len(driving) == 2 else (4,), strict=True))
        )
        assert set(terminated) == set(driving)
        assert set(env.agents) == {a for a in driving if not (terminated[a] or truncated[a])}
        if not env.agents:
            break
    assert truncated == {"seat_0": True}, "it stood until time was up"
    assert env.state().shape == env.state_space.shape
    with pytest.raises(gymnasium.error.ResetNeeded):
        env.step({})


def test_goals_can_be_given_and_change_nothing_else():
    env = parallel_env("Meeting")
    frames, infos = env.reset(seed=5, options={"goals": {"seat_0": "left"}})
    others, _ = env.reset(seed=5, options={"goals": {"seat_0": "straight"}})
    assert (frames["seat_1"] == others["seat_1"]).all() and (frames["seat_0"] != others["seat_0"]).any()
    assert infos == {"seat_0": {}, "seat_1": {}}


BAD = (
    ({"seat_0": 1, "seat_1": 1, "seat_7": 1}, "unknown seat 'seat_7': choose from seat_0, seat_1"),
    ({"seat_0": 1}, "the action of seat_1 is lacking"),
    ({"seat_0": 1, "seat_1": 8}, "action 8 of seat_1 is not within 0..7"),
    ({"seat_0": 1, "seat_1": None}, "action None of seat_1"),
    ([1, 1], r"actions are \[1, 1\]: give a dict from seats to actions"),
)


@pytest.mark.parametrize(("actions", "said"), BAD)
def test_wrong_actions_are_refused_and_nothing_changes(actions: Any, said: str):
    env = parallel_env("Meeting")
    env.reset(seed=0)
    before = [array.tobytes() for array in env.playground.snapshot()]
    with pytest.raises(ValueError, match=said):
        env.step(actions)
    assert [array.tobytes() for array in env.playground.snapshot()] == before


def test_there_is_nothing_of_an_unknown_seat():
    env = parallel_env("Meeting")
    for ask in (env.action_space, env.observation_space):
        with pytest.raises(ValueError, match="unknown seat 'seat_9': choose from seat_0, seat_1"):
            ask("seat_9")


def test_wrong_settings_are_refused():
    wrong: tuple[tuple[dict, str], ...] = (
        ({"scenario": "Crossing"}, "unknown scenario for several agents 'Crossing': choose from Meeting"),
        ({"lamps": "off"}, "unexpected keyword argument 'lamps': choose from signals, humans, social, defects"),
        ({"humans": 3}, "humans is 3"),
        ({"scenario": SCENARIOS["Follow"]}, "Follow has no seats for agents"),
        ({"scenario": "Square", "endless": True}, "endless is True: PettingZoo's agents cannot come back"),
    )
    for arguments, said in wrong:
        with pytest.raises(ValueError, match=said):
            parallel_env(**arguments)
    env = parallel_env("Meeting", humans=1.0)
    env.reset(seed=0)
    gone = next(agent for agent in env.possible_agents if agent not in env.agents)
    with pytest.raises(ValueError, match=f"{gone} does not drive any more"):
        env.step(dict.fromkeys(env.possible_agents, 1))
    for options, said in (
        ({"goals": {"seat_9": "left"}}, "unknown seat 'seat_9'"),
        ({"goals": {"seat_0": "up"}}, "seat_0 has no goal 'up': choose from left, straight"),
        ({"goals": 3}, "goals is 3"),
        ({"goal": {"seat_0": "left"}}, "unknown option 'goal': choose from goals"),
    ):
        before = [array.tobytes() for array in env.playground.snapshot()]
        with pytest.raises(ValueError, match=said):
            env.reset(options=options)
        assert [array.tobytes() for array in env.playground.snapshot()] == before
    assert np.isfinite(env.state()).all()


def test_without_pettingzoo_it_is_said_how_to_get_it(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delitem(sys.modules, "kindergarten.envs.parallel")
    monkeypatch.setitem(sys.modules, "pettingzoo", None)
    with pytest.raises(ModuleNotFoundError, match=r"parallel_env needs pettingzoo: pip install .*multiagent"):
        _ = envs.parallel_env
