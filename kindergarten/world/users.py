"""The two structured arrays that hold everything that changes: one row per road user, one per world.

Snapshot, restore, replay and drawing are all copies of these.
"""

from __future__ import annotations

import numpy as np

#: One road user; what the inner loops read comes first. Row 0 of every world is the ego; the others stand in the
#: cast's order, or shuffled: neither tells an intent.
ROAD_USER = np.dtype(
    [
        ("kind", np.int64),  # Kind; NOBODY once it has left the scene
        ("route", np.int64),  # row of RoadMap.points
        ("s", np.float64),  # [m] arc length along the route, from the route's origin
        ("x", np.float64),  # [m] east; centre of the body (centre of gravity of the ego)
        ("y", np.float64),  # [m] north
        ("cos", np.float64),  # direction that the body points to, (cos, sin) of the heading
        ("sin", np.float64),
        ("speed", np.float64),  # [m/s] >= 0
        ("length", np.float64),  # [m] of the body
        ("width", np.float64),  # [m]
        ("acceleration", np.float64),  # [m/s^2] over the last physics step
        ("desired_speed", np.float64),  # [m/s] on a free road
        ("turn_speed", np.float64),  # [m/s] from t3 on, if it turns
        ("intent", np.int64),  # Intent; for the ego the branch that it aims for
        ("choices", np.int64),  # how many intents it might have
        ("cue_signal", np.int64),  # Signal that it shows from t1 to t2
        ("truthful", np.int64),  # 1 if that tells the truth
        ("colour", np.int64),  # Colour of its paint or jacket
        ("member", np.int64),  # which member of the cast it is
        ("leg", np.int64),  # which of the road's junctions it belongs to
        ("drawn_kind", np.int64),  # Kind that it will be when its leg begins
        ("signal", np.int64),  # Signal that this frame shows: an arm held out or a lamp that is lit
        ("phase", np.int64),  # Phase in this frame
        ("seen", np.int64),  # 1 if the ego sees it in this frame: within sight, not in fog
        ("t1", np.int64),  # [physics steps] the signal comes on
        ("t2", np.int64),  # [physics steps] the signal goes off
        ("t3", np.int64),  # [physics steps] the body first moves differently from the other intents
        ("reveal", np.int64),  # [physics steps] from here on others may reckon with its way: t3, or 0 without a choice
        ("yields", np.int64),  # 0: where ways cross it has the right of way, or takes it
        ("go", np.int64),  # [physics steps] from here on it may pass the stop line; 0: it never has to stop
        ("last_speed_factor", np.float64),  # on its desired speed from t1 until it may go; 1 unless it goes LAST
        ("flash_rate", np.float64),  # [1/s] of a car's indicator, 1..2
        ("flash_phase", np.float64),  # [cycles] 0..1 at t1
        ("offset", np.float64),  # [m] to the left of the route; scripted users keep to 0
        ("steering", np.float64),  # [rad] front wheels, positive to the left; ego only
    ]
)

#: One world: the scene's clock, the ego's targets, the generator.
WORLD = np.dtype(
    [
        ("rng", np.uint64),  # state of the world's own generator
        ("tick", np.int64),  # [physics steps] since reset
        ("hands_on", np.int64),  # [physics steps] from here on the agent drives; before, the ego cruises
        ("time_limit", np.int64),  # [physics steps] of the leg; with max_episode_steps of the episode
        ("target_speed", np.float64),  # [m/s] what the discrete control's meta-actions move
        ("target_offset", np.float64),  # [m] to the left of the route; likewise
        ("cast", np.int64),  # which of the scenario's casts plays
        ("leg", np.int64),  # which junction comes next, or is being passed
        ("signaller", np.int64),  # row of the road user whose intent has to be remembered there
        ("end", np.int64),  # End
    ]
)

CAR_LENGTH, CAR_WIDTH = 4.5, 1.8  # [m]
WHEELBASE = 2.7  # [m]
MAX_STEERING = 0.6  # [rad] front wheels
CYCLIST_LENGTH, CYCLIST_WIDTH = 1.8, 0.65  # [m]
TRUCK_LENGTH, TRUCK_WIDTH = 9.0, 2.5  # [m] (unverified)
