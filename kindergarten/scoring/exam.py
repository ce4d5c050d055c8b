"""The exam: every intent of every evaluation seed, each driven once, as a Gymnasium vector environment."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from numbers import Integral
from typing import TYPE_CHECKING, Any

import gymnasium
import numpy as np
from gymnasium.vector import AutoresetMode, VectorEnv
from gymnasium.vector.utils import batch_space

from kindergarten.scenarios import scenario_named
from kindergarten.scoring.criterion import Criterion
from kindergarten.scoring.planner import array_of_seeds, chances, drawn, twins
from kindergarten.scoring.reference import Reference, reference_on, seeds_of
from kindergarten.scoring.score import Score
from kindergarten.world.codes import End, Intent, names
from kindergarten.world.config import Config, Scenario, Settings, make_config
from kindergarten.world.kinds import within
from kindergarten.world.settings import plain, spelled_out
from kindergarten.world.simulator import Simulator
from kindergarten.world.spaces import Observed, Observer, action_space
from kindergarten.world.words import quoted

if TYPE_CHECKING:
    from typing_extensions import Unpack

LARGEST_SEED = int(np.iinfo(np.uint64).max)  # a generator starts from 64 bits


class Exam(VectorEnv):
    """For whoever owns the loop: step it until ``done``, then ask for its ``score()``.

        exam = kindergarten.Exam("Crossing")
        observations, _ = exam.reset()
        while not exam.done:
            observations, *_ = exam.step(drive(observations))
        print(exam.score())

    World ``k * S + j`` is seed j with intent k: W = I * S worlds. A world that has ended stays as it is, terminated or
    truncated at every further step, and earns nothing more.

    Args:
        scenario: a name, or a Scenario.
        seeds: (S,) whole numbers from 0 to 2**64 - 1; those of the setting's stored reference if left out.
        settings: the environment's own keywords, as for ``gymnasium.make``.

    Attributes:
        returns: (I, S) earned so far.
        first_leg: (I, S) earned so far before the first junction was passed: all of it where there is one only.
        simulator: the worlds themselves.
    """

    metadata = {"render_modes": [], "autoreset_mode": AutoresetMode.DISABLED}  # as Gymnasium has it

    @spelled_out(Config)
    def __init__(
        self,
        scenario: str | Scenario,
        *,
        seeds: Sequence[int] | np.ndarray | None = None,
        **settings: Unpack[Settings],
    ) -> None:
        self._set(scenario_named(scenario), make_config(**settings), seeds, False, None)

    @classmethod
    def of(
        cls,
        scenario: Scenario,
        config: Config,
        seeds: Sequence[int] | np.ndarray | None = None,
        as_drawn: bool = False,
        scale: Config | None = None,
    ) -> Exam:
        """Of a setting that is a Config already.

        Args:
            as_drawn: each seed once, with the intents that it draws.
            scale: the setting whose references hold, if not its own.
        """
        exam = cls.__new__(cls)
        exam._set(scenario, config, seeds, as_drawn, scale)
        return exam

    def _set(self, scenario: Scenario, config: Config, seeds: Any, as_drawn: bool, scale: Config | None) -> None:
        self.scenario, self.config, self.as_drawn, self.scale = scenario, config, as_drawn, scale or config
        self.seeds = seeds_of(self.scale) if seeds is None else _checked(seeds)
        self._begin()
        self.num_envs = self.simulator.num_worlds
        self.single_observation_space, self.single_action_space = self._observer.space, action_space(self.simulator)
        self.observation_space = batch_space(self.single_observation_space, self.num_envs)
        self.action_space = batch_space(self.single_action_space, self.num_envs)

    def _begin(self) -> None:
        make = drawn if self.as_drawn else twins
        self.simulator: Simulator = make(self.scenario, self.config, self.seeds)
        self._observer = Observer(self.simulator, self.config)
        self.returns, self.first_leg = np.zeros(self.shape), np.zeros(self.shape)
        self._begun = False

    @property
    def shape(self) -> tuple[int, int]:
        """(I, S): intents and seeds."""
        return 1 if self.as_drawn else len(self.scenario.intents), len(self.seeds)

    @cached_property
    def chances(self) -> np.ndarray:
        """(I, S) how likely each intent is; sums to 1 over the intents."""
        return np.ones(self.shape) if self.as_drawn else chances(self.simulator)

    @cached_property
    def reference(self) -> Reference:
        """The 0 and the 1 on these seeds: stored, or computed now."""
        return reference_on(self.scenario, self.scale, self.seeds)

    @property
    def ends(self) -> np.ndarray:
        """(I, S) End of each world so far."""
        return self.simulator.worlds["end"].reshape(self.shape)

    @property
    def done(self) -> bool:
        """Whether every world has ended."""
        return bool((self.simulator.worlds["end"] != End.RUNNING).all())

    def observe(self) -> Observed:
        """Every world as it stands, (W, ...)."""
        return self._observer.observe(self.simulator.observe())

    def reset(
        self, *, seed: int | list[int] | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Observed, dict[str, Any]]:
        """The first frame of every world; once it has begun, the exam begins anew.

        Raises:
            ValueError: a seed or options: the exam has its own worlds.
        """
        if seed is not None or options:
            given = f"seed {quoted(seed)}" if seed is not None else f"options {quoted(options)}"
            raise ValueError(f"{given}: an exam has worlds of its own; other seeds are an argument of Exam")
        if self._begun:
            self._begin()
        self._begun = True
        return self.observe(), {}

    def step(self, actions: np.ndarray) -> tuple[Observed, np.ndarray, np.ndarray, np.ndarray, dict[str, Any]]:
        """Take one decision in every world that is still running.

        Raises:
            ValueError: the actions have the wrong shape, are not numbers, or out of range.
            gymnasium.error.ResetNeeded: before the first reset, or when the exam is over.
        """
        if not self._begun or self.done:
            over = "the exam is over: ask for its score(), or reset() it" if self._begun else "call reset() first"
            raise gymnasium.error.ResetNeeded(over)
        on_first_leg = self.simulator.worlds["leg"] == 0
        observations, rewards, terminated, truncated, _ = self.simulator.step(actions)
        self.returns += rewards.reshape(self.shape)
        self.first_leg += (rewards * on_first_leg).reshape(self.shape)
        return self._observer.observe(observations), rewards, terminated, truncated, {}

    def score(self) -> Score:
        """What it was worth.

        Raises:
            ValueError: a world is still running, or not every intent was asked.
        """
        if self.as_drawn:
            raise ValueError("worlds as they are drawn have no score: it takes every intent of every seed")
        if not self.done:
            running = int((self.simulator.worlds["end"] == End.RUNNING).sum())
            raise ValueError(f"{running} of {self.num_envs} worlds still run: step the exam until it is done")
        return score_of(self)

    def render(self) -> None:
        """Nothing: an exam is not drawn. ``kindergarten evaluate`` and ``watch`` show what a run does."""


def _checked(seeds: Any) -> np.ndarray:
    given = seeds.tolist() if hasattr(seeds, "tolist") else seeds  # numpy makes floats of some whole numbers
    if not isinstance(given, Sequence) or not given or not all(map(_is_seed, given)):
        raise ValueError(f"seeds is {quoted(seeds)}: it must be a list of whole numbers from 0 to {LARGEST_SEED}")
    return array_of_seeds(given)


def _is_seed(value: Any) -> bool:
    return isinstance(value, Integral) and not isinstance(value, bool) and within(value, 0, LARGEST_SEED)


def score_of(exam: Exam) -> Score:
    """The score of an exam that is done."""
    chances, limits = exam.chances, exam.reference
    returns = (chances * exam.returns).sum(axis=0)
    marks = {
        "right_answers": Criterion.of(exam.scenario, exam.scale, exam.seeds).right(exam.first_leg),
        "collision_rate": exam.ends == End.COLLISION,
        "goal_rate": exam.ends == End.GOAL,
    }
    anticipation, ci95 = limits.anticipation(returns), limits.interval(returns)
    at_stake = np.isfinite(anticipation)
    return Score(
        scenario=exam.scenario.name,
        settings=plain(exam.config),
        anticipation=anticipation if at_stake else None,
        ci95=ci95 if at_stake and np.isfinite(ci95).all() else None,
        by_intent={
            names(Intent)[intent]: {
                "return_mean": float(exam.returns[k, possible].mean()),
                **{name: float(happened[k, possible].mean()) for name, happened in marks.items()},
            }
            for k, intent in enumerate(exam.scenario.intents)
            if (possible := chances[k] > 0.0).any()  # not every cast has every intent
        },
        return_mean=float(returns.mean()),
        blind=float(limits.blind.mean()),
        oracle=float(limits.oracle.mean()),
        stakes=limits.stakes,
        returns=exam.returns.copy(),
        seeds=exam.seeds.copy(),
        **{name: float((chances * happened).sum(axis=0).mean()) for name, happened in marks.items()},
    )
