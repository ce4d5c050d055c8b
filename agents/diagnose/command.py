"""``kindergarten diagnose RUN``: a page, the numbers, and a verdict for each question."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass, replace
from itertools import count
from pathlib import Path
from typing import Any, ClassVar, TypeAlias

import torch as th
from gymnasium import spaces
from sb3_contrib.common.recurrent.policies import RecurrentActorCriticPolicy

from kindergarten.agents.diagnose.examination import QUESTIONS, Question, ask_all, prepare
from kindergarten.agents.diagnose.finding import FULL, QUICK, Case, Effort, Finding, plain
from kindergarten.agents.diagnose.policy import Policy, RecurrentPolicy
from kindergarten.agents.diagnose.population import Population, by_name
from kindergarten.agents.diagnose.report.page import page
from kindergarten.agents.learner.choice import Memory
from kindergarten.agents.learner.ppo import MemoryPPO
from kindergarten.agents.runs.folders import runs_in
from kindergarten.agents.runs.pickles import model_in
from kindergarten.agents.runs.run import Run
from kindergarten.envs.sb3 import make_sb3
from kindergarten.files import DEMO, write_whole
from kindergarten.output import aligned, columns
from kindergarten.progress import Progress
from kindergarten.scenarios import id_of, scenario_named
from kindergarten.scoring.score import delay_name
from kindergarten.world.codes import Observation
from kindergarten.world.config import Config, Scenario, make_config

LONG = "transformer"  # its state is 255 frames: to show it untrained beside others takes as long as all else


@dataclass(frozen=True)
class DiagnosedAgent:
    """Who is diagnosed: a run's best agent, or a policy that Stable-Baselines3 has saved."""

    name: str  # beside others
    about: str
    policy: Callable[[], RecurrentActorCriticPolicy]
    scenario: Scenario
    config: Config
    memory: str  # of the untrained network that it began as, or one like it
    untrained: Callable[[str], MemoryPPO]  # such a network with another memory
    identity: dict[str, Any]
    report: Path
    questions: ClassVar[Sequence[Question[Case]]] = QUESTIONS
    title: ClassVar[str] = "what did it learn?"

    @classmethod
    def of_run(cls, run: Run, scenario: str | None, allow_pickle: bool) -> DiagnosedAgent:
        """A run's best agent, in a scenario of those that it learned in.

        Raises:
            ValueError: its eyes read no columns; there are several scenarios, and none is named.
        """
        where = run.where(scenario)
        if run.config.observation is not Observation.FEATURES:
            raise ValueError(f"{run.folder} looks at pixels: diagnose asks what single columns of 'features' do")
        memory, seed = run.options.memory.value, run.options.seed
        name = ", ".join(filter(None, (memory, f"seed {seed}", run.taught, run.eyes)))
        about = f"memory {name}, trained on delays of {delay_name(run.config.delay_s)}"

        def policy() -> RecurrentActorCriticPolicy:
            return run.load_model(allow_pickle).policy

        def untrained(memory: str) -> MemoryPPO:
            return replace(run, options=replace(run.options, memory=Memory(memory))).untrained(1)

        home = Path() if run.folder == DEMO else run.folder
        report = home / ("-".join(("report", *[where.name] * run.graduate)))
        return cls(name, about, policy, where, run.config, memory, untrained, run.identity(where.name), report)

    @classmethod
    def of_zip(cls, path: Path, scenario: str | None, allow_pickle: bool) -> DiagnosedAgent:
        """What ``RecurrentPPO.save`` has left, trained on a scenario with its default delays.

        Raises:
            ValueError: what is needed for that is not there.
        """
        if scenario is None:
            raise ValueError(f"{path} does not say where it was trained: name it with --scenario")
        policy = model_in(path, allow_pickle).policy
        if not isinstance(policy, RecurrentActorCriticPolicy):
            raise ValueError(f"{path} holds a {type(policy).__name__}: diagnose asks what a recurrent policy remembers")
        control = "discrete" if isinstance(policy.action_space, spaces.Discrete) else "continuous"
        config = make_config(control=control)
        env = make_sb3(id_of(scenario_named(scenario).name), 1, control=control)
        if (env.observation_space.shape, env.action_space) != (policy.observation_space.shape, policy.action_space):
            raise ValueError(f"{path} was trained on {policy.observation_space}, not on {scenario}")

        def untrained(memory: str) -> MemoryPPO:
            return MemoryPPO.from_config(env, memory=memory, seed=0)

        identity, default = {"scenario": scenario, "policy": path.name}, "lstm-default"
        report = path.with_name(f"{path.stem}-report")
        about = f"{path.name}, taken to be trained on delays of {delay_name(config.delay_s)}"
        return cls(
            path.name, about, lambda: policy, scenario_named(scenario), config, default, untrained, identity, report
        )

    @property
    def setting(self) -> tuple[str, str]:
        """What others must have in common with it, to be laid beside it."""
        return self.scenario.name, str(self.config.control)

    def case(self, beside: Sequence[DiagnosedAgent], effort: Effort) -> Case:
        """Ready to be asked; others beside it, and untrained networks with its memory and with others."""
        kinds = [self.memory, *(memory.value for memory in Memory if memory.value not in (self.memory, LONG))]
        untrained: dict[str, Policy] = {}
        for kind in kinds:
            with suppress(ValueError):  # not every memory is to be had in every size
                untrained[kind] = RecurrentPolicy(self.untrained(kind).policy)
        others: dict[str, Policy] = {name: RecurrentPolicy(other.policy()) for name, other in by_name(beside).items()}
        return prepare(RecurrentPolicy(self.policy()), self.scenario, self.config, effort, untrained, others)


