"""How fast it learns: ``python -m benchmarks.trainer [--time-to-score [--scenario Crossing]] [--out FILE]``.

Without ``--time-to-score``: decisions/s of our trainer and of sb3-contrib's RecurrentPPO in the same worlds, with the
same rollouts, minibatches, epochs, network and threads, in turns. With it: how long ours takes with its defaults until
it anticipates as well as 0.9 on seeds that it is not trained on, within a training of default length. ``--rivals``: in
turns, seed by seed, so do ours by rewards alone, and stock in as many worlds and with our numbers, its forget gates as
open and its learning rate annealed as ours; both get LONGER times as many decisions.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from dataclasses import replace
from itertools import product
from statistics import median
from typing import Any

import numpy as np
import torch as th
from sb3_contrib import RecurrentPPO
from stable_baselines3.common.callbacks import BaseCallback
from stable_baselines3.common.utils import LinearSchedule

from benchmarks.common import Clocks, Done, Work, about, command_line, race, ratio, write
from benchmarks.phases import kernel_share, time_by_phase
from kindergarten.agents.learner.config import PPOConfig
from kindergarten.agents.learner.encoders import MlpFeatures
from kindergarten.agents.learner.memory import open_forget_gates
from kindergarten.agents.learner.ppo import MemoryPPO
from kindergarten.agents.runs.options import usual
from kindergarten.agents.runs.run import PACKAGES
from kindergarten.agents.runs.watcher import VALIDATION_SEEDS
from kindergarten.envs.sb3 import KindergartenVecEnv, make_sb3
from kindergarten.scenarios import SCENARIOS, id_of, scenario_named
from kindergarten.scoring.agent import PredictAgent
from kindergarten.scoring.exam import Exam
from kindergarten.scoring.reference import Reference, compute, stake
from kindergarten.scoring.rollout import rollout
from kindergarten.world.config import Config, Scenario
from kindergarten.world.settings import plain

OURS, STOCK = "MemoryPPO", "RecurrentPPO"
ALONE, LIKE_OURS = f"{OURS}, rewards alone", f"{STOCK}, our numbers"
LONGER = 5  # times the default length is the training of those that are not told what the others will do


def worlds_of(scenario: str, worlds: int, seed: int) -> KindergartenVecEnv:
    """The worlds that either learns in, with the rewards as ``train.py`` pays them."""
    return make_sb3(id_of(scenario), worlds, seed, reward_scale=1 / stake(scenario_named(scenario)))


def ours(
    seed: int = 0, worlds: int = 256, config: PPOConfig | None = None, scenario: str = "Follow", threads: int = 1
) -> MemoryPPO:
    """Our trainer as ``train.py`` makes it."""
    return MemoryPPO.from_config(worlds_of(scenario, worlds, seed), config or PPOConfig(), seed=seed, threads=threads)


def stock_like_ours(
    seed: int, worlds: int, config: PPOConfig, scenario: str = "Follow", shared: bool = False
) -> RecurrentPPO:
    """Stock RecurrentPPO with our network and numbers.

    Where actor and critic share a memory, stock's critic teaches it nothing, and agents are caught by never braking. So
    to learn with it has a memory for each, as by default; ``shared`` is for speeds, to compute as much as ours does.
    """
    network = {"lstm_hidden_size": config.hidden, "net_arch": [], "features_extractor_class": MlpFeatures}
    network |= {"shared_lstm": shared, "enable_critic_lstm": not shared}
    model = RecurrentPPO(
        "MlpLstmPolicy",
        worlds_of(scenario, worlds, seed),
        learning_rate=LinearSchedule(config.learning_rate, config.learning_rate_end, 1.0),
        n_steps=config.n_steps,
        batch_size=config.batch_size,
        n_epochs=config.n_epochs,
        gamma=config.gamma,
        gae_lambda=config.gae_lambda,
        ent_coef=config.ent_coef,
        policy_kwargs=network | {"features_extractor_kwargs": {"size": config.features}},
        seed=seed,
        device="cpu",
    )
    for module in model.policy.modules():
        if isinstance(module, th.nn.LSTM):
            open_forget_gates(module)
    return model


class Annealing(BaseCallback):
    """Lets stock's entropy bonus fall to nothing until the end of the training, as ours does."""

    def _on_training_start(self) -> None:
        self.begin = self.model.ent_coef  # pyright: ignore[reportAttributeAccessIssue]

    def _on_step(self) -> bool:
        return True

    def _on_rollout_end(self) -> None:
        self.model.ent_coef = self.begin * self.model._current_progress_remaining  # pyright: ignore[reportAttributeAccessIssue]


