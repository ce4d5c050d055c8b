"""Redistributed rewards add up to what they were, go where the return is decided, and survive a stop."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, cast

import numpy as np
import pytest
from gymnasium import spaces
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

th = pytest.importorskip("torch")

from kindergarten import cli  # noqa: E402
from kindergarten.agents import MemoryPPO, PPOConfig  # noqa: E402
from kindergarten.agents.learner.buffer import WorldRolloutBuffer  # noqa: E402
from kindergarten.agents.learner.redistribution import Redistribution, moved, to_come  # noqa: E402
from kindergarten.agents.runs import checkpoint  # noqa: E402
from kindergarten.agents.runs.run import Run  # noqa: E402
from kindergarten.envs import make_sb3  # noqa: E402

WORLDS, STEPS = 6, 16
SEEN, DONE = spaces.Box(-1.0, 1.0, (3,)), spaces.Discrete(2)


@dataclass
class Rollout:
    """As much of a full buffer as the redistribution looks at: arrays (steps, worlds, ...)."""

    observations: np.ndarray
    actions: np.ndarray
    rewards: np.ndarray
    episode_starts: np.ndarray
    driven: np.ndarray
    action_space: ClassVar[spaces.Space] = DONE


def redistribute(what: Redistribution, rollout: Rollout, dones: np.ndarray) -> float:
    return what(cast(WorldRolloutBuffer, rollout), dones)


def sums(rewards: np.ndarray, starts: np.ndarray) -> list[float]:
    """What each whole episode of (steps, worlds) earned."""
    found = []
    for w in range(rewards.shape[1]):
        first = np.flatnonzero(starts[:, w])
        found += [rewards[a:b, w].sum() for a, b in zip(first[:-1], first[1:], strict=True)]
    return found


@given(
    ends=hnp.arrays(bool, (3, 9)),
    numbers=hnp.arrays(np.float64, (2, 3, 9), elements=st.floats(-4, 4)),
)
def test_whatever_is_predicted_an_episode_earns_the_same(ends: np.ndarray, numbers: np.ndarray):
    rewards, predicted = numbers[0], np.where(ends, 0.0, numbers[1])
    starts = np.concatenate((np.ones((3, 1), bool), ends[:, :-1]), axis=1)
    new = moved(rewards, predicted, np.full(3, 7.0), starts)
    np.testing.assert_allclose(sums(new.T, starts.T), sums(rewards.T, starts.T), atol=1e-9)
    later, known = to_come(rewards, ends)
    for w in range(3):
        for t in range(9):
            following = np.flatnonzero(ends[w, t:])
            assert known[w, t] == (len(following) > 0)
            if known[w, t]:
                assert later[w, t] == pytest.approx(rewards[w, t + 1 : t + following[0] + 1].sum(), abs=1e-9)


def test_over_rollouts_and_learning_an_episode_earns_the_same():
    """Episodes go on from one rollout to the next, and the predictor changes in between."""
    rng, what = np.random.default_rng(0), Redistribution(WORLDS, SEEN, DONE)
    olds, news, starts, first = [], [], [], np.ones(WORLDS, bool)
    for _ in range(8):
        ends = rng.random((STEPS, WORLDS)) < 0.05
        begun = np.concatenate((first[None], ends[:-1]))
        old = rng.normal(size=(STEPS, WORLDS)).astype(np.float32)
        seen, done = rng.normal(size=(STEPS, WORLDS, 3)), rng.integers(2, size=(STEPS, WORLDS, 1))
        rollout = Rollout(seen, done, old.copy(), begun.astype(np.float32), np.ones((STEPS, WORLDS)))
        redistribute(what, rollout, ends[-1])
        for found, array in ((olds, old), (news, rollout.rewards), (starts, begun)):
            found.append(array)
        first = ends[-1]
    old, new, begun = (np.concatenate(found) for found in (olds, news, starts))
    assert len(sums(old, begun)) > 10 and not np.allclose(old, new, atol=0.05)
    np.testing.assert_allclose(sums(new, begun), sums(old, begun), atol=1e-4)


def cue_task(rng: np.random.Generator) -> tuple[Rollout, np.ndarray, np.ndarray]:
    """Episodes of 16 steps: a cue of two kinds at step 1, a choice at step 9, and at step 15 a reward if they match."""
    worlds = 64
    seen = np.zeros((STEPS, worlds, 3))
    cue, choice = rng.integers(2, size=(2, worlds))
    seen[1, np.arange(worlds), cue], seen[9, :, 2] = 1.0, 1.0
    driven = np.zeros((STEPS, worlds))
    driven[9] = 1.0
    actions = rng.integers(2, size=(STEPS, worlds, 1))
    actions[9, :, 0] = choice
    rewards, starts = np.zeros((STEPS, worlds), np.float32), np.zeros((STEPS, worlds), np.float32)
    rewards[15], starts[0] = cue == choice, 1.0
    return Rollout(seen, actions, rewards, starts, driven), np.ones(worlds, bool), cue == choice


@pytest.mark.slow
def test_the_reward_moves_to_the_choice_that_earned_it():
    th.manual_seed(0)
    rng, what = np.random.default_rng(0), Redistribution(64, SEEN, DONE)
    rollout, dones, right = cue_task(rng)
    for _ in range(40):
        rollout, dones, right = cue_task(rng)
        redistribute(what, rollout, dones)
    at_the_choice = rollout.rewards[9]
    assert at_the_choice[right].mean() > 0.3 and at_the_choice[~right].mean() < -0.3
    assert np.abs(rollout.rewards[10:]).mean() < 0.1, "nothing is left for later"


def test_training_goes_on_bit_for_bit(tmp_path: Path):
    def learner(seed: int) -> MemoryPPO:
        config = PPOConfig(n_steps=32, batch_size=64, n_epochs=1, hidden=8, features=8, redistribute=True)
        env = make_sb3("Kindergarten/Follow-v0", 4, seed, delay_s=0.5)
        return MemoryPPO.from_config(env, config, seed=seed)

    one, two = learner(0), learner(1)
    one.learn(4 * 32 * 3)
    checkpoint.write(tmp_path / "c", checkpoint.capture(one))
    one.learn(4 * 32 * 2, reset_num_timesteps=False)
    checkpoint.put(two, checkpoint.read(tmp_path / "c"))
    two.learn(4 * 32 * 2, reset_num_timesteps=False)
    mine, theirs = checkpoint.capture(one).tensors, checkpoint.capture(two).tensors
    assert all(th.equal(tensor, theirs[name]) for name, tensor in mine.items())
    moments: Any = [name for name in mine if name.startswith("redistribution/optimizer")]
    assert moments, "it has learned"


@pytest.mark.usefixtures("few_seeds")
def test_a_run_keeps_that_it_was_redistributed(tmp_path: Path):
    words = ["--redistribute", "--steps", "1", "--worlds", "2", "--out", str(tmp_path / "a")]
    assert cli.main(["train", *words]) == 0
    run = Run.open(tmp_path / "a")
    assert run.taught == "redistributed" and run.untrained(1).redistribution is not None
    assert MemoryPPO.load(run.pickle).redistribution is not None
