"""``kindergarten exam``: whom to examine, and what is made of it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

from kindergarten.api import load
from kindergarten.evaluation import named
from kindergarten.files import PAGES, check_ending, place_of, write_whole
from kindergarten.markup import markup
from kindergarten.output import columns, print_json
from kindergarten.provenance import made_with
from kindergarten.reportcard.card import ReportCard, examine
from kindergarten.scenarios import scenario_named
from kindergarten.scoring.score import delay_name
from kindergarten.scoring.splits import Mark
from kindergarten.world.config import Config

if TYPE_CHECKING:
    from kindergarten.agents.runs.run import Run


def page(card: ReportCard) -> str:
    """The card as HTML."""
    return markup("kindergarten.reportcard", "card.html", card=card)


def cards(agent: str, scenario: str | None, allow_pickle: bool = False) -> list[ReportCard]:
    """The report card of whom ``agent`` means; one for each seed, where it is a folder of several.

    Raises:
        ValueError: there is no such agent, or nobody says where it drives.
    """
    if place_of(agent).is_dir():
        from kindergarten.agents.runs.folders import runs_in
        from kindergarten.agents.runs.run import Run

        runs = [Run.open(place) for place in runs_in(Path(agent)) or [Path(agent)]]
        where = runs[0].where(scenario)
        seeds = {name_of(run): load(run.folder, allow_pickle=allow_pickle) for run in runs}
        return examine(seeds, where)
    drivers = {Path(agent).name: named(agent, allow_pickle)}
    if scenario is None:
        raise ValueError(f"{agent} does not say where it drives: name it with --scenario")
    return examine(drivers, scenario_named(scenario))


def name_of(run: Run) -> str:
    """What a run is called on its card, such as "lstm, seed 0"."""
    own, delay = run.options, run.config.delay_s
    delays = "" if delay == Config.delay_s else f"delays of {delay_name(delay)}"
    return ", ".join(filter(None, (own.memory.value, run.eyes, run.taught, delays, f"seed {own.seed}")))


def exam(agent: str, scenario: str | None, as_json: bool, to: Path | None, allow_pickle: bool) -> None:
    """Examine, print, and write the page ``to``, of several seeds one each, with their number in its name."""
    check_ending(to, "a page", *PAGES)
    found, paths = cards(agent, scenario, allow_pickle), list[Path]()
    if as_json:
        print_json([card.to_dict() for card in found] if len(found) > 1 else found[0].to_dict())
    else:
        print("\n\n".join(card.table(columns()) for card in found))
    if to is not None:
        paths = [to.with_stem(f"{to.stem}-{k}") for k in range(len(found))] if len(found) > 1 else [to]
    for path, card in zip(paths, found, strict=False):  # there may be no pages
        write_whole(path, page(card).encode())
        if not as_json:
            print(path)


def write_card_of_a_person(to: Path, scenario: str, split: str, mark: Mark) -> None:
    """Write a person's mark in one split in the form of benchmarks/results/exam: a row for the leaderboard."""
    card = ReportCard("a person", scenario, {split: mark}, {}, None)
    command = f"kindergarten play {scenario} --exam {split}"
    found = {"command": command, "made_with": made_with(("numpy", "numba", "pygame")), **card.to_dict()}
    write_whole(to, (json.dumps(found, indent=1) + "\n").encode())
