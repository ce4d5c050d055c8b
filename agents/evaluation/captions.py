"""How good the captions are: what a car thinks that others will do, frame by frame, beside two that need no network.

One of these two remembers the last signal that it saw, and nothing else; the other sees all of a road user in this
frame, and remembers nothing. Both learn their probabilities from half of the seeds and are scored on the other half.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from kindergarten.agents.evaluation.linear import classifier
from kindergarten.output import aligned
from kindergarten.scoring.agent import Decision
from kindergarten.scoring.exam import Exam
from kindergarten.scoring.rollout import Hook
from kindergarten.world.codes import End, Intent, Kind, Phase, Signal, names
from kindergarten.world.observation import USER_COLUMNS
from kindergarten.world.users import ROAD_USER

#: A road user in sight stands in a phase. One that was seen and is there still, in fog or behind a house, is hidden.
STAGES = (*names(Phase), "hidden")
HIDDEN = len(Phase)
#: [s] before t3, from the first time to the second.
SPANS = ((600.0, 8.0), (8.0, 4.0), (4.0, 2.0), (2.0, 1.0), (1.0, 0.5), (0.5, 0.0))
BINS = 15  # of confidence, for the calibration error
STREET = np.zeros((), ROAD_USER)  # an ego that stands at the origin, for whoever looks from there
STREET["cos"] = 1.0
MOST = 8_000  # frames are enough to fit some twenty columns to


class Predictions(NamedTuple):
    """n captions, in the order of time: each of one road user in one frame. All arrays are (n, ...)."""

    track: np.ndarray  # which road user of which world
    half: np.ndarray  # 0 or 1: which half of the seeds; twins are never apart
    weight: np.ndarray  # chance of this twin
    intent: np.ndarray  # Intent, the truth
    stage: np.ndarray  # of STAGES
    since_cue: np.ndarray  # [s] since t1, negative before it
    to_event: np.ndarray  # [s] until t3, 0 and less after it
    signalled: np.ndarray  # bool: it shows where it will turn
    last: np.ndarray  # Signal that was seen last
    single: np.ndarray  # (n, columns) what this frame alone shows of it
    believed: np.ndarray  # (n, intents) the caption


class PredictionLog(Hook):
    """Notes what an agent thinks about all who have a choice, from when it first sees them until either has left."""

    def __init__(self, exam: Exam) -> None:
        self._simulator, self._weights = exam.simulator, exam.chances.flatten()
        self._halves = np.tile(np.unique(exam.seeds, return_inverse=True)[1] % 2, len(exam.scenario.intents))
        simulator = exam.simulator
        others = simulator.num_worlds, simulator.num_users - 1
        self._last, self._met = np.full(others, Signal.NONE), np.zeros(others, bool)
        self._notes: list[Predictions] = []
        self.attended = np.zeros((simulator.num_worlds, Phase.AFTER, 3))  # sums over frames, see `attention_found`

    def decided(self, t: int, exam: Exam, decision: Decision) -> None:
        """Note what is thought of the frame in which the exam stands, by an agent that has captions."""
        thoughts = decision.thoughts
        assert thoughts.captions is not None
        captions = self._simulator.by_user(thoughts.captions)
        if thoughts.attention is not None:
            self._note_attention(self._simulator.by_user(thoughts.attention))
        worlds, others = self._simulator.worlds, self._simulator.users[:, 1:]
        seen = others["seen"] == 1
        self._met |= seen
        self._last = np.where(seen & (others["signal"] != Signal.NONE), others["signal"], self._last)
        there = self._met & self._simulator.choosing() & (others["kind"] != Kind.NOBODY)
        w, i = np.nonzero(there & (worlds["end"] == End.RUNNING)[:, None])
        user, tick, dt = others[w, i], worlds["tick"][w], self._simulator.config.physics_step
        self._notes.append(
            Predictions(
                track=w * others.shape[1] + i,
                half=self._halves[w],
                weight=self._weights[w],
                intent=user["intent"],
                stage=np.where(seen[w, i], user["phase"], HIDDEN),
                since_cue=(tick - user["t1"]) * dt,
                to_event=(user["t3"] - tick) * dt,
                signalled=(user["cue_signal"] != Signal.NONE) & (user["truthful"] == 1),
                last=self._last[w, i],
                single=shown_of(user, i, others.shape[1]),
                believed=captions[w, i],
            )
        )

    def _note_attention(self, attention: np.ndarray) -> None:
        worlds, users = self._simulator.worlds, self._simulator.users
        rows = np.arange(len(worlds)), worlds["signaller"]
        phase = users["phase"][rows]
        asked = (worlds["end"] == End.RUNNING) & (users["seen"][rows] == 1) & (phase != Phase.AFTER)
        share = attention[rows[0], rows[1] - 1] / np.maximum(attention.sum(1), 1e-9)
        count = 1 / np.maximum((users["seen"][:, 1:] == 1).sum(1), 1)
        shares = np.stack([share, count, np.ones(len(worlds))], axis=1)
        self.attended[rows[0][asked], phase[asked]] += shares[asked]

    def frames(self) -> Predictions:
        """All notes on captions."""
        return Predictions(*(np.concatenate(column) for column in zip(*self._notes, strict=True)))


def attention_found(attended: np.ndarray, weight: np.ndarray) -> dict[str, Any] | None:
    """How much of the attention goes to the signaller, in sight and before t3, and how much would by count.

    attended: (W, phases, 3) its share, the share by count, and 1, summed over frames, see `PredictionLog`;
    weight: (W,) the chance of each world, 0 where the signaller does not matter. None if it never does.
    """
    sums = np.einsum("w,wpk->pk", weight, attended)
    if not sums.any():
        return None
    phases = {name: row for name, row in zip(names(Phase), sums, strict=False) if row[2]}
    return {**_shares(sums.sum(0)), "by_phase": {name: _shares(row) for name, row in phases.items()}}


def _shares(sums: np.ndarray) -> dict[str, float]:
    share, count, total = sums.tolist()
    return {"matters": round(share / total, 4), "by_count": round(count / total, 4)}


def shown_of(users: np.ndarray, rows: np.ndarray, count: int) -> np.ndarray:
    """What one frame shows of road users (n,) that stand in ``rows`` (n,) of ``count``: (n, columns) float32.

    Every column of the observation, but seen from the street, not from the ego: an ego that brakes for somebody
    remembers in its own speed, and whoever sees it brake reads that memory.
    """
    seen = users["seen"] == 1
    shown = [column.value(users, STREET) * seen for column in USER_COLUMNS if column.name != "seen"]
    return np.concatenate([np.stack(shown, axis=1), np.eye(count)[rows]], axis=1).astype(np.float32)


def last_signal(known: Predictions, asked: Predictions) -> np.ndarray:
    """What each last signal meant in the frames ``known``, for those ``asked``: (n, intents)."""
    table = np.zeros((len(Signal), len(Intent)))
    np.add.at(table, (known.last, known.intent), known.weight)
    table += 1e-6 * table.sum(0)  # a signal that was never seen means nothing
    return (table / table.sum(1, keepdims=True))[asked.last]


def single_frame(known: Predictions, asked: Predictions) -> np.ndarray:
    """Logistic regression on single frames, fitted to those ``known``, for those ``asked``: (n, intents).

    Each phase has one of its own: that frames of the cue tell makes none of the delay look as if they might.
    """
    believed = np.full(asked.believed.shape, 1.0 / len(Intent))
    counts = known.weight > 0  # a twin that never happens teaches nothing
    for stage in np.intersect1d(known.stage[counts], asked.stage):
        rows, all_known = asked.stage == stage, np.flatnonzero(counts & (known.stage == stage))
        some = all_known[np.linspace(0, len(all_known) - 1, min(MOST, len(all_known))).astype(int)]
        fitted = classifier(known.single[some], known.intent[some], known.weight[some], len(Intent))
        believed[rows] = fitted(asked.single[rows])
    return believed


def across_halves(fit: Callable[[Predictions, Predictions], np.ndarray], frames: Predictions) -> np.ndarray:
    """What ``fit`` says about each half of the seeds when it knows the other: (n, intents)."""
    believed = np.zeros(frames.believed.shape)
    for half in (0, 1):
        asked = frames.half == half
        if asked.any() and not asked.all():
            parts = (Predictions(*(column[rows] for column in frames)) for rows in (~asked, asked))
            believed[asked] = fit(*parts)
    return believed


def scores(believed: np.ndarray, intent: np.ndarray, weight: np.ndarray) -> dict[str, Any]:
    """How good n captions (n, intents) are against the truth (n,): None where that cannot be said.

    accuracy; macro_f1 and auc (one against the rest), means over the intents that there are; brier, the squared
    distance from the truth summed over intents; ece, how far confidence is from accuracy.
    """
    may_be = weight > 0  # a twin that never happens counts for nothing
    believed, intent, weight = believed[may_be], intent[may_be], weight[may_be]
    if len(intent) == 0:
        return dict.fromkeys(("accuracy", "macro_f1", "auc", "brier", "ece")) | {"frames": 0}
    from sklearn.metrics import f1_score, roc_auc_score

    best, confidence, truth = believed.argmax(1), believed.max(1), np.eye(len(Intent))[intent]
    right, there = best == intent, np.unique(intent)
    auc = roc_auc_score(truth[:, there], believed[:, there], sample_weight=weight) if len(there) > 1 else None
    bins = (confidence * BINS).astype(int).clip(max=BINS - 1)
    found = {
        "accuracy": np.average(right, weights=weight),
        "macro_f1": f1_score(intent, best, labels=there, average="macro", sample_weight=weight),
        "auc": auc,
        "brier": np.average(np.square(believed - truth).sum(1), weights=weight),
        "ece": np.abs(np.bincount(bins, weight * (right - confidence))).sum() / weight.sum(),
    }
    return {name: None if value is None else round(float(value), 4) for name, value in found.items()} | {
        "frames": len(intent)
    }


def course(frames: Predictions, believed: np.ndarray) -> dict[str, float | None]:
    """What becomes of captions (n, intents) in the course of an episode. Means over road users, by their chances.

    noticed: of those who show where they will turn, how many are understood before t3; latency_s: median time from
    t1 until then. retention: of the captions that are right at the end of the cue, how many are right at the last
    frame before t3. flips: how often the likeliest intent changes.
    """
    best = believed.argmax(1)
    right, early = best == frames.intent, frames.to_event > 0
    order = np.argsort(frames.track, kind="stable")  # one road user after the other, each in the order of time
    track, weight = frames.track[order], frames.weight[order]
    flipped = (track[1:] == track[:-1]) & (np.diff(best[order]) != 0)
    flips = weight[1:][flipped].sum() / weight[_firsts(track)].sum()
    cue = early & frames.signalled & (frames.since_cue >= 0)
    shown, noticed = _firsts(frames.track[cue]), _firsts(frames.track[cue & right])
    share = frames.weight[cue & right][noticed].sum() / max(frames.weight[cue][shown].sum(), 1e-9)
    latency = np.median(frames.since_cue[cue & right][noticed]) if len(noticed) else None
    ends = [_lasts(frames.track, rows) for rows in (early & (frames.stage == Phase.CUE), early)]
    both, first, second = np.intersect1d(frames.track[ends[0]], frames.track[ends[1]], return_indices=True)
    kept = ends[0][first], ends[1][second]
    held = right[kept[0]]
    retention = np.average(right[kept[1]][held], weights=frames.weight[kept[0]][held]) if held.any() else None
    found = {"noticed": share, "latency_s": latency, "retention": retention, "flips": flips}
    return {name: None if value is None else round(float(value), 4) for name, value in found.items()}


def _firsts(track: np.ndarray) -> np.ndarray:
    """Where each track begins."""
    return np.unique(track, return_index=True)[1]


def _lasts(track: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """The last row of each track among ``rows`` (n,) bool."""
    chosen = np.flatnonzero(rows)[::-1]
    return chosen[_firsts(track[chosen])]


def assess(frames: Predictions) -> dict[str, Any]:
    """All scores of the agent's captions, and of those of the two others, as ``evaluation.json`` holds them.

    majority: how often whoever always names the most frequent intent is right, phase by phase; that is chance.
    """
    captioners = {
        "agent": frames.believed,
        "last_signal": across_halves(last_signal, frames),
        "single_frame": across_halves(single_frame, frames),
    }
    found = {
        name: parted(frames, lambda rows, b=beliefs: scores(b[rows], frames.intent[rows], frames.weight[rows]))
        | course(frames, beliefs)
        for name, beliefs in captioners.items()
    }
    return found | {"majority": parted(frames, lambda rows: {"accuracy": _majority(frames, rows)})}


def parted(frames: Predictions, of: Callable[[np.ndarray], dict[str, Any]]) -> dict[str, Any]:
    """What ``of`` says about rows (n,) bool: of all that are in sight, by phase, and by the time to t3."""
    to_event = frames.to_event
    return {
        **of(frames.stage != HIDDEN),
        "by_phase": {name: of(frames.stage == stage) for stage, name in enumerate(STAGES)},
        "by_time_to_event": [
            {"from_s": first, "to_s": last, **of((last < to_event) & (to_event <= first))} for first, last in SPANS
        ],
    }


def _majority(frames: Predictions, rows: np.ndarray) -> float | None:
    """The share of the most frequent intent in ``rows`` (n,) bool; None if there is none."""
    counts = np.bincount(frames.intent[rows], frames.weight[rows])
    return round(float(counts.max() / counts.sum()), 4) if counts.sum() > 0 else None


def caption_table(found: dict[str, Any], width: int) -> str:
    """The captions' scores as people read them, so many columns wide."""
    rows: list[tuple[str, ...]] = [("", *STAGES, "latency", "kept", "flips", "Brier", "ECE")]
    for name, title in {"agent": "this agent", "last_signal": "last signal", "single_frame": "one frame"}.items():
        row = found[name]
        shares = (_percent(row["by_phase"][stage]["accuracy"]) for stage in STAGES)
        cells = [*shares, _cell(row["latency_s"], "{:.1f} s"), _percent(row["retention"])]
        rows.append((title, *cells, *(_cell(row[key], "{:.2f}") for key in ("flips", "brier", "ece"))))
    chance = (_percent(found["majority"]["by_phase"][stage]["accuracy"]) for stage in STAGES)
    rows.append(("majority", *chance, *[""] * 5))
    return f"captions: likeliest intent right, in %\n{aligned(rows, width)}"


def _percent(share: float | None) -> str:
    return "" if share is None else f"{100 * share:.1f}"


def _cell(value: float | None, form: str) -> str:
    return "" if value is None else form.format(value)
