"""Checkpoints that go on bit for bit, and that nobody has to trust: one safetensors file, written whole or not at all.

A file holds tensors, and JSON in its header; no pickle, so reading one runs nothing. A digest in the header is that of
the whole file, so that no flipped bit goes unnoticed; whoever makes it anew is told what is wrong with the numbers
before any of them is put in place.
"""

from __future__ import annotations

import hashlib
import json
import math
import re
from collections import deque
from collections.abc import Iterable, Mapping
from inspect import signature
from pathlib import Path
from typing import Any, NamedTuple, Protocol, runtime_checkable

import numpy as np
import safetensors
import torch as th
from gymnasium import spaces
from safetensors.torch import load, save
from sb3_contrib.common.recurrent.type_aliases import RNNStates
from torch import nn

from kindergarten.agents.learner.ppo import MemoryPPO
from kindergarten.agents.learner.redistribution import Redistribution
from kindergarten.files import write_whole
from kindergarten.world.words import quoted

DIGEST = re.compile(rb'(?<="sha256":")[0-9a-f]{64}(?=")')  # in the header; quotes within the notes are escaped
NO_DIGEST = "0" * 64  # stands in its place while it is taken
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
    name: str = "the checkpoint"  # what messages call it

    @property
    def decisions(self) -> int:
        """How long it was trained.

        Raises:
            ValueError: it does not say.
        """
        return self.count("num_timesteps")

    def count(self, name: str) -> int:
        """A number among the notes.

        Raises:
            ValueError: it is none.
        """
        found = self.notes.get(name) if isinstance(self.notes, dict) else None
        if type(found) is not int or found < 0:
            raise ValueError(f"{self.name}: {name} is {found!r}: it must be a whole number, at least 0")
        return found


def write(path: Path, checkpoint: Checkpoint) -> None:
    """Write a checkpoint in one go.

    Raises:
        OSError: it cannot be written; the file that was there is as it was.
    """
    apart = {name: tensor.clone(memory_format=th.contiguous_format) for name, tensor in checkpoint.tensors.items()}
    content = save(apart, {"notes": json.dumps(checkpoint.notes, default=float), "sha256": NO_DIGEST})
    write_whole(path, DIGEST.sub(hashlib.sha256(content).hexdigest().encode(), content, count=1))


def read(path: Path) -> Checkpoint:
    """Read a checkpoint. Those of older versions have no digest.

    Raises:
        ValueError: there is none, or it is damaged.
    """
    try:
        content = path.read_bytes()
        length = int.from_bytes(content[:8], "little")
        about: dict[str, str] = json.loads(content[8 : 8 + length])["__metadata__"]
        notes = json.loads(about.pop("notes"))
        digest = hashlib.sha256(DIGEST.sub(NO_DIGEST.encode(), content, count=1)).hexdigest()
        if about and about != {"sha256": digest}:
            raise ValueError("its digest is not that of its content")
        return Checkpoint(load(content), notes, str(path))
    except FileNotFoundError:
        raise ValueError(f"there is no checkpoint {path}") from None
    except (
        OSError,
        safetensors.SafetensorError,
        ArithmeticError,
        LookupError,
        TypeError,
        ValueError,
        RecursionError,
    ) as error:
        raise ValueError(f"{path} is no checkpoint, or a damaged one: {error}") from None


def weights(model: MemoryPPO) -> Checkpoint:
    """What it takes to drive: the policy, and how long it was trained."""
    return Checkpoint(_named(model.policy), {"num_timesteps": model.num_timesteps})


def put_weights(model: MemoryPPO, checkpoint: Checkpoint) -> None:
    """Give the model the weights of a checkpoint.

    Raises:
        ValueError: it is of another network, or makes no sense; nothing has changed.
    """
    _check_weights(model, checkpoint)
    with th.no_grad():
        for name, tensor in _named(model.policy).items():
            tensor.copy_(checkpoint.tensors[name])
    model.num_timesteps = checkpoint.decisions


