"""Where is the return decided? RUDDER's return decomposition, of episodes whose driver does not remember.

Somebody who remembers is always right, and there is nothing to predict. So the agent's memory is wiped at t2: it
answers, but not to what was shown, and whether it will be right is decided as soon as the signal is. An LSTM that
predicts the return, frame by frame, must find out: the differences of its predictions are the redistributed reward.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import torch as th

from kindergarten.agents.diagnose.finding import Case, Finding, Verdict
from kindergarten.agents.diagnose.twin_set import Rollout, TwinSet, drive, halves, wipe
from kindergarten.agents.learner.redistribution import ReturnPredictor, side_by_side
from kindergarten.world.codes import Intent, Phase, names

QUESTION = "Is the return decided at the cue?"
SEEDS, STEPS, LEARNING_RATE = 64, 250, 1e-2
FORESEEN = 0.5  # of the returns' variance; if less is foreseen, the predictor has found out nothing
SELECTIVE = 5.0  # times the reward of another frame
SPAN = (-20, 45)  # frames around t2 that the pictures show


def ask(case: Case) -> Finding:
    """Predict the return of a driver who does not remember, and see when the prediction changes."""
    twins = TwinSet(case.twins.scenario, case.twins.config, case.twins.seeds[0] + np.arange(SEEDS))
    rollout = first_leg(drive(case.policy, twins, wipe(case.policy, twins.off)))
    tested = ~halves(twins)
    predictions = predicted(rollout, twins)
    spread = rollout.earned[tested].std()
    numbers = {
        "span": SPAN,
        "decision_step": twins.config.decision_step,
        "intents": [names(Intent)[intent] for intent in twins.scenario.intents],
        "spread": float(spread),
        "foreseen": foreseen(predictions, rollout, twins),
        **shares(predictions, rollout, tested),
        **courses(predictions, rollout, twins),
    }
    return Finding("decided", QUESTION, *judged(numbers), numbers)


def first_leg(rollout: Rollout) -> Rollout:
    """A rollout without what comes after the first junction."""
    until = int(rollout.running.any(axis=1).sum())
    kept = ("frames", "outputs", "states", "actions", "phases", "running")
    return replace(rollout, **{name: getattr(rollout, name)[:until] for name in kept})


def judged(numbers: dict[str, Any]) -> tuple[Verdict, str]:
    """The verdict, and why."""
    if numbers["foreseen"] < FORESEEN:
        return Verdict.OPEN, (
            f"With its memory wiped at t2 its returns differ by {numbers['spread']:.2f} (standard deviation), and "
            f"{max(numbers['foreseen'], 0.0):.0%} of that was foreseen before it drives: too little to share out."
        )
    cue, count = numbers["share"]["cue"], numbers["count"]["cue"]
    said = (
        f"Of a driver who forgets at t2, {numbers['foreseen']:.0%} of the return's variance is foreseen before it "
        f"drives. Of the redistributed reward {cue:.0%} falls on the cue, which is {count:.0%} of the frames."
    )
    times = cue * (1.0 - count) / max(count * (1.0 - cue), 1e-9)
    return (Verdict.YES if times >= SELECTIVE else Verdict.PARTLY if times > 1.5 else Verdict.NO), said


def predicted(rollout: Rollout, twins: TwinSet) -> np.ndarray:
    """The return on the first leg as it is predicted at every frame: (T, W); learned from every other seed."""
    driven = np.arange(len(rollout.frames))[:, None] >= twins.hands
    done = rollout.actions if rollout.actions.ndim == 3 else np.eye(rollout.outputs.shape[2])[rollout.actions]
    inputs = th.as_tensor(side_by_side(rollout.frames, done, driven))
    starts = th.zeros(inputs.shape[:2])
    starts[:, 0] = 1.0
    train = halves(twins)
    mean, spread = rollout.earned[train].mean(), rollout.earned[train].std() + 1e-6
    target = th.as_tensor((rollout.earned[train] - mean) / spread, dtype=th.float32)[:, None]
    counts = th.as_tensor(rollout.running.T[train])
    with th.random.fork_rng(devices=[]):
        th.manual_seed(0)
        predictor = ReturnPredictor(inputs.shape[2])
    optimizer = th.optim.Adam(predictor.parameters(), LEARNING_RATE)
    for _ in range(STEPS):
        loss = (predictor(inputs[train], starts[train]) - target)[counts].square().mean()
        optimizer.zero_grad()
        loss.backward()
        th.nn.utils.clip_grad_norm_(predictor.parameters(), 0.5)
        optimizer.step()
    with th.no_grad():
        return predictor(inputs, starts).numpy().T * spread + mean


def foreseen(predictions: np.ndarray, rollout: Rollout, twins: TwinSet) -> float:
    """Share of the returns' variance that is foreseen in the frame before it drives, on the seeds not learned from."""
    last = np.minimum(twins.ready, len(predictions)) - 1
    error = rollout.earned - predictions[last, np.arange(len(last))]
    tested = ~halves(twins)
    return float(1.0 - error[tested].var() / max(rollout.earned[tested].var(), 1e-12))


def redistributed(predictions: np.ndarray, rollout: Rollout) -> np.ndarray:
    """How far the prediction moves at every frame, (T, W), less what all worlds have in common: it decides nothing."""
    running = rollout.running
    moves = np.diff(predictions, axis=0, prepend=predictions[:1])
    common = (moves * running).sum(axis=1) / np.maximum(running.sum(axis=1), 1)
    return (moves - common[:, None]) * running


def shares(predictions: np.ndarray, rollout: Rollout, tested: np.ndarray) -> dict[str, dict[str, float]]:
    """Each phase's share of the redistributed reward, signs left out, and of the frames."""
    sizes, running = np.abs(redistributed(predictions, rollout))[:, tested], rollout.running[:, tested]
    phases = {name: (rollout.phases[:, tested] == phase) & running for phase, name in enumerate(names(Phase))}
    return {
        "share": {name: float(sizes[rows].sum() / max(sizes.sum(), 1e-12)) for name, rows in phases.items()},
        "count": {name: float(rows.sum() / running.sum()) for name, rows in phases.items()},
    }


def courses(predictions: np.ndarray, rollout: Rollout, twins: TwinSet) -> dict[str, np.ndarray]:
    """By frames since t2: the mean prediction for each intent (I, SPAN), and the mean size of the new reward (SPAN,).

    Nan where fewer than half of the worlds are.
    """
    sizes, tested = np.abs(redistributed(predictions, rollout)), ~halves(twins)
    length = SPAN[1] - SPAN[0]
    mean, size = np.full((twins.shape[0], length), np.nan), np.full(length, np.nan)
    for k in range(length):
        t = twins.off + SPAN[0] + k
        here = tested & (t >= 0) & (t < len(predictions))
        here[here] = rollout.running[t[here], np.flatnonzero(here)]
        if here.sum() < tested.sum() // 2:
            continue
        size[k] = sizes[t[here], np.flatnonzero(here)].mean()
        for i in range(twins.shape[0]):
            mine = here & (twins.labels == i)
            mean[i, k] = predictions[t[mine], np.flatnonzero(mine)].mean() if mine.any() else np.nan
    return {"predicted": mean, "size": size}
