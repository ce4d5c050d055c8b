"""``kindergarten train``: from one command to an agent, its scores and a replay."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

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
from kindergarten.envs.sb3 import KindergartenVecEnv, make_sb3
from kindergarten.reference import Reference, reference
from kindergarten.scenarios import scenario_named

#: Seeds on which the best checkpoint is chosen; others than those of training and of evaluation.
VALIDATION_SEEDS = 2_000_000 + np.arange(64)
CAUTIOUS = 0.3  # share of the training in which collisions cost more
CHECKS = 40  # how often in a training they are driven


@dataclass(frozen=True)
class Options:
    """Teach a car to read what others are about to do."""

    scenario: str = "Follow"
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
    caution: float = 1.4
    """Collisions cost this many times as much at first; it falls to once at 30 % of the training."""
    threads: int = 1
    """Shares of each minibatch that are worked on side by side."""


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

    def _on_rollout_start(self) -> None:
        """The curriculum: who has learned early that a crash is dear finds out what the brake is for.

        Without it one LSTM of four settled for never braking on Crossing, as the memoryless do; with it none of five.
        """
        early = max(0.0, 1.0 - self.model.num_timesteps / (CAUTIOUS * self.total))
        env = self.training_env.unwrapped
        assert isinstance(env, KindergartenVecEnv)
        env.envs.simulator.scale_weight("collision", 1.0 + (self.run.options["caution"] - 1.0) * early)

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
    for name, least in (("worlds", 1), ("seeds", 1), ("threads", 1), ("seed", 0), ("captions", 0.0), ("caution", 1)):
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
    model = MemoryPPO.from_config(env, hyperparameters, options.memory, options.seed, threads=options.threads)
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


def learn(run: Run, model: MemoryPPO) -> bool:
    """Train until the run has all its decisions; False if somebody interrupted it."""
    total = run.options["steps"]
    limits = reference(run.scenario, run.config)
    formats = [CSVOutputFormat(str(run.folder / "metrics.csv")), TensorBoardOutputFormat(str(run.folder))]
    model.set_logger(Logger(str(run.folder), formats))
    watcher = Watcher(run, limits, total)
    try:
        model.learn(total - model.num_timesteps, watcher, reset_num_timesteps=False)
    except KeyboardInterrupt:
        watcher.bar.close()
        run.save(model, "last")
        print(f"\nStopped after {model.num_timesteps:,} decisions. Go on: kindergarten train --resume {run.folder}")
        return False
    return True


def finish(run: Run) -> dict[str, Any]:
    """Evaluate the best checkpoint, write what came out, and say how to look at it."""
    model = run.load_model()
    agent = f"{run.options['memory']}, seed {run.options['seed']}, {model.num_timesteps:,} decisions"
    found = {**evaluate(model, run.scenario, run.config), **run.identity}
    run.write_json("evaluation.json", found)
    record(model, run.scenario, run.config, agent).write(run.folder / "replays" / "twins.npz")
    print_table(found)
    print(f"Watch it:  kindergarten watch {run.folder}")
    return found


def train(options: Options) -> dict[str, Any] | None:
    """Train one agent; its evaluation, or None if somebody interrupted it."""
    th.set_num_threads(1)
    run, model = begin(options)
    print(f"{run.options['scenario']}, memory {run.options['memory']}, seed {run.options['seed']}: {run.folder}")
    if model.num_timesteps < run.options["steps"] and not learn(run, model):
        return None
    return finish(run)


def main(argv: list[str] | None = None) -> int:
    """Run the command line; the exit code."""
    options = tyro.cli(Options, prog="train", args=argv)
    check_options(options)
    results = []
    for seed in range(options.seed, options.seed + options.seeds):
        out = options.out / f"seed{seed}" if options.out and options.seeds > 1 else options.out
        found = train(replace(options, seed=seed, out=out))
        if found is None:
            return 130
        results.append(found["anticipation"])
    if len(results) > 1:
        middle, low, high = interquartile_mean(np.array(results))
        print(f"{len(results)} seeds: anticipation {middle:.3f} (interquartile mean; 95 % {low:.3f}..{high:.3f})")
    return 0


def interquartile_mean(scores: np.ndarray, resamples: int = 10_000) -> tuple[float, float, float]:
    """Mean of the middle half of ``scores`` (K,), and its 95 % bootstrap interval over the runs.

    Source: Agarwal et al., Deep reinforcement learning at the edge of the statistical precipice, NeurIPS 2021.
    """

    def middle(rows: np.ndarray) -> np.ndarray:
        cut = rows.shape[-1] // 4
        return np.sort(rows, axis=-1)[..., cut : rows.shape[-1] - cut].mean(axis=-1)

    again = np.random.default_rng(0).choice(scores, (resamples, len(scores)))
    low, high = np.quantile(middle(again), [0.025, 0.975])
    return float(middle(scores)), float(low), float(high)
