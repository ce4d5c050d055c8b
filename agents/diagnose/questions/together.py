"""Questions to agents who learn together: what it is worth, who talks, who listens, and whether it is our language."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from kindergarten.agents.diagnose.finding import Finding, Verdict
from kindergarten.agents.diagnose.rate import Rate
from kindergarten.agents.runs.together import crossed
from kindergarten.output import decimals
from kindergarten.playground.rules import Lamps, Rules
from kindergarten.playground.world import CONFIG
from kindergarten.playground.worth import known_channel
from kindergarten.scoring.agent import Agent
from kindergarten.scoring.convention import bits_by_decision, said
from kindergarten.scoring.statistics import bootstrap
from kindergarten.scoring.together import Encounters
from kindergarten.world.codes import Intent, names
from kindergarten.world.config import Scenario

MINE = "these agents"
MUCH = 0.5  # of a scale from 0 to 1
SURE, GUESSED = 0.9, 0.6  # of two goals


@dataclass(frozen=True)
class Company:
    """Agents who share their parameters, where they meet.

    agents, found, all_rules: these agents, and others beside them, by name; what ``evaluation.json`` says of each, and
    the rules of each. story: what came of it where these agents meet. changed: (A, W) who listened, see ``listens``.
    """

    agents: Mapping[str, Agent]
    found: Mapping[str, Mapping[str, Any]]
    scenario: Scenario
    all_rules: Mapping[str, Rules]
    story: Encounters
    changed: np.ndarray

    @property
    def rules(self) -> Rules:
        """These agents'."""
        return self.all_rules[MINE]

    @property
    def language(self) -> Mapping[str, Any]:
        """What these agents say, and who listens."""
        return self.found[MINE]["language"]

    @property
    def arms(self) -> list[str]:
        """Where the seats come from."""
        return [member.arm for member in self.scenario.casts[0] if member.learns]

    def unasked(self) -> str:
        """Why nothing can be asked of what they say; empty if something can."""
        why = {Lamps.OFF: "Their lamps do not work.", Lamps.TOLD: "They are told everything."}
        return why.get(self.rules.signals, "")


def graded(value: float, enough: float, little: float, unasked: str = "") -> Verdict:
    """YES from ``enough`` on, NO up to ``little``."""
    if unasked:
        return Verdict.OPEN
    return Verdict.YES if value >= enough else Verdict.PARTLY if value > little else Verdict.NO


def worth(case: Company) -> Finding:
    """How they fare, between a team that heeds nobody and one that knows everything; and whether lamps make it so."""
    channel, mine = known_channel(case.scenario), case.found[MINE]
    low, high = mine["communication_ci95"]
    answer = (
        f"{decimals(mine['communication'])} ({decimals(low)} to {decimals(high)}): 0 is the best that heeds neither "
        f"lamps nor speeds, 1 the best where everybody is told everything. {mine['goal_rate']:.1%} of agents reach "
        f"their goals, {mine['collision_rate']:.1%} collide. With all lamps dark it is "
        f"{decimals(mine['without_lamps']['communication'])}: what is left may be read from bodies."
    )
    numbers = {"agents": case.found, "unbraked": channel.communication(channel.unbraked)}
    return Finding("worth", "Do they gain by knowing each other's goals?", graded(low, MUCH, 0.0), answer, numbers)


def speech(case: Company) -> Finding:
    """How many bits of the goal the lamps tell, decision by decision."""
    its, unasked = case.language, case.unasked()
    if case.rules.signals == Lamps.HONEST:
        unasked = "It is the simulator that sets their lamps."
    chance = its["bits_by_chance"]
    answer = unasked or f"Lamps tell {its['bits']:.2f} bits of the goal; up to {chance:.2f} may be chance."
    curve = bits_by_decision(case.story.goals, said(case.story))
    numbers = {"bits": curve, "chance": chance, "decision_step": CONFIG.decision_step}
    verdict = graded(its["bits"], MUCH, chance, unasked)
    return Finding("speech", "Do they say where they go?", verdict, answer, numbers)


def listening(case: Company) -> Finding:
    """Who drives otherwise if the other's lamps are those of its other goal; and who gives way."""
    story, unasked, share = case.story, case.unasked(), case.language["listening"]
    answer = unasked or (
        f"In {share:.0%} of worlds an agent drives otherwise, before any way shows, if the other's lamps are those of "
        "its other goal."
    )
    lowest = np.where(story.undecided[:, :, None], story.speeds, np.inf).min(axis=0)
    numbers = {"changed": by_goal(case, case.changed), "slower": {}}
    for both in np.unique(story.goals, axis=0):
        name = ", ".join(f"{arm} {names(Intent)[goal]}" for arm, goal in zip(case.arms, both, strict=True))
        slower = lowest[(story.goals == both).all(axis=1)] < story.speeds.max()
        numbers["slower"][name] = dict(zip(case.arms, slower.mean(axis=0), strict=True))
    return Finding("listening", "Does anybody listen?", graded(share, MUCH / 2, 0.0, unasked), answer, numbers)


