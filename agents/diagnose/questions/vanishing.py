"""Where does the gradient vanish? Backwards through time in every memory, and down through deep trunks."""

from __future__ import annotations

import numpy as np
import torch as th

from kindergarten.agents.diagnose.finding import Case, Finding, Verdict
from kindergarten.agents.diagnose.policy import RecurrentPolicy
from kindergarten.agents.diagnose.questions.credit import untrained
from kindergarten.agents.diagnose.twin_set import drive
from kindergarten.agents.learner.encoders import Trunk, TrunkLayer

QUESTION = "Does the gradient reach back to the cue?"
DELAY = 16.0  # [s] of the frames that the memories are shown
WORLDS, PROJECTIONS = 24, 4
DEPTH, WIDTH = 50, 64
SHORT, LONG = 1e-3, 1e3  # of the norm at the last frame: what is less has vanished, what is more explodes
FRAMES_EARLIER = 40  # 8 s


def ask(case: Case) -> Finding:
    """Norms of dh_T/dx_t by distance T - t, of this agent's memory, others' and untrained ones; by depth of trunks."""
    curves = {}
    if isinstance(case.policy, RecurrentPolicy):
        twins = case.twins.at(DELAY)
        frames = drive(case.policy, twins).frames[: int(twins.ready.min()), :WORLDS]
        policies = {"this agent": case.policy, **case.beside, **untrained(case)}
        curves = {
            name: through_time(policy, frames)
            for name, policy in policies.items()
            if isinstance(policy, RecurrentPolicy)
        }
    numbers = {"time": curves, "depth": {kind.value: down(kind) for kind in Trunk}, "far": FRAMES_EARLIER}
    return Finding("vanishing", QUESTION, *judged(curves.get("this agent")), numbers)


def judged(curve: np.ndarray | None) -> tuple[Verdict, str]:
    """The verdict, and why."""
    if curve is None or len(curve) <= FRAMES_EARLIER:
        return Verdict.OPEN, "Its memory is not a network of which gradients could be taken."
    left = curve[FRAMES_EARLIER]
    said = f"Of the gradient at the last frame {100 * left:.2g} % is left {FRAMES_EARLIER} frames earlier."
    return (Verdict.YES if SHORT <= left <= LONG else Verdict.NO), said


def through_time(policy: RecurrentPolicy, frames: np.ndarray) -> np.ndarray:
    """Frobenius norm of dh_T/dx_t relative to that of dh_T/dx_T, by T - t: (T,); x are the memory's inputs.

    frames: (T, W, D). Estimated by random projections, whose squares have the right mean.
    """
    with th.no_grad():
        inputs = [policy.features(th.as_tensor(frame)) for frame in frames]
    leaves = th.stack(inputs).requires_grad_()
    state, hidden = policy.begin(frames.shape[1]), leaves[0]
    for features in leaves:
        hidden, state = policy.remember(features, state)
    generator = th.Generator().manual_seed(0)
    squares = 0.0
    for _ in range(PROJECTIONS):
        towards = th.randn(hidden.shape, generator=generator).to(hidden.dtype)
        (slopes,) = th.autograd.grad((hidden * towards).sum(), leaves, retain_graph=True)
        squares = squares + slopes.square().sum(dim=2)
    norms = np.sqrt(np.asarray(squares).mean(axis=1))[::-1]
    return norms / norms[0]


def down(kind: Trunk) -> np.ndarray:
    """Norm of the gradient at each layer's input relative to that at the output, from the top: (DEPTH + 1,).

    Of untrained layers such as ``--trunk`` has.
    """
    with th.random.fork_rng(devices=[]):
        th.manual_seed(0)
        layers = [TrunkLayer(kind, WIDTH) for _ in range(DEPTH)]
        x, towards = th.randn(2, 256, WIDTH)
    levels = [x.requires_grad_()]
    for layer in layers:
        levels.append(layer(levels[-1]))
    slopes = th.autograd.grad((levels[-1] * towards).sum(), levels)
    norms = np.array([float(slope.norm()) for slope in slopes])[::-1]
    return norms / norms[0]
