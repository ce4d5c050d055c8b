"""A scenario and a configuration as two flat records that kernels can read.

All scenarios have the same record types, so they share the same compiled kernels.
"""

from __future__ import annotations

import math

import numpy as np

from kindergarten.world.codes import Intent
from kindergarten.world.config import Config, Scenario, Task
from kindergarten.world.limits import HUGE
from kindergarten.world.reward import NUM_TERMS, weight_vector
from kindergarten.world.road import RoadMap, build, route_numbers
from kindergarten.world.ways import way_of

NUM_INTENTS = len(Intent)
NEVER = 1 << 40  # [physics steps] longer than any episode

#: One member of a cast; see ``config.Member`` for units and meaning.
MEMBER = np.dtype(
    [
        ("routes", np.int64, (NUM_INTENTS,)),  # by Intent, on its own leg; -1 where the member has no such intent
        ("chances", np.float64, (NUM_INTENTS,)),  # by Intent
        ("speed", np.float64, (2,)),
        ("arrival_offset", np.float64, (2,)),
        ("arrival_position", np.float64),  # [m] arc length, counted from the route's origin
        ("cue", np.float64, (2,)),
        ("cyclist", np.float64),
        ("truck", np.float64),
        ("presence", np.float64),
        ("signals", np.int64),
        ("turn_speed", np.float64),
        ("desired_speed_factor", np.float64),
        ("convoy", np.int64),
        ("yields", np.int64),
        ("stops", np.int64),
        ("last_speed_factor", np.float64),
        ("patience", np.float64),
        ("leg", np.int64),
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
        ("reliability", np.int64),  # SignalReliability
        ("rewritten", np.float64),
        ("held", np.int64),
        ("spurious", np.float64),
        ("hands_on", np.int64),
        ("shuffled", np.int64),
        ("first", np.float64, (2,)),
        ("lead", np.float64),
        ("sight", np.float64),
        ("occlusion", np.int64),  # 1 if anything but fog can hide a road user
        ("branches", np.int64, (NUM_INTENTS,)),  # by Intent: route on the first leg that the ego may choose, or -1
        ("routes_per_leg", np.int64),
        ("legs", np.int64),
        ("follow", np.int64),
        ("goal_at", np.float64),  # [m] arc length
        ("max_speed", np.float64),
        ("min_speed", np.float64),
        ("speed_step", np.float64),
        ("side_step", np.float64),
        ("acceleration", np.float64),
        ("braking", np.float64),
        ("stops", np.int64),
        ("time_limit", np.float64),
        ("max_ticks", np.int64),  # physics steps, if whole decisions took all of theirs, until truncation; or NEVER
        ("off_road", np.float64),  # [m] from the route at which the ego has left the road
        ("weights", np.float64, (NUM_TERMS,)),
    ]
)


def road_of(scenario: Scenario, config: Config) -> RoadMap:
    """The scenario's road, long enough for its longest delay."""
    members = [member for cast in scenario.casts for member in cast]
    last = scenario.first[1] + max(member.cue[1] for member in members) + config.delay_s[1]
    approach = max(m.speed[1] * (last + m.arrival_offset[1]) - m.arrival_position for m in members) + 10.0
    leg_length = math.ceil(approach) + scenario.tasks[0].goal_at if scenario.road.legs > 1 else 0.0
    return build(scenario.road, approach, scenario.lane_width, scenario.fog, scenario.buildings, leg_length)


def members_of(scenario: Scenario, road: RoadMap) -> np.ndarray:
    """The casts as an array (casts, N) of MEMBER."""
    numbers = route_numbers(scenario.road)
    rows = np.zeros((len(scenario.casts), scenario.num_users), MEMBER)
    for cast, members in zip(rows, scenario.casts, strict=True):
        for row, member in zip(cast, members, strict=True):
            row["routes"] = -1
            for intent, chance in member.intents:
                row["routes"][intent] = numbers[member.arm, way_of(intent)]
                row["chances"][intent] = chance
            for name in (MEMBER.names or ())[2:]:  # the rest has the same names there
                row[name] = getattr(member, name)
            row["arrival_position"] = road.entry + member.arrival_position
    return rows


def params_of(scenario: Scenario, config: Config, road: RoadMap) -> np.ndarray:
    """Everything else as an array (casts,) of PARAMS."""
    params = np.zeros(len(scenario.casts), PARAMS)
    for row, cast, task in zip(params, scenario.casts, scenario.tasks, strict=True):
        _fill(row, scenario, config, road, cast[0].arm, task)
    return params


def _fill(row: np.void, scenario: Scenario, config: Config, road: RoadMap, arm: str, task: Task) -> None:
    numbers = route_numbers(scenario.road)
    row["dt"], row["substeps"], row["control"] = config.physics_step, config.substeps, config.control
    row["delay"], row["signal_rate"], row["hands_on"] = config.delay_s, config.signal_rate, config.hands_on
    row["reliability"], row["spurious"], row["shuffled"] = config.signals, config.spurious, config.shuffled
    row["rewritten"], row["held"] = config.rewritten, config.held
    row["first"], row["sight"] = scenario.first, scenario.sight
    members = [member for cast in scenario.casts for member in cast]
    row["occlusion"] = len(scenario.buildings) > 0 or any(member.truck > 0 for member in members)
    row["branches"] = -1
    for intent in task.branches:
        row["branches"][intent] = numbers[arm, intent]
    row["routes_per_leg"], row["legs"], row["follow"] = len(numbers), scenario.road.legs, task.follow
    row["goal_at"] = road.entry + task.goal_at
    for name in ("lead", "max_speed", "min_speed", "speed_step", "side_step", "acceleration", "braking", "stops"):
        row[name] = getattr(task, name)
    ticks = NEVER if config.max_episode_steps is None else config.max_episode_steps * config.substeps
    row["time_limit"], row["max_ticks"] = task.time_limit, ticks if ticks < HUGE else NEVER  # no episode is longer
    row["off_road"] = 0.75 * scenario.lane_width + 1.0
    row["weights"] = weight_vector(task.weights)
