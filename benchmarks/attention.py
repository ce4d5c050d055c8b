"""What attention is worth where many are in sight: Crossroads, beside the flat encoder with as many weights.

python -m benchmarks.attention [--orders shuffled cast] [--agents flat attention crowd] [--seeds 5] [--runs DIR]

Trains what DIR lacks (DIR/ORDER-AGENT/seedS), so it can be done in pieces; whatever is there is summed up. Rows
stand in the order of the cast, so that the same row always matters, or in random order. Attention, trained as usual or
in a crowd, is also scored, as it is, among two road users more (CROWDS).
"""

from __future__ import annotations

import json
from dataclasses import replace
from itertools import product
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from benchmarks.agents import finished, found_in, row_of
from benchmarks.common import about, command_line, report, together
from kindergarten.agents.evaluation.evaluate import evaluate
from kindergarten.agents.learner.choice import Encoder
from kindergarten.agents.learner.config import PPOConfig
from kindergarten.agents.runs.options import Options
from kindergarten.agents.runs.run import PACKAGES, Run
from kindergarten.agents.runs.train import begin, train
from kindergarten.scenarios import SCENARIOS
from kindergarten.world.codes import Intent
from kindergarten.world.config import Config, Scenario
from kindergarten.world.crowd import crowded

SCENARIO = SCENARIOS["Crossroads"]
STEPS = 1_500_000  # decisions


class EncoderKind(NamedTuple):
    """A kind of agent: its encoder, how many units that has, and up to how many more it is trained among."""

    encoder: Encoder
    features: int
    crowd: int = 0


#: The flat encoder is as wide as it takes to have as many weights in all.
KINDS = {
    "flat": EncoderKind(Encoder.FLAT, 123),
    "attention": EncoderKind(Encoder.ATTENTION, 64),
    "crowd": EncoderKind(Encoder.ATTENTION, 64, crowd=4),
}
ORDERS = ("shuffled", "cast")
#: alike: one more in the group ride, and one more that turned off early. silent: two who come from far behind the
#: signaller and the group, where nobody was in training. signalling: these two signal, when the signaller does.
CROWDS = ("alike", "silent", "signalling")
ANY = ((Intent.LEFT, 0.3), (Intent.STRAIGHT, 0.4), (Intent.RIGHT, 0.3))


def two_more(crowd: str) -> Scenario:
    """Crossroads with two road users more, whose intents never matter."""
    if crowd != "alike":
        return crowded(SCENARIO, afar=(1.0, 1.0), signals=crowd == "signalling")
    longer = crowded(SCENARIO, riding=(1.0,))
    off = [replace(cast[-1], intents=ANY, arrival_offset=(-13.0, -12.0)) for cast in SCENARIO.casts]
    return replace(longer, casts=tuple((*cast, early) for cast, early in zip(longer.casts, off, strict=True)))


def finish(folder: Path, order: str, kind: EncoderKind, seed: int, steps: int, worlds: int) -> None:
    """Train a run, or go on with it, unless it is finished."""
    if not (folder / "config.json").exists():
        learner = PPOConfig(encoder=kind.encoder, features=kind.features)
        shuffled = Config(shuffled=order == "shuffled")
        own = Options(scenario=SCENARIO.name, steps=steps, worlds=worlds, environment=shuffled, learner=learner)
        begin(replace(own, seed=seed, crowd=kind.crowd, threads=1, out=folder))
    if not (folder / "evaluation.json").exists() and train(Run.open(folder)):
        raise SystemExit(f"{folder} was not finished")


def result(folder: Path, kind: EncoderKind) -> dict[str, Any]:
    """What a finished run is worth, alone and in the crowds."""
    one = Run.open(folder)
    for crowd in CROWDS if kind.encoder is Encoder.ATTENTION else ():
        if not (folder / f"{crowd}.json").exists():
            one.write_json(f"{crowd}.json", evaluate(one.load_model(), two_more(crowd), one.config).to_dict())
    weights = sum(parameter.numel() for parameter in one.load_model().policy.parameters())
    return {**found_in(folder), "weights": weights, "folder": folder}


def cell(order: str, kind: EncoderKind, runs: list[dict[str, Any]]) -> dict[str, Any]:
    """One line of the table."""
    row = {"rows": order, "encoder": kind.encoder.value, "features": kind.features, "crowd": kind.crowd}
    row |= {"weights": runs[0]["weights"], **row_of(runs)}
    if kind.encoder is Encoder.FLAT:
        return row
    return row | {"attention": attended(runs), "crowds": {crowd: in_a_crowd(runs, crowd) for crowd in CROWDS}}


def attended(runs: list[dict[str, Any]]) -> dict[str, Any]:
    """How much of the attention goes to whoever matters, each seed, and how many times its share by count that is: in
    all, and by phase.
    """
    found = [run["attention"] for run in runs]
    phases = {name: times([one["by_phase"][name] for one in found]) for name in found[0]["by_phase"]}
    shares = {name: [one[name] for one in found] for name in ("matters", "by_count")}
    return {**shares, "times": times(found), "times_by_phase": phases}


def times(shares: list[dict[str, float]]) -> float:
    """How many times their share by count those who matter get, the mean over the seeds."""
    return round(float(np.mean([share["matters"] / share["by_count"] for share in shares])), 2)


def in_a_crowd(runs: list[dict[str, Any]], crowd: str) -> dict[str, Any]:
    """The same agents among two more: their scores, and what is left of what they scored without."""
    found = [json.loads((run["folder"] / f"{crowd}.json").read_text()) for run in runs]
    scores = [row["anticipation"] for row in found]
    left = np.divide(scores, [run["anticipation"] for run in runs])
    return {
        **together(scores),
        "left": [round(float(share), 3) for share in left],
        "collision_rate": round(float(np.mean([row["collision_rate"] for row in found])), 4),
        "right_in_the_delay": [row["captions"]["agent"]["by_phase"]["delay"]["accuracy"] for row in found],
    }


def main(argv: list[str] | None = None) -> int:
    """Train what is missing, print the table, write it."""
    parser = command_line("attention", __doc__, seeds=5, runs=True)
    parser.add_argument("--orders", nargs="+", choices=ORDERS, default=ORDERS, metavar="NAME")
    parser.add_argument("--agents", nargs="+", choices=KINDS, default=KINDS, metavar="NAME")
    parser.add_argument("--steps", type=int, default=STEPS, help="decisions per run (default: %(default)s)")
    parser.add_argument("--worlds", type=int, default=Options.worlds, help="side by side (default: %(default)s)")
    options = parser.parse_args(argv)
    for seed in range(options.seeds):  # seed by seed: whoever stops it early has all of them
        for order, name in product(options.orders, options.agents):
            folder = options.runs / f"{order}-{name}" / f"seed{seed}"
            finish(folder, order, KINDS[name], seed, options.steps, options.worlds)
    rows = []
    for order, (name, kind) in product(ORDERS, KINDS.items()):
        done = finished(options.runs / f"{order}-{name}")
        rows += [cell(order, kind, [result(folder, kind) for folder in done])] if done else []
    report(options.out, about("attention", PACKAGES), rows)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