def allow(model: RecurrentPPO, threads: int) -> None:
    """Let PyTorch use so many threads for this trainer; ours has its own, that each do their share on one."""
    th.set_num_threads(1 if isinstance(model, MemoryPPO) else threads)


def update(model: RecurrentPPO, threads: int) -> Work:
    """One rollout and the training on it."""
    decisions = model.n_steps * model.n_envs

    def work() -> Done:
        allow(model, threads)
        model.learn(decisions, reset_num_timesteps=False)
        return Done(decisions)

    return work


def throughput(options: argparse.Namespace, config: PPOConfig) -> dict[str, Any]:
    """Decisions/s of both, an update each in turns."""
    worlds, rounds, threads = options.worlds, options.rounds, options.threads
    made = about("trainer", PACKAGES)
    mine, stock = ours(0, worlds, config, threads=threads), stock_like_ours(0, worlds, config, shared=True)
    rates = race({OURS: update(mine, threads), STOCK: update(stock, threads)}, rounds, 0.0)
    allow(mine, threads)
    return {
        **made,
        "settings": {"scenario": "Follow", "worlds": worlds, "rounds": rounds, "threads": threads},
        "hyperparameters": plain(config),
        "rates": {name: rate.summary() for name, rate in rates.items()},
        "ratios": {f"{OURS} / {STOCK}": ratio(rates[OURS].decisions, rates[STOCK].decisions, 6.0)},
        "phases": time_by_phase(mine, rounds),
        "kernels": kernel_share(mine),
    }


def anticipation(model: RecurrentPPO, scenario: Scenario, limits: Reference) -> float:
    """The score of either's agent: every intent of every seed of ``limits``, without chance."""
    exam = Exam(scenario, seeds=limits.seeds)
    rollout(PredictAgent(model), exam)
    return limits.anticipation((exam.chances * exam.returns).sum(axis=0))


class Stopwatch(BaseCallback):
    """Ends a training at a score or at a limit of processor time; the clocks stand still while the score is taken."""

    def __init__(self, score: Callable[[RecurrentPPO], float], target: float, limit: float, every: float) -> None:
        super().__init__()
        self.score, self.target, self.limit, self.every = score, target, limit, every
        self.curve: list[dict[str, float]] = []
        self.wall = self.processor = self._next = 0.0
        self.start = Clocks.now()

    def _on_step(self) -> bool:
        return not self.finished

    @property
    def finished(self) -> bool:
        """Whether there is nothing more to wait for."""
        last = self.curve[-1] if self.curve else {"anticipation": -np.inf, "processor_s": 0.0}
        return last["anticipation"] >= self.target or last["processor_s"] >= self.limit

    def _on_rollout_start(self) -> None:  # the update before it is done
        self._stop()
        if self.processor >= min(self._next, self.limit):
            self.check()
        self.start = Clocks.now()

    def _on_training_end(self) -> None:
        self._stop()
        if not self.finished:
            self.check()

    def _stop(self) -> None:
        wall, processor = Clocks.now().since(self.start)
        self.wall, self.processor = self.wall + wall, self.processor + processor

    def check(self) -> None:
        """Add a point to the curve."""
        self._next = self.processor + self.every
        self.model.policy.set_training_mode(False)
        assert isinstance(self.model, RecurrentPPO)
        point = {
            "wall_s": round(self.wall, 2),
            "processor_s": round(self.processor, 2),
            "decisions": self.model.num_timesteps,
            "anticipation": round(self.score(self.model), 3),
        }
        self.curve.append(point)
        line = "  {processor_s:7.1f} s {decisions:9,} decisions: anticipation {anticipation:6.2f}"
        print(line.format(**point), flush=True)


def time_to_score(model: RecurrentPPO, watch: Stopwatch, steps: int) -> dict[str, Any]:
    """Train until the score or the limit, at most so many decisions; the clocks run since ``watch`` was made."""
    model.learn(steps, watch if isinstance(model, MemoryPPO) else [watch, Annealing()])
    last = watch.curve[-1]
    return {"reached": last["anticipation"] >= watch.target, **last, "curve": watch.curve}


