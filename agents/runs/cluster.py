"""Training on several processes or machines by way of Ray: every runner drives worlds and learns from them.

A runner has its share of the worlds and of every minibatch. It is sent the weights, and sends back a gradient: what it
saw never travels. The learner sums the gradients, takes the step, evaluates and writes the run, as without Ray.
"""

from __future__ import annotations

import os
import signal
import socket
from collections.abc import Iterator, Sequence
from concurrent.futures import Executor
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import ray  # pyright: ignore[reportMissingImports]  # of an extra that the tests lack
import torch as th
from ray.exceptions import RayActorError, RayError  # pyright: ignore[reportMissingImports]
from stable_baselines3.common.buffers import RolloutBuffer
from stable_baselines3.common.callbacks import BaseCallback
from stable_baselines3.common.vec_env import VecEnv
from torch.nn.utils import parameters_to_vector, vector_to_parameters

from kindergarten import register
from kindergarten.agents.learner.loss import Log, LossWeights, add_gradients, prepared
from kindergarten.agents.learner.ppo import MemoryPPO
from kindergarten.agents.runs.options import Options
from kindergarten.agents.runs.run import Run
from kindergarten.scenarios import SCENARIOS
from kindergarten.world.config import Scenario

START = 300.0  # [s] for runners to begin: machines that are busy take their time to import torch
PATIENCE = 60.0  # [s] how long nobody may answer before those who are asked are left to themselves
REACH = 10.0  # [s] for the head of a cluster to be reached


class Driven(NamedTuple):
    """What a runner tells of a rollout: arrays (steps, worlds), and the last episodes as Stable-Baselines3 has them."""

    values: np.ndarray
    returns: np.ndarray
    episodes: list[dict[str, Any]]
    successes: list[bool]


class Runner:
    """A share of the worlds, driven and learned from by whatever weights it is sent.

    Args:
        seed: of its worlds and its choices; where it takes the place of one that was lost they are others.
        scenarios: where it drives; those of somebody's own are known to no process but the learner's.
    """

    def __init__(self, options: Options, worlds: int, seed: tuple[int, ...], scenarios: Sequence[Scenario]) -> None:
        th.set_num_threads(1)
        for scenario in scenarios:
            if scenario.name not in SCENARIOS:
                register(scenario)
        if ray.get_runtime_context().was_current_actor_reconstructed:
            seed = (*seed, int.from_bytes(os.urandom(4), "little"))
        run = Run(Path(), options, None)
        self.model = run.untrained(worlds, seed=int(np.random.SeedSequence(seed).generate_state(1)[0]))
        _, self._callback = self.model._setup_learn(1, None)
        self._batches: Iterator[Any] = iter(())

    def drive(self, weights: np.ndarray) -> Driven:
        """Fill the buffer."""
        model, buffer, env = self.model, self.model.rollout_buffer, self.model.get_env()
        self._put(weights)
        assert env is not None and model.ep_info_buffer is not None and model.ep_success_buffer is not None
        model.collect_rollouts(env, self._callback, buffer, model.n_steps)
        found = Driven(buffer.values, buffer.returns, [*model.ep_info_buffer], [*model.ep_success_buffer])
        model.ep_info_buffer.clear()
        model.ep_success_buffer.clear()
        return found

    def learn(
        self, weights: np.ndarray, loss: LossWeights, size: int, first: bool
    ) -> tuple[np.ndarray, dict[str, float]] | None:
        """Of its next minibatch, about ``size`` decisions, the gradient and the logs; None: it has driven nothing yet.

        ``first``: of a pass over the buffer.
        """
        model = self.model
        if not model.rollout_buffer.full:
            return None
        self._put(weights)
        if first:
            self._batches = model.rollout_buffer.get(size)
        batch = prepared(next(self._batches), model.normalize_advantage)
        log = add_gradients(model.policy, batch, loss, 1, None)
        gradient = th.cat(
            [th.zeros_like(p).flatten() if p.grad is None else p.grad.flatten() for p in self._parameters]
        )
        return gradient.numpy(), {name: float(value) for name, value in log.items()}

    @property
    def _parameters(self) -> list[th.nn.Parameter]:
        return list(self.model.policy.parameters())

    def _put(self, weights: np.ndarray) -> None:
        vector_to_parameters(th.tensor(weights), self._parameters)


