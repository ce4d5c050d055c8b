"""All questions, one after the other."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TypeAlias, TypeVar

from kindergarten.agents.diagnose.finding import FULL, Case, Effort, Finding
from kindergarten.agents.diagnose.policy import Policy
from kindergarten.agents.diagnose.questions import cheating, credit, decided, memory, probes, reasons, vanishing
from kindergarten.agents.diagnose.rate import criterion_of
from kindergarten.agents.diagnose.twin_set import TwinSet, drive
from kindergarten.scoring.reference import SEEDS
from kindergarten.world.config import Config, Scenario

C = TypeVar("C")
Question: TypeAlias = Callable[[C], Finding]
QUESTIONS: tuple[Question[Case], ...] = (
    memory.ask,
    credit.ask,
    decided.ask,
    vanishing.ask,
    reasons.ask,
    probes.ask,
    cheating.ask,
)


def prepare(
    policy: Policy,
    scenario: Scenario,
    config: Config,
    effort: Effort = FULL,
    untrained: Mapping[str, Policy] | None = None,
    beside: Mapping[str, Policy] | None = None,
) -> Case:
    """An agent on its worlds, and how its answers there are marked.

    Args:
        policy: the agent.
        scenario: where it drives.
        config: in which setting it was trained.
        effort: how much is tried.
        untrained: the same network untrained, with each memory, by name; its own memory first.
        beside: other agents, by what they are called.
    """
    twins = TwinSet(scenario, config, SEEDS[: effort.seeds])
    return Case(policy, twins, drive(policy, twins), criterion_of(twins), effort, untrained or {}, beside or {})


def diagnose(case: Case) -> list[Finding]:
    """Ask everything."""
    return ask_all(case, QUESTIONS)


def ask_all(
    case: C, questions: Sequence[Question[C]], done: Callable[[Finding], None] = lambda finding: None
) -> list[Finding]:
    """Ask ``questions``; ``done`` hears of each answer as it comes."""
    findings = []
    for ask in questions:
        findings.append(ask(case))
        done(findings[-1])
    return findings