def capture(model: MemoryPPO) -> Checkpoint:
    """All that training goes on from, between two updates; of the worlds, if they have ``snapshot``."""
    tensors, notes, _ = weights(model)
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
    for part, its in model.parts.items():
        tensors |= {f"{part}/{name}": tensor for name, tensor in its.tensors().items()}
    notes |= {
        "n_updates": model._n_updates,
        "order": model.rollout_buffer.order.bit_generator.state,
        "episodes": list(model.ep_info_buffer or ()),
        "successes": list(map(bool, model.ep_success_buffer or ())),
    }
    return Checkpoint(tensors, notes)


def put(model: MemoryPPO, checkpoint: Checkpoint) -> None:
    """Let the model go on from what was captured, bit for bit on the CPU; worlds that cannot be kept begin anew.

    Raises:
        ValueError: it is of another network or of other worlds, holds weights alone, or makes no sense. Then nothing
            has changed.
    """
    _check(model, checkpoint)
    tensors, notes, name = checkpoint
    if isinstance(env := model.get_env(), Kept):
        try:
            env.restore({key: tensor.numpy() for key, tensor in _below("worlds/", tensors).items()})
        except ValueError as error:  # before anything has changed
            raise ValueError(f"{name}: {error}") from None
    put_weights(model, checkpoint)
    _put_optimizer(model, tensors)
    if env is None or isinstance(env, Kept):
        model._last_obs = tensors["last/observations"].numpy()
        model._last_episode_starts = tensors["last/starts"].numpy()
    else:  # nobody knows where they stood
        model._last_obs = env.reset()  # pyright: ignore[reportAttributeAccessIssue]  # no tuple
        model._last_episode_starts = np.ones(model.n_envs, bool)
    h_pi, c_pi, h_vf, c_vf = (tensors[f"last/{state}"].to(model.device) for state in STATES)
    model._last_lstm_states = RNNStates((h_pi, c_pi), (h_vf, c_vf))
    noise = tensors.get("last/noise")  # there is none unless it is held
    model.policy.exploration.noise = None if noise is None else noise.to(model.device)
    for part, its in model.parts.items():
        its.put(_below(f"{part}/", tensors))
    model._n_updates = notes["n_updates"]
    model.rollout_buffer.order.bit_generator.state = notes["order"]
    model.ep_info_buffer = deque(notes["episodes"], maxlen=model._stats_window_size)
    model.ep_success_buffer = deque(notes.get("successes", ()), maxlen=model._stats_window_size)
    th.set_rng_state(tensors["torch_generator"])


def _check_weights(model: MemoryPPO, checkpoint: Checkpoint) -> None:
    mine = {name: tensor.shape for name, tensor in _named(model.policy).items()}
    theirs = {name: tensor.shape for name, tensor in checkpoint.tensors.items() if name.startswith("policy/")}
    if mine != theirs:
        raise ValueError(
            f"{checkpoint.name} is of another network than this run's config.json describes, or, if that names no "
            "columns, of an older version, whose observation had others"
        )
    for name, tensor in checkpoint.tensors.items():
        if not tensor.isfinite().all():
            raise ValueError(f"{checkpoint.name}: {name} holds numbers that are not finite")
    checkpoint.count("num_timesteps")


def _check(model: MemoryPPO, checkpoint: Checkpoint) -> None:
    """See that all that training goes on from is there, of the right form, and sensible."""
    _check_weights(model, checkpoint)
    tensors, notes, name = checkpoint
    forms = _forms(model)
    apart = {key.rpartition("/")[0] for key in tensors}  # what has learned has a state, and all of it
    optional = {key for key in forms if "optimizer/" in key and key.rpartition("/")[0] not in apart} | {"last/noise"}
    optional |= {key for key in forms if key.endswith("/origin")}  # older ones do not say what their worlds are of
    if missing := [key for key in forms if key not in tensors and key not in optional]:
        raise ValueError(f"training cannot go on from {name}: it lacks {missing[0]}")
    if len(tensors["last/starts"]) != model.n_envs:
        theirs = len(tensors["last/starts"])
        raise ValueError(f"{name} is of {theirs} worlds, and this run has {model.n_envs} worlds")
    for key, tensor in tensors.items():
        if not key.startswith("policy/") and not _fits(tensor, forms.get(key)):
            raise ValueError(
                f"{name}: {key} is {tensor.dtype} of shape {tuple(tensor.shape)}, which does not fit in here"
            )
    seen, space = tensors["last/observations"].numpy(), model.observation_space
    if isinstance(space, spaces.Box) and not ((space.low <= seen) & (seen <= space.high)).all():
        raise ValueError(f"{name}: last/observations holds numbers that nobody can see")
    checkpoint.count("n_updates")
    try:
        np.random.default_rng().bit_generator.state = notes["order"]
        th.Generator().set_state(tensors["torch_generator"])
        if not all(math.isfinite(episode[key]) for episode in notes["episodes"] for key in ("r", "l")):
            raise ValueError("an episode's numbers are not finite")
        if not all(type(success) is bool for success in notes.get("successes", ())):  # older ones have none
            raise ValueError("whether an episode was a success is yes or no")
    except (KeyError, TypeError, ValueError, OverflowError, RuntimeError) as error:
        raise ValueError(f"{name}: its generators or episodes make no sense ({quoted(error)})") from None


