"""Does it remember? Take its memory away, and see what is left."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import numpy as np

from kindergarten.agents.diagnose.exam import Rate, anticipation, rate
from kindergarten.agents.diagnose.finding import Finding, Subject, Verdict
from kindergarten.agents.diagnose.stage import (
    SIGNALS,
    Stage,
    Tape,
    drive,
    erased,
    exchanged,
    painted,
    past,
    shuffled,
    wipe,
    without,
)
from kindergarten.world.codes import Intent

QUESTION = "Does it remember?"
CUE = 5  # frames of a signal that is painted in: 1 s
ROOM = 8.0  # [s] delay in which signals are painted
CERTAIN = 0.95  # where one and the same answer is right as often as that, answers do not tell who remembers
LOST = 0.75  # of what it knows above chance: whoever loses as much with the memory, had it there


def ask(subject: Subject) -> Finding:
    """Sweep the delay, and tamper with the memory and with what is seen."""
    answers = {name: asdict(found) for name, found in tampered(subject).items()}
    rewriting = rewrites(subject)
    numbers = {
        "chance": subject.exam.chance,
        "answers": answers,
        "rewriting": None if rewriting is None else asdict(rewriting),
        "sweep": [swept(subject, delay) for delay in subject.effort.delays],
        "trained": subject.stage.config.delay_s,
    }
    return Finding("memory", QUESTION, *judged(answers, subject.exam.chance), numbers)


def tampered(subject: Subject) -> dict[str, Rate]:
    """How often it is right as it is, and when something is taken from it."""
    mind, stage, tape = subject.mind, subject.stage, subject.tape
    runs = {
        "as it is": tape,
        "memory wiped at t2": drive(mind, stage, touch=wipe(mind, stage.off)),
        "history shuffled": drive(mind, stage, past(shuffled(tape.frames, stage), stage)),
    }
    if stage.shows.any():
        runs["signal deleted"] = drive(mind, stage, without(stage, SIGNALS))
    runs["shown its twin's past"] = drive(mind, stage, past(exchanged(tape.frames, stage), stage))
    return {name: subject.exam.rate(run) for name, run in runs.items()}


def judged(answers: dict[str, dict[str, float]], chance: float) -> tuple[Verdict, str]:
    """The verdict, and why."""
    whole, wiped = answers["as it is"], answers["memory wiped at t2"]
    if chance >= CERTAIN:
        said = f"Whoever always answers the same is right in {chance:.0%} of the worlds"
        return Verdict.OPEN, f"{said}: whether it remembers cannot be told from its answers."
    if whole["low"] <= chance + 0.02:
        return Verdict.NO, f"It is right in {whole['mean']:.0%} of the worlds; whoever guesses is in {chance:.0%}."
    lost = (whole["mean"] - wiped["mean"]) / (whole["mean"] - chance)
    said = f"It is right in {whole['mean']:.0%} of the worlds, with its memory wiped in {wiped['mean']:.0%}"
    if lost >= LOST:
        return Verdict.YES, f"{said}; whoever guesses is in {chance:.0%}."
    return Verdict.PARTLY, f"{said}, so it does not know from its memory alone; whoever guesses is in {chance:.0%}."


def swept(subject: Subject, delay: float) -> dict[str, Any]:
    """Anticipation at one delay [s]: as it is, with its memory wiped at t2, and of those beside."""
    stage = subject.stage.at(delay)
    runs: dict[str, Tape] = {
        "as it is": drive(subject.mind, stage),
        "memory wiped at t2": drive(subject.mind, stage, touch=wipe(subject.mind, stage.off)),
        **{name: drive(mind, stage) for name, mind in subject.beside.items()},
    }
    return {"delay": delay, **{name: anticipation(tape, stage) for name, tape in runs.items()}}


def rewrites(subject: Subject) -> Rate | None:
    """How often the later of two signals wins: the other side, nothing, its own, all before the car drives.

    None if nobody shows both sides.
    """
    if not {Intent.LEFT, Intent.RIGHT} <= set(subject.stage.scenario.intents) or not subject.stage.shows.any():
        return None
    stage = subject.stage.at(ROOM)
    blank = erased(drive(subject.mind, stage).frames, stage, SIGNALS)
    earlier = painted(blank, stage, stage.off, CUE, other=True)
    later = painted(earlier, stage, stage.off + 2 * CUE, CUE)
    return among_shown(subject, stage, drive(subject.mind, stage, past(later, stage)))


def among_shown(subject: Subject, stage: Stage, tape: Tape) -> Rate:
    """How often it is right where somebody signals."""
    shows = stage.shows.reshape(stage.shape)
    weights = stage.weights * shows
    right = tape.earned.reshape(stage.shape) > subject.exam.pass_mark
    return rate(right, weights / np.maximum(weights.sum(axis=0), 1e-9))
