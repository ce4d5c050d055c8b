"""A checkpoint is what was written, or one line says what is wrong with it, and nothing has changed."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import safetensors
import torch as th
from safetensors.torch import save_file
from stable_baselines3.common.env_util import make_vec_env

from kindergarten.agents import Memory, PPOConfig
from kindergarten.agents.learner.ppo import MemoryPPO
from kindergarten.agents.runs import checkpoint
from kindergarten.agents.runs.checkpoint import Checkpoint
from kindergarten.envs.sb3 import KindergartenVecEnv, make_sb3
from kindergarten.world.simulator import Simulator
from kindergarten.world.users import ROAD_USER, WORLD
from tests.test_fuzz import COUNT, any_number, damaged, disturbed, drives_soundly

WORLDS = 3


def learner(seed: int, updates: int = 0, **numbers: Any) -> MemoryPPO:
    config = PPOConfig(n_steps=16, batch_size=32, n_epochs=1, hidden=8, features=8, **numbers)
    model = MemoryPPO.from_config(make_sb3("Kindergarten/Follow-v0", WORLDS, seed), config, Memory("lstm"), seed)
    return model.learn(16 * WORLDS * updates) if updates else model


@pytest.fixture(scope="module")
def taken() -> Checkpoint:
    th.set_num_threads(1)
    return checkpoint.capture(learner(0, 2, redistribute=True))


@pytest.fixture(scope="module")
def whole(taken: Checkpoint, tmp_path_factory: pytest.TempPathFactory) -> bytes:
    path = tmp_path_factory.mktemp("checkpoints") / "whole"
    checkpoint.write(path, taken)
    return path.read_bytes()


@pytest.fixture
def model() -> MemoryPPO:
    return learner(1, redistribute=True)


def state_of(model: MemoryPPO) -> list[Any]:
    """All that a checkpoint could change, before the first update."""
    env = model.get_env()
    assert isinstance(env, KindergartenVecEnv)
    tensors = [*model.policy.state_dict().values(), *map(th.as_tensor, env.snapshot().values())]
    rest = [
        model.num_timesteps,
        model._n_updates,
        model._last_obs,
        model._last_lstm_states,
        len(model.policy.optimizer.state),
    ]
    order = model.rollout_buffer.order.bit_generator.state
    return [[tensor.tolist() for tensor in tensors], rest, order, th.get_rng_state().tolist()]


def assert_refused(model: MemoryPPO, bad: Checkpoint, said: str) -> None:
    before = state_of(model)
    with pytest.raises(ValueError, match=said) as raised:
        checkpoint.put(model, bad)
    assert "\n" not in str(raised.value) and bad.name in str(raised.value)
    assert state_of(model) == before


def test_what_was_written_is_read(taken: Checkpoint, whole: bytes, tmp_path: Path):
    (tmp_path / "a").write_bytes(whole)
    again = checkpoint.read(tmp_path / "a")
    assert again.notes == taken.notes and again.name == str(tmp_path / "a")
    assert again.tensors.keys() == taken.tensors.keys()
    assert all(th.equal(tensor, taken.tensors[name]) for name, tensor in again.tensors.items())
    with safetensors.safe_open(tmp_path / "a", "pt") as file:  # other programs read it as well
        assert json.loads(file.metadata()["notes"])["num_timesteps"] == 96


@pytest.mark.drawn
def test_no_flipped_bit_is_overlooked(whole: bytes, tmp_path: Path):
    """All of the first bits, many of the header's, elsewhere by chance; or a piece is gone, or stands twice."""
    rng, path = np.random.default_rng(0), tmp_path / "last.safetensors"
    header = int.from_bytes(whole[:8], "little")
    places = [*range(64 * 8), *rng.integers(8 * (8 + header), size=COUNT), *rng.integers(8 * len(whole), size=COUNT)]
    flips = [(whole[: at // 8] + bytes([whole[at // 8] ^ 1 << at % 8]) + whole[at // 8 + 1 :]) for at in places]
    for content in (*flips, *(damaged(rng, whole) for _ in range(COUNT)), b"", whole[:7], whole[:-1]):
        if content != whole:
            path.write_bytes(content)
            with pytest.raises(ValueError, match="no checkpoint, or a damaged one") as raised:
                checkpoint.read(path)
            assert str(path) in str(raised.value) and "\n" not in str(raised.value)


def test_checkpoints_of_before_have_no_digest_and_are_read(taken: Checkpoint, model: MemoryPPO, tmp_path: Path):
    tensors, notes = {k: t.clone() for k, t in taken.tensors.items()}, json.dumps(taken.notes)
    save_file(tensors, tmp_path / "old", {"notes": notes})
    checkpoint.put(model, checkpoint.read(tmp_path / "old"))
    again = checkpoint.capture(model)
    assert all(th.equal(tensor, taken.tensors[name]) for name, tensor in again.tensors.items())
    save_file(tensors, tmp_path / "old", {"notes": notes, "tha256": "0" * 64})
    with pytest.raises(ValueError, match="damaged"):
        checkpoint.read(tmp_path / "old")


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_every_number_is_finite(taken: Checkpoint, model: MemoryPPO, value: float):
    for name, tensor in taken.tensors.items():
        if tensor.is_floating_point():
            changed = tensor.clone()
            changed.view(-1)[-1] = value
            assert_refused(model, taken._replace(tensors=taken.tensors | {name: changed}), "finite")


def test_every_tensor_is_needed_and_no_other_one(taken: Checkpoint, model: MemoryPPO):
    optional = {"last/noise"}  # there is none while it drives by chance
    optional |= {name for name in taken.tensors if name.endswith("/origin")}  # there was none in older versions
    for name in taken.tensors.keys() - optional:
        others = {k: t for k, t in taken.tensors.items() if k != name}
        assert_refused(model, taken._replace(tensors=others), "lacks|another network")
        renamed = {**others, name + "x": taken.tensors[name]}
        assert_refused(model, taken._replace(tensors=renamed), "lacks|another network|does not fit")
    assert_refused(model, taken._replace(tensors=taken.tensors | {"else": th.zeros(1)}), "else .* does not fit")


def test_every_tensor_has_its_shape_and_type(taken: Checkpoint, model: MemoryPPO):
    for name, tensor in taken.tensors.items():
        for other in (tensor[None], tensor.reshape(-1)[:0], tensor.to(th.int16)):
            if other.shape != tensor.shape or not name.startswith("policy/"):
                said = "does not fit|another network|worlds"
                assert_refused(model, taken._replace(tensors=taken.tensors | {name: other}), said)


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("num_timesteps", (-1, 0.5, "many", None, True, [1])),
        ("n_updates", (-1, 0.5, "many", None, True)),
        (
            "order",
            (None, {}, {"bit_generator": "MT19937"}, {"bit_generator": "PCG64", "state": {"state": -1, "inc": 0}}),
        ),
        ("episodes", (None, 3, [3], [{"r": 1.0}], [{"r": math.nan, "l": 3}], [{"r": "a", "l": 3}])),
        ("successes", (3, [3], ["x"], [None])),
    ],
)
def test_every_note_makes_sense(taken: Checkpoint, model: MemoryPPO, name: str, values: tuple[Any, ...]):
    for value in values:
        assert_refused(model, taken._replace(notes=taken.notes | {name: value}), name if name[0] in "n" else "no sense")
    notes = {k: v for k, v in taken.notes.items() if k != name}
    if name == "successes":  # older ones have none
        return checkpoint.put(model, taken._replace(notes=notes))
    assert_refused(model, taken._replace(notes=notes), name if name[0] in "n" else "no sense")


def test_nobody_has_seen_what_is_not_to_be_seen(taken: Checkpoint, model: MemoryPPO):
    for value in (1.5, -2.0, 1e30):
        changed = taken.tensors["last/observations"].clone()
        changed[1, 2] = value
        assert_refused(model, taken._replace(tensors=taken.tensors | {"last/observations": changed}), "nobody can see")


def test_the_generator_makes_sense(taken: Checkpoint, model: MemoryPPO):
    state = taken.tensors["torch_generator"]
    assert_refused(model, taken._replace(tensors=taken.tensors | {"torch_generator": state * 0}), "no sense")


def other_numbers(rng: np.random.Generator, simulator: Simulator) -> Callable[[str, np.ndarray], np.ndarray]:
    """What changes a tensor: the worlds' numbers one by one, all others' anywhere."""

    def change(name: str, array: np.ndarray) -> np.ndarray:
        if name in ("worlds/worlds", "worlds/users"):
            dtype = WORLD if name == "worlds/worlds" else ROAD_USER
            rows, other = array.view(dtype), np.zeros((WORLDS, simulator.num_users), ROAD_USER)
            rows = rows if dtype == WORLD else rows.reshape(WORLDS, -1)
            pair = (rows, other) if dtype == WORLD else (np.zeros(WORLDS, WORLD), rows)
            disturbed(rng, simulator.limits, *pair)
            return rows.view(np.uint8).reshape(-1)
        array.reshape(-1)[rng.integers(array.size)] = any_number(rng, (-2.0, 2.0), array)
        return array

    return change


@pytest.mark.drawn
def test_a_disturbed_checkpoint_is_refused_or_its_worlds_go_on_within_their_space(taken: Checkpoint, model: MemoryPPO):
    env, refused = model.get_env(), 0
    assert isinstance(env, KindergartenVecEnv)
    simulator = env.envs.simulator
    names = [name for name in taken.tensors if taken.tensors[name].numel()]
    for k in range(COUNT):
        rng = np.random.default_rng(k)
        name = ("worlds/worlds", "worlds/users", names[rng.integers(len(names))])[rng.integers(3)]
        changed = other_numbers(rng, simulator)(name, taken.tensors[name].numpy().copy())
        try:
            checkpoint.put(model, taken._replace(tensors=taken.tensors | {name: th.as_tensor(changed)}))
        except ValueError as error:
            assert "\n" not in str(error)
            refused += 1
            continue
        assert isinstance(model._last_obs, np.ndarray)
        assert all(env.observation_space.contains(row) for row in model._last_obs)
        drives_soundly(rng, simulator, 20)
    assert 0.1 * COUNT < refused < 0.9 * COUNT


def test_worlds_that_cannot_be_kept_begin_anew():
    """Nobody knows where they stood: what was seen there last is not what they show now."""

    def cartpole(seed: int) -> MemoryPPO:
        config = PPOConfig(n_steps=16, batch_size=32, n_epochs=1, hidden=8, features=8)
        return MemoryPPO.from_config(make_vec_env("CartPole-v1", 2, seed), config, seed=seed)

    one, two = cartpole(0).learn(64), cartpole(1)
    checkpoint.put(two, checkpoint.capture(one))
    assert two._last_episode_starts is not None and two._last_episode_starts.all()
    seen = th.as_tensor(two._last_obs)
    assert (seen.abs() <= 0.05).all(), "they stand where episodes begin"
    assert two.learn(64, reset_num_timesteps=False).num_timesteps == 128


@pytest.mark.parametrize("fused", [True, False])
def test_what_an_optimizer_keeps_goes_where_its_parameters_are(model: MemoryPPO, taken: Checkpoint, fused: bool):
    """Fused, Adam counts its steps there too; on a GPU a step that stayed behind was the end of the training."""
    model.policy.optimizer.defaults["fused"] = fused
    model.policy.to("meta")
    checkpoint._put_optimizer(model, taken.tensors)
    states = [model.policy.optimizer.state[parameter] for parameter in model.policy.parameters()]
    assert {state["exp_avg"].device.type for state in states} == {"meta"}
    assert {state["step"].device.type for state in states} == {"meta" if fused else "cpu"}
