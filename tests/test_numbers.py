"""The scores that the pages tell are those of benchmarks/results, to the last digit; no others are told."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from benchmarks.common import read
from docs.tables import DOCS, RESULTS, ROOT, measured

PAGES = [ROOT / "README.md", *sorted(DOCS.glob("*.md"))]
#: What is no text: tables that are made from the results, and code; and addresses, which have numbers of their own.
MADE = re.compile(r"<!-- generated: \w+ -->.*?<!-- end -->|```.*?```|`[^`]*`|\]\([^)]*\)", re.DOTALL)
SCORE = re.compile(r"(?<![\w.])-?\d\.\d{2,3}(?![\w]|\.\d)")


def ladder(memory: str, delay: str) -> list[float]:
    """Middle, low and high on Follow, by rewards alone."""
    rows = measured("ladder")["rows"]
    (row,) = (r for r in rows if (r["scenario"], r["memory"], r["taught"]) == ("Follow", memory, "captions 0"))
    return row["anticipation"][delay]


def follow(benchmark: str, **which: Any) -> dict[str, Any]:
    """A benchmark's row on Follow."""
    every = (row for row in measured(benchmark)["rows"] if row.get("scenario", "Follow") == "Follow")
    return next(row for row in every if which.items() <= row.items())


def rewards_alone() -> str:
    (near, *_), (far, low, high) = ladder("lstm", "8 s"), ladder("lstm", "32 s")
    return f"({near:.2f} at 8 s, {far:.2f} at 32 s, five seeds from {low:.2f} to {high:.2f})"


def of_memory(memory: str) -> str:
    return "({:.2f}, {:.2f})".format(*(ladder(memory, delay)[0] for delay in ("8 s", "32 s")))


def memories() -> str:
    one, two = (follow("agents", memory="lstm", control=control) for control in ("raw rewards", "memories apart"))
    assert len(one["seeds"]) == len(two["seeds"]) == 10
    own = f"ten seeds, paid with raw rewards, come to {one['anticipation']:.3f} with one memory"
    return f"{own}, and to {two['anticipation']:.3f} with two"


def highways() -> str:
    return "({:.2f} and {:.2f} at 32)".format(*sorted(follow("depth", trunk="highway", depth=32)["seeds"]))


def untaught() -> str:
    return f"(Follow {follow('probe')['anticipation']:.2f}, three seeds)"


def reliance() -> str:
    each = sorted(follow("reasons", spurious=0.9)["reliance"])
    return f"(a reliance of {each[0]:.2f}), one by the colour ({each[-1]:.2f})"


def redistributed() -> str:
    return f"began to remember ({max(follow('redistribution', rewards='redistributed')['seeds']):.2f})"


def in_a_crowd() -> str:
    cards = (measured(f"exam/Crossing-{name}-seed100")["marks"] for name in ("attention", "attention-crowd4"))
    (usual, lost), (among, kept) = ([card[n]["anticipation"] for n in ("standard", "crowd")] for card in cards)
    own = f"{usual:.3f} in the scenario itself and to {lost:.3f} in the exam's *crowd*"
    return f"{own} if trained as usual, and to {among:.3f} and {kept:.3f} in a crowd"


def among_strangers() -> str:
    (row,) = (row for row in measured("attention")["rows"] if row["crowd"] and row["rows"] == "shuffled")
    silent, signalling = (row["crowds"][name]["anticipation"] for name in ("silent", "signalling"))
    own = f"keeps {silent:.3f} of its {row['anticipation']:.3f} among two silent strangers"
    return f"{own} and {signalling:.3f} among two who signal"


def in_a_longer_group() -> str:
    (row,) = (row for row in measured("attention")["rows"] if row["crowd"] and row["rows"] == "shuffled")
    found = row["crowds"]["alike"]
    return f"it keeps {found['anticipation']:.3f}, and is hit in {100 * found['collision_rate']:.1f} % of the worlds"


def above_the_oracle() -> str:
    """Nobody on the default delays; on longer ones agents of CutIn, and nobody else."""
    cards = [read(file) for file in sorted((RESULTS / "exam").glob("*.json"))]
    most = {card["scenario"]: 0.0 for card in cards}
    for card in cards:
        assert (card["marks"]["standard"]["anticipation"] or 0.0) <= 1.02
        most[card["scenario"]] = max(most[card["scenario"]], *(score or 0.0 for score in card["ladder"].values()))
    too_few = most.pop("CutIn")
    assert max(most.values()) <= 1.02
    return f"from 4 s on agents of CutIn come to {too_few:.3f}"


