"""Who is diagnosed where several agents have learned in one world: all of a run's, who share their parameters."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar

from kindergarten.agents.diagnose.examination import Question
from kindergarten.agents.diagnose.finding import Effort
from kindergarten.agents.diagnose.questions.together import MINE, TOGETHER, Company
from kindergarten.agents.evaluation.agent import PolicyAgent
from kindergarten.agents.learner.ppo import MemoryPPO
from kindergarten.agents.runs.run import Run
from kindergarten.agents.runs.together import examined, rules_of
from kindergarten.world.config import Scenario


def by_name(others: Sequence[Any]) -> dict[str, Any]:
    """Those beside an agent, by what they are called; who has another's name is told by its folder as well."""
    found: dict[str, Any] = {}
    for other in others:
        found[f"{other.name}, {other.report.parent}" if other.name in found else other.name] = other
    return found


@dataclass(frozen=True)
class Population:
    """A run's best agents, with the same interface as ``DiagnosedAgent``."""

    run: Run
    allow_pickle: bool = False
    questions: ClassVar[Sequence[Question[Company]]] = TOGETHER
    title: ClassVar[str] = "what did they learn?"

    @cached_property
    def model(self) -> MemoryPPO:
        """Their one policy."""
        return self.run.load_model(self.allow_pickle)

    @property
    def name(self) -> str:
        """What they are called beside others."""
        return ", ".join((f"seed {self.run.options.seed}", *self.run.surroundings))

    @property
    def about(self) -> str:
        """Who they are."""
        own = self.run.options
        learned = ", ".join(filter(None, (own.memory.value, f"seed {own.seed}", self.run.taught)))
        return f"agents with shared parameters, memory {learned}"

    @property
    def scenario(self) -> Scenario:
        """Where they meet."""
        return self.run.scenarios[0]

    @property
    def setting(self) -> tuple[str, str]:
        """What others must have in common with them, to be laid beside them."""
        return self.scenario.name, "several agents"

    @property
    def identity(self) -> dict[str, Any]:
        """What tells their numbers from others'."""
        return self.run.identity(self.scenario.name)

    @property
    def report(self) -> Path:
        """Where the page goes."""
        return self.run.folder / "report"

    def case(self, beside: Sequence[Population], effort: Effort) -> Company:
        """Ready to be asked, others beside them. All seeds are driven, whatever the ``effort``: it takes seconds."""
        everyone = {MINE: self, **by_name(beside)}
        agents = {name: PolicyAgent(its.model.policy) for name, its in everyone.items()}
        rules = {name: rules_of(its.run) for name, its in everyone.items()}
        each = {name: examined(its.model, self.scenario, rules[name]) for name, its in everyone.items()}
        found = {name: its.found for name, its in each.items()}
        return Company(agents, found, self.scenario, rules, each[MINE].story, each[MINE].changed)
