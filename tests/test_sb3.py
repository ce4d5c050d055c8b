"""The shells: Stable-Baselines3's VecEnv is single environments, stepped together."""

from __future__ import annotations

from collections.abc import Callable
from itertools import combinations
from typing import Any

import numpy as np
import pytest
from stable_baselines3.common.vec_env import DummyVecEnv

from kindergarten.envs import rows_env
from kindergarten.envs.mixed import make_mixed
from kindergarten.envs.sb3 import KindergartenVecEnv
from kindergarten.world.codes import Action
from tests.driving import JIT, same, sample
from tests.shells import CROSSING, FOLLOW, QUICK, actions_for, controls, ids, make, make_sb3, make_vec


@ids
@controls
def test_the_vecenv_reports_episodes_as_they_were(id: str, control: str):
    count, seed, rng = sample(4, 2), 5, np.random.default_rng(1)
    vec = make_sb3(id, num_envs=count, seed=seed, control=control, **QUICK)
    singles = [make(id, control=control, **QUICK) for _ in range(count)]
    observations = vec.reset()
    for i, single in enumerate(singles):
        assert same(observations[i], single.reset(seed=seed + i)[0])
    returns, lengths, episodes, kept = np.zeros(count), np.zeros(count, int), 0, observations
    for _ in range(200):
        actions = actions_for(vec.envs.simulator, rng)
        observations, rewards, dones, infos = vec.step(actions)
        assert rewards.dtype == np.float32 and dones.dtype == np.bool_
        assert not np.shares_memory(observations, kept) and not any(a is b for a, b in combinations(infos, 2))
        kept = observations
        for i, single in enumerate(singles):
            wanted, reward, terminated, truncated, info = single.step(actions[i])
            returns[i], lengths[i] = returns[i] + reward, lengths[i] + 1
            assert rewards[i] == np.float32(reward) and dones[i] == (terminated or truncated)
            assert bool(infos[i]) == dones[i]
            if dones[i]:
                assert same(infos[i]["terminal_observation"], wanted)
                assert infos[i]["TimeLimit.truncated"] is truncated
                assert all(same(infos[i][name], value) for name, value in info.items())
                episode = infos[i]["episode"]
                assert episode["r"] == pytest.approx(returns[i]) and episode["l"] == lengths[i]
                assert episode["t"] >= 0.0
                returns[i], lengths[i], wanted = 0.0, 0, single.reset()[0]
                episodes += 1
            assert same(observations[i], wanted)
    assert episodes >= count


def test_an_episode_out_of_time_is_truncated():
    vec = make_sb3(FOLLOW, num_envs=2, seed=0, **QUICK)
    vec.reset()
    for _ in range(200):
        *_, dones, infos = vec.step(np.full(2, Action.SLOWER))
        if dones.any():
            break
    assert all(info["TimeLimit.truncated"] for info in infos if info) and dones.any()


@ids
def test_labels_are_the_intents_of_those_who_have_a_choice_where_the_ego_is(id: str):
    vec = make_sb3(id, num_envs=50, seed=0)
    vec.reset()
    simulator, legs = vec.envs.simulator, set()
    for _ in range(sample(6, 2)):
        labels, order = vec.labels(), simulator.order()
        assert labels.shape == (50, simulator.num_users - 1)
        for world, users, row, rows in zip(simulator.worlds, simulator.users, labels, order, strict=True):
            cast = simulator.scenario.casts[world["cast"]]
            for user, label in zip(users[rows], row, strict=True):
                chosen = len(cast[user["member"]].intents) > 1 and user["leg"] == world["leg"]
                assert label == (user["intent"] if chosen else -1)
        assert not np.shares_memory(labels, simulator.users)
        legs |= set(simulator.worlds["leg"].tolist())
        for _ in range(20):
            vec.step(np.full(50, Action.IDLE))
    assert not JIT or len(legs) > 1 or simulator.scenario.road.legs == 1


@ids
def test_driven_says_when_the_agent_drives(id: str):
    vec = make_sb3(id, num_envs=20, seed=0)
    observations = vec.reset()
    assert not vec.driven().any()
    for _ in range(60):
        assert (vec.driven() == (observations[:, 0] == 1.0)).all()
        observations, *_ = vec.step(np.full(20, Action.IDLE))
    assert make_sb3(id, num_envs=2, hands_on=True).reset()[:, 0].all()


@ids
def test_delays_can_be_set_for_every_cast(id: str):
    vec = make_sb3(id, num_envs=60, seed=0, delay_s=(0.5, 4.0))
    vec.set_delay(0.5, 1.0)
    vec.reset()
    simulator = vec.envs.simulator
    signaller = simulator.users[np.arange(60), simulator.worlds["signaller"]]
    delays = (signaller["t3"] - signaller["t2"]) * simulator.config.physics_step
    assert len(set(simulator.worlds["cast"].tolist())) == len(simulator.casts)
    assert delays.min() >= 0.5 - 1e-9 and delays.max() <= 1.0 + 1e-9 and len(set(delays.tolist())) > 1
    with pytest.raises(ValueError, match=r"delay 1..9 s: it must be within 0..4 s"):
        vec.set_delay(1.0, 9.0)


