"""What is in the memory? Linear probes, the cells that carry the intent, the gates, and the state's path."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch as th

from kindergarten.agents.diagnose.finding import Case, Finding, Verdict
from kindergarten.agents.diagnose.policy import Policy, RecurrentPolicy
from kindergarten.agents.diagnose.questions.cheating import guessing, probe_seeds
from kindergarten.agents.diagnose.questions.memory import ROOM
from kindergarten.agents.diagnose.rate import right_rate
from kindergarten.agents.diagnose.twin_set import Rollout, StateHook, TwinSet, drive, halves
from kindergarten.agents.evaluation import linear
from kindergarten.world.codes import Intent, Phase, names

QUESTION = "What is in its memory?"
SPAN = (-15, 45)  # frames around t2
SAMPLES = 6000  # frames for the probes of phase and time
SILENCED = (1, 2, 4, 8, 16, 32, 64, 128)  # cells
NO_CELLS = "No cells hold what it knows, to be read or to be silenced: it keeps nothing, or the frames themselves."


def ask(case: Case) -> Finding:
    """Probe, silence, look at the gates, draw the path; of a memory without cells nothing of that."""
    cells = not isinstance(case.policy, RecurrentPolicy) or case.policy.has_cells
    twins = TwinSet(case.twins.scenario, case.twins.at(ROOM).config, probe_seeds(case))
    rollout = drive(case.policy, twins, remembered=cells)
    guess, bound = guessing(twins)
    rows = {"memory": by_time(rollout.states, twins)} if cells else {}
    rows["frame"] = by_time(rollout.frames, twins)
    if case.untrained and cells:
        before = next(iter(case.untrained.values()))
        rows["untrained"] = by_time(shown(before, rollout.frames), twins)
    groups = cells_of(case.policy, rollout.states.shape[2])
    spread, share = carriers(rollout, twins, groups)
    order = np.argsort(-spread)
    numbers = {
        "span": SPAN,
        "decision_step": twins.config.decision_step,
        "intents": [names(Intent)[intent] for intent in twins.scenario.intents],
        "guess": guess,
        "bound": bound,
        "intent": rows,
        **other_probes(rollout, twins),
        "spread": spread,
        "share": share,
        "silenced": silenced(case, groups, order),
        "chance": case.criterion.chance,
        "gates": gates(case.policy, rollout, twins, order),
        "paths": paths(rollout, twins),
    }
    return Finding("probes", QUESTION, *(judged(numbers) if cells else (Verdict.OPEN, NO_CELLS)), numbers)


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


def around(twins: TwinSet) -> np.ndarray:
    """The frame (W,) in each world so many frames after t2: (SPAN, W); -1 where it drives already, or not yet began."""
    frames = twins.off + np.arange(*SPAN)[:, None]
    return np.where((frames >= 0) & (frames <= twins.ready), frames, -1)


def by_time(inputs: np.ndarray, twins: TwinSet) -> np.ndarray:
    """How often a probe of inputs (T, W, K) names the intent, by frames since t2: (SPAN,); nan where few are left."""
    train, weights = halves(twins), twins.weights.ravel()
    found = np.full(SPAN[1] - SPAN[0], np.nan)
    for k, frame in enumerate(around(twins)):
        here = np.flatnonzero(frame >= 0)
        if len(here) >= len(frame) // 2 and inputs.shape[2]:
            rows = inputs[frame[here], here]
            found[k] = linear.accuracy(rows, twins.labels[here], train[here], weights[here])
    return found


@th.no_grad()
def shown(policy: Policy, frames: np.ndarray) -> np.ndarray:
    """What another policy remembers of the same frames (T, W, D): (T, W, K)."""
    state, states = policy.begin(frames.shape[1]), []
    for frame in frames:
        _, state = policy.step(th.as_tensor(frame), state)
        states.append(state.numpy())
    return np.stack(states)


def other_probes(rollout: Rollout, twins: TwinSet) -> dict[str, Any]:
    """How well probes of the memory name the phase, and tell the time since the signal ended."""
    t, w = np.nonzero(np.arange(len(rollout.frames))[:, None] < twins.ready)
    if not rollout.states.shape[2]:
        return {"phase": None, "phase_guess": None, "time": None}
    chosen = np.random.default_rng(0).permutation(len(t))[:SAMPLES]
    t, w = t[chosen], w[chosen]
    phases, train = rollout.phases[t, w], halves(twins)[w]
    later = phases == Phase.DELAY
    states = rollout.states[t, w]
    return {
        "phase": linear.accuracy(states, phases, train),
        "phase_guess": float(np.bincount(phases).max() / len(phases)),
        "time": linear.explained(states[later], (t - twins.off[w])[later].astype(float), train[later]),
    }


def cells_of(policy: Policy, size: int) -> np.ndarray:
    """The numbers of the state that belong to one cell: (cells, 1), or (cells, 2) for h and c of a layer's cells."""
    if isinstance(policy, RecurrentPolicy) and size:
        return np.arange(size).reshape(2, -1).T
    return np.arange(size)[:, None]


