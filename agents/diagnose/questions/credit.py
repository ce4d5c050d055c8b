"""Is credit uniform? Where the decision came from, by gradients, with interventions as the ground truth."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import torch as th

from kindergarten.agents.diagnose.finding import Case, Finding, Verdict
from kindergarten.agents.diagnose.policy import Policy
from kindergarten.agents.diagnose.questions.memory import CUE, ROOM, among_shown
from kindergarten.agents.diagnose.twin_set import SIGNALS, Rollout, TwinSet, drive, erased, in_phase, painted, past
from kindergarten.output import decimals
from kindergarten.scoring.statistics import bootstrap
from kindergarten.world.codes import Phase

QUESTION = "Does the cue get its credit, however long ago it was?"
STEEP = 0.02  # [nats per frame] a cue that loses more than this is on its way to be forgotten
SELECTIVE = 5.0  # times the credit of another frame
KEPT = 0.5  # of what flipping the cue does at the shortest delay must be left at the longest
LAST = 5  # frames of the cue on which its gradient is taken
PROFILE = (-20, 45)  # frames around t2 that the picture shows


@dataclass(frozen=True)
class DecisionPoint:
    """Where each world's decision was taken: frame (W,), what spoke for it against its twin's: direction (W, A)."""

    frame: np.ndarray
    direction: np.ndarray
    parted: np.ndarray  # (W,) bool: twins decided differently there


def ask(case: Case) -> Finding:
    """Gradients over a sweep of delays, of this agent, of those beside and of untrained ones; flips; three places."""
    twin_sets = [case.twins.at(delay) for delay in case.effort.credit_delays]
    rollouts = [drive(case.policy, twins) for twins in twin_sets]
    policies = {"this agent": case.policy, **case.beside, **untrained(case)}
    credits = {name: credit(policy, twin_sets, rollouts) for name, policy in policies.items()}
    flips = [flipped(case.policy, twins, rollout) for twins, rollout in zip(twin_sets, rollouts, strict=True)]
    numbers = {
        "agents": credits,
        "flips": flips,
        "places": places(case),
        "steep": STEEP,
        "selective": SELECTIVE,
        "decision_step": case.twins.config.decision_step,
    }
    return Finding("credit", QUESTION, *judged(credits["this agent"], flips), numbers)


def untrained(case: Case) -> dict[str, Policy]:
    """The untrained networks, by the names under which they are shown."""
    return {f"{name}, untrained": policy for name, policy in case.untrained.items()}


def judged(found: dict[str, Any] | None, flips: list[dict[str, Any]]) -> tuple[Verdict, str]:
    """The verdict, and why. The flips are the truth; gradients may be small where a memory is full."""
    told = [flip for flip in flips if flip["cue"] > 0 and flip["parted"] >= 0.5]
    if not told:
        return Verdict.NO, "It decides the same whatever was shown: there is no credit to give."
    both = [(flip["cue"], flip["irrelevant"]) for flip in told if flip["irrelevant"] is not None]
    ratio = float(np.median([cue / max(other, 1e-3 * cue) for cue, other in both])) if both else 0.0
    shortest, longest = (flip["cue"] * flip["parted"] for flip in (flips[0], flips[-1]))
    kept = longest / shortest if shortest > 0 else 0.0
    times = "over a thousand" if ratio > 990 else f"{ratio:.0f}"
    said = (
        f"Exchanging the cue moves the decision {times} times as far as exchanging other frames, "
        f"after {flips[-1]['delay']:g} s {kept:.0%} as far as after {flips[0]['delay']:g} s."
    )
    by_hand = ratio >= SELECTIVE and kept >= KEPT
    if found is None or found["slope"] is None:
        return (Verdict.YES if by_hand else Verdict.NO), said
    said += f" Its gradient changes by {decimals(found['slope'], 3, '+')} nats a frame"
    said += f" (half-life {found['half_life']:.0f} frames)." if found["slope"] < -STEEP else ": it does not fade."
    even = abs(found["slope"]) <= STEEP
    return (Verdict.YES if by_hand and even else Verdict.PARTLY if by_hand or even else Verdict.NO), said


def decision(policy: Policy, twins: TwinSet, rollout: Rollout) -> DecisionPoint:
    """The first frame before t3 at which twins act differently; without one, that at which the agent takes over."""
    intents, count = twins.shape
    frame = np.minimum(twins.ready, len(rollout.frames) - 1)
    direction = own_margin(rollout.outputs[frame, np.arange(len(frame))])
    parted = np.zeros(len(frame), bool)
    actions = rollout.actions.reshape(len(rollout.actions), intents, count, -1)
    until = twins.frame_of(twins.signaller["t3"])
    for j in range(count):
        worlds = j + count * np.arange(intents)
        there = np.arange(frame[j], min(int(until[j]) if twins.scenario.revealed else len(actions), len(actions)))
        differ = there[np.ptp(actions[there, :, j], axis=1).max(axis=1) > 0.05] if len(there) else there
        if not len(differ):
            continue
        t = differ[0]
        for w in worlds:
            others = np.abs(actions[t, :, j] - actions[t, w // count, j]).max(axis=1)
            twin = worlds[int((others > 0.05).argmax())]
            if others.max() > 0.05:
                direction[w] = towards(policy, rollout.outputs[t, w], rollout.outputs[t, twin])
                parted[w] = True
            frame[w] = t
    return DecisionPoint(frame, direction, parted)


def own_margin(outputs: np.ndarray) -> np.ndarray:
    """What speaks for the likeliest action against the second: outputs (W, A) -> directions (W, A)."""
    order = outputs.argsort(axis=1)
    rows, direction = np.arange(len(outputs)), np.zeros_like(outputs)
    direction[rows, order[:, -1]], direction[rows, order[:, -2]] = 1.0, -1.0
    return direction


def towards(policy: Policy, mine: np.ndarray, other: np.ndarray) -> np.ndarray:
    """What speaks for outputs ``mine`` (A,) against ``other``: likeliest against likeliest, or their difference."""
    first, second = policy.act(th.as_tensor(np.stack((mine, other))))
    if np.ndim(first):
        return (mine - other) / (np.linalg.norm(mine - other) + 1e-9)
    direction = np.zeros_like(mine)
    direction[int(first)], direction[int(second)] = 1.0, -1.0
    return direction


def margins(policy: Policy, frames: th.Tensor, at: DecisionPoint) -> th.Tensor:
    """The decision's logit margin (W,) of each world, from frames (T, W, D)."""
    state, direction = policy.begin(frames.shape[1]), th.as_tensor(at.direction).to(frames.dtype)
    margin = frames.new_zeros(frames.shape[1])
    for t in range(int(at.frame.max()) + 1):
        outputs, state = policy.step(frames[t], state)
        margin = margin + th.as_tensor(at.frame == t) * (outputs * direction).sum(dim=1)
    return margin


