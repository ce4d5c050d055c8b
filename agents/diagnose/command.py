"""``kindergarten diagnose RUN``: a page, the numbers, and a verdict for each question."""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import torch as th
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from kindergarten.agents.compare import delay_name
from kindergarten.agents.diagnose.examination import QUESTIONS, diagnose, prepare
from kindergarten.agents.diagnose.finding import FULL, QUICK, Effort, Finding, Subject, Verdict, plain
from kindergarten.agents.diagnose.mind import Mind, PolicyMind
from kindergarten.agents.diagnose.page import page
from kindergarten.agents.files import write_whole
from kindergarten.agents.memory import Memory
from kindergarten.agents.run import Run, runs_in

COLOURS = {Verdict.YES: "green", Verdict.PARTLY: "yellow", Verdict.NO: "red", Verdict.OPEN: "bright_black"}


def subject_of(run: Run, others: Sequence[Run], effort: Effort, allow_pickle: bool) -> Subject:
    """A run's agent, ready to be asked; other runs beside it, and untrained networks with every memory."""
    mine = run.options["memory"]
    kinds = [mine, *(memory.value for memory in Memory if memory.value != mine)]
    untrained = {kind: untrained_mind(run, kind) for kind in kinds}
    beside: dict[str, Mind] = {name_of(other): PolicyMind(other.load_model(allow_pickle).policy) for other in others}
    mind = PolicyMind(run.load_model(allow_pickle).policy)
    return prepare(mind, run.scenario, run.config, effort, untrained, beside)


def untrained_mind(run: Run, memory: str) -> Mind:
    """The run's network with this memory, before its first lesson."""
    return PolicyMind(replace(run, options={**run.options, "memory": memory}).untrained(1).policy)


def name_of(run: Run) -> str:
    """What a run is called beside another."""
    return f"{run.options['memory']}, seed {run.options['seed']}"


def check(run: Run, others: Sequence[Run]) -> None:
    """Refuse to lay runs of different worlds side by side.

    Raises:
        ValueError: names the run that does not go with the first.
    """
    for other in others:
        if (other.scenario, other.options["control"]) != (run.scenario, run.options["control"]):
            raise ValueError(f"--beside {other.folder} drives {other.scenario.name}, not {run.scenario.name}")


def examine(subject: Subject) -> list[Finding]:
    """Ask all questions behind a progress bar."""
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.completed}/{task.total}"),
        TimeElapsedColumn(),
    )
    with Progress(*columns, transient=True) as progress:
        bar = progress.add_task("Asking", total=len(QUESTIONS))
        return diagnose(subject, lambda finding: progress.update(bar, advance=1, description=finding.question))


def write_report(folder: Path, run: Run, findings: Sequence[Finding]) -> Path:
    """Write the numbers and the page, and return the page's path."""
    folder.mkdir(parents=True, exist_ok=True)
    numbers = {
        f.key: plain({"question": f.question, "verdict": f.verdict.value, "answer": f.answer, **f.numbers})
        for f in findings
    }
    write_whole(folder / "numbers.json", (json.dumps({**run.identity, **numbers}, indent=1) + "\n").encode())
    title = f"{run.scenario.name}: what did it learn?"
    memory, seed = run.options["memory"], run.options["seed"]
    lead = f"memory {memory}, seed {seed}, trained on delays of {delay_name(run.config.delay)}"
    write_whole(folder / "index.html", page(title, lead, findings, numbers).encode())
    return folder / "index.html"


def print_summary(run: Run, findings: Sequence[Finding]) -> None:
    """The verdicts as a table."""
    table = Table(
        title=f"{run.scenario.name}, {run.options['memory']}, seed {run.options['seed']}", title_justify="left"
    )
    for heading in ("", "question", "answer"):
        table.add_column(heading)
    for finding in findings:
        colour = COLOURS[finding.verdict]
        table.add_row(
            f"[{colour}]{finding.verdict.value}[/{colour}]", finding.question, finding.answer, end_section=True
        )
    Console().print(table)


def main(argv: list[str]) -> int:
    """``kindergarten diagnose``: ask, write, print."""
    parser = argparse.ArgumentParser(
        "kindergarten diagnose", description="What did a car learn, and for the right reason?"
    )
    parser.add_argument("run", metavar="RUN", type=Path, help="a run's folder, or one of several seeds")
    parser.add_argument("--beside", metavar="RUN", type=Path, nargs="+", default=[], help="runs to be shown beside it")
    parser.add_argument("--quick", action="store_true", help="fewer worlds and shorter delays")
    parser.add_argument("--allow-pickle", action="store_true", help="read a .zip if there is no .safetensors")
    options = parser.parse_args(argv)
    th.set_num_threads(1)
    others = [Run.open(path) for folder in options.beside for path in runs_in(folder) or [folder]]
    for folder in runs_in(options.run) or [options.run]:
        run = Run.open(folder)
        check(run, others)
        subject = subject_of(run, others, QUICK if options.quick else FULL, options.allow_pickle)
        findings = examine(subject)
        report = write_report(folder / "report", run, findings)
        print_summary(run, findings)
        print(report)
    return 0
