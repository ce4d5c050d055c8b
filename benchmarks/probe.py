"""What a probe reads in a memory that nobody taught to caption: agents trained with `--captions 0`.

python -m benchmarks.probe [--scenarios Follow Crossing] [--seeds 3] [--runs DIR] [--out FILE]

Trains what DIR lacks, with `train.py`'s defaults otherwise; whatever is there is summed up. `benchmarks.agents` has
those whom the captions teach. The captions weigh what the LSTM lets out; what more it keeps in its cells is read off
afterwards, also before it has learned anything.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch as th

from benchmarks.agents import finished, found_in, row_of, run
from benchmarks.common import about, command_line, show_row, write
from kindergarten.agents.evaluation.agent import PolicyAgent
from kindergarten.agents.evaluation.evaluate import exam_for
from kindergarten.agents.evaluation.linear import accuracy
from kindergarten.agents.learner.ppo import MemoryPPO
from kindergarten.agents.runs.run import PACKAGES, Run
from kindergarten.scenarios import SCENARIOS
from kindergarten.scoring.agent import Decision
from kindergarten.scoring.exam import Exam
from kindergarten.scoring.reference import SEEDS
from kindergarten.scoring.rollout import Hook, rollout
from kindergarten.world.codes import End, Phase

USUAL = ["Follow", "Crossing"]


def by_phase(runs: list[dict[str, Any]]) -> dict[str, list[float | None]]:
    """How often the captions are right in each phase, for each seed."""
    phases = [one["captions"]["agent"]["by_phase"] for one in runs]
    return {name: [phase[name]["accuracy"] for phase in phases] for name in phases[0]}


class MemoryLog(Hook):
    """Notes what the memory holds in the delay, of whom, and whether a probe may learn from it."""

    def __init__(self, exam: Exam) -> None:
        self.weights = exam.chances.flatten()
        self.halves = np.tile(exam.seeds % 2 == 0, len(exam.scenario.intents))
        self.notes: list[tuple[np.ndarray, ...]] = []

    def decided(self, t: int, exam: Exam, decision: Decision) -> None:
        """Note one frame."""
        worlds, rows = exam.simulator.worlds, np.arange(exam.num_envs)
        signaller = exam.simulator.users[rows, worlds["signaller"]]
        asked = (worlds["end"] == End.RUNNING) & (signaller["phase"] == Phase.DELAY) & (signaller["seen"] == 1)
        states = (state[0].numpy()[asked] for state in decision.state.pi)
        self.notes.append((*states, signaller["intent"][asked], self.halves[asked], self.weights[asked]))


def read_off(run: Run, model: MemoryPPO) -> dict[str, float]:
    """How often logistic regression names the signaller's intent in the delay: on what the memory lets out (hidden),
    what it keeps (cell), or both. Fitted to half of the seeds, tested on the others.
    """
    exam = exam_for(model, run.scenarios[0], run.config, SEEDS)
    log = MemoryLog(exam)
    rollout(PolicyAgent(model.policy), exam, [log])
    hidden, cell, intent, half, weight = (np.concatenate(column) for column in zip(*log.notes, strict=True))
    kept = {"hidden": hidden, "cell": cell, "both": np.hstack((hidden, cell))}
    return {name: round(accuracy(states, intent, half, weight), 4) for name, states in kept.items()}


def main(argv: list[str] | None = None) -> int:
    """Train what is missing, print the table, write it."""
    parser = command_line("probe", __doc__, seeds=3, runs=True)
    parser.add_argument("--scenarios", nargs="+", choices=list(SCENARIOS), default=USUAL, metavar="NAME")
    options = parser.parse_args(argv)
    th.set_num_threads(1)
    for seed in range(options.seeds):
        for scenario in options.scenarios:
            run(options.runs / scenario / f"seed{seed}", scenario, "lstm", seed, "--captions", "0")
    rows = []
    for scenario in SCENARIOS:
        folders = finished(options.runs / scenario)
        if not folders:
            continue
        opened = [Run.open(folder) for folder in folders]
        before = [read_off(one, one.untrained(1))["both"] for one in opened]
        read = [read_off(one, one.load_model()) for one in opened]
        runs = [found_in(folder) for folder in folders]
        states = {name: [one[name] for one in read] for name in read[0]} | {"untrained": before}
        rows.append({**row_of(runs), "right_by_phase": by_phase(runs), "read_off_in_the_delay": states})
        show_row(rows[-1])
    if options.out:
        write(options.out, {**about("probe", PACKAGES), "rows": rows})
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
