"""Does it remember? Take its memory away, and see what is left."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from kindergarten.agents.diagnose.finding import Case, Finding, Verdict
from kindergarten.agents.diagnose.rate import Rate, anticipation, guesses, rate, right_rate
from kindergarten.agents.diagnose.twin_set import (
    SIGNALS,
    Rollout,
    TwinSet,
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


def ask(case: Case) -> Finding:
    """Sweep the delay, and tamper with the memory and with what is seen."""
    answers = {name: asdict(found) for name, found in tampered(case).items()}
    rewriting = rewrites(case)
    numbers = {
        "chance": case.criterion.chance,
        "answers": answers,
        "rewriting": None if rewriting is None else asdict(rewriting),
        "sweep": [swept(case, delay) for delay in case.effort.delays],
        "trained": case.twins.config.delay_s,
    }
    return Finding("memory", QUESTION, *judged(answers, case.criterion.chance), numbers)


def tampered(case: Case) -> dict[str, Rate]:
    """How often it is right as it is, and when something is taken from it."""
    policy, twins, rollout = case.policy, case.twins, case.rollout
    runs = {
        "as it is": rollout,
        "memory wiped at t2": drive(policy, twins, wipe(policy, twins.off)),
        "history shuffled": drive(policy, twins, past(shuffled(rollout.frames, twins), twins)),
    }
    if twins.shows.any():
        runs["signal deleted"] = drive(policy, twins, without(twins, SIGNALS))
    runs["shown its twin's past"] = drive(policy, twins, past(exchanged(rollout.frames, twins), twins))
    return {name: right_rate(case.criterion, run) for name, run in runs.items()}


def judged(answers: dict[str, dict[str, float]], chance: float) -> tuple[Verdict, str]:
    """The verdict, and why."""
    whole, wiped = answers["as it is"], answers["memory wiped at t2"]
    if chance >= CERTAIN:
        said = f"Whoever always answers the same is right in {chance:.0%} of the worlds"
        return Verdict.OPEN, f"{said}: whether it remembers cannot be told from its answers."
    if guesses(whole, chance):
        return Verdict.NO, f"It is right in {whole['mean']:.0%} of the worlds; whoever guesses is in {chance:.0%}."
    lost = (whole["mean"] - wiped["mean"]) / (whole["mean"] - chance)
    said = f"It is right in {whole['mean']:.0%} of the worlds, with its memory wiped in {wiped['mean']:.0%}"
    if lost >= LOST:
        return Verdict.YES, f"{said}; whoever guesses is in {chance:.0%}."
    if lost <= 1.0 - LOST:
        return Verdict.NO, f"{said}: what it knows it does not know from its memory."
    return Verdict.PARTLY, f"{said}, so it does not know from its memory alone; whoever guesses is in {chance:.0%}."


def swept(case: Case, delay: float) -> dict[str, Any]:
    """Anticipation at one delay [s]: as it is, with its memory wiped at t2, and of those beside."""
    twins = case.twins.at(delay)
    runs: dict[str, Rollout] = {
        "as it is": drive(case.policy, twins),
        "memory wiped at t2": drive(case.policy, twins, wipe(case.policy, twins.off)),
        **{name: drive(policy, twins) for name, policy in case.beside.items()},
    }
    return {"delay": delay, **{name: anticipation(rollout, twins) for name, rollout in runs.items()}}


def rewrites(case: Case) -> Rate | None:
    """How often the later of two signals wins: the other side, nothing, its own, all before the car drives.

    None if nobody shows both sides.
    """
    if not {Intent.LEFT, Intent.RIGHT} <= set(case.twins.scenario.intents) or not case.twins.shows.any():
        return None
    twins = case.twins.at(ROOM)
    blank = erased(drive(case.policy, twins).frames, twins, SIGNALS)
    earlier = painted(blank, twins, twins.off, CUE, other=True)
    later = painted(earlier, twins, twins.off + 2 * CUE, CUE)
    return among_shown(case, twins, drive(case.policy, twins, past(later, twins)))


def among_shown(case: Case, twins: TwinSet, rollout: Rollout) -> Rate:
    """How often it is right where somebody signals, on the seeds on which somebody does."""
    weights = twins.weights * twins.shows.reshape(twins.shape)
    shown = weights.any(axis=0)
    right = case.criterion.right(rollout.earned.reshape(twins.shape))
    return rate(right[:, shown], weights[:, shown] / weights[:, shown].sum(axis=0))