def by_goal(case: Company, happened: np.ndarray) -> dict[str, dict[str, float]]:
    """How often something happened (A, W), by seat and its own goal, with intervals over seeds."""
    found = {}
    for seat, arm in enumerate(case.arms):
        for goal in np.unique(case.story.goals[:, seat]):
            rows = happened[seat, case.story.goals[:, seat] == goal].reshape(case.story.seeds, -1).mean(axis=1)
            limits = bootstrap(lambda drawn, rows=rows: rows[drawn].mean(axis=1), len(rows))
            found[f"{arm}, goes {names(Intent)[goal]}"] = asdict(Rate(float(rows.mean()), *limits))
    return found


def convention(case: Company) -> Finding:
    """Whether the left lamp means left, and with which goals lamps are what people would show."""
    its, unasked = case.language, case.unasked()
    if not unasked and its["bits"] <= its["bits_by_chance"]:
        unasked = "Their lamps say nothing."
    honest = ", ".join(f"{goal} {share:.0%}" for goal, share in its["honesty"].items())
    answer = unasked or (
        f"{decimals(its['convention'], sign='+')}: +1 is as people have it, -1 the other way round. Their lamps are "
        f"honest with the goal {honest}."
    )
    numbers = {name: its[name] for name in ("convention", "honesty", "said")}
    return Finding(
        "convention", "Does left mean left?", graded(its["convention"], MUCH, -MUCH, unasked), answer, numbers
    )


def beliefs(case: Company) -> Finding:
    """How sure they are of the others' true goals, before ways show."""
    story, question = case.story, "Do they know where the others go?"
    if story.beliefs is None:
        return Finding("beliefs", question, Verdict.OPEN, "They do not say what they believe.", {"sure": {}})
    before = story.undecided[story.undecided.any(axis=1)]
    agents = story.goals.shape[1]
    goals = np.stack([np.roll(story.goals, -turn, axis=1) for turn in range(1, agents)], axis=2)  # (W, A, A - 1)
    sure = np.take_along_axis(story.beliefs[: len(before)], goals[None, ..., None], axis=4)[..., 0]
    latest = sure[before.sum(axis=0) - 1, np.arange(before.shape[1])]  # (W, A, A - 1) by each world's own t3
    last = float(np.mean([latest[goals == goal].mean() for goal in np.unique(goals)]))
    sure = np.where(before[:, :, None, None], sure, np.nan)
    curves = {names(Intent)[goal]: np.nanmean(sure[:, goals == goal], axis=1) for goal in np.unique(goals)}
    answer = f"When the first way shows their captions have given {last:.0%} to what is true."
    numbers = {"sure": curves, "decision_step": CONFIG.decision_step}
    return Finding("beliefs", question, graded(last, SURE, GUESSED), answer, numbers)


def company(case: Company) -> Finding:
    """How they get on with agents of other trainings, in either seat, and with honest humans."""
    rules, home = list(case.all_rules.values()), [its["communication"] for its in case.found.values()]
    met = crossed(list(case.agents.values()), case.scenario, rules, home)
    humans = case.found[MINE]["among_honest_humans"]
    numbers = {"met": dict(zip(case.agents, met, strict=True)), "humans": humans}
    among = f"Among honest humans, who never give way, {humans['collision_rate']:.0%} collide."
    abroad = np.concatenate([met[0, 1:], met[1:, 0]])
    question = "Do they get on with others?"
    if len(abroad) == 0:
        return Finding("company", question, Verdict.OPEN, f"{among} --beside RUN lets them meet its agents.", numbers)
    mean, worst, mine = map(decimals, (abroad.mean(), abroad.min(), met[0, 0]))
    answer = f"{mean} with the agents beside, {worst} at worst; {mine} at home. {among}"
    if any(its != case.rules for its in rules):
        answer += (
            " Not all have learned by the same rules: two meet by those of whoever has the first seat, and they may be "
            "new to the other."
        )
    return Finding("company", question, graded(abroad.min(), MUCH, 0.0), answer, numbers)


TOGETHER = (worth, speech, listening, convention, beliefs, company)
