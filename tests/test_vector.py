"""The shells: Gymnasium's vector environment is single environments, stepped together."""

from __future__ import annotations

from typing import Any

import gymnasium
import numpy as np
import pytest
from gymnasium.error import ResetNeeded
from gymnasium.vector import AutoresetMode

from kindergarten.envs import KindergartenVectorEnv
from kindergarten.world.codes import Action, Intent
from tests.driving import same, sample
from tests.shells import CROSSING, QUICK, actions_for, controls, ids, make, make_vec


def infos_equal(infos: dict[str, np.ndarray], i: int, info: dict[str, np.ndarray]) -> bool:
    return all(same(infos[name][i], value) for name, value in info.items()) and len(info) == 4


@ids
@controls
@pytest.mark.parametrize("mode", AutoresetMode, ids=lambda mode: mode.value)
def test_a_vector_is_single_environments_stepped_by_hand(id: str, control: str, mode: AutoresetMode):
    count, seed, rng = sample(4, 2), 11, np.random.default_rng(0)
    envs = make_vec(id, count, control=control, autoreset_mode=mode, **QUICK)
    assert envs.metadata["autoreset_mode"] is mode
    singles = [make(id, control=control, **QUICK) for _ in range(count)]
    observations, _ = envs.reset(seed=seed)
    for i, single in enumerate(singles):
        assert same(observations[i], single.reset(seed=seed + i)[0])
    over, episodes = np.zeros(count, bool), 0
    for _ in range(200):
        if mode is AutoresetMode.DISABLED and over.any():
            before = observations
            with pytest.raises(ResetNeeded):
                envs.step(actions_for(envs.simulator, rng))
            observations, _ = envs.reset(options={"reset_mask": over})
            assert same(observations[~over], before[~over])
            for i in np.flatnonzero(over):
                assert same(observations[i], singles[i].reset()[0])
            over[:] = False
        actions = actions_for(envs.simulator, rng)
        observations, rewards, terminated, truncated, infos = envs.step(actions)
        for i, single in enumerate(singles):
            if over[i]:  # NextStep: this step was the reset
                wanted, reward, end, cut, info = single.reset()[0], 0.0, False, False, None
            else:
                wanted, reward, end, cut, info = single.step(actions[i])
            if (end or cut) and mode is AutoresetMode.SAME_STEP:
                assert same(infos["final_obs"][i], wanted)
                wanted = single.reset()[0]
            assert same(observations[i], wanted)
            assert (rewards[i], terminated[i], truncated[i]) == (reward, end, cut)
            if info is not None:
                ended = (end or cut) and mode is AutoresetMode.SAME_STEP
                assert infos_equal(infos["final_info"] if ended else infos, i, info)
            users = single.simulator.users[0, 1:]
            assert same(infos["intents"][i], users["intent"]) and same(infos["phases"][i], users["phase"])
        ended = terminated | truncated
        episodes += ended.sum()
        if mode is AutoresetMode.SAME_STEP:
            assert ("final_obs" in infos) == ended.any()
            if ended.any():
                assert same(infos["_final_obs"], ended) and same(infos["_final_info"], ended)
                assert [row is None for row in infos["final_obs"]] == (~ended).tolist()
        else:
            over = ended
    assert episodes >= count


def test_the_default_is_the_next_step():
    assert make_vec().autoreset_mode is AutoresetMode.NEXT_STEP
    assert make_vec(autoreset_mode="SameStep").autoreset_mode is AutoresetMode.SAME_STEP


def test_seeds_can_be_given_one_by_one():
    envs = make_vec(num_envs=2)
    a, _ = envs.reset(seed=[7, 3])
    assert same(a[0], make().reset(seed=7)[0]) and same(a[1], make().reset(seed=3)[0])
    wrong_seeds: tuple[tuple[Any, str], ...] = (
        ([1, 2, 3], "2 worlds"),
        ([0.5, 1.0], "0.5.*whole number"),
        ([1, -1], "-1: it must be a whole number, at least 0"),
        ([[1, 2]], "2 worlds"),
    )
    before = envs.simulator.snapshot()
    for wrong, words in wrong_seeds:
        with pytest.raises(ValueError, match=words):
            envs.reset(seed=wrong)
        assert all(same(a, b) for a, b in zip(before, envs.simulator.snapshot(), strict=True))


