"""The trainer: sb3-contrib's RecurrentPPO, made fast, with nothing lost between a cue and its decision."""

from collections.abc import Iterator
from concurrent.futures import Executor, ThreadPoolExecutor
from inspect import signature
from io import BufferedIOBase
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import torch as th
from gymnasium import spaces
from stable_baselines3.common.policies import BasePolicy
from stable_baselines3.common.type_aliases import GymEnv, MaybeCallback, Schedule
from stable_baselines3.common.utils import FloatSchedule, LinearSchedule, explained_variance

from kindergarten.agents.learner.buffer import WorldRolloutBuffer
from kindergarten.agents.learner.choice import Memory
from kindergarten.agents.learner.config import PPOConfig
from kindergarten.agents.learner.driving import Driver, auxiliary_targets_of
from kindergarten.agents.learner.encoders import ENCODERS
from kindergarten.agents.learner.loss import Log, LossWeights, add_gradients, prepared, shorten
from kindergarten.agents.learner.machine import keep_freed_memory
from kindergarten.agents.learner.policies import MemoryPolicy
from kindergarten.agents.learner.redistribution import Redistribution
from kindergarten.world.words import quoted

_DEFAULT = PPOConfig()
NOT_TOLD = ("self", "policy", "env", "device", "_init_setup_model")  # the file says it, or ``load`` itself is told


