"""What attention is worth where many are in sight: Crossroads, beside the flat encoder with as many weights.

python -m benchmarks.attention [--orders shuffled cast] [--encoders flat attention] [--seeds 5] [--runs DIR]

Trains what DIR lacks (DIR/ORDER-ENCODER/seedS), so it can be done in pieces; whatever is asked for is summed up. Rows
stand in the order of the cast, so that the same row always matters, or in random order. Attention is also scored, as it
is, among two road users more than it was trained with.
"""

from __future__ import annotations

import argparse
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.agents import PACKAGES, found_in, row_of
from benchmarks.common import ROOT, command, made_with, write
from kindergarten.agents.encoders import Encoder
from kindergarten.agents.evaluate import evaluate
from kindergarten.agents.run import Run
from kindergarten.agents.statistics import with_interval
from kindergarten.agents.train import Options, begin, numbers_of, train
from kindergarten.config import Cast, Member, Scenario
from kindergarten.scenarios import SCENARIOS
from kindergarten.scenarios.crossroads import ANY

SCENARIO = SCENARIOS["Crossroads"]
STEPS = 1_500_000  # decisions
#: Units of the encoder: the flat one is as wide as it takes to have as many weights in all.
FEATURES = {Encoder.FLAT: 99, Encoder.ATTENTION: 64}
ORDERS = ("shuffled", "cast")
FAR = -150.0  # [m] where those who do not matter are when they move: they never get to the junction


def crowded(scenario: Scenario = SCENARIO) -> Scenario:
    """The same with two road users more, who signal as the signaller does, but far away: they never matter.

    One comes behind the signaller, one behind the group ride.
    """

    def more(cast: Cast) -> Cast:
        arms = cast[1].arm, cast[2].arm
        return tuple(Member(arm, ANY, speed=(6.0, 6.5), due=(-1.0, 1.0), due_at=FAR) for arm in arms)

    return replace(scenario, casts=tuple((*cast, *more(cast)) for cast in scenario.casts))


def run(folder: Path, order: str, encoder: Encoder, seed: int, steps: int, worlds: int) -> dict[str, Any]:
    """The evaluation of one run, which is trained, or trained on, if it is not there yet."""
    options = Options(SCENARIO.name, steps=steps, worlds=worlds, encoder=encoder.value, shuffled=order == "shuffled")
    if not (folder / "config.json").exists():
        begin(replace(options, seed=seed, out=folder), replace(numbers_of(options), features=FEATURES[encoder]))
    one = Run.open(folder)
    if not (folder / "evaluation.json").exists() and train(one):
        raise SystemExit(f"{folder} was not finished")
    if encoder is Encoder.ATTENTION and not (folder / "crowded.json").exists():
        one.write_json("crowded.json", evaluate(one.load_model(), crowded(), one.config))
    weights = sum(parameter.numel() for parameter in one.load_model().policy.parameters())
    return {**found_in(folder), "weights": weights, "folder": folder}


def cell(order: str, encoder: Encoder, runs: list[dict[str, Any]]) -> dict[str, Any]:
    """One line of the table."""
    row = {"rows": order, "encoder": encoder.value, "features": FEATURES[encoder], "weights": runs[0]["weights"]}
    row |= row_of(runs)
    return row | ({} if encoder is Encoder.FLAT else {"attention": attended(runs), "crowded": in_a_crowd(runs)})


def attended(runs: list[dict[str, Any]]) -> dict[str, Any]:
    """How much of the attention goes to whoever matters, each seed, and how many times its share by count that is."""
    shares, counts = ([run["attention"][name] for run in runs] for name in ("matters", "by_count"))
    return {"matters": shares, "by_count": counts, "times": round(float(np.mean(np.divide(shares, counts))), 2)}


def in_a_crowd(runs: list[dict[str, Any]]) -> dict[str, Any]:
    """The same agents among two more: their scores, and what is left of what they scored without."""
    found = [json.loads((run["folder"] / "crowded.json").read_text()) for run in runs]
    scores = [row["anticipation"] for row in found]
    left = np.divide(scores, [run["anticipation"] for run in runs])
    middle, low, high = (round(value, 3) for value in with_interval(scores))
    return {
        "anticipation": middle,
        "ci95": [low, high],
        "seeds": [round(float(score), 3) for score in scores],
        "left": [round(float(share), 3) for share in left],
        "collision_rate": round(float(np.mean([row["collision_rate"] for row in found])), 4),
    }


def main(argv: list[str] | None = None) -> int:
    """Train what is missing, print the table, write it."""
    parser = argparse.ArgumentParser("python -m benchmarks.attention", description=__doc__)
    encoders = [encoder.value for encoder in FEATURES]
    parser.add_argument("--orders", nargs="+", choices=ORDERS, default=ORDERS, metavar="NAME")
    parser.add_argument("--encoders", nargs="+", choices=encoders, default=encoders, metavar="NAME")
    parser.add_argument("--seeds", type=int, default=5, help="of each (default: %(default)s)")
    parser.add_argument("--runs", type=Path, default=ROOT / "runs" / "attention", help="where the runs are")
    parser.add_argument("--steps", type=int, default=STEPS, help="decisions per run (default: %(default)s)")
    parser.add_argument("--worlds", type=int, default=Options.worlds, help="side by side (default: %(default)s)")
    parser.add_argument("--out", type=Path, metavar="FILE", help="write the summary as JSON")
    options = parser.parse_args(argv)
    cells = [(order, Encoder(encoder)) for order in options.orders for encoder in options.encoders]
    found: dict[tuple[str, Encoder], list[dict[str, Any]]] = {cell: [] for cell in cells}
    for seed in range(options.seeds):  # seed by seed: whoever stops it early has all of them
        for order, encoder in cells:
            folder = options.runs / f"{order}-{encoder.value}" / f"seed{seed}"
            found[order, encoder].append(run(folder, order, encoder, seed, options.steps, options.worlds))
    rows = [cell(order, encoder, runs) for (order, encoder), runs in found.items()]
    for row in rows:
        print(json.dumps({name: value for name, value in row.items() if name != "curves"}))
    if options.out:
        about = {"benchmark": "attention", "command": command("benchmarks.attention"), "made_with": made_with(PACKAGES)}
        write(options.out, {**about, "rows": rows})
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
