"""Deep trunks between encoder and memory: what they score after as many decisions, and where their gradient is.

python -m benchmarks.depth [--trunks plain relu ...] [--depths 1 4 16 32] [--seeds 2] [--runs DIR] [--picture FILE]

Follow, `train.py`'s defaults. Trains what DIR lacks, so it can be done in pieces; whatever is asked for is summed up.
At depth 1 all trunks are the same, so it is trained once. A layer's gradient is that of the whole loss on one
minibatch, with the weights at the start and with those that are scored at the end, the best ones: a root mean square
over the layer's weights.
"""

from __future__ import annotations

import argparse
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from torch import nn

from benchmarks.agents import found_in
from benchmarks.common import about, command_line, report, save
from kindergarten.agents.learner.choice import Trunk
from kindergarten.agents.learner.config import PPOConfig
from kindergarten.agents.learner.encoders import MlpFeatures, TrunkLayer
from kindergarten.agents.learner.loss import LossWeights, add_gradients, prepared
from kindergarten.agents.runs import checkpoint
from kindergarten.agents.runs.options import Options
from kindergarten.agents.runs.run import PACKAGES, Run
from kindergarten.agents.runs.train import begin, train
from kindergarten.scoring.statistics import interquartile_mean

SCENARIO, STEPS = "Follow", 100_000
DEPTHS = (1, 4, 16, 32)
MOMENTS = ("start", "end")
COLOURS = ("#666666", "#0072B2", "#009E73", "#E69F00", "#D55E00")  # Okabe and Ito's, in the order of Trunk


def run(folder: Path, trunk: Trunk, depth: int, seed: int, options: argparse.Namespace) -> dict[str, Any]:
    """The evaluation of one run, which is trained, or trained on, if it is not there yet; and its gradients."""
    if not (folder / "config.json").exists():
        learner = PPOConfig(trunk=trunk, depth=depth)
        wanted = Options(scenario=SCENARIO, steps=options.steps, worlds=options.worlds, learner=learner)
        begin(replace(wanted, seed=seed, threads=1, out=folder))
    one = Run.open(folder)
    if not (folder / "evaluation.json").exists() and train(one):
        raise SystemExit(f"{folder} was not finished")
    if not (folder / "gradients.json").exists():
        one.write_json("gradients.json", {"start": gradients(one, None), "end": gradients(one, "best")})
    return {**found_in(folder), "gradients": json.loads((folder / "gradients.json").read_text())}


def gradients(one: Run, moment: str | None) -> list[float]:
    """Root mean square of the gradient at each layer, the encoder's own first, on worlds that it drives itself.

    moment: the checkpoint whose weights are taken; None: those before the first decision.
    """
    options = replace(one.options, learner=replace(one.hyperparameters, n_epochs=0))
    model = replace(one, options=options).untrained(16)
    if moment:
        checkpoint.put_weights(model, checkpoint.read(one.checkpoint(moment)))
    model.learn(16 * model.n_steps)  # a rollout; no epochs, so nothing is learned from it
    (batch,) = model.rollout_buffer.get()
    numbers = one.hyperparameters
    weights = LossWeights(numbers.clip_range, None, numbers.ent_coef, numbers.vf_coef, numbers.caption_coef)
    add_gradients(model.policy, prepared(batch, True), weights, 1, None)
    encoder = model.policy.pi_features_extractor
    assert isinstance(encoder, MlpFeatures)
    own = next(module for module in encoder.layers if isinstance(module, nn.Linear))
    layers = [own, *(module.linear for module in encoder.layers if isinstance(module, TrunkLayer))]
    found = [layer.weight.grad for layer in layers]
    return [float(gradient.square().mean().sqrt()) for gradient in found if gradient is not None]


