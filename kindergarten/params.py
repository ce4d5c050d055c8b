"""A scenario and a configuration as two flat records that kernels can read.

All scenarios have the same record types, so they share the same compiled kernels.
"""

from __future__ import annotations

import math

import numpy as np

from kindergarten.codes import ARMS, Intent
from kindergarten.config import Config, Scenario
from kindergarten.reward import NUM_TERMS, weight_vector
from kindergarten.road import RoadMap, junction

#: One member of the cast; see ``config.Member`` for units and meaning.
MEMBER = np.dtype(
    [
        ("routes", np.int64, (3,)),  # by Intent; -1 where the member has no such intent
        ("chances", np.float64, (3,)),  # by Intent
        ("speed", np.float64, (2,)),
        ("due", np.float64, (2,)),
        ("due_at", np.float64),  # [m] arc length, counted from the route's origin
        ("cue", np.float64, (2,)),
        ("cyclist", np.float64),
        ("signals", np.int64),
        ("turn_speed", np.float64),
        ("urge", np.float64),
        ("convoy", np.int64),
    ]
)

#: The rest: see ``config.Task``, ``config.Scenario`` and ``config.Config``.
PARAMS = np.dtype(
    [
        ("dt", np.float64),
        ("substeps", np.int64),
        ("control", np.int64),
        ("delay", np.float64, (2,)),
        ("signal_rate", np.float64),
        ("hands_on", np.int64),
        ("first", np.float64, (2,)),
        ("lead", np.float64),
        ("sight", np.float64),
        ("ego_routes", np.int64, (3,)),
        ("goal", np.int64),  # Intent that is right; -1: road user 1's
        ("goal_at", np.float64),  # [m] arc length
        ("max_speed", np.float64),
        ("speed_step", np.float64),
        ("acceleration", np.float64),
        ("braking", np.float64),
        ("time_limit", np.float64),
        ("off_road", np.float64),  # [m] from the route at which the ego has left the road
        ("weights", np.float64, (NUM_TERMS,)),
    ]
)


def road_of(scenario: Scenario, config: Config) -> RoadMap:
    """The scenario's road, long enough for its longest delay."""
    last = scenario.first[1] + max(member.cue[1] for member in scenario.cast) + config.delay[1]
    approach = max(m.speed[1] * (last + m.due[1]) - m.due_at for m in scenario.cast) + 10.0
    return junction(approach, scenario.leave, scenario.half_width, scenario.lane_width, scenario.fog)


def members_of(scenario: Scenario, road: RoadMap) -> np.ndarray:
    """The cast as an array (N,) of MEMBER."""
    rows = np.zeros(len(scenario.cast), MEMBER)
    for row, member in zip(rows, scenario.cast, strict=True):
        row["routes"] = -1
        for intent, chance in member.intents:
            row["routes"][intent] = _route(member.arm, intent)
            row["chances"][intent] = chance
        for name in ("speed", "due", "cue", "cyclist", "signals", "turn_speed", "urge", "convoy"):
            row[name] = getattr(member, name)
        row["due_at"] = road.entry + member.due_at
    return rows


def params_of(scenario: Scenario, config: Config, road: RoadMap) -> np.ndarray:
    """Everything else as an array (1,) of PARAMS."""
    params = np.zeros(1, PARAMS)
    row, task = params[0], scenario.task
    row["dt"], row["substeps"], row["control"] = config.physics_step, config.substeps, config.control
    row["delay"], row["signal_rate"], row["hands_on"] = config.delay, config.signal_rate, config.hands_on
    row["first"], row["sight"] = scenario.first, scenario.sight
    row["ego_routes"] = -1
    for intent in task.branches:
        row["ego_routes"][intent] = _route(scenario.cast[0].arm, intent)
    row["goal"] = -1 if task.goal is None else task.goal
    row["goal_at"] = road.entry + task.goal_at
    for name in ("lead", "max_speed", "speed_step", "acceleration", "braking", "time_limit"):
        row[name] = getattr(task, name)
    row["off_road"] = 0.75 * scenario.lane_width + 1.0
    row["weights"] = weight_vector(task.weights)
    if not math.isfinite(row["weights"].sum()):
        raise ValueError(f"the reward weights {task.weights} are not finite")
    return params


def _route(arm: str, intent: Intent) -> int:
    return 3 * ARMS.index(arm) + intent
