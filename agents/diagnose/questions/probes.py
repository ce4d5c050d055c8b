"""What is in the memory? Linear probes, the cells that carry the intent, the gates, and the state's path."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch as th

from kindergarten.agents.diagnose.finding import Finding, Subject, Verdict
from kindergarten.agents.diagnose.mind import Mind, PolicyMind
from kindergarten.agents.diagnose.questions.cheating import guessing, probe_seeds
from kindergarten.agents.diagnose.questions.memory import ROOM
from kindergarten.agents.diagnose.stage import Stage, Tape, Touch, drive
from kindergarten.agents.evaluation import linear
from kindergarten.world.codes import Intent, Phase, names

QUESTION = "What is in its memory?"
SPAN = (-15, 45)  # frames around t2
SAMPLES = 6000  # frames for the probes of phase and time
SILENCED = (1, 2, 4, 8, 16, 32, 64, 128)  # cells


def ask(subject: Subject) -> Finding:
    """Probe, silence, look at the gates, draw the path."""
    stage = Stage(subject.stage.scenario, subject.stage.at(ROOM).config, probe_seeds(subject))
    tape = drive(subject.mind, stage)
    guess, bound = guessing(stage)
    rows = {"memory": by_time(tape.states, stage), "frame": by_time(tape.frames, stage)}
    if subject.untrained:
        before = next(iter(subject.untrained.values()))
        rows["untrained"] = by_time(shown(before, tape.frames), stage)
    groups = cells_of(subject.mind, tape.states.shape[2])
    spread, share = carriers(tape, stage, groups)
    order = np.argsort(-spread)
    numbers = {
        "span": SPAN,
        "decision_step": stage.config.decision_step,
        "intents": [names(Intent)[intent] for intent in stage.scenario.intents],
        "guess": guess,
        "bound": bound,
        "intent": rows,
        **other_probes(tape, stage),
        "spread": spread,
        "share": share,
        "silenced": silenced(subject, groups, order),
        "chance": subject.exam.chance,
        "gates": gates(subject.mind, tape, stage, order),
        "paths": paths(tape, stage),
    }
    return Finding("probes", QUESTION, *judged(numbers), numbers)


def judged(numbers: dict[str, Any]) -> tuple[Verdict, str]:
    """The verdict, and why."""
    late = [value for value in numbers["intent"]["memory"][-SPAN[0] + 5 :] if np.isfinite(value)]
    guess = numbers["guess"]
    held = float(np.mean(late)) if late else guess
    said = (
        f"From a second after the signal on, a probe of the memory names the intent in {held:.0%} of the worlds, "
        f"of the frame in {np.nanmean(numbers['intent']['frame'][-SPAN[0] + 5 :]):.0%}, a guess in {guess:.0%}."
    )
    share = numbers["share"]
    if len(share) and held > numbers["bound"]:
        said += f" It explains most of what {(share > 0.5).sum()} of {len(share)} cells hold."
    if numbers["phase"] is not None:
        said += (
            f" The memory tells the phase in {numbers['phase']:.0%} (a guess: {numbers['phase_guess']:.0%}), and"
            f" explains {max(numbers['time'], 0.0):.0%} of the time since the signal."
        )
    if held <= numbers["bound"]:
        return Verdict.NO, said
    return (Verdict.YES if held >= guess + 0.7 * (1.0 - guess) else Verdict.PARTLY), said


def around(stage: Stage) -> np.ndarray:
    """The frame (W,) in each world so many frames after t2: (SPAN, W); -1 where it drives already, or not yet began."""
    frames = stage.off + np.arange(*SPAN)[:, None]
    return np.where((frames >= 0) & (frames <= stage.hands), frames, -1)


def halves(stage: Stage) -> np.ndarray:
    """Which worlds (W,) a probe is fitted on: those of every other seed."""
    return np.arange(len(stage.labels)) % stage.shape[1] % 2 == 0


def by_time(inputs: np.ndarray, stage: Stage) -> np.ndarray:
    """How often a probe of inputs (T, W, K) names the intent, by frames since t2: (SPAN,); nan where few are left."""
    train, weights = halves(stage), stage.weights.ravel()
    found = np.full(SPAN[1] - SPAN[0], np.nan)
    for k, frame in enumerate(around(stage)):
        here = np.flatnonzero(frame >= 0)
        if len(here) >= len(frame) // 2 and inputs.shape[2]:
            rows = inputs[frame[here], here]
            found[k] = linear.accuracy(rows, stage.labels[here], train[here], weights[here])
    return found


@th.no_grad()
def shown(mind: Mind, frames: np.ndarray) -> np.ndarray:
    """What another mind remembers of the same frames (T, W, D): (T, W, K)."""
    state, states = mind.begin(frames.shape[1]), []
    for frame in frames:
        _, state = mind.step(th.as_tensor(frame), state)
        states.append(state.numpy())
    return np.stack(states)


def other_probes(tape: Tape, stage: Stage) -> dict[str, Any]:
    """How well probes of the memory name the phase, and tell the time since the signal ended."""
    t, w = np.nonzero(np.arange(len(tape.frames))[:, None] < stage.hands)
    if not tape.states.shape[2]:
        return {"phase": None, "phase_guess": None, "time": None}
    chosen = np.random.default_rng(0).permutation(len(t))[:SAMPLES]
    t, w = t[chosen], w[chosen]
    phases, train = tape.phases[t, w], halves(stage)[w]
    later = phases == Phase.DELAY
    states = tape.states[t, w]
    return {
        "phase": linear.accuracy(states, phases, train),
        "phase_guess": float(np.bincount(phases).max() / len(phases)),
        "time": linear.explained(states[later], (t - stage.off[w])[later].astype(float), train[later]),
    }


def cells_of(mind: Mind, size: int) -> np.ndarray:
    """The numbers of the state that belong to one cell: (cells, 1), or (cells, 2) for h and c of a layer's cells."""
    if isinstance(mind, PolicyMind) and size:
        return np.arange(size).reshape(2, -1).T
    return np.arange(size)[:, None]


