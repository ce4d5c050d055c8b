"""``kindergarten evaluate``: score a run again, on its own delays or on others."""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path

import torch as th

from kindergarten.agents.evaluation.evaluate import evaluate, print_table
from kindergarten.agents.runs.run import Run, runs_in
from kindergarten.scoring.reference import LADDER
from kindergarten.world.config import Config


def rescore(run: Run, configs: list[Config], ladder: bool, allow_pickle: bool) -> None:
    """Score a run on its own delays, or on others, and keep what is its own: evaluation.json or ladder.json."""
    model = run.load_model(allow_pickle)
    results = [{**evaluate(model, run.scenario, config), **run.identity} for config in configs or [run.config]]
    for found in results:
        print_table(found)
    if ladder:
        run.write_json("ladder.json", results)
    elif not configs:
        run.write_json("evaluation.json", results[0])


def main(argv: list[str]) -> int:
    """``kindergarten evaluate``: score a run again, or on other delays."""
    parser = argparse.ArgumentParser("kindergarten evaluate", description="How well a trained car anticipates.")
    parser.add_argument("run", metavar="RUN", type=Path, help="a run's folder, or one of several seeds")
    parser.add_argument("--delay", metavar="S", type=float, help="one delay [s] instead of those of the training")
    parser.add_argument("--ladder", action="store_true", help=f"every delay of the ladder: {LADDER} s")
    parser.add_argument("--allow-pickle", action="store_true", help="read a .zip if there is no .safetensors")
    options = parser.parse_args(argv)
    th.set_num_threads(1)
    delays = LADDER if options.ladder else [] if options.delay is None else [options.delay]
    for folder in runs_in(options.run) or [options.run]:
        run = Run.open(folder)
        configs = [replace(run.config, delay_s=(delay, delay)) for delay in delays]
        rescore(run, configs, options.ladder, options.allow_pickle)
    return 0