def times_to_score(options: argparse.Namespace) -> dict[str, Any]:
    """Everybody in turns, seed by seed."""
    made, scenario = about("time to score", PACKAGES, "trainer"), scenario_named(options.scenario)
    limits = compute(scenario, Config(), VALIDATION_SEEDS[: options.validation])

    def score(model: RecurrentPPO) -> float:
        return anticipation(model, scenario, limits)

    default, name = usual(scenario.name).learner, scenario.name
    alone = replace(default, caption_coef=0.0)
    makers: dict[str, Callable[[int, int], RecurrentPPO]] = {
        OURS: lambda seed, worlds: ours(seed, worlds, default, name, options.threads)
    }
    if options.rivals:
        makers[ALONE] = lambda seed, worlds: ours(seed, worlds, alone, name, options.threads)
        makers[LIKE_OURS] = lambda seed, worlds: stock_like_ours(seed, worlds, alone, name)
    steps = {who: scenario.training * (1 if who == OURS else LONGER) for who in makers}
    score(ours(0, 1, scenario=name))  # whatever is compiled or loaded at first use is so now
    runs: dict[str, list[dict[str, Any]]] = {who: [] for who in makers}
    for seed, (who, make) in product(range(options.seeds), makers.items()):
        print(f"{who}, seed {seed}")
        watch = Stopwatch(score, options.score, options.limit or np.inf, options.every)
        model = make(seed, options.worlds)
        allow(model, options.threads)
        runs[who].append(time_to_score(model, watch, steps[who]))
    settings = {"scenario": name, "score": options.score, "worlds": options.worlds, "decisions": steps}
    return {
        **made,
        "settings": settings | {"threads": options.threads},
        "median_processor_s": {who: median(run["processor_s"] for run in found) for who, found in runs.items()},
        "runs": runs,
    }


def show(result: dict[str, Any]) -> None:
    """Print a result as people read it."""
    for name, row in result.get("rates", {}).items():
        rate, cores = row["decisions_per_s"], row["cores"]["median"]
        spread = f"({rate['min']:,.0f}..{rate['max']:,.0f})"
        print(f"{name:28} {rate['median']:10,.0f} {spread:>20} decisions/s of processor time, on {cores:.2f} cores")
    for name, row in result.get("ratios", {}).items():
        print(f"{name:28} {row['median']:10.2f} ({row['min']:.2f}..{row['max']:.2f})   at least {row['target']:g}")
    for name, share in result.get("phases", {}).items():
        print(f"{OURS}: {name:26} {share:6.1%} of the time on the wall")
    if "kernels" in result:
        print(f"{OURS}: {'LSTM and linear kernels':26} {result['kernels']:6.1%}   at least 60 %")
    for name, runs in result.get("runs", {}).items():
        for run in runs:
            end = "reached" if run["reached"] else f"NOT reached ({run['anticipation']:.2f})"
            spent = f"{run['wall_s']:.0f} s ({run['processor_s']:.0f} s of processor time)"
            print(f"{name:28} {end} after {spent}, {run['decisions']:,} decisions")
    for name, seconds in result.get("median_processor_s", {}).items():
        print(f"{name:28} {seconds:.1f} s of processor time, the median")


def main(argv: list[str] | None = None) -> int:
    """Run the command line."""
    parser = command_line("trainer", __doc__, seeds=5)
    parser.add_argument("--quick", action="store_true", help="small and rough, some seconds")
    parser.add_argument("--worlds", type=int, default=256, help="side by side (default: %(default)s)")
    parser.add_argument("--rounds", type=int, default=5, help="turns of each (default: %(default)s)")
    parser.add_argument("--threads", type=int, default=1, help="of everybody (default: %(default)s)")
    parser.add_argument("--time-to-score", action="store_true", help="train until --score")
    parser.add_argument("--scenario", choices=list(SCENARIOS), default="Follow", metavar="NAME", help="... on this one")
    parser.add_argument("--rivals", action="store_true", help="... and so do ours by rewards alone, and stock")
    parser.add_argument("--score", type=float, default=0.9, help="anticipation (default: %(default)s)")
    parser.add_argument("--limit", type=float, help="[s] of each (default: none)")
    parser.add_argument("--every", type=float, default=2.0, help="seconds between two looks (default: %(default)s)")
    parser.add_argument("--validation", type=int, default=64, help="seeds of the score (default: %(default)s)")
    options = parser.parse_args(argv)
    config = PPOConfig()
    if options.quick:
        config = PPOConfig(n_steps=64, batch_size=256, n_epochs=1)
        options.worlds, options.rounds = min(options.worlds, 16), 1
    result = times_to_score(options) if options.time_to_score else throughput(options, config)
    show(result)
    if options.out:
        write(options.out, result)
    return 0


if __name__ == "__main__":
    sys.exit(main())
