"""RLlib learns from our worlds, and what it has trained is scored. In `make libraries`."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import kindergarten

pytestmark = pytest.mark.libraries
rllib = pytest.importorskip("kindergarten.agents.rllib", exc_type=ImportError)


@pytest.fixture(scope="module")
def cluster() -> Iterator[None]:
    import ray  # pyright: ignore[reportMissingImports]

    ray.init("local", num_cpus=1, include_dashboard=False, log_to_driver=False, logging_level="ERROR")
    yield
    ray.shutdown()


@pytest.mark.usefixtures("cluster", "few_seeds")
def test_a_network_is_scored_as_it_stands_or_from_its_checkpoint(tmp_path: Path):
    algorithm = rllib.ppo_config("Follow", 2_000, worlds=8, seed=0).build_algo()
    algorithm.train()
    algorithm.save_to_path(str(tmp_path))
    agents = [rllib.RLlibAgent(algorithm.get_module()), rllib.RLlibAgent(tmp_path)]
    here, there = (kindergarten.score(agent, "Follow") for agent in agents)
    np.testing.assert_array_equal(here.returns, there.returns)
    gates = agents[0].module.encoder.encoder.lstm.bias_ih_l0[64:128]
    assert gates.mean().item() == pytest.approx(3.0, abs=0.1)
    algorithm.stop()


@pytest.mark.usefixtures("cluster")
def test_where_an_episode_starts_nothing_is_remembered():
    algorithm = rllib.ppo_config("Follow", 2_000, worlds=2).build_algo()
    agent = rllib.RLlibAgent(algorithm.get_module())
    seen = np.random.default_rng(0).random((3, *agent.observation_space.shape), np.float32)
    first = agent.decide(seen, None, np.ones(3, bool)).state
    again = agent.decide(seen, first, np.array([True, False, True])).state
    for name, its in first.items():
        same = (again[name] == its).flatten(1).all(1).tolist()
        assert same == [True, False, True]
    algorithm.stop()


@pytest.mark.usefixtures("cluster")
@pytest.mark.parametrize(("mode", "same"), [("truncate_episodes", False), ("complete_episodes", True)])
def test_with_a_seed_whole_episodes_are_the_same_worlds_for_ever(mode: str, same: bool):
    """The trap of which the page warns."""
    config: Any = rllib.ppo_config("Follow", 2_000, worlds=4, seed=5)
    algorithm = config.env_runners(batch_mode=mode).build_algo()
    runner = algorithm.env_runner
    asked = {"num_episodes": 4} if same else {"num_timesteps": 400}
    starts = [{tuple(one.get_observations(0)) for one in runner.sample(**asked) if one.t_started == 0} for _ in "12"]
    assert bool(starts[0] & starts[1]) is same
    algorithm.stop()
