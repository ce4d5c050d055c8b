"""For the right reason? Let colours go with the intents, or against them, and see whom it believes."""

from __future__ import annotations

from dataclasses import asdict, replace
from typing import Any

from kindergarten.agents.diagnose.finding import Case, Finding, Verdict
from kindergarten.agents.diagnose.policy import Policy
from kindergarten.agents.diagnose.rate import guesses, right_rate
from kindergarten.agents.diagnose.twin_set import COLOURS, SIGNALS, Rollout, TwinSet, drive, without
from kindergarten.output import decimals
from kindergarten.scoring.criterion import Criterion

QUESTION = "Is it right for the right reason?"
SOME, MUCH = 0.1, 0.5  # of reliance on the colour
CONDITIONS = ("aligned", "neutral", "against", "colour alone", "signal alone")


def ask(case: Case) -> Finding:
    """Every agent under five conditions: right answers (the goal) and collisions (the capability), apart."""
    agents = {"this agent": case.policy, **case.beside}
    found = {name: conditions(policy, case.twins, case.criterion) for name, policy in agents.items()}
    mine, chance = found["this agent"], case.criterion.chance
    numbers = {"agents": found, "chance": chance}
    return Finding("reasons", QUESTION, *judged(mine, chance), numbers)


def conditions(policy: Policy, twins: TwinSet, criterion: Criterion) -> dict[str, Any]:
    """How often it is right and how often it collides, by condition; and what it makes of the colour."""
    aligned, neutral, against = (
        replace(twins, config=replace(twins.config, spurious=spurious)) for spurious in (1.0, 0.0, -1.0)
    )
    rollouts = (
        drive(policy, aligned),
        drive(policy, neutral),
        drive(policy, against),
        *(drive(policy, aligned, without(aligned, columns)) for columns in (SIGNALS, COLOURS)),
    )
    found: dict[str, Any] = {
        name: marked(rollout, twins, criterion) for name, rollout in zip(CONDITIONS, rollouts, strict=True)
    }
    found["reliance"] = found["aligned"]["right"]["mean"] - found["against"]["right"]["mean"]
    return found


def marked(rollout: Rollout, twins: TwinSet, criterion: Criterion) -> dict[str, Any]:
    """How often it is right, and how often it collides."""
    collisions = (rollout.collided.reshape(twins.shape) * twins.weights).sum(axis=0).mean()
    return {"right": asdict(right_rate(criterion, rollout)), "collisions": float(collisions)}


def judged(found: dict[str, Any], chance: float) -> tuple[Verdict, str]:
    """The verdict, and why."""
    rates = {name: found[name]["right"]["mean"] for name in ("aligned", "against", "neutral")}
    said = (
        f"With colours that go with the intent it is right in {rates['aligned']:.0%}, with colours that go against "
        f"it in {rates['against']:.0%}: a reliance of {decimals(found['reliance'], sign='+')}."
    )
    if abs(found["reliance"]) >= MUCH:
        return Verdict.NO, said + " It goes by the colour."
    if all(guesses(found[name]["right"], chance) for name in ("aligned", "neutral")):
        return Verdict.OPEN, said + " But it is no better than a guess, so there is no reason to ask for."
    if abs(found["reliance"]) > SOME:
        return Verdict.PARTLY, said + " It goes by both."
    return Verdict.YES, said + " The colour does not matter to it."
