"""``kindergarten train``: from one command to an agent, its scores and a replay."""

from __future__ import annotations

import sys
import time
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import torch as th
import tyro
from stable_baselines3.common.callbacks import BaseCallback
from stable_baselines3.common.logger import CSVOutputFormat, Logger, TensorBoardOutputFormat
from tqdm import tqdm

from kindergarten.agents.config import STEPS, PPOConfig
from kindergarten.agents.evaluate import drive, evaluate, print_table, record
from kindergarten.agents.memory import Memory
from kindergarten.agents.ppo import MemoryPPO
from kindergarten.agents.run import Run
from kindergarten.config import Config, Scenario, make_config
from kindergarten.envs.sb3 import make_sb3
from kindergarten.reference import Reference, reference
from kindergarten.scenarios import scenario_named

#: Seeds on which the best checkpoint is chosen; others than those of training and of evaluation.
VALIDATION_SEEDS = 2_000_000 + np.arange(64)
CHECKS = 40  # how often in a training they are driven


@dataclass(frozen=True)
class Options:
    """Teach a car to read what others are about to do."""

    scenario: str = "Crossing"
    """Which lesson: see `kindergarten scenarios`."""
    memory: str = "lstm"
    """lstm, lstm-default (PyTorch's initialisation), gru, rnn, or none."""
    steps: int | None = None
    """Decisions to train for; the scenario's own number if left out."""
    worlds: int = 256
    """Worlds side by side."""
    seed: int = 0
    """Of everything random."""
    seeds: int = 1
    """Train this many agents, one after the other, from `seed` on."""
    out: Path | None = None
    """The run's folder; it must not exist yet. Default: runs/SCENARIO-MEMORY-TIME."""
    resume: Path | None = None
    """Go on with this run."""
    control: str = "discrete"
    """discrete or continuous."""
    delay: tuple[float, float] = (1.0, 4.0)
    """Seconds from the signal's end to the movement, drawn between the two."""
    captions: float = PPOConfig.caption_coef
    """Weight of the captions' loss; 0 makes them a probe that teaches nothing."""
    threads: int = 1
    """Of torch."""


class Watcher(BaseCallback):
    """Shows progress, drives the validation seeds now and then, keeps the best and the last checkpoint."""

    def __init__(self, run: Run, limits: Reference, total: int) -> None:
        super().__init__()
        self.run, self.limits, self.total = run, limits, total
        self.best = self.latest = -np.inf
        self._next = 0

    def _on_training_start(self) -> None:
        start = self.model.num_timesteps
        self.bar = tqdm(total=self.total, initial=start, unit=" decisions", unit_scale=True, dynamic_ncols=True)

    def _on_step(self) -> bool:
        return True

    def _on_rollout_end(self) -> None:
        self.bar.update(self.model.num_timesteps - self.bar.n)
        if self.model.num_timesteps >= self._next:
            self.check()
            self._next = self.model.num_timesteps + self.total / CHECKS
        self.logger.record("evaluation/anticipation", self.latest)

    def _on_training_end(self) -> None:
        self.check()
        self.bar.close()

    def check(self) -> None:
        """Drive the validation seeds; on the scale of the evaluation's references, which are near enough."""
        assert isinstance(self.model, MemoryPPO)
        outcome = drive(self.model, self.run.scenario, self.run.config, VALIDATION_SEEDS)
        self.latest = self.limits.anticipation(outcome.mean(outcome.returns))
        self.bar.set_postfix_str(f"anticipation {self.latest:.2f}")
        self.run.save(self.model, "last")
        if self.latest >= self.best:
            self.best = self.latest
            self.run.save(self.model, "best")


def check_options(options: Options) -> tuple[Scenario, Config]:
    """What the options mean.

    Raises:
        ValueError: one of them makes no sense; the message names the value and the choices.
    """
    scenario = scenario_named(options.scenario)
    config = make_config(control=options.control, delay_s=options.delay)
    Memory(options.memory)
    for name, least in (("worlds", 1), ("seeds", 1), ("threads", 1), ("seed", 0), ("captions", 0.0)):
        if not getattr(options, name) >= least:
            raise ValueError(f"--{name} is {getattr(options, name)}: it must be at least {least:g}")
    if options.steps is not None and options.steps < 1:
        raise ValueError(f"--steps is {options.steps}: it must be at least 1")
    return scenario, config


def begin(options: Options) -> tuple[Run, MemoryPPO]:
    """A new run and its untrained agent, or an old one and what it has learned so far."""
    scenario, config = check_options(options)
    if options.resume is not None:
        run = Run.open(options.resume)
        return run, run.load_model("last", environment(Options(**run.options)))
    hyperparameters = PPOConfig(caption_coef=options.captions)
    stamp = datetime.now().strftime("%Y%m%d-%H%M%S")
    folder = options.out or Path("runs") / f"{scenario.name}-{options.memory}-{stamp}"
    steps = options.steps or STEPS.get(scenario.name, STEPS["other"])
    kept = {**asdict(replace(options, steps=steps)), "out": str(folder), "resume": None, "seeds": 1}
    env = environment(options)
    model = MemoryPPO.from_config(env, hyperparameters, options.memory, seed=options.seed)
    return Run.create(folder, kept, asdict(hyperparameters)), model


def environment(options: Options) -> Any:
    """The worlds to train in."""
    return make_sb3(
        f"Kindergarten/{options.scenario}-v0",
        options.worlds,
        options.seed,
        control=options.control,
        delay_s=tuple(options.delay),
    )
