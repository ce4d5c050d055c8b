"""The reward: named terms, each in its own unit; reward = terms @ weights.

Only what the agent can influence is rewarded: progress and time count from the moment it has the controls.
"""

from __future__ import annotations

from dataclasses import astuple, fields
from typing import NamedTuple

import numpy as np

from kindergarten.world.codes import End
from kindergarten.world.config import Weights
from kindergarten.world.jit import njit


class Term(NamedTuple):
    """One row of the reward table."""

    name: str
    unit: str
    meaning: str


#: In the order of ``config.Weights``.
TERMS = (
    Term("progress", "m", "way along the ego's route"),
    Term("time", "s", "time since the agent got the controls"),
    Term("collision", "1", "the ego touches another road user; ends the episode"),
    Term("clearance", "s", "time spent nearer than 1.5 m to a cyclist (StVO §5(4))"),
    Term("harsh_braking", "m/s", "speed lost to braking beyond 3.4 m/s² (AASHTO's design braking)"),
    Term("goal", "1", "the ego leaves the junction the right way; ends the episode"),
    Term("wrong_way", "1", "the ego leaves it any other way, or the road; ends the episode"),
)
NUM_TERMS = len(TERMS)
assert tuple(term.name for term in TERMS) == tuple(field.name for field in fields(Weights))

PROGRESS, TIME, COLLISION, CLEARANCE, HARSH_BRAKING, GOAL, WRONG_WAY = range(NUM_TERMS)
PASSING_DISTANCE = 1.5  # [m] to a cyclist, in town
DESIGN_BRAKING = 3.4  # [m/s^2]
END_GOAL, END_WRONG_WAY = int(End.GOAL), int(End.WRONG_WAY)
END_COLLISION, END_OFF_ROAD = int(End.COLLISION), int(End.OFF_ROAD)


def weight_vector(weights: Weights) -> np.ndarray:
    """Weights (NUM_TERMS,) in the order of TERMS."""
    return np.array(astuple(weights))


@njit
def add_step_terms(terms, ego, driven, way, close, dt):
    """Add one physics step to ``terms`` (NUM_TERMS,), unweighted.

    Args:
        driven: whether the agent has the controls.
        way: [m] how far the ego got along its route.
        close: whether a cyclist is nearer than PASSING_DISTANCE.
    """
    if not driven:
        return
    terms[PROGRESS] += way
    terms[TIME] += dt
    terms[HARSH_BRAKING] += max(-ego["acceleration"] - DESIGN_BRAKING, 0.0) * dt
    if close:
        terms[CLEARANCE] += dt


@njit
def add_end_terms(terms, end):
    """Add what the episode's end is worth."""
    if end == END_GOAL:
        terms[GOAL] += 1.0
    elif end == END_COLLISION:
        terms[COLLISION] += 1.0
    elif end in (END_WRONG_WAY, END_OFF_ROAD):
        terms[WRONG_WAY] += 1.0
