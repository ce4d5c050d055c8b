"""Who drives where nobody has learned to: by chance, or by the planner's best plans."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from gymnasium import spaces

from kindergarten.scoring.agent import Agent, Decision
from kindergarten.scoring.evidence import (
    TRUTH,
    both,
    found_in_frames,
    found_in_memory,
    in_every_frame,
    places,
    preferred,
    remembered,
    weighed,
)
from kindergarten.scoring.exam import Exam
from kindergarten.scoring.legs import Leg, bare, legs, searched
from kindergarten.scoring.planner import (
    NEVER,
    acting_times,
    action_towards,
    carry_out,
    plans_of,
    side_after,
    telling,
    twins,
)
from kindergarten.scoring.rollout import Informed
from kindergarten.world.codes import Action, Intent, Signal
from kindergarten.world.config import Config
from kindergarten.world.jit import njit
from kindergarten.world.reward import NUM_TERMS
from kindergarten.world.simulator import Simulator
from kindergarten.world.spaces import Observed

IDLE = int(Action.IDLE)
#: What a driver goes by on a leg, of whose signallers (W,) it is told: evidence (I, S, E), and what it finds (W,).
GoesBy = Callable[[Leg, Config, np.ndarray], tuple[np.ndarray, np.ndarray]]


class RandomDriver(Informed):
    """Any action, at any time: the same for the same worlds."""

    def enter(self, exam: Exam) -> None:
        """Make ready for an exam's worlds, on whose seeds the choices depend."""
        self._space = exam.action_space
        self._space.seed(int(np.random.default_rng(exam.seeds).integers(1 << 31)))

    def decide(self, observations: Observed, state: Any, episode_starts: np.ndarray) -> Decision:
        """Draw an action for every world."""
        return Decision(np.asarray(self._space.sample()), None)


class PlanDriver(Informed):
    """Drives every world by the plan that is best by what it goes by; knows all else, and looks at no observation.

    As blind and oracle do it: a prefix by what it goes by, until a frame tells; then it is free.
    """

    action_space = spaces.Discrete(len(Action))

    def __init__(self, goes_by: GoesBy) -> None:
        self._goes_by = goes_by

    def enter(self, exam: Exam) -> None:
        """Choose a plan for every world of an exam, on every leg.

        On the first one as the references do. Each later one is searched from where this driver gets to, in all twins:
        plans are as good as can be, so some centimetres can make a collision of them.
        """
        simulator, worlds = exam.simulator, exam.simulator.num_worlds
        self._simulator, self._plans = simulator, plans_of(exam.scenario)
        shape = (exam.scenario.road.legs, worlds)
        self._prefixes, self._continuations = np.zeros((*shape, 4)), np.zeros((*shape, 3))
        self._told = np.zeros(shape, int)  # [physics steps] after t3 of the leg's signaller
        signallers = [simulator.users[simulator.users["member"] == member] for member in exam.scenario.signallers]
        to_come = [np.zeros(len(exam.seeds))]  # from the last leg's end to the first one's
        for leg in legs(exam.scenario, exam.config, exam.seeds):
            evidence, _ = self._goes_by(leg, exam.config, signallers[leg.number])
            first = leg
            to_come.append(weighed(leg.worth(to_come[-1]).max(3), leg.weights, evidence).max(2).sum(1))
        self._choose(first, exam.config, signallers[0], to_come[-2])
        copies = worlds // len(exam.seeds)
        seeds = np.tile(exam.seeds, copies)
        for number in range(1, shape[0]):
            family = twins(exam.scenario, bare(exam.config), seeds, number, signallers[0]["intent"])
            for before in range(number):
                self._drive(family, before)
            leg = searched(number, family, self._plans)
            self._choose(leg, exam.config, signallers[number], np.tile(to_come[-2 - number], copies))

    def _choose(self, leg: Leg, config: Config, users: np.ndarray, to_come: np.ndarray) -> None:
        """Choose the plans of a leg, told of its signallers ``users`` (W,); to_come: (S,) what is to be had later."""
        (evidence, finding), worth = self._goes_by(leg, config, users), leg.worth(to_come)
        columns = np.arange(len(users)) % len(to_come)
        p = preferred(worth.max(3), leg.weights, evidence)[columns, finding]
        c = worth[places(leg.family, users["intent"]), columns, p].argmax(1)
        self._prefixes[leg.number] = self._plans.prefixes[p]
        self._continuations[leg.number] = self._plans.continuations[c]
        told = telling(leg.family)
        self._told[leg.number] = np.where(told < NEVER, told - leg.family.signallers()["t3"], NEVER)[columns]

    def _drive(self, family: Simulator, leg: int) -> None:
        """Drive twins to the end of a leg, by the plans that were chosen there."""
        copies = family.num_worlds // self._told.shape[1]
        told = np.minimum(np.tile(self._told[leg], copies) + family.signallers()["t3"], NEVER)
        plans = (np.tile(its[leg], (copies, 1)) for its in (self._prefixes, self._continuations))
        arrays = (family.worlds, family.users, family.road, family.casts, family.params)
        carry_out(*arrays, *plans, told, np.zeros(NUM_TERMS))

    def decide(self, observations: Observed, state: Any, episode_starts: np.ndarray) -> Decision:
        """What the plans say for this moment."""
        simulator, all_of_them = self._simulator, np.arange(self._simulator.num_worlds)
        now, actions = (simulator.worlds["leg"], all_of_them), np.zeros(simulator.num_worlds, np.int64)
        told = np.minimum(self._told[now] + simulator.signallers()["t3"], NEVER)
        plans = self._prefixes[now], self._continuations[now]
        plan_actions(simulator.worlds, simulator.users, simulator.params, *plans, told, actions)
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


# ---- what they go by


def frames(leg: Leg, config: Config, users: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Blind: what every frame shows."""
    return in_every_frame(leg.family, config, leg.number), found_in_frames(users, config)


def frames_and_memory(leg: Leg, config: Config, users: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Oracle: the intent, or as much as signals tell of it."""
    seen, found = frames(leg, config, users)
    memory = remembered(leg.family, config, leg.number)
    return both(seen, memory), found * memory.shape[2] + found_in_memory(leg.family, users, config, leg.number)


def last_signal(leg: Leg, config: Config, users: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The last signal, taken for the truth: whoever shows none goes straight on, or does what is most likely."""
    shown, casts = users["cue_signal"], leg.family.casts["chances"]
    chances = casts[np.tile(leg.family.worlds["cast"][: leg.weights.shape[1]], len(users) // leg.weights.shape[1])]
    chances = chances[:, leg.family.scenario.signallers[leg.number]]
    believed = chances.argmax(axis=1)
    for intent, signal in {**TRUTH, Intent.STRAIGHT: Signal.NONE}.items():
        believed = np.where((shown == signal) & (chances[:, intent] > 0), int(intent), believed)
    intents, seeds = leg.weights.shape
    return np.tile(np.eye(intents)[:, None], (1, seeds, 1)), places(leg.family, believed)


#: By name.
DRIVERS: dict[str, Callable[[], Agent]] = {
    "oracle": lambda: PlanDriver(frames_and_memory),
    "blind": lambda: PlanDriver(frames),
    "last-signal": lambda: PlanDriver(last_signal),
    "random": RandomDriver,
}
