"""Cheating: is the cue written into the world, where the agent's own speed or place tells it later?"""

from __future__ import annotations

from dataclasses import asdict, replace
from typing import Any

import numpy as np

from kindergarten.agents.diagnose.finding import Case, Finding, Verdict
from kindergarten.agents.diagnose.rate import criterion_of, guesses, right_rate
from kindergarten.agents.diagnose.twin_set import Rollout, TwinSet, drive, halves, wipe
from kindergarten.agents.evaluation import linear
from kindergarten.world.observation import EGO_COLUMNS, NUM_EGO

QUESTION = "Does it keep the cue in its head, not in its speed?"
MANY = 4  # times the seeds of the other questions: a probe needs them


def ask(case: Case) -> Finding:
    """Probe the car's own columns at the moment of decision, with hands off until then and with hands on."""
    found = {name: observed(case, on) for name, on in (("hands off", False), ("hands on", True))}
    mine = found["hands on" if case.twins.config.hands_on else "hands off"]
    return Finding("cheating", QUESTION, *judged(mine, found["hands on"]), found)


def observed(case: Case, hands_on: bool) -> dict[str, Any]:
    """What a probe reads in the car's own columns, and how often it is right with its memory wiped at that moment."""
    config = replace(case.twins.config, hands_on=hands_on)
    many = TwinSet(case.twins.scenario, config, probe_seeds(case))
    rollout = drive(case.policy, many)
    guess, bound = guessing(many)
    probed, by_column = written(rollout, many)
    few = replace(case.twins, config=config)
    criterion = case.criterion if few.config == case.twins.config else criterion_of(few)
    wiped = drive(case.policy, few, wipe(case.policy, few.ready))
    return {
        "probe": probed,
        "guess": guess,
        "bound": bound,
        "columns": by_column,
        "chance": criterion.chance,
        "right": asdict(right_rate(criterion, drive(case.policy, few))),
        "wiped": asdict(right_rate(criterion, wiped)),
    }


def probe_seeds(case: Case) -> np.ndarray:
    """Seeds (S * MANY,), from the twins's first on."""
    return case.twins.seeds[0] + np.arange(MANY * len(case.twins.seeds))


def guessing(twins: TwinSet) -> tuple[float, float]:
    """How often the likeliest intent is the true one, and what a probe of nothing may reach by luck (3 sigma)."""
    guess = float(twins.weights.mean(axis=1).max())
    return guess, guess + 3.0 * float(np.sqrt(guess * (1.0 - guess) / (twins.shape[1] / 2)))


def written(rollout: Rollout, twins: TwinSet) -> tuple[float, dict[str, float]]:
    """How often a probe of the car's own columns at the moment of decision names the intent: of all, and of each."""
    frame = np.minimum(twins.ready, len(rollout.frames) - 1)
    own = rollout.frames[frame, np.arange(len(frame)), :NUM_EGO].astype(np.float64)
    train, weights = halves(twins), twins.weights.ravel()

    def probe(columns: np.ndarray) -> float:  # squares too: three intents may stand in a row
        centred = columns - columns[train].mean(axis=0)
        return linear.accuracy(
            np.hstack((columns, centred**2 / (centred[train].std() + 1e-6))), twins.labels, train, weights
        )

    return probe(own), {column.name: probe(own[:, [k]]) for k, column in enumerate(EGO_COLUMNS)}


def judged(mine: dict[str, Any], with_hands: dict[str, Any]) -> tuple[Verdict, str]:
    """The verdict on the setting in which it was trained, and what it does with its hands on."""
    if guesses(mine["right"], mine["chance"]):
        said = f"It is right in {mine['right']['mean']:.0%} of the worlds; whoever guesses is in {mine['chance']:.0%}."
        return Verdict.OPEN, f"{said} There is no cue that it keeps."
    column = max(mine["columns"], key=lambda name: mine["columns"][name])
    if mine["probe"] <= mine["bound"]:
        said = f"Its own columns tell the intent in {mine['probe']:.0%}; a guess does in {mine['guess']:.0%}."
        if with_hands["probe"] > with_hands["bound"]:
            said += f" Given the controls from the start, it would write it down: {with_hands['probe']:.0%}."
        return Verdict.YES, said
    best, guess = mine["columns"][column], mine["guess"]
    said = f"Its {column.replace('_', ' ')} alone tells the intent in {best:.0%}; a guess does in {guess:.0%}"
    if not guesses(mine["wiped"], mine["chance"]):
        return Verdict.NO, f"{said}; with its memory wiped it is still right in {mine['wiped']['mean']:.0%}."
    return Verdict.PARTLY, f"{said}. But it does not read it there: with its memory wiped it only guesses."