def test_a_world_without_a_seed_goes_on_as_it_was():
    envs, whole = make_vec(num_envs=3), make_vec(num_envs=3)
    for each in (envs, whole):
        each.reset(seed=5)
    seen, _ = envs.reset(seed=[None, 8, None])
    goes_on, _ = whole.reset()
    assert same(seen[[0, 2]], goes_on[[0, 2]]) and same(seen[1], make().reset(seed=8)[0])
    first, _ = make_vec(num_envs=2).reset(seed=[1, None])  # who never had one draws one
    assert same(first[0], make().reset(seed=1)[0])


@pytest.mark.parametrize("seed", [2**63 - 2, 2**64 - 2, 2**64, 2**70, 10**400])
def test_seeds_of_any_size(seed: int):
    seen, _ = make_vec(num_envs=4).reset(seed=seed)
    for i in range(4):
        assert same(seen[i], make().reset(seed=seed + i)[0])
    assert not same(make().reset(seed=seed)[0], make().reset(seed=seed % 2**64 + 1)[0])


def test_every_world_may_have_its_own_intents():
    envs = make_vec(num_envs=3)
    wanted = [["left"], [], [None, "straight"]]
    seen, infos = envs.reset(seed=[4, 4, 4], options={"intents": wanted})
    for row, intents in zip(seen, wanted, strict=True):
        assert same(row, make().reset(seed=4, options={"intents": intents})[0])
    assert infos["intents"][0, 0] == Intent.LEFT
    wrong: tuple[tuple[Any, str], ...] = (([["left"]], "3 worlds"), ([["left"], ["up"], []], "no intent 'up'"))
    for intents, words in wrong:
        with pytest.raises(ValueError, match=words):
            envs.reset(options={"intents": intents})


def test_intents_hold_for_every_world_and_one_reset():
    envs = make_vec(num_envs=20)
    _, infos = envs.reset(seed=0, options={"intents": ["right"]})
    assert (infos["intents"][:, 0] == Intent.RIGHT).all()
    _, infos = envs.reset()
    assert not (infos["intents"][:, 0] == Intent.RIGHT).all()


def test_a_mask_of_the_wrong_shape_is_refused():
    envs = make_vec()
    with pytest.raises(ResetNeeded, match="reset all"):
        envs.reset(options={"reset_mask": np.arange(3) == 1})
    with pytest.raises(ValueError, match=r"reset_mask has shape \(2,\)"):
        envs.reset(options={"reset_mask": np.ones(2, bool)})
    with pytest.raises(ResetNeeded):
        envs.step(np.zeros(3, int))


@ids
def test_what_a_step_returns_is_kept_by_nobody(id: str):
    envs = make_vec(id)
    kept: list[np.ndarray] = []
    for step in (envs.reset(seed=0), *(envs.step(np.full(3, Action.IDLE)) for _ in range(3))):
        arrays = [part for part in step if isinstance(part, np.ndarray)]
        arrays += step[-1].values()
        for array in arrays:
            assert not any(np.shares_memory(array, other) for other in (*kept, envs.simulator.users))
        kept += arrays


@pytest.mark.parametrize("wrong", [0, -1, 2.5, "3", None])
def test_a_number_of_worlds_that_is_none_is_named(wrong: Any):
    with pytest.raises(ValueError, match="num_envs is .*: it must be a whole number, at least 1"):
        KindergartenVectorEnv(wrong)
    with pytest.raises(ValueError, match="unknown autoreset_mode 'Never': choose from NextStep, SameStep, Disabled"):
        KindergartenVectorEnv(autoreset_mode="Never")


def test_infos_are_the_same_however_environments_are_vectorized():
    found = []
    for mode in ("sync", "async", "vector_entry_point"):
        envs = gymnasium.make_vec(f"kindergarten:{CROSSING}", num_envs=2, vectorization_mode=mode)
        told = envs.reset(seed=0)[1], envs.step(np.full(2, Action.IDLE))[4]
        envs.close()
        found.append([{name: its for name, its in infos.items() if name[0] != "_"} for infos in told])  # _: who has one
    for infos in found[:2]:
        assert all(_equal(its, wanted) for its, wanted in zip(infos, found[2], strict=True))


def _equal(one: dict[str, np.ndarray], two: dict[str, np.ndarray]) -> bool:
    return one.keys() == two.keys() and all(same(one[name], two[name]) for name in one)
