"""What recorded data are good for: predictors and drivers that learn from the files of `kindergarten record` alone.

python -m benchmarks.data --out benchmarks/results/data.json [--picture docs/images/data.png] [--data DIR]
                          [--decisions 1000 ... 10000000] [--seeds 3]

Records what DIR lacks; after each training the result is written anew, so it may be stopped at any time, and goes on
where it was. The learners are those of examples/. A predictor is tested on worlds that it was not trained on, driven at
random, by the demo, and with red shoes: there the jackets go with the intents (``spurious=0.9``).
"""

from __future__ import annotations

import argparse
import random
import time
from collections.abc import Callable, Iterator
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import torch as th
from matplotlib.figure import Figure

import kindergarten
from benchmarks.common import ROOT, about, command_line, read, save, show_row, write
from benchmarks.common import kindergarten as command
from examples import drive_offline, predict_intent
from kindergarten.data.read import Episodes
from kindergarten.world.codes import Phase

SCENARIO = "Crossing"
PACKAGES = ("torch", "numpy", "numba", "pyarrow")
TRAIN_SEED, TEST_SEED = 10_000_000, 20_000_000
EPOCHS = {1_000: 300, 10_000: 100, 100_000: 30, 1_000_000: 4, 10_000_000: 1}  # by decisions
RED = 100_000  # decisions of those with red shoes
DRIVEN, TESTED = 2_048, 2_000  # episodes that drivers learn from, of each recording; that predictors are tested on
#: Of drivers: what each learns from, and whether it clones.
DRIVERS = {
    "cloning the demo": (("demo",), True),
    "cloning both": (("demo", "random-driven"), True),
    "decision transformer, both": (("demo", "random-driven"), False),
    "decision transformer, random alone": (("random-driven",), False),
}


def recorded(folder: Path, driver: str, episodes: int, *words: object) -> Path:
    """A recording, made if it is not there."""
    command("record", "--scenario", SCENARIO, "--driver", driver, "--episodes", episodes, *words, "--out", folder)
    return folder


def tests(data: Path) -> dict[str, Path]:
    """What predictors are tested on."""
    others = ("--seed", TEST_SEED)
    return {
        "random": recorded(data / "test", "random", TESTED, *others),
        "demo": recorded(data / "demo-test", "demo", TESTED, *others),
        "red": recorded(data / "red-test", "random", TESTED, *others, "--spurious", 0.9),
    }


def predictor(data: Path, decisions: int, red: bool, seed: int) -> dict[str, Any]:
    """Train one on so many decisions of a recording that no other seed learns from, and test it."""
    words = ("--seed", TRAIN_SEED + seed * 1_000_000, *(("--spurious", 0.9) if red else ()))
    train = recorded(data / f"{'red' if red else 'random'}{seed or ''}", "random", decisions // 45, *words)
    model = predict_intent.train(train, EPOCHS.get(decisions, 1), decisions)
    return {name: rounded(predict_intent.accuracy(folder, model.guess)) for name, folder in tests(data).items()}


def captions(episodes: Episodes) -> np.ndarray:
    """What whoever drove took for the intent of road user 1, (E, T)."""
    assert episodes.captions is not None
    return episodes.captions[:, :, predict_intent.FIRST].argmax(2)


def rounded(shares: dict[str, float]) -> dict[str, float]:
    return {name: round(share, 4) for name, share in shares.items()}


def driver(data: Path, name: str, epochs: int) -> dict[str, Any]:
    """Train one offline, and score it."""
    sources, clone = DRIVERS[name]
    folders = [recorded(data / source, source.split("-")[0], DRIVEN) for source in sources]
    score = kindergarten.score(drive_offline.driver(drive_offline.train(folders, clone, epochs)), SCENARIO)
    names = ("anticipation", "right_answers", "collision_rate")
    return {name: round(getattr(score, name), 4) for name in names}


def trainings(options: argparse.Namespace) -> Iterator[tuple[dict[str, Any], Callable[[], dict[str, Any]]]]:
    """What each row is called, and what finds it out; what takes longest comes last."""
    data, seeds = options.data, range(options.seeds)
    yield (
        {"what": "captions of the demo"},
        lambda: {"demo": rounded(predict_intent.accuracy(tests(data)["demo"], captions))},
    )
    sizes = sorted([(options.red, True), *((decisions, False) for decisions in options.decisions)])
    for (decisions, red), seed in product(sizes, seeds):
        row = {"what": "predictor", "red shoes": red, "decisions": decisions, "seed": seed}
        yield row, lambda decisions=decisions, red=red, seed=seed: predictor(data, decisions, red, seed)
    for name, seed in product(DRIVERS, seeds):
        yield {"what": name, "seed": seed}, lambda name=name: driver(data, name, options.epochs)


def picture(rows: list[dict[str, Any]]) -> Figure:
    """How often predictors are right in each phase, by the decisions that they were trained on."""
    found = [row for row in rows if row["what"] == "predictor" and not row["red shoes"]]
    figure = Figure(figsize=(5.6, 3.2), dpi=120, layout="constrained")
    axes = figure.subplots()
    sizes = sorted({row["decisions"] for row in found})
    for phase in Phase:
        name = phase.name.lower()
        shares = [[row["random"][name] for row in found if row["decisions"] == size] for size in sizes]
        (line,) = axes.plot(sizes, [sum(mine) / len(mine) for mine in shares], marker="o", label=name)
        for size, mine in zip(sizes, shares, strict=True):
            axes.scatter([size] * len(mine), mine, s=6, color=line.get_color())
    axes.set(xscale="log", ylim=(0, 1.03), xlabel="decisions learned from", ylabel="right about the intent")
    axes.legend(frameon=False, title="phase", loc="lower right")
    axes.spines[["top", "right"]].set_visible(False)
    return figure


def main(argv: list[str] | None = None) -> int:
    """Train what is missing, print the table, write it, draw it."""
    parser = command_line("data", __doc__, seeds=3)
    parser.add_argument("--data", type=Path, default=ROOT / "runs" / "data", help="where the recordings are")
    parser.add_argument("--decisions", type=int, nargs="+", default=list(EPOCHS), help="that predictors learn from")
    parser.add_argument("--red", type=int, default=RED, help="decisions with red shoes (default: %(default)s)")
    parser.add_argument("--epochs", type=int, default=15, help="of drivers (default: %(default)s)")
    parser.add_argument("--picture", type=Path, metavar="FILE", help="draw it")
    options = parser.parse_args(argv)
    th.set_num_threads(1)
    made = about("data", PACKAGES)
    rows = read(options.out)["rows"]
    for about_it, find in trainings(options):
        if any(about_it.items() <= row.items() for row in rows):
            continue
        random.seed(about_it.get("seed", 0))
        th.manual_seed(about_it.get("seed", 0))
        began = time.process_time()
        found = find()
        rows.append({**about_it, **found, "processor_s": round(time.process_time() - began)})
        show_row(rows[-1])
        if options.out:
            write(options.out, {**made, "scenario": SCENARIO, "rows": rows})
    if options.picture:
        save(options.picture, picture(rows))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
