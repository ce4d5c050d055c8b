"""RLlib learns from our worlds, and what it has trained is scored. In `make libraries`."""

from __future__ import annotations

from collections.abc import Callable, Iterator
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


@pytest.mark.usefixtures("cluster")
def test_several_agents_share_a_network_and_humans_sit_among_them():
    config = rllib.PPOConfig().environment(rllib.SeveralAgents, env_config={"scenario": "Meeting", "humans": 0.5})
    config = config.env_runners(num_env_runners=0).multi_agent(
        policies={"everybody"}, policy_mapping_fn=lambda agent, episode: "everybody"
    )
    algorithm = config.training(train_batch_size=200, minibatch_size=50, num_epochs=1).build_algo()
    found = algorithm.train()
    assert found["learners"]["everybody"]["num_module_steps_trained"] > 0
    assert set(found["env_runners"]["agent_episode_returns_mean"]) == {"seat_0", "seat_1"}
    algorithm.stop()


def test_a_world_is_over_for_rllib_when_nobody_is_left_however_they_ended():
    """One at its goal, and one whose time is up in the same decision."""
    world = rllib.SeveralAgents({"scenario": "Meeting"})
    world.reset(seed=1)
    world.world.playground.drivers["time_limit"] = 2
    world.world.playground.users["s"][0, 0] = 1000.0
    _, _, terminated, truncated, _ = world.step({"seat_0": 1, "seat_1": 1})
    assert terminated == {"seat_0": True, "seat_1": False, "__all__": True}
    assert truncated == {"seat_0": False, "seat_1": True, "__all__": False}


@pytest.mark.usefixtures("cluster")
def test_seats_are_rows_of_its_single_agent_api():
    config = rllib.PPOConfig().environment(rllib.SeatRows, env_config={"scenario": "Meeting", "humans": 0.25})
    config = config.env_runners(
        num_env_runners=0, num_envs_per_env_runner=8, gym_env_vectorize_mode="vector_entry_point"
    ).training(train_batch_size=1024, minibatch_size=256, num_epochs=1)
    algorithm = config.build_algo()
    found = algorithm.train()["env_runners"]
    assert found["num_episodes"] > 8 and found["episode_len_mean"] > 10
    algorithm.stop()


def test_a_row_shows_what_it_saw_last_and_then_begins_anew():
    rows = rllib.SeatRows({"scenario": "Meeting", "num_envs": 8})
    rows.reset(seed=0)
    ends = 0
    for _ in range(200):
        observations, rewards, terminated, truncated, infos = rows.step(np.full(8, 3))
        assert not infos and observations[terminated | truncated].any(axis=1).all()
        ends += int((terminated | truncated).sum())
    assert ends > 8 and rewards.shape == (8,)
    with pytest.raises(ValueError, match="num_envs_per_env_runner is 7: Meeting has 2 seats, give a multiple"):
        rllib.SeatRows({"num_envs": 7})


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        (lambda: rllib.RLlibAgent("/no/such"), "/no/such is no folder of a checkpoint"),
        (lambda: rllib.RLlibAgent(3), "the module is 3: algo.get_module"),
        (lambda: rllib.SeatRows({}), "num_envs_per_env_runner is None: it must be a whole number"),
        (lambda: rllib.SeatRows({"num_envs": "4"}), "num_envs_per_env_runner is '4'"),
        (lambda: rllib.ppo_config("Nope", 1000), "unknown scenario 'Nope': choose from Follow"),
        (lambda: rllib.ppo_config("Follow", "x"), "decisions is 'x'"),
        (lambda: rllib.ppo_config("Follow", -5), "decisions is -5"),
    ],
)
def test_what_it_cannot_take_is_named(wrong: Callable[[], Any], words: str):
    with pytest.raises(ValueError, match=words):
        wrong()