def gradients(policy: Policy, frames: np.ndarray, at: DecisionPoint) -> np.ndarray | None:
    """The margin's gradient with respect to every frame: (T, W, D); None if the policy has none."""
    leaves = th.tensor(frames[: int(at.frame.max()) + 1], requires_grad=True)
    margin = margins(policy, leaves, at).sum()
    if not margin.requires_grad:
        return None
    return th.autograd.grad(margin, leaves)[0].numpy()


def credit(policy: Policy, twin_sets: list[TwinSet], rollouts: list[Rollout]) -> dict[str, Any] | None:
    """How the cue's gradient fades with its distance, and how much of all credit it has; of a policy there."""
    per_delay, shares, profiles = [], [], []
    for twins, rollout in zip(twin_sets, rollouts, strict=True):
        at = decision(policy, twins, rollout)
        slopes = gradients(policy, rollout.frames, at)
        if slopes is None:
            return None
        signalling = twins.shows if twins.shows.any() else np.ones_like(twins.shows)
        per_delay.append(faded(slopes, twins, at, signalling))
        shares.append(shared(slopes, twins, rollout, at, signalling))
        profiles.append(profile(slopes, twins, rollout, at, signalling))
    slope, *interval = fit(per_delay, twin_sets[0].shape[1])
    share, count = (float(np.mean(np.concatenate(part))) for part in zip(*shares, strict=True))
    return {
        "slope": slope,
        "slope_ci95": interval,
        "half_life": float(-np.log(2.0) / slope) if slope is not None and slope < 0 else None,
        "share": share,
        "share_by_count": count,
        "selectivity": share / max(1.0 - share, 1e-9) / (count / (1.0 - count)) if count else None,
        "points": [
            {
                "delay": twins.config.delay_s[0],
                "distance": float(x.mean()),
                "log_gradient": np.quantile(y, (0.25, 0.5, 0.75)),
            }
            for twins, (x, y, _) in zip(twin_sets, per_delay, strict=True)
            if len(x)
        ],
        "profile": {"first": PROFILE[0], "delay": twin_sets[-1].config.delay_s[0], "credit": profiles[-1]},
    }