def carriers(rollout: Rollout, twins: TwinSet, groups: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """How far apart the intents are in each cell, in the last frame before the car drives: (cells,) twice.

    Spread: the standard deviation of the intents' means, of what the cell puts out. Share: of the cell's variance.
    """
    last = rollout.states[twins.ready - 1, np.arange(len(twins.ready))].astype(np.float64)
    by_intent = last[:, groups[:, 0]].reshape(*twins.shape, -1)
    weights = twins.weights[:, :, None] / twins.shape[1]
    mean = (weights * by_intent).sum(axis=(0, 1))
    total = (weights * (by_intent - mean) ** 2).sum(axis=(0, 1))
    between = (weights.sum(axis=1) * (by_intent.mean(axis=1) - mean) ** 2).sum(axis=0)
    return np.sqrt(between), np.where(total > 1e-12, between / np.maximum(total, 1e-12), 0.0)


def silenced(case: Case, groups: np.ndarray, order: np.ndarray) -> list[dict[str, float]]:
    """How often it is right with so many cells held at zero from t2 on: those that carry most, or any."""
    drawn = np.random.default_rng(0).permutation(len(groups))
    found = []
    for count in (count for count in SILENCED if count <= len(groups)):
        rates = [
            right_rate(case.criterion, drive(case.policy, case.twins, zero(case.twins, groups[which[:count]]))).mean
            for which in (order, drawn)
        ]
        found.append({"cells": count, "right": rates[0], "any": rates[1]})
    return found


def zero(twins: TwinSet, numbers: np.ndarray) -> StateHook:
    """Hold these numbers of the state at zero from t2 until the car drives, and in its first frame."""

    def silence(t: int, state: th.Tensor) -> th.Tensor:
        held = np.flatnonzero((t >= twins.off) & (t <= twins.ready))
        state = state.clone()
        state[held[:, None], numbers.ravel()] = 0.0
        return state

    return StateHook(silence)


@th.no_grad()
def gates(policy: Policy, rollout: Rollout, twins: TwinSet, order: np.ndarray) -> dict[str, Any] | None:
    """Means of an LSTM's gates by frames since t2, of its first layer's cells and of the four of them that carry most.

    None without gates, or without states.
    """
    if not isinstance(policy, RecurrentPolicy) or not rollout.states.shape[2]:
        return None
    rows = []
    for t in range(int(twins.ready.max()) + 1):
        before = th.as_tensor(rollout.states[t - 1]) if t else policy.begin(rollout.states.shape[1])
        found = policy.gates(th.as_tensor(rollout.frames[t]), before, th.as_tensor(rollout.states[t]))
        if found is None:
            return None
        rows.append(found.numpy())
    stacked = np.stack(rows)  # (T, W, 3, hidden)
    most = order[order < stacked.shape[3]][:4]
    means = {"input": [], "forget": [], "output": [], "carriers' forget": []}
    for frame in around(twins):
        here = np.flatnonzero(frame >= 0)
        there = stacked[frame[here], here] if len(here) >= len(frame) // 2 else np.full((1, *stacked.shape[2:]), np.nan)
        for k, name in enumerate(("input", "forget", "output")):
            means[name].append(float(there[:, k].mean()))
        means["carriers' forget"].append(float(there[:, 1, most].mean()))
    return means


def paths(rollout: Rollout, twins: TwinSet) -> dict[str, Any] | None:
    """The mean path of the state for each intent in the plane of its two largest variances: (I, SPAN, 2)."""
    frames, size = around(twins), rollout.states.shape[2]
    if size < 2:
        return None
    here = [np.flatnonzero(frame >= 0) for frame in frames]
    every = np.concatenate([rollout.states[frame[w], w] for frame, w in zip(frames, here, strict=True)]).astype(
        np.float64
    )
    mean = every.mean(axis=0)
    values, vectors = np.linalg.eigh(np.cov((every - mean).T))
    plane = vectors[:, [-1, -2]]
    plane = plane * np.sign(plane[np.abs(plane).argmax(axis=0), [0, 1]])  # a sign that does not depend on the library
    found = np.full((twins.shape[0], len(frames), 2), np.nan)
    for k, (frame, w) in enumerate(zip(frames, here, strict=True)):
        if len(w) < len(frame) // 2:
            continue
        points = (rollout.states[frame[w], w] - mean) @ plane
        for i in range(twins.shape[0]):
            if (twins.labels[w] == i).any():
                found[i, k] = points[twins.labels[w] == i].mean(axis=0)
    return {"points": found, "explained": (values[[-1, -2]] / max(values.sum(), 1e-12))}