def test_the_vecenv_starts_over_with_its_seed():
    vec = make_sb3(CROSSING, num_envs=3, seed=7)
    first, second = vec.reset(), vec.reset()
    vec.seed(7)
    assert same(vec.reset(), first) and same(vec.reset(), second) and not same(first, second)


def test_the_vecenv_is_one_batch():
    from kindergarten.envs import make_sb3

    vec = make_sb3(CROSSING, num_envs=3)
    assert len(vec.get_attr("num_envs")) == 3
    with pytest.raises(NotImplementedError, match="batch"):
        vec.env_method("reset")
    vec.set_attr("render_mode", None, indices=[2, 0, 1])
    for some in ([0], 1):
        with pytest.raises(NotImplementedError, match="render_mode: all worlds share it"):
            vec.set_attr("render_mode", "human", indices=some)
    assert vec.envs.render_mode is None
    with pytest.raises(ValueError, match="NextStep.*SameStep"):
        KindergartenVecEnv(make_vec())
    with pytest.raises(ValueError, match="control"):
        make_sb3(CROSSING, num_envs=3, control="joystick")  # pyright: ignore[reportArgumentType]


def test_twins_in_one_vecenv():
    """Every world takes the options that it was given, for one reset."""
    vec, intents = make_sb3(CROSSING, num_envs=3), ["left", "straight", "right"]
    for _ in range(2):
        vec._seeds = [7] * 3
        vec.set_options([{"intents": [intent]} for intent in intents])
        seen = vec.reset()
        for row, intent in zip(seen, intents, strict=True):
            assert same(row, make(CROSSING).reset(seed=7, options={"intents": [intent]})[0])
    vec.seed(7)
    vec.set_options({"intents": ["left"]})
    assert same(vec.reset()[2], make(CROSSING).reset(seed=9, options={"intents": ["left"]})[0])
    for wrong, words in (
        ([{}], "3 worlds"),
        ([{}, {"intent": 1}, {}], "'intent'.*intents"),
        ([{}, 3, {}], "is 3"),
        *(({"intents": it}, f"intents is {it!r}: give a list") for it in (5, None, "left")),
        ([{}, {"intents": "left"}, {}], "intents is 'left': give a list"),
        ({"intents": ["up"]}, "has no intent 'up': choose from"),
    ):
        vec.set_options(wrong)
        with pytest.raises(ValueError, match=words):
            vec.reset()


@pytest.mark.parametrize(
    ("other", "named"),
    [
        (lambda: make_sb3("Kindergarten/CutIn-v0", 2), "it is of CutIn, and they are of Follow"),
        (lambda: make_sb3(FOLLOW, 2, delay_s=30.0), "it is of Follow with other settings, and they are of Follow"),
    ],
)
def test_snapshots_of_other_worlds_are_refused(other: Callable[[], Any], named: str):
    vec = make_sb3(FOLLOW, 2)
    vec.reset()
    with pytest.raises(ValueError, match=f"no snapshot of these worlds: {named}"):
        vec.restore(other().snapshot())
    with pytest.raises(ValueError, match="no snapshot of 2 worlds: it lacks users"):
        vec.restore({"worlds": vec.snapshot()["worlds"]})
    older = {name: its for name, its in vec.snapshot().items() if name != "origin"}
    vec.step(np.full(2, Action.IDLE))
    vec.restore(older)
    assert all(same(its, older[name]) for name, its in vec.snapshot().items() if name != "origin")


def test_snapshots_of_other_rules_are_refused():
    one, other = (KindergartenVecEnv(rows_env("Meeting", 2, humans=humans)) for humans in (0.0, 0.5))
    one.reset()
    one.envs.simulator.set_honest(0.5)
    one.restore(one.snapshot())  # what was changed in place is no other rule
    with pytest.raises(ValueError, match="it is of Meeting with other settings"):
        other.restore(one.snapshot())


def test_infos_of_the_first_frame_are_where_stable_baselines3_looks_for_them():
    """As ``DummyVecEnv`` has them: of every row's last reset."""
    vec, dummy = make_sb3(FOLLOW, 2, seed=0, **QUICK), DummyVecEnv([lambda: make(FOLLOW, **QUICK)] * 2)
    dummy.seed(0)
    mixed = make_mixed(["Follow", "Crossing"], 4, seed=0)
    mixed.reset()
    assert [sorted(info) for info in mixed.reset_infos] == [["intents", "is_success", "phases", "terms"]] * 4
    vec.reset()
    dummy.reset()
    ended = 0
    for _ in range(150):
        for mine, theirs in zip(vec.reset_infos, dummy.reset_infos, strict=True):
            assert mine.keys() == theirs.keys() and all(np.array_equal(mine[name], theirs[name]) for name in mine)
        ended += vec.step(np.full(2, Action.SLOWER))[2].sum()
        dummy.step(np.full(2, Action.SLOWER))
    assert ended >= 2
    rows = KindergartenVecEnv(rows_env("Meeting", 2))
    rows.reset()
    assert [info["present"] for info in rows.reset_infos] == [True] * 4