def faded(slopes: np.ndarray, twins: TwinSet, at: DecisionPoint, signalling: np.ndarray) -> tuple[np.ndarray, ...]:
    """Frames from the cue's end to the decision, log gradient at the cue, seed: (n,) of the worlds ``signalling``."""
    found = []
    for w in np.flatnonzero(signalling):
        norm = np.linalg.norm(slopes[max(twins.off[w] - LAST, 0) : twins.off[w], w], axis=1).mean()
        if norm > 0:
            found.append((at.frame[w] - twins.off[w] + 1, np.log(norm), w % twins.shape[1]))
    x, y, seed = np.array(found, float).reshape(-1, 3).T
    return x, y, seed.astype(int)


def contributions(slopes: np.ndarray, rollout: Rollout, at: DecisionPoint) -> np.ndarray:
    """How far the margin would move, to first order, if a frame were an average one: (T, W)."""
    before = np.arange(len(slopes))[:, None] < at.frame
    frames = rollout.frames[: len(slopes)]
    average = frames[before].mean(axis=0)
    return np.abs((slopes * (frames - average)).sum(axis=2)) * before


def shared(
    slopes: np.ndarray, twins: TwinSet, rollout: Rollout, at: DecisionPoint, signalling: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """The cue's share of all earlier frames' credit, and of their number: (n,) each, of the worlds ``signalling``."""
    earned = contributions(slopes, rollout, at)
    cue = in_phase(rollout, twins, Phase.CUE)[: len(slopes)]
    total = earned.sum(axis=0)
    credit, count = (earned * cue).sum(axis=0) / np.maximum(total, 1e-30), cue.sum(axis=0) / np.maximum(at.frame, 1)
    return credit[signalling], count[signalling]


def profile(
    slopes: np.ndarray, twins: TwinSet, rollout: Rollout, at: DecisionPoint, signalling: np.ndarray
) -> np.ndarray:
    """Mean share of the credit per frame, by frames since t2 from PROFILE[0] on; nan where nobody is any more."""
    earned = contributions(slopes, rollout, at)
    earned = earned / np.maximum(earned.sum(axis=0), 1e-30)
    found = np.full(PROFILE[1] - PROFILE[0], np.nan)
    for k in range(len(found)):
        t = twins.off + PROFILE[0] + k
        here = signalling & (t >= 0) & (t < at.frame)
        if here.sum() >= max(1, signalling.sum() // 4):
            found[k] = earned[t[here], np.flatnonzero(here)].mean()
    return found


def fit(per_delay: list[tuple[np.ndarray, ...]], seeds: int) -> tuple[float | None, ...]:
    """Slope of log gradient against distance with its 95 % bootstrap interval over seeds [nats per frame].

    None if there are not two distances at which there is a gradient.
    """
    x, y, seed = (np.concatenate(part) for part in zip(*per_delay, strict=True))
    if not len(x) or np.ptp(x) == 0:
        return None, None, None
    sums = np.zeros((5, seeds))
    for row, values in zip(sums, (np.ones_like(x), x, y, x * x, x * y), strict=True):
        np.add.at(row, seed, values)

    def slope(n: np.ndarray, sx: np.ndarray, sy: np.ndarray, sxx: np.ndarray, sxy: np.ndarray) -> np.ndarray:
        return (n * sxy - sx * sy) / np.maximum(n * sxx - sx * sx, 1e-9)

    return float(slope(*sums.sum(axis=1))), *bootstrap(lambda rows: slope(*sums[:, rows].sum(axis=2)), seeds)


@th.no_grad()
def flipped(policy: Policy, twins: TwinSet, rollout: Rollout) -> dict[str, Any]:
    """How far the margin moves if the cue is its twin's, or if as many frames of the delay are another world's.

    The latter is None where the car drives as soon as the signal is over.
    """
    at = decision(policy, twins, rollout)
    if not at.parted.any():
        return {"delay": twins.config.delay_s[0], "parted": 0.0, "margin": 0.0, "cue": 0.0, "irrelevant": None}
    chosen, foreign = th.as_tensor(at.parted), with_foreign_delay(twins, rollout)
    whole, cue, other = (
        margins(policy, th.as_tensor(frames), at)[chosen]
        for frames in (rollout.frames, with_twins_cue(twins, rollout), foreign)
    )
    return {
        "delay": twins.config.delay_s[0],
        "parted": float(at.parted.mean()),
        "margin": float(whole.mean()),
        "cue": float((cue - whole).abs().mean()),
        "irrelevant": None if np.array_equal(foreign, rollout.frames) else float((other - whole).abs().mean()),
    }


def with_twins_cue(twins: TwinSet, rollout: Rollout) -> np.ndarray:
    """Frames (T, W, D) with the cue of the first twin that shows something else."""
    frames, (intents, count) = rollout.frames.copy(), twins.shape
    cue, shows = in_phase(rollout, twins, Phase.CUE), twins.signaller["cue_signal"]
    for w in range(frames.shape[1]):
        others = w % count + count * np.roll(np.arange(intents), -(w // count))
        twin = others[max(int((shows[others] != shows[w]).argmax()), 1)]
        frames[cue[:, w], w] = rollout.frames[cue[:, w], twin]
    return frames


def with_foreign_delay(twins: TwinSet, rollout: Rollout) -> np.ndarray:
    """Frames (T, W, D) whose last ones before the controls, as many as the cue has, are those of the next seed."""
    frames, count = rollout.frames.copy(), twins.shape[1]
    cue = in_phase(rollout, twins, Phase.CUE).sum(axis=0)
    for w in range(frames.shape[1]):
        other = w // count * count + (w + 1) % count
        length = min(cue[w], twins.ready[w] - twins.off[w], twins.ready[other] - twins.off[other])
        mine, theirs = (slice(twins.ready[v] - length, twins.ready[v]) for v in (w, other))
        frames[mine, w] = rollout.frames[theirs, other]
    return frames


def places(case: Case) -> dict[str, Any] | None:
    """The same cue early, in the middle and late, the decision at the same time: how often it is right.

    None where nobody signals.
    """
    if not case.twins.shows.any():
        return None
    twins = case.twins.at(ROOM)
    blank = erased(drive(case.policy, twins).frames, twins, SIGNALS)
    early, late = np.full(len(twins.ready), 2), twins.ready - CUE - 2
    found = {}
    for name, begin in (("early", early), ("middle", (early + late) // 2), ("late", late)):
        rollout = drive(case.policy, twins, past(painted(blank, twins, begin, CUE), twins))
        seconds = (twins.ready - begin - CUE)[twins.shows].mean() * twins.config.decision_step
        found[name] = {"seconds_before": float(seconds), **asdict(among_shown(case, twins, rollout))}
    return found
