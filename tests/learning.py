"""Small policies and learners, and what it means that two of them are the same."""

import numpy as np
import torch as th
from gymnasium import spaces
from stable_baselines3.common.on_policy_algorithm import OnPolicyAlgorithm

from kindergarten.agents import MemoryPolicy, MemoryPPO, PPOConfig
from tests.cue_delay import CueDelay

WIDTH, WORLDS, STEPS, HIDDEN = 6, 12, 20, 8
OBSERVATIONS = spaces.Box(-1.0, 1.0, (WIDTH,), np.float32)
DISCRETE = spaces.Discrete(5)
CONTINUOUS = spaces.Box(-1.0, 1.0, (2,), np.float32)


def make_policy(
    memory: str = "lstm", actions: spaces.Space = DISCRETE, shared: bool = False, critic_gradient: float = 0.0
) -> MemoryPolicy:
    return MemoryPolicy(
        OBSERVATIONS,
        actions,
        lambda _: 1e-3,
        memory=memory,
        lstm_hidden_size=HIDDEN,
        shared_lstm=shared,
        critic_gradient=critic_gradient,
    )


def make_learner(seed: int = 0, memory: str = "lstm", **changes) -> MemoryPPO:
    config = PPOConfig(n_steps=16, batch_size=64, n_epochs=2, hidden=8, features=8, **changes)
    return MemoryPPO.from_config(CueDelay(8, delay=(2, 6), width=WIDTH), config, memory=memory, seed=seed)


def assert_same(ours: list[th.Tensor], theirs: list[th.Tensor], atol: float = 1e-10) -> None:
    assert len(ours) == len(theirs)
    for a, b in zip(ours, theirs, strict=True):
        th.testing.assert_close(a, b, rtol=0, atol=atol)


def assert_same_weights(one: OnPolicyAlgorithm, two: OnPolicyAlgorithm) -> None:
    theirs = two.policy.state_dict()
    for name, weight in one.policy.state_dict().items():
        th.testing.assert_close(weight, theirs[name], rtol=0, atol=2e-6, msg=lambda m, name=name: f"{name}: {m}")


def assert_equal_weights(one: OnPolicyAlgorithm, two: OnPolicyAlgorithm) -> None:
    theirs = two.policy.state_dict()
    assert [name for name, weight in one.policy.state_dict().items() if not th.equal(weight, theirs[name])] == []


def moved_by(model: OnPolicyAlgorithm, decisions: int) -> dict[str, bool]:
    """Which of a learner's weights are others after so many decisions; all of them are numbers."""
    before = {name: weight.detach().clone() for name, weight in model.policy.named_parameters()}
    model.learn(decisions)
    after = dict(model.policy.named_parameters())
    assert all(weight.isfinite().all() for weight in after.values())
    return {name: not th.equal(weight, before[name]) for name, weight in after.items()}
