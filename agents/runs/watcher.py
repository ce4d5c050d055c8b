"""What accompanies a training: progress, validation, checkpoints, and what changes as it goes on."""

from __future__ import annotations

import math
import time
from dataclasses import replace
from typing import Any

import numpy as np
from stable_baselines3.common.callbacks import BaseCallback
from stable_baselines3.common.vec_env import VecEnv

from kindergarten.agents.evaluation.agent import PolicyAgent
from kindergarten.agents.evaluation.evaluate import exam_for, record
from kindergarten.agents.learner.ppo import MemoryPPO
from kindergarten.agents.runs import checkpoint
from kindergarten.agents.runs.options import FIRST
from kindergarten.agents.runs.run import Run
from kindergarten.envs.sb3 import KindergartenVecEnv
from kindergarten.output import decimals
from kindergarten.progress import Progress
from kindergarten.scoring.reference import Reference, reference
from kindergarten.scoring.rollout import rollout
from kindergarten.scoring.score import NOTHING_AT_STAKE
from kindergarten.scoring.statistics import mean_at_stake

#: Seeds on which the best checkpoint is chosen; others than those of training and of evaluation.
VALIDATION_SEEDS = 2_000_000 + np.arange(64)
FINAL_SEEDS = 3_000_000 + np.arange(256)  # on which it is compared with what the agent is in the end
CHECKS = 40  # how often in a training the validation seeds are driven
SHOW_EVERY = 3.0  # [s] at least from one replay for ``watch --follow`` to the next; one takes 0.04 s

PASS = 0.7  # anticipation in the last training episodes, chance included, at which the delay is doubled


def checked_notes(last: checkpoint.Checkpoint) -> dict[str, Any]:
    """What a watcher has noted in a checkpoint.

    Raises:
        ValueError: it makes no sense.
    """
    notes: Any = last.notes.get("watcher")
    try:
        clocks = [notes.get(name, 0.0) for name in ("next_check", "seconds")]
        numbers = [notes.get(name, 0.0) for name in ("best", "latest", "lately")]
        numbers += [number for part in ("unwritten", "curriculum") for number in notes.get(part, {}).values()]
        sensible = all(type(n) in (int, float) for n in clocks + numbers) and all(map(math.isfinite, clocks))
    except AttributeError:  # there are none, or something is no table
        sensible = False
    if not sensible:
        raise ValueError(f"{last.name}: what it notes of the training makes no sense")
    return notes