class MemoryPPO(Driver):
    """RecurrentPPO on whole worlds per minibatch, with annealed learning rate and entropy bonus.

    The interface is the parent's: ``learn``, ``predict``, ``save``, ``load``, callbacks, logger. ``ent_coef`` may be
    a schedule like ``learning_rate`` (a function of the progress that remains, 1 to 0). ``threads`` shares of each
    minibatch are worked on side by side; PyTorch itself does best on one thread, `torch.set_num_threads(1)`.

    An environment may have auxiliary targets (`auxiliary_targets_of`): then only decisions that have an effect count in
    the policy's loss, and the captions learn from the labels, with ``caption_coef``. From any other environment whose
    observations are a Box, and its actions a Box or Discrete, it learns as RecurrentPPO does.

    For the first ``warmup`` of the training the policy itself learns nothing and drives at random, while its memory
    learns to tell the intents. ``noise_hold``: for how many decisions each world keeps its noise (`HeldNoise`).
    ``redistribute``: rewards are paid when they are decided (`Redistribution`). Schedules and warm-up count from the
    attribute ``schedule_begins`` on: decisions that had been taken when they began.
    """

    policy_aliases: ClassVar[dict[str, type[BasePolicy]]] = dict.fromkeys(
        ("MemoryPolicy", "MlpLstmPolicy"), MemoryPolicy
    )
    policy: MemoryPolicy
    rollout_buffer: WorldRolloutBuffer

    def __init__(
        self,
        policy: str | type[MemoryPolicy],
        env: GymEnv | str | None,
        learning_rate: float | Schedule = _DEFAULT.learning_rate,
        n_steps: int = _DEFAULT.n_steps,
        batch_size: int | None = _DEFAULT.batch_size,
        n_epochs: int = _DEFAULT.n_epochs,
        gamma: float = _DEFAULT.gamma,
        gae_lambda: float = _DEFAULT.gae_lambda,
        clip_range: float | Schedule = _DEFAULT.clip_range,
        clip_range_vf: float | Schedule | None = None,
        normalize_advantage: bool = True,
        ent_coef: float | Schedule = _DEFAULT.ent_coef,
        vf_coef: float = _DEFAULT.vf_coef,
        max_grad_norm: float = _DEFAULT.max_grad_norm,
        target_kl: float | None = None,
        stats_window_size: int = 100,
        tensorboard_log: str | None = None,
        policy_kwargs: dict[str, Any] | None = None,
        verbose: int = 0,
        seed: int | None = None,
        threads: int = 1,
        caption_coef: float = _DEFAULT.caption_coef,
        warmup: float = 0.0,
        noise_hold: float = 1.0,
        redistribute: bool = False,
        device: th.device | str = "cpu",
        _init_setup_model: bool = True,
    ):
        super().__init__(
            policy,
            env,  # pyright: ignore[reportArgumentType]  # None when loading: the parent allows it, its hint does not
            learning_rate=learning_rate,
            n_steps=n_steps,
            batch_size=batch_size,
            n_epochs=n_epochs,
            gamma=gamma,
            gae_lambda=gae_lambda,
            clip_range=clip_range,
            clip_range_vf=clip_range_vf,
            normalize_advantage=normalize_advantage,
            vf_coef=vf_coef,
            max_grad_norm=max_grad_norm,
            target_kl=target_kl,
            stats_window_size=stats_window_size,
            tensorboard_log=tensorboard_log,
            policy_kwargs=policy_kwargs,
            verbose=verbose,
            seed=seed,
            device=device,
            _init_setup_model=False,
        )
        self.threads, self.caption_coef = threads, caption_coef
        self.warmup, self.noise_hold = warmup, noise_hold
        self.redistribute = redistribute
        self.entropy_schedule = FloatSchedule(ent_coef)
        self.schedule_begins = 0
        if _init_setup_model:
            self._setup_model()

    @classmethod
    def from_config(
        cls,
        env: GymEnv,
        config: PPOConfig = _DEFAULT,
        memory: Memory | str = "lstm",
        seed: int | None = None,
        tensorboard_log: str | None = None,
        verbose: int = 0,
        threads: int = 1,
        device: th.device | str = "cpu",
    ) -> "MemoryPPO":
        """A trainer for ``env`` with all its numbers from ``config``."""
        targets = auxiliary_targets_of(env)
        return cls(
            MemoryPolicy,
            env,
            learning_rate=LinearSchedule(config.learning_rate, config.learning_rate_end, 1.0),
            n_steps=config.n_steps,
            batch_size=config.batch_size,
            n_epochs=config.n_epochs,
            gamma=config.gamma,
            gae_lambda=config.gae_lambda,
            clip_range=config.clip_range,
            ent_coef=LinearSchedule(config.ent_coef, config.ent_coef_end, 1.0),
            vf_coef=config.vf_coef,
            max_grad_norm=config.max_grad_norm,
            tensorboard_log=tensorboard_log,
            policy_kwargs=dict(
                memory=Memory(memory).value,
                lstm_hidden_size=config.hidden,
                frames=config.frames,
                shared_lstm=config.shared_memory,
                critic_gradient=config.critic_gradient,
                features_extractor_class=ENCODERS[config.encoder],
                features_extractor_kwargs=dict(size=config.features, trunk=config.trunk.value, depth=config.depth),
                num_labels=0 if targets is None else targets.labels.shape[1],
            ),
            verbose=verbose,
            seed=seed,
            threads=threads,
            caption_coef=config.caption_coef,
            warmup=0.0 if targets is None else config.warmup,
            noise_hold=config.noise_hold,
            redistribute=config.redistribute,
            device=device,
        )

    @classmethod
    def load(
        cls,
        path: str | Path | BufferedIOBase,
        env: GymEnv | None = None,
        device: th.device | str = "auto",
        custom_objects: dict[str, Any] | None = None,
        print_system_info: bool = False,
        force_reset: bool = True,
        **kwargs: Any,
    ) -> "MemoryPPO":
        """Read what ``save`` has written, as in the parent class; ``kwargs`` are arguments of the constructor.

        Raises:
            ValueError: there is no such argument, or it is what the file itself says.
        """
        changed = kept_names(cls, kwargs)
        return super().load(path, env, device, custom_objects, print_system_info, force_reset, **changed)

    def _setup_model(self) -> None:
        super()._setup_model()
        if not isinstance(self.policy, MemoryPolicy):
            raise ValueError(f"policy {self.policy_class.__name__}: MemoryPPO needs a MemoryPolicy")
        if not isinstance(self.observation_space, spaces.Box):
            raise ValueError("MemoryPPO needs a Box: observation 'features' holds all that 'users' does")
        if not isinstance(self.action_space, (spaces.Box, spaces.Discrete)):
            raise ValueError(f"MemoryPPO needs actions that are a Box or Discrete, and not {self.action_space}")
        self.policy.exploration.hold = self.noise_hold
        self.rollout_buffer = WorldRolloutBuffer(
            self.n_steps,
            self.observation_space,
            self.action_space,
            (self.n_steps, 1, self.n_envs, self.policy.lstm_hidden_state_shape[2]),
            self.device,
            gamma=self.gamma,
            gae_lambda=self.gae_lambda,
            n_envs=self.n_envs,
            num_labels=self.policy.num_labels,
        )
        self._last_lstm_states = self.policy.no_memories(self.n_envs)
        seen, done = self.observation_space, self.action_space
        self.redistribution = Redistribution(self.n_envs, seen, done) if self.redistribute else None
        self._seed_order()

    def _excluded_save_params(self) -> list[str]:
        return [*super()._excluded_save_params(), "redistribution", "past"]

    def set_random_seed(self, seed: int | None = None) -> None:
        """Seed everything random, as in the parent class; None leaves what the libraries' generators hold."""
        super().set_random_seed(seed)
        if isinstance(getattr(self, "rollout_buffer", None), WorldRolloutBuffer):
            self._seed_order()

    def _seed_order(self) -> None:
        self.rollout_buffer.order = np.random.default_rng(np.random.randint(1 << 31))

    def learn(
        self,
        total_timesteps: int,
        callback: MaybeCallback = None,
        log_interval: int = 1,
        tb_log_name: str = "MemoryPPO",
        reset_num_timesteps: bool = True,
        progress_bar: bool = False,
    ) -> "MemoryPPO":
        """Train for so many decisions of all worlds together, as in the parent class."""
        keep_freed_memory()
        if reset_num_timesteps:  # of one that was trained on: its schedules began later
            self.schedule_begins = 0
        return super().learn(total_timesteps, callback, log_interval, tb_log_name, reset_num_timesteps, progress_bar)

    def _update_current_progress_remaining(self, num_timesteps: int, total_timesteps: int) -> None:
        begins = self.schedule_begins
        super()._update_current_progress_remaining(num_timesteps - begins, total_timesteps - begins)

    def dump_logs(self, iteration: int = 0) -> None:
        """Write a row; updates are counted from the beginning of the training, however often it was stopped."""
        super().dump_logs(self.num_timesteps // (self.n_envs * self.n_steps))

    def train(self) -> None:
        """Update the policy with the rollout that was just collected."""
        self.policy.set_training_mode(True)
        self._update_learning_rate(self.policy.optimizer)
        remaining = self._current_progress_remaining
        self.ent_coef = self.entropy_schedule(remaining)
        weights = LossWeights(
            clip_range=FloatSchedule(self.clip_range)(remaining),
            clip_range_vf=None if self.clip_range_vf is None else FloatSchedule(self.clip_range_vf)(remaining),
            ent_coef=self.ent_coef,
            vf_coef=self.vf_coef,
            caption_coef=self.caption_coef,
            policy_coef=0.0 if 1.0 - remaining <= self.warmup else 1.0,
        )
        with ThreadPoolExecutor(self.threads, initializer=th.set_num_threads, initargs=(1,)) as pool:
            logs = self._epochs(weights, pool)
        self._log(logs, weights.clip_range)

    def _epochs(self, weights: LossWeights, pool: Executor) -> list[Log]:
        """All passes over the rollout, or fewer if the policy moves further than ``target_kl`` allows."""
        logs = []
        # A probe takes part in nothing: its gradient must not shorten the others' either.
        probe = set(self.policy.caption_parameters()) if weights.caption_coef == 0 else set()
        clipped = [parameter for parameter in self.policy.parameters() if parameter not in probe]
        for _ in range(self.n_epochs):
            self._n_updates += 1
            for log in self._gradients(weights, pool):
                logs.append(log)
                if self.target_kl is not None and logs[-1]["approx_kl"] > 1.5 * self.target_kl:
                    return logs
                shorten(clipped, self.max_grad_norm)
                self.policy.optimizer.step()
        return logs

    def _gradients(self, weights: LossWeights, pool: Executor) -> Iterator[Log]:
        """One pass over the rollout: sets the policy's gradients to those of each minibatch, one after the other."""
        for batch in self.rollout_buffer.get(self.batch_size):
            batch = prepared(batch, self.normalize_advantage)
            yield add_gradients(self.policy, batch, weights, self.threads, pool)

    def _log(self, logs: list[Log], clip_range: float) -> None:
        buffer = self.rollout_buffer
        for name in sorted(set().union(*logs)):  # captions are missing where there were no labels
            mean = th.stack([log[name] for log in logs if name in log]).mean().item()
            self.logger.record(f"train/{name}", mean)
        there = buffer.present > 0
        explained = explained_variance(buffer.values[there], buffer.returns[there])
        self.logger.record("train/explained_variance", explained)
        if hasattr(self.policy, "log_std"):
            self.logger.record("train/std", self.policy.log_std.exp().mean().item())
        self.logger.record("train/n_updates", self._n_updates, exclude="tensorboard")
        self.logger.record("train/clip_range", clip_range)
        self.logger.record("train/ent_coef", self.ent_coef)


def kept_names(trainer: type, arguments: dict[str, Any]) -> dict[str, Any]:
    """Arguments of a trainer's constructor by the names under which it keeps them, where ``load`` puts them.

    Raises:
        ValueError: there is no such argument.
    """
    known = [name for name in signature(trainer).parameters if name not in NOT_TOLD]
    for name in arguments:
        if name not in known:
            raise ValueError(f"{trainer.__name__}.load takes no {quoted(name)}: choose from {', '.join(known)}")
    kept = {"_stats_window_size" if name == "stats_window_size" else name: its for name, its in arguments.items()}
    return kept | {"entropy_schedule": FloatSchedule(kept["ent_coef"])} if "ent_coef" in kept else kept
