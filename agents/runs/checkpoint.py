"""Checkpoints that go on bit for bit, and that nobody has to trust: one safetensors file, written whole or not at all.

A file holds tensors, and JSON in its header; no pickle, so reading one runs nothing.
"""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple, Protocol, runtime_checkable

import numpy as np
import safetensors
import torch as th
from safetensors.torch import save
from sb3_contrib.common.recurrent.type_aliases import RNNStates
from torch import nn

from kindergarten.agents.learner.ppo import MemoryPPO
from kindergarten.files import write_whole

STATES = ("h_pi", "c_pi", "h_vf", "c_vf")


@runtime_checkable
class Kept(Protocol):
    """Worlds that can be kept and gone on with."""

    def snapshot(self) -> dict[str, np.ndarray]:
        """Everything that changes."""
        ...

    def restore(self, snapshot: Mapping[str, np.ndarray]) -> None:
        """Go on from there."""
        ...


class Checkpoint(NamedTuple):
    """What a file holds."""

    tensors: dict[str, th.Tensor]
    notes: dict[str, Any]  # counters, generators and whatever else JSON can say


def write(path: Path, checkpoint: Checkpoint) -> None:
    """Write a checkpoint in one go.

    Raises:
        OSError: it cannot be written; the file that was there is as it was.
    """
    apart = {name: tensor.clone(memory_format=th.contiguous_format) for name, tensor in checkpoint.tensors.items()}
    write_whole(path, save(apart, {"notes": json.dumps(checkpoint.notes, default=float)}))


def read(path: Path) -> Checkpoint:
    """Read a checkpoint.

    Raises:
        ValueError: there is none, or it is damaged.
    """
    try:
        with safetensors.safe_open(path, "pt") as file:
            tensors = {name: file.get_tensor(name).clone() for name in file.keys()}  # noqa: SIM118  # it is no dict
            return Checkpoint(tensors, json.loads((file.metadata() or {})["notes"]))
    except FileNotFoundError:
        raise ValueError(f"there is no checkpoint {path}") from None
    except (OSError, safetensors.SafetensorError, KeyError, ValueError) as error:
        raise ValueError(f"{path} is no checkpoint, or a damaged one: {error}") from None


def weights(model: MemoryPPO) -> Checkpoint:
    """What it takes to drive: the policy, and how long it was trained."""
    return Checkpoint(_named(model.policy, "policy"), {"num_timesteps": model.num_timesteps})


def put_weights(model: MemoryPPO, checkpoint: Checkpoint) -> None:
    """Give the model the weights of a checkpoint.

    Raises:
        ValueError: the checkpoint is of another network.
    """
    mine = _named(model.policy, "policy")
    theirs = {name: tensor for name, tensor in checkpoint.tensors.items() if name.startswith("policy/")}
    if {k: v.shape for k, v in mine.items()} != {k: v.shape for k, v in theirs.items()}:
        raise ValueError(
            "the checkpoint is of another network than this run's config.json describes, or, if that names no columns, "
            "of an older version, whose observation had others"
        )
    with th.no_grad():
        for name, tensor in mine.items():
            tensor.copy_(theirs[name])
    model.num_timesteps = int(checkpoint.notes["num_timesteps"])


def capture(model: MemoryPPO) -> Checkpoint:
    """All that training goes on from, between two updates; of the worlds, if they have ``snapshot``."""
    tensors, notes = weights(model)
    for name, parameter in model.policy.named_parameters():
        for key, value in model.policy.optimizer.state[parameter].items():
            tensors[f"optimizer/{name}/{key}"] = value
    tensors["torch_generator"] = th.get_rng_state()
    last_obs, states = model._last_obs, model._last_lstm_states
    assert isinstance(last_obs, np.ndarray) and states is not None and model._last_episode_starts is not None
    tensors["last/observations"] = th.as_tensor(last_obs)
    tensors["last/starts"] = th.as_tensor(model._last_episode_starts)
    for name, state in zip(STATES, (*states.pi, *states.vf), strict=True):
        tensors[f"last/{name}"] = state
    if model.policy.exploration.noise is not None:
        tensors["last/noise"] = model.policy.exploration.noise
    if isinstance(env := model.get_env(), Kept):
        tensors |= {f"worlds/{name}": th.as_tensor(array) for name, array in env.snapshot().items()}
    if model.redistribution is not None:
        tensors |= {f"redistribution/{name}": tensor for name, tensor in model.redistribution.tensors().items()}
    notes |= {
        "n_updates": model._n_updates,
        "order": model.rollout_buffer.order.bit_generator.state,
        "episodes": list(model.ep_info_buffer or ()),
    }
    return Checkpoint(tensors, notes)


def put(model: MemoryPPO, checkpoint: Checkpoint) -> None:
    """Let the model go on from what was captured, bit for bit on the CPU.

    Raises:
        ValueError: the checkpoint is of another network or of other worlds, or holds weights alone.
    """
    put_weights(model, checkpoint)
    tensors, notes = checkpoint
    try:
        _put_optimizer(model, tensors)
        model._last_obs = tensors["last/observations"].numpy()
        model._last_episode_starts = tensors["last/starts"].numpy()
        h_pi, c_pi, h_vf, c_vf = (tensors[f"last/{name}"].to(model.device) for name in STATES)
        model._last_lstm_states = RNNStates((h_pi, c_pi), (h_vf, c_vf))
        model.policy.exploration.noise = tensors.get("last/noise")  # there is none unless it is held
        if isinstance(env := model.get_env(), Kept):
            env.restore({name: tensor.numpy() for name, tensor in _below("worlds/", tensors).items()})
        if model.redistribution is not None:
            model.redistribution.put(_below("redistribution/", tensors))
        model._n_updates = int(notes["n_updates"])
        model.rollout_buffer.order.bit_generator.state = notes["order"]
        model.ep_info_buffer = deque(notes["episodes"], maxlen=model._stats_window_size)
        model.ep_success_buffer = deque(maxlen=model._stats_window_size)
        th.set_rng_state(tensors["torch_generator"])
    except KeyError as missing:
        raise ValueError(f"training cannot go on from this checkpoint: it lacks {missing}") from None


def _put_optimizer(model: MemoryPPO, tensors: dict[str, th.Tensor]) -> None:
    optimizer = model.policy.optimizer
    for name, parameter in model.policy.named_parameters():
        state = _below(f"optimizer/{name}/", tensors)
        if state:  # there is none before the first update
            optimizer.state[parameter] = state


def _below(prefix: str, tensors: Mapping[str, th.Tensor]) -> dict[str, th.Tensor]:
    """The tensors whose names begin with ``prefix``, by the rest of their names."""
    return {name.removeprefix(prefix): tensor for name, tensor in tensors.items() if name.startswith(prefix)}


def _named(module: nn.Module, prefix: str) -> dict[str, th.Tensor]:
    """Parameters and buffers, each once."""
    found = [*module.named_parameters(), *module.named_buffers()]
    return {f"{prefix}/{name}": tensor.detach() for name, tensor in found}
