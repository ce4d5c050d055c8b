"""Several agents are driven side by side: every seed with all combinations of goals, each policy in its seats."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import product

import numpy as np

from kindergarten.playground.rules import Rules
from kindergarten.playground.sight import columns_of_seat
from kindergarten.playground.world import Playground
from kindergarten.replay.episode import Episode
from kindergarten.replay.seats import SeatsRecorder
from kindergarten.replay.thoughts import Thoughts
from kindergarten.scoring.agent import Agent, decision_of
from kindergarten.world.codes import End, Intent, Signal, names
from kindergarten.world.config import Scenario

COMBINATIONS = 16  # of goals at most; where there are more, goals are as the seeds draw them


def combinations(playground: Playground) -> np.ndarray:
    """All combinations of the seats' goals, (K, A) Intent; one row of -1, as drawn, if they are too many."""
    of_seats = [[names(Intent).index(goal) for goal in playground.choices(a)] for a in range(playground.agents)]
    found = np.array(list(product(*of_seats)))
    return found if len(found) <= COMBINATIONS else np.full((1, playground.agents), -1)


@dataclass(frozen=True)
class Encounters:
    """What came of it, in worlds that stand seed by seed and in each seed combination by combination.

    returns, ends, goals: (W, A). present: (W, A) bool, where an agent sat, not a human.
    lamps: (T, W, A) Signal that a body showed at each decision; undecided: (T, W) bool, before anybody's way shows: its
    t3, had it kept its speed. (Who steers looks ahead, so up to two physics steps earlier a body is turned a little.)
    speeds: (T, W, A) [m/s] that were aimed for. beliefs: (T, W, A, A - 1, intents) of the others' goals, if any.
    episodes: of each seat of each world, if they were recorded.
    """

    returns: np.ndarray
    ends: np.ndarray
    goals: np.ndarray
    present: np.ndarray
    lamps: np.ndarray
    undecided: np.ndarray
    speeds: np.ndarray
    beliefs: np.ndarray | None
    seeds: int
    episodes: tuple[Episode, ...] = ()

    @property
    def by_seed(self) -> np.ndarray:
        """Mean returns (seeds,) of an agent."""
        sums = np.where(self.present, self.returns, 0.0).reshape(self.seeds, -1).sum(axis=1)
        return sums / self.present.reshape(self.seeds, -1).sum(axis=1)

    def share(self, end: End) -> float:
        """Of the agents whose episode ended so."""
        return float((self.ends[self.present] == end).mean())


def drive_together(
    agents: Sequence[Agent],
    scenario: Scenario,
    rules: Rules,
    seeds: np.ndarray,
    shown: tuple[int, np.ndarray] | None = None,
    record: bool = False,
) -> Encounters:
    """Drive every seed with all combinations of goals, to everybody's end.

    Args:
        agents: one for all seats, or one for each seat.
        shown: (seat, lamps (T, W, A)): until ways show, this seat is shown these lamps of the others instead of theirs.
        record: record all that is seen and thought.
    """
    playground = Playground(scenario, 1, rules)
    goals = np.tile(combinations(playground), (len(seeds), 1))
    playground = Playground(scenario, len(goals), rules)
    numbers = np.repeat(seeds, len(goals) // len(seeds))
    playground.seed(numbers)
    observations, present = playground.reset(goals=goals), playground.acting()
    recorders = [SeatsRecorder(playground, w, seed) for w, seed in enumerate(numbers.tolist() if record else [])]
    states: list = [None] * len(agents)
    rows: list[tuple] = []
    returns = np.zeros(present.shape)
    while playground.acting().any():
        undecided = playground.worlds["tick"] < playground.users["t3"][:, : playground.agents].min(axis=1)
        lamps = playground.users["signal"][:, : playground.agents].copy()
        if shown is not None and len(rows) < len(shown[1]):
            show(observations, shown[0], shown[1][len(rows)], undecided)
        deeds, thoughts = decide_all(agents, observations, states, first=not rows)
        moment = playground.step(deeds)
        for w, recorder in enumerate(recorders):
            recorder.record(deeds[w], {a: of_everybody(its, w, playground.num_users) for a, its in enumerate(thoughts)})
        returns += moment.rewards
        observations = moment.observations
        told = [its.captions for its in thoughts if its.captions is not None]
        beliefs = np.stack(told, axis=1) if len(told) == len(thoughts) else None
        rows.append((lamps, undecided, playground.drivers["target_speed"].copy(), beliefs))
    lamps, undecided, speeds, beliefs = zip(*rows, strict=True)
    thought = None if beliefs[0] is None else np.stack(beliefs)
    ends = playground.drivers["end"].copy()
    story = np.stack(lamps), np.stack(undecided), np.stack(speeds), thought, len(seeds)
    episodes = tuple(episode for recorder in recorders for episode in recorder.episodes())
    return Encounters(returns, ends, playground.goals(), present, *story, episodes)


def decide_all(
    agents: Sequence[Agent], observations: np.ndarray, states: list, first: bool
) -> tuple[np.ndarray, list[Thoughts]]:
    """Deeds (W, A), and the thoughts (W, ...) of each seat; ``states`` are put forward in place."""
    worlds, seats = observations.shape[:2]
    each = seats // len(agents)  # seats of one agent
    deeds, thoughts = [], []
    for k, agent in enumerate(agents):
        rows = observations[:, k * each : (k + 1) * each].reshape(worlds * each, -1)
        decision = decision_of(agent, rows, states[k], np.full(len(rows), first))
        states[k] = decision.state
        deeds.append(decision.actions.reshape(worlds, each))
        thoughts += [decision.thoughts[seat::each] for seat in range(each)]
    return np.concatenate(deeds, axis=1), thoughts


def of_everybody(thoughts: Thoughts, w: int, num_users: int) -> Thoughts:
    """Those of world ``w``, their captions of all road users: of whoever has no seat, nothing."""
    own = thoughts[w]
    if own.captions is None:
        return own
    return replace(own, captions=np.pad(own.captions, ((0, num_users - 1 - len(own.captions)), (0, 0))))


def show(observations: np.ndarray, seat: int, lamps: np.ndarray, where: np.ndarray) -> None:
    """Put ``lamps`` (W, A) in place of what ``seat`` sees of the others, in the worlds ``where`` (W,), in place."""
    agents = observations.shape[1]
    columns = [column.name for column in columns_of_seat(agents)]
    for turn in range(1, agents):
        said = lamps[:, (seat + turn) % agents]
        for name, signal in (("signals_left", Signal.LEFT), ("signals_right", Signal.RIGHT)):
            column = columns.index(f"user{turn}.{name}")
            seen = observations[:, seat, columns.index(f"user{turn}.seen")] == 1.0
            observations[:, seat, column] = np.where(where & seen, said == signal, observations[:, seat, column])
