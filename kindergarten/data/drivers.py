"""Who drives where nobody has learned to: by chance, or by the planner's best plans."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any, NamedTuple

import numpy as np

from kindergarten.api import check_fits, load
from kindergarten.scoring.agent import Agent, Decision
from kindergarten.scoring.evidence import TRUTH
from kindergarten.scoring.exam import Exam
from kindergarten.scoring.planner import (
    acting_times,
    action_towards,
    chances,
    outcomes,
    plans_of,
    side_after,
    telling,
    twins,
)
from kindergarten.world.codes import Action, Control, Intent, Signal
from kindergarten.world.jit import njit
from kindergarten.world.spaces import Observed

IDLE = int(Action.IDLE)


class ChosenPlans(NamedTuple):
    """What W worlds are to do: a row of ``planner.Plans`` each, and from which physics step (W,) on a frame tells."""

    prefixes: np.ndarray
    continuations: np.ndarray
    told: np.ndarray


class RandomDriver:
    """Any action, at any time: the same for the same worlds.

    :param exam: the worlds, on whose seeds its choices depend.
    """

    def __init__(self, exam: Exam) -> None:
        self._space, self._rng = exam.action_space, np.random.default_rng(exam.seeds)
        self._space.seed(int(self._rng.integers(1 << 31)))

    def decide(self, observations: Observed, state: Any, episode_starts: np.ndarray) -> Decision:
        """Draw an action for every world."""
        return Decision(np.asarray(self._space.sample()), None)


class PlanDriver:
    """Drives every world by a plan of its own; knows the worlds, and looks at no observation."""

    def __init__(self, exam: Exam, plan: ChosenPlans) -> None:
        self._simulator, self._plan = exam.simulator, plan

    def decide(self, observations: Observed, state: Any, episode_starts: np.ndarray) -> Decision:
        """What the plans say for this moment."""
        actions, simulator = np.zeros(self._simulator.num_worlds, np.int64), self._simulator
        plan_actions(simulator.worlds, simulator.users, simulator.params, *self._plan, actions)
        return Decision(actions, None)


@njit
def plan_actions(worlds, users, params, prefixes, continuations, told, actions):
    """Fill actions (W,) with what the plans say; see ``planner.begin_plan`` and what follows there."""
    for w in range(len(worlds)):
        world, rules, tick = worlds[w], params[worlds[w]["cast"]], worlds[w]["tick"]
        act_at, back_at = acting_times(world, users[w], prefixes[w], told[w])
        speed, side = rules["max_speed"], prefixes[w, 2]
        if tick < told[w]:
            if tick < back_at:
                speed = prefixes[w, 1] * rules["speed_step"]
        else:
            side = side_after(prefixes[w], continuations[w])
            if tick < told[w] + int(continuations[w, 1] / rules["dt"]):
                speed = continuations[w, 0] * rules["speed_step"]
        actions[w] = IDLE if tick < act_at else action_towards(world, users[w, 0], speed, side, rules)


# ---- plans


def best_plans(exam: Exam, believed: Callable[[Exam], np.ndarray] | None) -> ChosenPlans:
    """The best plan for each world of an ``as_drawn`` exam.

    Args:
        exam: the worlds; of one leg, and with discrete control.
        believed: which intent (W,) of the signaller the driver counts on, from the beginning; None: it knows nothing
            before a frame tells, as blind.
    """
    scenario, seeds = exam.scenario, exam.seeds
    family, plans = twins(scenario, exam.config, seeds), plans_of(scenario)
    weights, told = chances(family), telling(family)[: len(seeds)]
    found, _ = outcomes(family, plans)
    found = found.reshape(len(scenario.intents), len(seeds), len(plans.prefixes), len(plans.continuations))
    rows = np.arange(len(seeds))
    true = _places(exam, intended(exam))
    if believed is None:
        p = np.einsum("is,isp->sp", weights, found.max(axis=3)).argmax(axis=1)
        c = found[true, rows, p].argmax(axis=1)
    else:
        given = found[_places(exam, believed(exam)), rows].reshape(len(seeds), -1)
        p, c = np.divmod(given.argmax(axis=1), len(plans.continuations))
    return ChosenPlans(plans.prefixes[p], plans.continuations[c], told)


def intended(exam: Exam) -> np.ndarray:
    """The signaller's intent (W,)."""
    return exam.simulator.signallers()["intent"]


def signalled(exam: Exam) -> np.ndarray:
    """What the signaller's signal says (W,): whoever shows none goes straight on, or keeps to what is most likely."""
    shown, simulator = exam.simulator.signallers()["cue_signal"], exam.simulator
    casts = simulator.casts["chances"][simulator.worlds["cast"], 1]
    believed = casts.argmax(axis=1)
    for intent, signal in {**TRUTH, Intent.STRAIGHT: Signal.NONE}.items():
        believed = np.where((shown == signal) & (casts[:, intent] > 0), int(intent), believed)
    return believed


def _places(exam: Exam, intents: np.ndarray) -> np.ndarray:
    """Intents (W,) as places in ``scenario.intents``."""
    return (np.array(exam.scenario.intents) == intents[:, None]).argmax(axis=1)


#: By name: drivers who know the worlds. Any other name is an agent's.
KNOWING: dict[str, Callable[[Exam], Agent]] = {
    "random": RandomDriver,
    "oracle": lambda exam: PlanDriver(exam, best_plans(exam, intended)),
    "blind": lambda exam: PlanDriver(exam, best_plans(exam, None)),
    "last-signal": lambda exam: PlanDriver(exam, best_plans(exam, signalled)),
}


@cache
def driver_of(name: str) -> Callable[[Exam], Agent]:
    """Who drives an exam's worlds: one of KNOWING, or the agent in a run's folder or an ``.onnx``, read once.

    Raises:
        ValueError: there is no such driver.
    """
    if name in KNOWING:
        return KNOWING[name]
    try:
        agent = load(name)
    except ValueError as error:
        raise ValueError(f"unknown driver: {error}; or choose from {', '.join(KNOWING)}") from None

    def fitting(exam: Exam) -> Agent:
        check_fits(agent, exam)
        return agent

    return fitting


def check_plans(name: str, exam: Exam) -> None:
    """Refuse drivers by plan where there are no plans.

    Raises:
        ValueError: the road has several junctions, or control is continuous.
    """
    planned = name in KNOWING and name != "random"
    if planned and exam.scenario.road.legs > 1:
        raise ValueError(
            f"driver {name}: it plans for one junction, {exam.scenario.name} has {exam.scenario.road.legs}"
        )
    if planned and exam.config.control is Control.CONTINUOUS:
        raise ValueError(f"driver {name}: its plans are made of meta-actions, which control 'continuous' has not")
