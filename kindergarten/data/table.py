"""Episodes as a table: one row for each decision, everything that was seen, done and earned, and what it meant."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa

from kindergarten.scoring.agent import Agent, Decision
from kindergarten.scoring.exam import Exam
from kindergarten.scoring.rollout import Hook, rollout
from kindergarten.world.codes import Control, End, Intent, Observation, names
from kindergarten.world.jit import njit
from kindergarten.world.observation import columns
from kindergarten.world.scene import LEG_TO_COME

TIMES = ("t1", "t2", "t3")
UNKNOWN = LEG_TO_COME // 2  # [physics steps] what is later on a leg to come is no time yet


class LabelledFrame(NamedTuple):
    """One decision of the R worlds that are still running; road users stand in the order of the observation's rows."""

    worlds: np.ndarray  # (R,) which they are
    observations: np.ndarray
    actions: np.ndarray
    phases: np.ndarray  # (R, N - 1)
    labels: np.ndarray  # (R, N - 1) Intent, -1 for those who have no choice
    times: np.ndarray  # (R, N - 1, 3) [physics steps] t1, t2, t3; NaN while nobody knows
    captions: np.ndarray | None  # (R, N - 1, intents)


class Sequences(Hook):
    """Keeps every frame of a rollout."""

    def __init__(self) -> None:
        self.frames: list[LabelledFrame] = []
        self.rewards: list[np.ndarray] = []
        self._observations: Any = None
        self._earned = np.zeros(0)

    def observations(self, t: int, observations: Any) -> Any:
        """Look at what the agent is shown."""
        self._observations = _joined(observations)
        return observations

    def decided(self, t: int, exam: Exam, decision: Decision) -> None:
        """Keep it, with what it means."""
        self.note(exam)
        simulator, captions = exam.simulator, decision.thoughts.captions
        running = np.flatnonzero(simulator.worlds["end"] == End.RUNNING)
        shape = len(running), simulator.num_users - 1
        phases, labels, times = np.empty(shape, np.int8), np.empty(shape, np.int8), np.empty((*shape, 3))
        look_up(simulator.worlds, simulator.users, running, simulator.order(), phases, labels, times)
        frame = LabelledFrame(
            running,
            self._observations[running],
            np.asarray(decision.actions)[running],
            phases,
            labels,
            times,
            None if captions is None else np.asarray(captions)[running],
        )
        self.frames.append(frame)

    def note(self, exam: Exam) -> None:
        """Keep what was earned since the frame before."""
        earned = exam.returns.ravel().copy()
        if self.frames:
            self.rewards.append((earned - self._earned)[self.frames[-1].worlds])
        self._earned = earned


@njit
def look_up(worlds, users, running, order, phases, labels, times):
    """Fill phases, labels (R, N - 1) and times (R, N - 1, 3) of the worlds ``running`` (R,); see LabelledFrame."""
    for r in range(len(running)):
        w = running[r]
        for i in range(order.shape[1]):
            user = users[w, order[w, i]]
            chooses = user["choices"] > 1 and user["leg"] == worlds[w]["leg"]
            phases[r, i], labels[r, i] = user["phase"], user["intent"] if chooses else -1
            times[r, i, 0], times[r, i, 1], times[r, i, 2] = user["t1"], user["t2"], user["t3"]
            if user["leg"] > worlds[w]["leg"]:
                for k in range(3):
                    if times[r, i, k] > UNKNOWN:
                        times[r, i, k] = math.nan


def table_of(agent: Agent, exam: Exam, first: int) -> pa.Table:
    """Drive an ``as_drawn`` exam to its end, and give every decision as a row, episode by episode.

    Columns: ``episode`` (counted from ``first``), ``seed``, ``step``; the observation's columns by name, or ``image``
    (H * W * C bytes); ``action``, or ``pedal`` and ``steering``; ``reward``, ``terminated``, ``truncated``; of each
    road user i, in the observation's order, ``useri.intent`` (``Intent``, -1: it has no choice), ``useri.phase``
    (``Phase``), ``useri.t1``, ``t2``, ``t3`` [s since the beginning; NaN on legs to come, whose times the ego's own
    driving makes, but for a signal that is shown already], and ``useri.caption.left`` and so on, how likely the agent
    thinks each intent, if it says.
    """
    kept = Sequences()
    rollout(agent, exam, [kept])
    kept.note(exam)
    worlds = np.concatenate([frame.worlds for frame in kept.frames])
    order = np.argsort(worlds, kind="stable")  # episode by episode

    def rows(arrays: Iterable[np.ndarray]) -> np.ndarray:
        return np.concatenate(list(arrays))[order]

    worlds = worlds[order]
    last, ends = np.append(worlds[1:] != worlds[:-1], True), exam.ends.ravel()[worlds]
    steps = np.arange(len(worlds)) - np.flatnonzero(np.roll(last, 1))[worlds]
    found: dict[str, Any] = {
        "episode": first + worlds,
        "seed": exam.seeds[worlds],
        "step": steps.astype(np.int32),
        **_seen(exam, rows(frame.observations for frame in kept.frames)),
        **_done(exam, rows(frame.actions for frame in kept.frames)),
        "reward": rows(kept.rewards),
        "terminated": last & (ends != End.TIME_LIMIT),
        "truncated": last & (ends == End.TIME_LIMIT),
        **_meant(exam, rows, kept.frames),
    }
    arrays = {name: pa.array(column) if isinstance(column, np.ndarray) else column for name, column in found.items()}
    return pa.table(arrays)


def _seen(exam: Exam, shown: np.ndarray) -> dict[str, Any]:
    if exam.config.observation is Observation.PIXELS:
        size = shown[0].size
        return {"image": pa.FixedSizeBinaryArray.from_buffers(pa.binary(size), len(shown), [None, pa.py_buffer(shown)])}
    table, columnwise = columns(exam.simulator.num_users), np.ascontiguousarray(shown.T)
    return {column.name: columnwise[k] for k, column in enumerate(table)}


def _joined(observations: Any) -> np.ndarray:
    """Frames (W, D), of the parts that ``observation="users"`` gives too; who is in sight stands among them."""
    if not isinstance(observations, dict):
        return observations
    return np.concatenate([observations["ego"], observations["users"].reshape(len(observations["ego"]), -1)], axis=1)


def _done(exam: Exam, actions: np.ndarray) -> dict[str, np.ndarray]:
    if exam.config.control is Control.DISCRETE:
        return {"action": actions.astype(np.int8)}
    return {"pedal": actions[:, 0].astype(np.float32), "steering": actions[:, 1].astype(np.float32)}


def _meant(exam: Exam, rows: Any, frames: list[LabelledFrame]) -> dict[str, np.ndarray]:
    labels, phases = rows(frame.labels for frame in frames), rows(frame.phases for frame in frames)
    times = rows(frame.times for frame in frames) * exam.config.physics_step
    captions = rows(frame.captions for frame in frames) if frames[0].captions is not None else None
    found = {}
    for i in range(labels.shape[1]):
        user = f"user{i + 1}"
        found[f"{user}.intent"], found[f"{user}.phase"] = labels[:, i].copy(), phases[:, i].copy()
        found |= {f"{user}.{name}": times[:, i, k].astype(np.float32) for k, name in enumerate(TIMES)}
        if captions is not None:
            said = captions[:, i].astype(np.float32)
            found |= {f"{user}.caption.{name}": said[:, k].copy() for k, name in enumerate(names(Intent))}
    return found