def cell(trunk: Trunk, depth: int, runs: list[dict[str, Any]]) -> dict[str, Any]:
    """One cell of the table; gradients are geometric means over the seeds."""
    scores = [round(one["anticipation"], 3) for one in runs]
    norms = {moment: np.array([one["gradients"][moment] for one in runs]) for moment in MOMENTS}
    means = {moment: np.exp(np.log(np.maximum(rows, 1e-30)).mean(0)) for moment, rows in norms.items()}
    return {
        "trunk": trunk.value if depth > 1 else "any",
        "depth": depth,
        "decisions": runs[0]["steps"],
        "anticipation": round(float(interquartile_mean(np.array(scores))), 3),
        "seeds": scores,
        "first_over_last": {moment: float(f"{row[0] / row[-1]:.2g}") for moment, row in means.items()},
        "gradients": {moment: [float(f"{value:.3g}") for value in row] for moment, row in means.items()},
        "seconds": [round(one["seconds"]) for one in runs],
    }


def picture(cells: list[dict[str, Any]]) -> Figure:
    """The score by depth, and the gradient by layer in the deepest trunks, at the start and at the end."""
    figure = Figure(figsize=(10.5, 3.4), dpi=120, layout="constrained")
    score, *moments = figure.subplots(1, 3)
    deepest, depths = max(row["depth"] for row in cells), sorted({row["depth"] for row in cells})
    for trunk, colour in zip(Trunk, COLOURS, strict=True):
        mine = [row for row in cells if row["trunk"] in (trunk.value, "any")]
        if len(mine) < 2:
            continue
        places = [depths.index(row["depth"]) for row in mine]
        score.plot(places, [row["anticipation"] for row in mine], color=colour)
        for place, row in zip(places, mine, strict=True):
            score.plot([place] * len(row["seeds"]), row["seeds"], "o", color=colour, markersize=6, alpha=0.6)
        for axes, moment in zip(moments, MOMENTS, strict=True):
            for row in mine:
                if row["depth"] == deepest:
                    values = row["gradients"][moment]
                    axes.semilogy(np.arange(1, len(values) + 1), values, color=colour, label=trunk.value)
    score.set_xticks(range(len(depths)), [str(depth) for depth in depths])
    score.set_xlabel("layers before the memory")
    score.set_title("anticipation", loc="left", fontweight="bold")
    for axes, moment in zip(moments, MOMENTS, strict=True):
        axes.set_xlabel("layer, the first one sees the frame")
        axes.set_title(f"gradient at the {moment}, depth {deepest}", loc="left", fontweight="bold")
    for axes in (score, *moments):
        axes.spines[["top", "right"]].set_visible(False)
    moments[0].legend(frameon=False)
    return figure


def main(argv: list[str] | None = None) -> int:
    """Train what is missing, print the table, write it, draw it."""
    parser = command_line("depth", __doc__, seeds=2, runs=True)
    trunks = [trunk.value for trunk in Trunk]
    parser.add_argument("--trunks", nargs="+", choices=trunks, default=trunks, metavar="NAME")
    parser.add_argument("--depths", nargs="+", type=int, default=DEPTHS, metavar="N")
    parser.add_argument("--steps", type=int, default=STEPS, help="decisions per run (default: %(default)s)")
    parser.add_argument("--worlds", type=int, default=Options.worlds, help="side by side (default: %(default)s)")
    parser.add_argument("--picture", type=Path, metavar="FILE", help="draw it")
    options = parser.parse_args(argv)
    every = [(Trunk(trunk) if depth > 1 else Trunk.RELU, depth) for depth in options.depths for trunk in options.trunks]
    found: dict[tuple[Trunk, int], list[dict[str, Any]]] = {which: [] for which in every}
    for seed in range(options.seeds):  # seed by seed: whoever stops it early has the whole table
        for (trunk, depth), runs in found.items():
            folder = options.runs / f"{trunk.value}-{depth}" / f"seed{seed}"
            runs.append(run(folder, trunk, depth, seed, options))
    cells = [cell(trunk, depth, runs) for (trunk, depth), runs in found.items()]
    report(options.out, about("depth", PACKAGES), cells)
    if options.picture:
        save(options.picture, picture(cells))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
