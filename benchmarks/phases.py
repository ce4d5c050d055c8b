"""Where the time of our trainer's updates goes: by phase, and how much of it is in LSTM and linear kernels."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any
from unittest.mock import patch

import torch as th
from torch.profiler import ProfilerActivity, profile

from kindergarten.agents.learner import loss, ppo
from kindergarten.agents.learner.ppo import MemoryPPO

#: What does the arithmetic of LSTMs and linear layers, forwards and backwards.
KERNELS = {
    "aten::mkldnn_rnn_layer",
    "aten::mkldnn_rnn_layer_backward",
    "aten::lstm_cell",
    "aten::addmm",
    "aten::mm",
}


class Phases:
    """Seconds by phase; a phase within another counts for itself alone."""

    def __init__(self) -> None:
        self.seconds: defaultdict[str, float] = defaultdict(float)
        self._inner = 0.0

    def timed(self, phase: str, function: Callable[..., Any]) -> Callable[..., Any]:
        """``function``, with its time added to ``phase``."""

        def work(*args: Any, **kwargs: Any) -> Any:
            outer, self._inner = self._inner, 0.0
            start = time.perf_counter()
            result = function(*args, **kwargs)
            took = time.perf_counter() - start
            self.seconds[phase] += took - self._inner
            self._inner = outer + took
            return result

        return work


@contextmanager
def watched(model: MemoryPPO) -> Iterator[Phases]:
    """All phases of the model's work timed, while in here."""
    phases, env, buffer = Phases(), model.env, model.rollout_buffer
    places = [
        ("simulator and its shell", env, "step"),
        ("deciding", model.policy, "forward"),
        ("deciding", model, "_values"),
        ("rollout buffer", buffer, "add"),
        ("rollout buffer", buffer, "compute_returns_and_advantage"),
        ("minibatches", buffer, "_samples"),
        ("minibatches", ppo, "prepared"),
        ("loss, forward", loss, "ppo_loss"),
        ("loss, backward", th.autograd, "grad"),
        ("optimiser", ppo, "shorten"),
        ("optimiser", model.policy.optimizer, "step"),
    ]
    with ExitStack() as stack:
        for phase, place, name in places:
            stack.enter_context(patch.object(place, name, phases.timed(phase, getattr(place, name))))
        yield phases


def time_by_phase(model: MemoryPPO, updates: int) -> dict[str, float]:
    """Shares of the time on the wall, of so many updates."""
    with watched(model) as phases:
        start = time.perf_counter()
        model.learn(updates * model.n_steps * model.n_envs, reset_num_timesteps=False)
        total = time.perf_counter() - start
    shares = {phase: seconds / total for phase, seconds in phases.seconds.items()}
    shares["everything else"] = 1.0 - sum(shares.values())
    return {phase: round(share, 4) for phase, share in shares.items()}


def kernel_share(model: MemoryPPO) -> float:
    """How much of an update's time on the wall is spent in KERNELS.

    The profiler itself takes a little time, which counts as not spent in them.
    """
    with profile(activities=[ProfilerActivity.CPU]) as profiler:
        start = time.perf_counter()
        model.learn(model.n_steps * model.n_envs, reset_num_timesteps=False)
        total = time.perf_counter() - start
    found = [event for event in profiler.events() or [] if event.name in KERNELS and not _within(event)]
    return round(sum(event.cpu_time_total for event in found) / 1e6 / total, 4)


def _within(event: Any) -> bool:
    """Whether an event is part of another of KERNELS."""
    parent = event.cpu_parent
    return parent is not None and (parent.name in KERNELS or _within(parent))