def from_pixels() -> str:
    (row,) = (r for r in measured("agents")["rows"] if (r["scenario"], r["control"]) == ("Crossing", "from pixels"))
    assert len(row["seeds"]) == 5
    return f"Crossing, where the least comes to {min(row['seeds']):.3f}"


def by_one_frame() -> str:
    found = {signals: its["communication"] for signals, its in list(measured("playground")["by_one_frame"].items())[:3]}
    return f"{found['honest']:.3f} with honest lamps and {found['free']:.3f} with lamps of its own"


def where_lamps_go_dark() -> str:
    return f"comes to {measured('playground')['by_one_frame']['early']['communication']:.3f} there"


def without_any_braking() -> str:
    """Where lamps do not work the agents of seed 202 have learned nothing else."""
    (row,) = (r for r in measured("playground_learning")["rows"] if (r["kind"], r["seed"]) == ("muted", 202))
    assert row["goal_rate"] == row["collision_rate"] == 0.5
    return f"never braking comes to {row['communication']:.2f}"


#: What a page says, with the numbers that it takes from the results.
CLAIMS: dict[str, list[Callable[[], str]]] = {
    "playground.md": [by_one_frame, where_lamps_go_dark, without_any_braking],
    "scores.md": [above_the_oracle],
    "training.md": [
        rewards_alone,
        lambda: f"So does the GRU {of_memory('gru')}",
        lambda: f"does not {of_memory('lstm-default')}",
        *(from_pixels, memories, highways, untaught, in_a_crowd, among_strangers, in_a_longer_group),
    ],
    "understanding.md": [reliance, redistributed],
}
#: Numbers that are no results: versions and limits; what understanding.md reads off one run's report; and those that
#: were measured by the commands beside them, of which benchmarks/results keeps no file yet.
OTHERS = {
    "README.md": {"3.10", "3.13"},
    "own_scenario.md": {"0.15"},
    "scores.md": {"0.15", "1.02"},
    "cluster.md": {"0.99"},
    "playground.md": {"-0.996", "-1.018", "-1.185", "0.15"},
    "training.md": {
        *("0.95", "0.94", "0.98", "0.75", "0.70", "0.45", "-1.58", "0.740"),
        *("0.80", "0.90", "0.63", "0.85", "0.88", "0.92", "0.32"),
    },
    "scenarios.md": {"0.13", "0.15", "0.35"},
    "other-libraries.md": {"0.93", "0.29", "1.23"},
    "understanding.md": {"0.98", "0.002", "-0.008", "-0.08", "0.36", "0.012", "0.00", "0.95"},
}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_score_in_the_text_stands_in_the_results(page: Path):
    text = " ".join(MADE.sub("", page.read_text(encoding="utf-8")).split())
    for claim in (said() for said in CLAIMS.get(page.name, [])):
        assert claim in text, f"{page.name} should say: {claim}"
        text = text.replace(claim, "")
    assert set(SCORE.findall(text)) <= OTHERS.get(page.name, set())


def test_the_results_name_no_path_of_the_machine_that_made_them():
    commands = {re.search(r'"command": "(.*)"', file.read_text()) for file in RESULTS.rglob("*.json")}
    said = [found[1] for found in commands if found]
    assert said and not [words for words in said if re.search(r"(?<!\S)[/~]", words)]


def cited(found: Any) -> Iterator[str]:
    """The commits that a result names, of those that are said to be kept."""
    if isinstance(found, list):
        for part in found:
            yield from cited(part)
    elif isinstance(found, dict):
        for name, part in found.items():
            if name in ("commit", "commits"):
                names = [part] if isinstance(part, str) else part
                yield from (each.removesuffix("-dirty") for each in names if not each.endswith(" (not kept)"))
            else:
                yield from cited(part)


def git(*words: str) -> subprocess.CompletedProcess[str]:
    """What git says in the checkout."""
    return subprocess.run(["git", "-C", str(ROOT), *words], capture_output=True, text=True, check=False)


def all_is_there() -> bool:
    """Whether this is a checkout with all of its history."""
    try:
        shallow, top = git("rev-parse", "--is-shallow-repository", "--show-toplevel").stdout.splitlines()
    except (OSError, ValueError):  # no git, or no repository
        return False
    return shallow == "false" and ROOT.samefile(top)


def test_the_commits_that_results_name_led_here():
    """All but those of which it is said that they were not kept."""
    if not all_is_there():
        pytest.skip("no git, or not all of the history")
    commits = {each for file in RESULTS.rglob("*.json") for each in cited(json.loads(file.read_text("utf-8")))}
    others = git("rev-list", *sorted(commits), "^HEAD")
    assert len(commits) > 20 and others.returncode == 0, others.stderr
    assert others.stdout == ""