def _fits(tensor: th.Tensor, form: th.Tensor | None) -> bool:
    """Whether a tensor is like ``form``, of which an axis without extent stands for any."""
    return (
        form is not None
        and (tensor.dtype, tensor.dim()) == (form.dtype, form.dim())
        and all(mine in (0, theirs) for theirs, mine in zip(tensor.shape, form.shape, strict=True))
    )


def _forms(model: MemoryPPO) -> dict[str, th.Tensor]:
    """Tensors like those that ``capture`` adds to the weights."""
    policy, seen, worlds = model.policy, model.observation_space, model.n_envs
    states = policy.no_memories(worlds)
    forms = _states_of(policy.optimizer, policy.named_parameters())
    forms |= {f"last/{name}": state for name, state in zip(STATES, (*states.pi, *states.vf), strict=True)}
    forms["torch_generator"] = th.get_rng_state()
    forms["last/observations"] = th.as_tensor(np.zeros((worlds, *(seen.shape or ())), seen.dtype))
    forms["last/starts"] = th.zeros(worlds, dtype=th.bool)
    forms["last/noise"] = th.zeros(worlds, spaces.flatdim(model.action_space))
    if isinstance(env := model.get_env(), Kept):
        forms |= {f"worlds/{name}": th.as_tensor(array) for name, array in env.snapshot().items()}
    for part, its in model.parts.items():
        kept = its.tensors()
        if isinstance(its, Redistribution):
            kept |= _states_of(its.optimizer, its.predictor.named_parameters())
            kept |= {name: kept[name][:, :0] for name in ("inputs", "rewards", "starts")}  # of any length
        forms |= {f"{part}/{name}": tensor for name, tensor in kept.items()}
    return forms


def _states_of(optimizer: th.optim.Optimizer, named: Iterable[tuple[str, nn.Parameter]]) -> dict[str, th.Tensor]:
    """What an optimizer keeps of each parameter once it has taken a step."""
    one = nn.Parameter(th.zeros(1))
    one.grad = th.zeros(1)
    known = signature(type(optimizer)).parameters
    trial = type(optimizer)([one], **{name: value for name, value in optimizer.defaults.items() if name in known})
    trial.step()
    return {
        f"optimizer/{name}/{key}": parameter.detach() if value.dim() else value
        for name, parameter in named
        for key, value in trial.state[one].items()
    }


def _put_optimizer(model: MemoryPPO, tensors: dict[str, th.Tensor]) -> None:
    optimizer = model.policy.optimizer
    stays = set() if optimizer.defaults.get("fused") else {"step"}  # where Adam counts on the CPU
    for name, parameter in model.policy.named_parameters():
        state = _below(f"optimizer/{name}/", tensors)
        if state:  # there is none before the first update
            optimizer.state[parameter] = {k: v if k in stays else v.to(parameter.device) for k, v in state.items()}


def _below(prefix: str, tensors: Mapping[str, th.Tensor]) -> dict[str, th.Tensor]:
    """The tensors whose names begin with ``prefix``, by the rest of their names."""
    return {name.removeprefix(prefix): tensor for name, tensor in tensors.items() if name.startswith(prefix)}


def _named(policy: nn.Module) -> dict[str, th.Tensor]:
    """Parameters and buffers, each once."""
    found = [*policy.named_parameters(), *policy.named_buffers()]
    return {f"policy/{name}": tensor.detach() for name, tensor in found}
