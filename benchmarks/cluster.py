"""What runners cost and bring, on one machine and on paper, and which minibatches are too large to share.

python -m benchmarks.cluster --out benchmarks/results/cluster.json [--runners 1 2 4] [--updates 3] [--seeds 3]

Where Ray is (extra ``distributed``). ``--seeds 0`` leaves out the minibatches, ``--runners`` without a number the
runners: what the file says of them stays. Times are processor time, of the runners and of the learner, beside the clock
on the wall, which says little where there are fewer cores than processes.
"""

from __future__ import annotations

import pickle
import time
from pathlib import Path
from typing import Any

import numpy as np
import ray  # pyright: ignore[reportMissingImports]
import torch as th

from benchmarks.agents import FIRST, run
from benchmarks.common import Clocks, about, command_line, read, show_row, write
from kindergarten.agents.learner.config import PPOConfig
from kindergarten.agents.learner.ppo import MemoryPPO
from kindergarten.agents.runs.cluster import ClusterPPO, crew_of
from kindergarten.agents.runs.metrics import STEPS, read_rows
from kindergarten.agents.runs.options import Options
from kindergarten.agents.runs.run import PACKAGES, Run
from kindergarten.scoring.score import anticipation_of

ON_PAPER = (1, 2, 4, 8, 16, 32, 64)  # runners
BATCHES = [512, 2_048, 8_192, 32_768]  # decisions; the last one is a whole rollout
REACHED = 0.9


def worked(model: MemoryPPO, updates: int) -> dict[str, float]:
    """Seconds of one update: of the learner's and of all runners' processor time, and on the wall."""
    env = model.get_env()
    _, callback = model._setup_learn(1, None)
    runners = model.crew.runners if isinstance(model, ClusterPPO) else []

    def theirs() -> float:
        if not runners:
            return 0.0  # whoever asks Ray starts it
        return sum(ray.get([each.__ray_call__.remote(lambda _: time.process_time()) for each in runners]))

    begun, busy = Clocks.now(), 0.0
    for k in range(updates + 1):
        if k == 1:  # the first one warms up
            begun, busy = Clocks.now(), theirs()
        assert env is not None
        model.collect_rollouts(env, callback, model.rollout_buffer, model.n_steps)
        model.train()
    wall, processor = Clocks.now().since(begun)
    return {"learner_s": processor / updates, "runners_s": (theirs() - busy) / updates, "wall_s": wall / updates}


def alone(updates: int) -> dict[str, Any]:
    """An update of one process without Ray."""
    options = Options(scenario="Crossing", threads=1)
    return {"runners": 0, **worked(Run(Path(), options, None).untrained(options.worlds), updates)}


def shared(runners: int, updates: int) -> dict[str, Any]:
    """An update of so many runners on this machine, and what travels in it."""
    options = Options(scenario="Crossing", threads=1, engine="ray", runners=runners)
    model = Run(Path(), options, None).untrained(options.worlds, trainer=ClusterPPO)
    assert isinstance(model, ClusterPPO)
    with crew_of(model, options):
        found = worked(model, updates)
        driven = model.crew.ask([0], "drive", model._weights())[0]
    decisions, minibatches = of_an_update(model)
    weights = 4 * sum(parameter.numel() for parameter in model.policy.parameters())
    to_each = weights * (1 + minibatches)  # before the rollout, and for every minibatch
    from_each = weights * minibatches + len(pickle.dumps(driven))
    sent = {"bytes_per_decision": runners * (to_each + from_each) / decisions, "weights_bytes": weights}
    return {"runners": runners, **found, **sent, "decisions": decisions, "minibatches": minibatches}


def of_an_update(model: MemoryPPO) -> tuple[int, int]:
    """Decisions and minibatches."""
    decisions = model.n_steps * model.n_envs
    return decisions, model.n_epochs * decisions // (model.batch_size or decisions)


def on_paper(rows: list[dict[str, Any]]) -> dict[str, Any]:
    """Decisions/s of more runners, if each has a core, by the size of the minibatch.

    What was measured is read as lines. The runners' time together is work, which is divided, and so much for every
    minibatch in each of them; the learner's is so much for every minibatch, and for every runner in it.
    """
    counts, minibatches, decisions = [row["runners"] for row in rows], rows[0]["minibatches"], rows[0]["decisions"]
    each, work = np.polyfit(counts, [row["runners_s"] for row in rows], 1)
    per_runner, fixed = np.polyfit(counts, [row["learner_s"] for row in rows], 1)

    def rate(runners: int, share: float) -> int:
        return round(float(decisions / (work / runners + share * (each + fixed + per_runner * runners))))

    usual = PPOConfig.batch_size
    rates = {str(size): {str(n): rate(n, usual / size) for n in ON_PAPER} for size in BATCHES if size >= usual}
    per_minibatch = {"runner_s": each / minibatches, "learner_s": fixed / minibatches}
    per_minibatch["learner_s_per_runner"] = per_runner / minibatches
    return {"work_s": work, "per_minibatch": per_minibatch, "decisions_per_s": rates}


def on_this_machine(counts: list[int], updates: int) -> dict[str, Any]:
    """Updates without Ray and of each number of runners, and what follows from them on paper."""
    rows = []
    for count in (0, *counts):
        rows.append(shared(count, updates) if count else alone(updates))
        show_row(rows[-1])
    return {"rows": rows, "on_paper": on_paper(rows[1:])}


def batches(runs: Path, sizes: list[int], seeds: int) -> list[dict[str, Any]]:
    """What minibatches of each size make of Follow, in as many decisions."""
    rows = []
    for size in sizes:
        folders = {seed: runs / f"batch{size}" / f"seed{seed}" for seed in range(FIRST, FIRST + seeds)}
        found = [run(folder, "Follow", "lstm", seed, "--batch-size", size) for seed, folder in folders.items()]
        scores = [round(anticipation_of(one), 3) for one in found]
        reached = [first_at(folder, REACHED) for folder in folders.values()]
        commits = sorted({one["commit"] for one in found})
        row = {"batch_size": size, "decisions": found[0]["steps"], "commits": commits}
        rows.append({**row, "anticipation": scores, "reached": reached})
        show_row(rows[-1])
    return rows


def first_at(folder: Path, score: float) -> int | None:
    """Decisions after which the run in ``folder`` first had this anticipation, in the evaluations of its training."""
    rows = read_rows(folder / "metrics.csv")
    return next((int(row[STEPS]) for row in rows if float(row["evaluation/anticipation"]) >= score), None)


def main(argv: list[str] | None = None) -> int:
    """Measure, print, write."""
    parser = command_line("cluster", __doc__, runs=True)
    parser.add_argument("--runners", type=int, nargs="*", default=[1, 2, 4], help="on this machine, two counts or more")
    parser.add_argument("--updates", type=int, default=3, help="that are measured, of each (default: %(default)s)")
    parser.add_argument("--batches", type=int, nargs="+", default=BATCHES, help="decisions in a minibatch")
    parser.add_argument("--seeds", type=int, default=3, help="of each size of minibatch, 0: none (default: 3)")
    options = parser.parse_args(argv)
    th.set_num_threads(1)
    made, result = about("cluster", ("ray", *PACKAGES)), read(options.out)
    if options.runners:
        result |= {**made, **on_this_machine(options.runners, options.updates)}
    if options.seeds:
        result["batches"] = {**made, "rows": batches(options.runs, options.batches, options.seeds)}
    if options.out:
        write(options.out, result)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