Diagnosed: TypeAlias = DiagnosedAgent | Population


def agents_at(path: Path, scenario: str | None, allow_pickle: bool) -> list[Diagnosed]:
    """Who is meant: a .zip, a run, or the runs of several seeds in a folder.

    Raises:
        ValueError: a run of one scenario is to be asked in another.
    """
    if path.suffix == ".zip":
        return [DiagnosedAgent.of_zip(path, scenario, allow_pickle)]
    runs = [Run.open(folder) for folder in runs_in(path) or [path]]
    for run in runs:
        if not run.graduate and scenario not in (None, own := run.options.scenario):
            raise ValueError(f"--scenario is {scenario}: {run.folder} was trained in {own} alone, and is asked there")
    return [
        Population(run, allow_pickle) if run.together else DiagnosedAgent.of_run(run, scenario, allow_pickle)
        for run in runs
    ]


def check(agent: Diagnosed, others: Sequence[Diagnosed]) -> None:
    """Refuse to lay agents of different worlds side by side.

    Raises:
        ValueError: names the one that does not go with the first.
    """
    for other in others:
        if other.setting != agent.setting:
            said, theirs = f"--beside {other.report.parent}", other.scenario.name
            if theirs == agent.scenario.name:
                raise ValueError(f"{said} has other actions: lay agents of one control side by side")
            raise ValueError(f"{said} drives {theirs}, not {agent.scenario.name}")


def examine(agent: Diagnosed, beside: Sequence[Any], effort: Effort) -> list[Finding]:
    """Ask all questions, and say how far it is; ``beside`` are of the same kind as the agent."""
    case: Any = agent.case(beside, effort)
    numbers = count(1)
    with closing(Progress(len(agent.questions), "questions")) as progress:
        return ask_all(case, agent.questions, lambda finding: progress.update(next(numbers), finding.question))


def write_report(agent: Diagnosed, findings: Sequence[Finding]) -> Path:
    """Write the numbers and the page, and return the page's path."""
    numbers = {
        f.key: plain({"question": f.question, "verdict": f.verdict.value, "answer": f.answer, **f.numbers})
        for f in findings
    }
    content = json.dumps({**agent.identity, **numbers}, indent=1) + "\n"
    write_whole(agent.report / "numbers.json", content.encode())
    title = f"{agent.scenario.name}: {agent.title}"
    write_whole(agent.report / "index.html", page(title, agent.about, findings, numbers).encode())
    return agent.report / "index.html"


def print_summary(agent: Diagnosed, findings: Sequence[Finding]) -> None:
    """Questions, answers and verdicts as a table."""
    rows = [(f"{finding.question} {finding.answer}", finding.verdict.value) for finding in findings]
    print(f"{agent.scenario.name}, {agent.name}", aligned(rows, columns()), sep="\n")


def examine_all(
    path: Path, beside: Sequence[Path], scenario: str | None, quick: bool, allow_pickle: bool
) -> Iterator[Path]:
    """Ask, print and write for each agent that ``path`` means; the pages that were written.

    Args:
        beside: others, shown beside it.
        scenario: where a .zip was trained, or where an agent of all scenarios is asked.
        quick: fewer worlds and shorter delays.
        allow_pickle: read a .zip, which may run code.
    """
    th.set_num_threads(1)
    asked, *others = (agents_at(each, scenario, allow_pickle) for each in (path, *beside))
    rest = [other for group in others for other in group]
    for agent in asked:
        check(agent, rest)
        findings = examine(agent, rest, QUICK if quick else FULL)
        print_summary(agent, findings)
        yield write_report(agent, findings)
