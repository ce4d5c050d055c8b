"""What an agent thinks at a frame: each thought described once, and handed through whole.

Policies make ``Thoughts``, rollouts record them, replays hold them, the viewer and the web page show them. A new
thought is one more field here, and whoever draws it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, fields, replace
from typing import Any, NamedTuple

import numpy as np

from kindergarten.replay import archive
from kindergarten.world.codes import Intent
from kindergarten.world.simulator import Simulator

FLOATS, HALVES = np.dtype(np.float64), np.dtype(np.float16)
GATES = ("input", "forget", "output")  # of an LSTM, as ``Thoughts.gates`` has them
SLACK = 1e-3  # by which rounding may take a share out of its range


class Spec(NamedTuple):
    """How a thought is stored.

    dtype: in memory and in files. shape: the first axis is the decisions D, or the worlds W of one decision; a size
    that is a letter is free. low, high: its range. by_user: whether its second axis is the road users but the ego, in
    the observation's order while it is thought, in the cast's order once it is recorded. step: to which a web page
    rounds it; 0: a page does without.
    """

    dtype: np.dtype
    shape: tuple[str | int, ...]
    low: float
    high: float
    by_user: bool = False
    step: float = 0.0


def _thought(*spec: Any, **more: Any) -> Any:
    return field(default=None, metadata={"spec": Spec(*spec, **more)})


@dataclass(frozen=True)
class Thoughts:
    """What an agent thinks: arrays of W worlds at one frame, or of D decisions of one world; None: it never says.

    values: (D,) what it expects to earn from here on.
    probabilities: (D, choices) of each action.
    captions: (D, N - 1, intents) how likely it thinks each intent of each road user but itself. Once recorded: of
        what the road user may do, as far as that is open; all 0 for those who have no choice.
    attention: (D, N - 1) how much it attends to each road user but itself.
    cells: (D, H) what its memory holds after the frame: an LSTM's cell state, another memory's state.
    gates: (D, 3, H) how far an LSTM's GATES were open.
    """

    values: np.ndarray | None = _thought(FLOATS, ("D",), -1e6, 1e6, step=1e-4)
    probabilities: np.ndarray | None = _thought(FLOATS, ("D", "choices"), 0.0, 1.0, step=5e-4)
    captions: np.ndarray | None = _thought(FLOATS, ("D", "others", len(Intent)), 0.0, 1.0, by_user=True, step=5e-4)
    attention: np.ndarray | None = _thought(FLOATS, ("D", "others"), 0.0, 1.0, by_user=True, step=5e-4)
    cells: np.ndarray | None = _thought(HALVES, ("D", "H"), -6e4, 6e4)  # float16 ends at 65,504
    gates: np.ndarray | None = _thought(HALVES, ("D", len(GATES), "H"), 0.0, 1.0)

    def arrays(self) -> dict[str, np.ndarray]:
        """What it does say, by name."""
        return {name: array for name in SPECS if (array := getattr(self, name)) is not None}

    def map(self, function: Callable[[str, np.ndarray], Any]) -> Thoughts:
        """``function(name, array)`` of whatever it says."""
        return Thoughts(**{name: function(name, array) for name, array in self.arrays().items()})

    def __getitem__(self, rows: Any) -> Thoughts:
        """Those of some worlds or decisions; of a single one without the first axis."""
        return self.map(lambda _, array: array[rows])

    @classmethod
    def stack(cls, decisions: Sequence[Thoughts]) -> Thoughts:
        """One world's thoughts of D decisions, from those of each, as they are stored.

        What float16 cannot hold becomes the largest that it can.
        """
        names = decisions[0].arrays() if decisions else {}
        return cls(**{name: _stored(name, [getattr(each, name) for each in decisions]) for name in names})

    @classmethod
    def join(cls, episodes: Sequence[Thoughts]) -> Thoughts:
        """Those of several episodes, one after the other."""
        return episodes[0].map(lambda name, _: np.concatenate([getattr(each, name) for each in episodes]))

    def by_user(self, simulator: Simulator) -> Thoughts:
        """Those of W worlds, in the order of the road users; captions of what each may do, and add up to 1 there."""
        thoughts = self.map(lambda name, array: simulator.by_user(array) if SPECS[name].by_user else array)
        if thoughts.captions is None:
            return thoughts
        left = thoughts.captions * simulator.possible()
        total = left.sum(axis=-1, keepdims=True)
        return replace(thoughts, captions=np.divide(left, total, out=np.zeros_like(left), where=total > 0.0))

    def problem(self) -> str:
        """What is wrong with its numbers, in a few words; empty if nothing is."""
        for name, array in self.arrays().items():
            spec = SPECS[name]
            if not np.all((array >= spec.low - SLACK) & (array <= spec.high + SLACK)):  # also refuses NaN
                return f"{name} that are not within {spec.low:g}..{spec.high:g}"
        if self.captions is not None:
            sums = self.captions.sum(axis=-1)
            if np.any((np.abs(sums - 1.0) > SLACK) & (sums != 0)):
                return "captions that are no probabilities"
        return ""


SPECS: dict[str, Spec] = {each.name: each.metadata["spec"] for each in fields(Thoughts)}
#: The arrays of thoughts in a file.
TABLE: archive.Table = {name: (spec.dtype, spec.shape) for name, spec in SPECS.items()}


def _stored(name: str, rows: list[Any]) -> np.ndarray:
    dtype, low, high = SPECS[name].dtype, SPECS[name].low, SPECS[name].high
    stacked = np.stack([np.asarray(row, FLOATS) for row in rows])
    return stacked.clip(low, high).astype(dtype) if dtype == HALVES else stacked