class Crew:
    """The runners. Whoever is lost begins anew, on whichever machine has room, and works on from the next rollout."""

    def __init__(self, options: Options, worlds: int, begun: int) -> None:
        hired, where = ray.remote(num_cpus=1, max_restarts=-1)(Runner), options.scenarios
        self.runners = [hired.remote(options, worlds, (options.seed, begun, k), where) for k in range(options.runners)]
        ray.wait([runner.__ray_ready__.remote() for runner in self.runners], num_returns=options.runners, timeout=START)
        self._silent: dict[int, Any] = {}  # what those who gave no answer were asked

    def ask(self, who: Sequence[int], method: str, *words: Any) -> dict[int, Any]:
        """What runners ``who`` answer, by number; those that are lost, or silent for too long, are not among them.

        Raises:
            OSError: there is nobody left; the message says why the last one was lost.
        """
        self._silent = {k: ref for k, ref in self._silent.items() if not ray.wait([ref], timeout=0)[0]}
        asked = {getattr(self.runners[k], method).remote(*words): k for k in who if k not in self._silent}
        answers, why = {}, ""
        while asked:
            ready, _ = ray.wait(list(asked), timeout=PATIENCE)
            if not ready:
                break
            k = asked.pop(ready[0])
            try:
                answers[k] = ray.get(ready[0])
            except RayActorError as error:
                why = ": " + (str(error).strip().splitlines() or [type(error).__name__])[-1].strip()
        self._silent |= {k: ref for ref, k in asked.items()}
        found = {k: answers[k] for k in sorted(answers) if answers[k] is not None}
        if not found:
            raise OSError(f"none of {len(self.runners)} runners answers{why}")
        return found


class ClusterPPO(MemoryPPO):
    """``MemoryPPO`` whose runners drive and differentiate; its own worlds stand still. See ``crew_of``."""

    crew: Crew
    present: Sequence[int] = ()  # who has driven this rollout

    def _excluded_save_params(self) -> list[str]:
        return [*super()._excluded_save_params(), "crew", "present"]

    def collect_rollouts(
        self, env: VecEnv, callback: BaseCallback, rollout_buffer: RolloutBuffer, n_rollout_steps: int
    ) -> bool:
        """Let every runner drive its worlds; False if a callback stops it."""
        callback.on_rollout_start()
        found = self.crew.ask(range(len(self.crew.runners)), "drive", self._weights())
        self.present = list(found)
        for driven in found.values():
            self.num_timesteps += driven.values.size
            assert self.ep_info_buffer is not None and self.ep_success_buffer is not None
            self.ep_info_buffer.extend(driven.episodes)
            self.ep_success_buffer.extend(driven.successes)
        for name in ("values", "returns"):  # of which the logger is told
            setattr(rollout_buffer, name, np.concatenate([getattr(each, name) for each in found.values()], axis=1))
        self.rollout_buffer.present = np.ones_like(rollout_buffer.values)  # of as many worlds as runners answered for
        callback.update_locals(locals())
        if not callback.on_step():
            return False
        callback.on_rollout_end()
        return True

    def _gradients(self, weights: LossWeights, pool: Executor) -> Iterator[Log]:
        parameters, runners = list(self.policy.parameters()), len(self.crew.runners)
        size = max(1, (self.batch_size or self.n_steps * self.n_envs) // runners)
        for k in range(-(-(self.n_envs // runners) // max(1, size // self.n_steps))):
            found = self.crew.ask(self.present, "learn", self._weights(), weights, size, k == 0)
            self.present = list(found)
            mean = th.as_tensor(np.mean([gradient for gradient, _ in found.values()], axis=0)).to(self.device)
            for parameter, piece in zip(parameters, mean.split([p.numel() for p in parameters]), strict=True):
                parameter.grad = piece.view_as(parameter)
            logs = [log for _, log in found.values()]
            yield {name: th.tensor([log[name] for log in logs if name in log]).mean() for name in logs[0]}

    def _weights(self) -> Any:
        return ray.put(parameters_to_vector(self.policy.parameters()).detach().cpu().numpy())


@contextmanager
def crew_of(model: ClusterPPO, options: Options) -> Iterator[None]:
    """Give ``model`` its runners.

    Raises:
        OSError: there is no cluster, or it has too few processors.
    """
    handler = signal.getsignal(signal.SIGTERM)
    try:
        connect(options)
        signal.signal(signal.SIGTERM, handler)  # Ray has one of its own
        if (there := int(ray.cluster_resources().get("CPU", 0))) < options.runners:
            raise OSError(f"--runners {options.runners}: the cluster has {there} processors")
        model.crew = Crew(options, model.n_envs // options.runners, model.num_timesteps)
        yield
    finally:
        ray.shutdown()


def connect(options: Options) -> None:
    """Join the cluster at RAY_ADDRESS or ``options.address``, or make one of this machine (``local``).

    RAY_ADDRESS comes first, for a run that goes on has noted an address at which there may be nobody any more.

    Raises:
        OSError: there is none; it takes no longer than REACH to tell.
    """
    address = os.environ.get("RAY_ADDRESS") or options.address
    said: dict[str, Any] = {"logging_level": "ERROR", "log_to_driver": False}
    if not address or address == "local":
        ray.init("local", num_cpus=options.runners, include_dashboard=False, **said)
        return
    try:
        if address != "auto":  # Ray itself takes its time, and many lines
            host, _, port = address.rpartition(":")
            if not port.isdecimal():
                raise ValueError("it has to be host:port, auto or local")
            socket.create_connection((host, int(port)), REACH).close()
        ray.init(address=address, **said)
    except (OSError, ValueError, RayError) as error:
        raise OSError(
            f"no cluster at {address} ({error}): ray start --head begins one, on port 6379; RAY_ADDRESS=host:port "
            "names another, RAY_ADDRESS=local this machine"
        ) from None