def carriers(tape: Tape, stage: Stage, groups: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """How far apart the intents are in each cell, in the last frame before the car drives: (cells,) twice.

    Spread: the standard deviation of the intents' means, of what the cell puts out. Share: of the cell's variance.
    """
    last = tape.states[stage.hands - 1, np.arange(len(stage.hands))].astype(np.float64)
    by_intent = last[:, groups[:, 0]].reshape(*stage.shape, -1)
    weights = stage.weights[:, :, None] / stage.shape[1]
    mean = (weights * by_intent).sum(axis=(0, 1))
    total = (weights * (by_intent - mean) ** 2).sum(axis=(0, 1))
    between = (weights.sum(axis=1) * (by_intent.mean(axis=1) - mean) ** 2).sum(axis=0)
    return np.sqrt(between), np.where(total > 1e-12, between / np.maximum(total, 1e-12), 0.0)


def silenced(subject: Subject, groups: np.ndarray, order: np.ndarray) -> list[dict[str, float]]:
    """How often it is right with so many cells held at zero from t2 on: those that carry most, or any."""
    drawn = np.random.default_rng(0).permutation(len(groups))
    found = []
    for count in (count for count in SILENCED if count <= len(groups)):
        rates = [
            subject.exam.rate(drive(subject.mind, subject.stage, touch=zero(subject.stage, groups[which[:count]]))).mean
            for which in (order, drawn)
        ]
        found.append({"cells": count, "right": rates[0], "any": rates[1]})
    return found


def zero(stage: Stage, numbers: np.ndarray) -> Touch:
    """Hold these numbers of the state at zero from t2 until the car drives, and in its first frame."""

    def touch(t: int, state: th.Tensor) -> th.Tensor:
        held = np.flatnonzero((t >= stage.off) & (t <= stage.hands))
        state = state.clone()
        state[held[:, None], numbers.ravel()] = 0.0
        return state

    return touch


@th.no_grad()
def gates(mind: Mind, tape: Tape, stage: Stage, order: np.ndarray) -> dict[str, Any] | None:
    """Means of an LSTM's gates by frames since t2, of its first layer's cells and of the four of them that carry most.

    None without gates.
    """
    if not isinstance(mind, PolicyMind):
        return None
    rows = []
    for t in range(int(stage.hands.max()) + 1):
        before = th.as_tensor(tape.states[t - 1]) if t else mind.begin(tape.states.shape[1])
        found = mind.gates(th.as_tensor(tape.frames[t]), before, th.as_tensor(tape.states[t]))
        if found is None:
            return None
        rows.append(found.numpy())
    stacked = np.stack(rows)  # (T, W, 3, hidden)
    most = order[order < stacked.shape[3]][:4]
    means = {"input": [], "forget": [], "output": [], "carriers' forget": []}
    for frame in around(stage):
        here = np.flatnonzero(frame >= 0)
        there = stacked[frame[here], here] if len(here) >= len(frame) // 2 else np.full((1, *stacked.shape[2:]), np.nan)
        for k, name in enumerate(("input", "forget", "output")):
            means[name].append(float(there[:, k].mean()))
        means["carriers' forget"].append(float(there[:, 1, most].mean()))
    return means


def paths(tape: Tape, stage: Stage) -> dict[str, Any] | None:
    """The mean path of the state for each intent in the plane of its two largest variances: (I, SPAN, 2)."""
    frames, size = around(stage), tape.states.shape[2]
    if size < 2:
        return None
    here = [np.flatnonzero(frame >= 0) for frame in frames]
    every = np.concatenate([tape.states[frame[w], w] for frame, w in zip(frames, here, strict=True)]).astype(np.float64)
    mean = every.mean(axis=0)
    values, vectors = np.linalg.eigh(np.cov((every - mean).T))
    plane = vectors[:, [-1, -2]]
    plane = plane * np.sign(plane[np.abs(plane).argmax(axis=0), [0, 1]])  # a sign that does not depend on the library
    found = np.full((stage.shape[0], len(frames), 2), np.nan)
    for k, (frame, w) in enumerate(zip(frames, here, strict=True)):
        if len(w) < len(frame) // 2:
            continue
        points = (tape.states[frame[w], w] - mean) @ plane
        for i in range(stage.shape[0]):
            if (stage.labels[w] == i).any():
                found[i, k] = points[stage.labels[w] == i].mean(axis=0)
    return {"points": found, "explained": (values[[-1, -2]] / max(values.sum(), 1e-12))}