class Watcher(BaseCallback):
    """Shows progress, drives the validation seeds now and then, keeps the best and the last checkpoint.

    Whatever it does, it does between two updates, and what it knows is in the checkpoint: a run that goes on from
    there does the same as one that was never stopped.

    Args:
        notes: what the checkpoint that training goes on from has noted; empty for a new run.
    """

    model: MemoryPPO

    def __init__(self, run: Run, notes: dict[str, Any]) -> None:
        super().__init__()
        self.run, self.total = run, run.options.steps or 0
        self.limits = self._limits()
        self.best: float = notes.get("best", -np.inf)
        self.latest: float = notes.get("latest", -np.inf)
        self.lately: float = notes.get("lately", self.latest)
        self._next: float = notes.get("next_check", 0.0)
        self._seconds: float = notes.get("seconds", 0.0)
        self._unwritten: dict[str, float] = notes.get("unwritten", {})
        self.curriculum = Curriculum(run, notes.get("curriculum", {})) if run.options.curriculum else None
        self.progress: Progress | None = None
        self._shown = -np.inf  # when [s] the last replay was written

    @property
    def seconds(self) -> float:
        """How long this run has trained, all its parts together."""
        return (time.time_ns() - self.model.start_time) / 1e9

    def _on_training_start(self) -> None:
        start = self.model.num_timesteps
        update = self.model.n_steps * self.model.n_envs  # what is begun is done to its end
        self.progress = Progress(-(-self.total // update) * update, "decisions", start)
        self.model.start_time -= int(self._seconds * 1e9)
        self.model._num_timesteps_at_start = 0  # decisions/s are those of the whole run
        for name, value in self._unwritten.items():
            self.logger.record(name, value)
        if (env := self._set_worlds()) is not None and self._next == 0.0:  # a new run: it has set out in others
            self.model._last_obs = env.reset()  # pyright: ignore[reportAttributeAccessIssue]  # no dict

    def _set_worlds(self) -> VecEnv | None:
        """Set what changes in scenes to come as training goes on; the worlds, if anything does. Twice is as once."""
        if self.curriculum is not None:
            self.curriculum.step(self.model)
        return self.curriculum and self.model.get_env()

    def _on_rollout_start(self) -> None:
        self._set_worlds()
        self._keep(check=self.model.num_timesteps >= self._next)

    def _on_step(self) -> bool:
        return True

    def _on_rollout_end(self) -> None:
        self._tell()
        self.logger.record(f"evaluation/{self.run.measure}", self.latest)
        if self.curriculum is not None:
            self.logger.record("curriculum/longest_delay", self.curriculum.longest)
            self.logger.record("curriculum/success", self.curriculum.success)

    def _on_training_end(self) -> None:
        self._keep(check=True)
        self.close()

    def close(self) -> None:
        """Let go of the screen."""
        if self.progress is not None:
            self.progress.close()

    def _keep(self, check: bool) -> None:
        """Score the agent if it is time to, and write the checkpoints."""
        if check:
            self.check()
            self._next = self.model.num_timesteps + (self.total - self.run.schedule_begins) / CHECKS
        notes = {
            "best": self.best,
            "latest": self.latest,
            "lately": self.lately,
            "next_check": self._next,
            "seconds": self.seconds,
            "unwritten": self.logger.name_to_value,
            "curriculum": self.curriculum.notes() if self.curriculum is not None else {},
        }
        tensors, counters, _ = checkpoint.capture(self.model)
        checkpoint.write(self.run.checkpoint("last"), checkpoint.Checkpoint(tensors, counters | {"watcher": notes}))

    def check(self) -> None:
        """Drive the validation seeds; on the scale of the evaluation's references, which are near enough.

        One check is off by 0.02 or so, and the best of 40 is one that was lucky. So what counts is how good an agent
        was lately: half is this check, half what counted at the one before.
        """
        self.latest = self._score()
        self._tell()
        self.lately = self.latest if np.isinf(self.lately) else (self.lately + self.latest) / 2
        if not self.lately < self.best or not self.run.checkpoint("best").exists():  # where nothing is at stake: always
            self.best = self.lately
            checkpoint.write(self.run.checkpoint("best"), checkpoint.weights(self.model))
            self._show()
        if self.model.num_timesteps == 0:  # with another run's weights a start may be good: it is not what was learned
            self.best = self.lately = -np.inf

    def _limits(self) -> dict[str, Reference]:
        """The 0 and the 1 of the score, by scenario."""
        return limits_of(self.run)

    def _score(self) -> float:
        """How good the agent is now."""
        return anticipation_on(self.run, self.model, self.limits, VALIDATION_SEEDS)

    def _tell(self) -> None:
        """Say how far it is."""
        if self.progress is not None:
            score = NOTHING_AT_STAKE if np.isnan(self.latest) else f"{self.run.measure} {decimals(self.latest)}"
            self.progress.update(self.model.num_timesteps, score)

    def _show(self) -> None:
        """Let those who follow the training see what the agent does now."""
        if time.monotonic() - self._shown >= SHOW_EVERY:
            memory, seed = self.run.options.memory.value, self.run.options.seed
            agent = f"{memory}, seed {seed}, {self.model.num_timesteps:,} decisions"
            scenario = self.run.scenarios[0]
            replay = record(self.model, scenario, self.run.config, agent, self.run.reward_scale(scenario))
            replay.write(self.run.folder / "replays" / "training.npz")
            self._shown = time.monotonic()


def limits_of(run: Run) -> dict[str, Reference]:
    """The 0 and the 1 of a run's score, by scenario."""
    return {scenario.name: reference(scenario, run.config) for scenario in run.scenarios}


def anticipation_on(run: Run, model: MemoryPPO, limits: dict[str, Reference], seeds: np.ndarray) -> float:
    """What an agent reaches on these seeds, the mean over the scenarios; if there are several, each has a quarter."""
    found = []
    for scenario in run.scenarios:
        exam = exam_for(model, scenario, run.config, seeds[: len(seeds) // (4 if run.graduate else 1)])
        rollout(PolicyAgent(model.policy), exam)
        found.append(limits[scenario.name].anticipation((exam.chances * exam.returns).sum(axis=0)))
    return mean_at_stake(found)


def settle_best(run: Run, last: MemoryPPO | None) -> None:
    """Keep as the best agent the ``last`` one, if there is one that does better on FINAL_SEEDS than the best underway.

    The checks' few seeds may flatter an early agent for good: of CutIn's seeds 100 to 104 one kept an agent of 0.80,
    and was one of 0.90 in the end.
    """
    best = run.load_model()
    if last is None or int(best.num_timesteps) == last.num_timesteps:
        return
    limits = limits_of(run)
    underway, now = (anticipation_on(run, agent, limits, FINAL_SEEDS) for agent in (best, last))
    if not now <= underway:
        checkpoint.write(run.checkpoint("best"), checkpoint.weights(last))


class Curriculum:
    """From short delays to long ones: who has learned to remember for two seconds is asked for four.

    Doubles the longest delay, up to the run's own, whenever the training episodes anticipate well enough.

    Args:
        notes: what ``notes()`` returned where training goes on from; empty for a new run.
    """

    def __init__(self, run: Run, notes: dict[str, Any]) -> None:
        self.run = run
        self.low, self.high = run.config.delay_s
        self.longest = min(notes.get("longest", FIRST), self.high)
        self.success: float = notes.get("success", float("nan"))  # when there was last enough to measure it
        self._measure()

    def notes(self) -> dict[str, Any]:
        """All that changes."""
        return {"longest": self.longest, "success": self.success}

    def step(self, model: MemoryPPO) -> None:
        """Look at the last episodes, and set the delays of the next ones.

        Calling it twice changes nothing: who is asked for more starts without merits.
        """
        episodes = model.ep_info_buffer
        if episodes is not None and len(episodes) == episodes.maxlen:
            self.success = self.limits.anticipation(np.array([episode["r"] for episode in episodes]))
            if not self.success < PASS and self.longest < self.high:  # where nothing is at stake, nothing is asked
                self.longest = min(2.0 * self.longest, self.high)
                episodes.clear()
                self._measure()
        env = model.get_env()
        assert isinstance(env, KindergartenVecEnv)
        env.set_delay(min(self.low, self.longest), self.longest)

    def _measure(self) -> None:
        """Success is on the scale of the longest delay; returns hardly depend on it."""
        config = replace(self.run.config, delay_s=(self.longest, self.longest))
        self.limits = reference(self.run.scenarios[0], config)
