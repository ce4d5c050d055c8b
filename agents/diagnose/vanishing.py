"""Where does the gradient vanish? Backwards through time in every memory, and down through deep trunks."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch as th
from torch import nn

from kindergarten.agents.diagnose.finding import Finding, Subject, Verdict
from kindergarten.agents.diagnose.mind import PolicyMind
from kindergarten.agents.diagnose.stage import drive

QUESTION = "Does the gradient reach back to the cue?"
DELAY = 16.0  # [s] of the frames that the memories are shown
WORLDS, PROJECTIONS = 24, 4
DEPTH, WIDTH = 50, 64
SHORT, LONG = 1e-3, 1e3  # of the norm at the last frame: what is less has vanished, what is more explodes
FAR = 40  # frames: 8 s

Layer = Callable[[th.Tensor], th.Tensor]


def ask(subject: Subject) -> Finding:
    """Norms of dh_T/dx_t by distance T - t, of this run's memory and of untrained ones; and by depth of trunks."""
    curves = {}
    if isinstance(subject.mind, PolicyMind):
        stage = subject.stage.at(DELAY)
        frames = drive(subject.mind, stage).frames[: int(stage.hands.min()), :WORLDS]
        minds = {"this agent": subject.mind, **{f"{k}, untrained": m for k, m in subject.untrained.items()}}
        curves = {name: through_time(mind, frames) for name, mind in minds.items() if isinstance(mind, PolicyMind)}
    numbers = {"time": curves, "depth": {name: down(make) for name, make in TRUNKS.items()}, "far": FAR}
    return Finding("vanishing", QUESTION, *judged(curves.get("this agent")), numbers)


def judged(curve: np.ndarray | None) -> tuple[Verdict, str]:
    """The verdict, and why."""
    if curve is None or len(curve) <= FAR:
        return Verdict.OPEN, "Its memory is not a network of which gradients could be taken."
    left = curve[FAR]
    said = f"Of the gradient at the last frame {100 * left:.2g} % is left {FAR} frames earlier."
    return (Verdict.YES if SHORT <= left <= LONG else Verdict.NO), said


def through_time(mind: PolicyMind, frames: np.ndarray) -> np.ndarray:
    """Frobenius norm of dh_T/dx_t relative to that of dh_T/dx_T, by T - t: (T,); x are the memory's inputs.

    frames: (T, W, D). Estimated by random projections, whose squares have the right mean.
    """
    with th.no_grad():
        inputs = [mind.features(th.as_tensor(frame)) for frame in frames]
    leaves = th.stack(inputs).requires_grad_()
    state, hidden = mind.begin(frames.shape[1]), leaves[0]
    for features in leaves:
        hidden, state = mind.remember(features, state)
    generator = th.Generator().manual_seed(0)
    squares = 0.0
    for _ in range(PROJECTIONS):
        towards = th.randn(hidden.shape, generator=generator).to(hidden.dtype)
        (slopes,) = th.autograd.grad((hidden * towards).sum(), leaves, retain_graph=True)
        squares = squares + slopes.square().sum(dim=2)
    norms = np.sqrt(np.asarray(squares).mean(axis=1))[::-1]
    return norms / norms[0]


def down(make: Callable[[th.Generator], Layer]) -> np.ndarray:
    """Norm of the gradient at each layer's input relative to that at the output, from the top: (DEPTH + 1,)."""
    generator = th.Generator().manual_seed(0)
    x = th.randn(256, WIDTH, generator=generator).requires_grad_()
    levels = [x]
    for _ in range(DEPTH):
        levels.append(make(generator)(levels[-1]))
    towards = th.randn(x.shape, generator=generator)
    slopes = th.autograd.grad((levels[-1] * towards).sum(), levels)
    norms = np.array([float(slope.norm()) for slope in slopes])[::-1]
    return norms / norms[0]


def _dense(generator: th.Generator, variance: float = 1.0) -> Layer:
    """A layer without bias, weights of this variance times 1 / WIDTH."""
    weight = th.randn(WIDTH, WIDTH, generator=generator) * (variance / WIDTH) ** 0.5
    return lambda x: x @ weight


def _plain(generator: th.Generator) -> Layer:
    dense = _dense(generator, 1.0 / 3.0)  # as nn.Linear draws its weights
    return lambda x: dense(x).relu()


def _selu(generator: th.Generator) -> Layer:
    dense = _dense(generator)  # Klambauer et al. 2017
    return lambda x: nn.functional.selu(dense(x))


def _highway(generator: th.Generator) -> Layer:
    dense, gate = _dense(generator, 2.0), _dense(generator)

    def layer(x: th.Tensor) -> th.Tensor:
        through = (gate(x) - 2.0).sigmoid()  # Srivastava et al. 2015: closed at first
        return through * dense(x).relu() + (1.0 - through) * x

    return layer


def _residual(generator: th.Generator) -> Layer:
    dense = _dense(generator, 2.0 / DEPTH)
    return lambda x: x + dense(x).relu()


TRUNKS = {"relu": _plain, "selu": _selu, "highway": _highway, "residual": _residual}
