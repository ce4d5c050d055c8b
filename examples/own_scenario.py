"""Detour, a scenario of one's own: the road ends, and a truck shows the way, left or right, into the fog.

    python examples/own_scenario.py                            # trains a car
    python examples/own_scenario.py watch runs/Detour-lstm-... # any command of `kindergarten` knows it

docs/own_scenario.md goes through it line by line.
"""

import sys

from kindergarten import cli, register
from kindergarten.world.codes import Intent
from kindergarten.world.config import Junction, Member, Scenario, Task, Weights

ego = Member(
    arm="south",
    intents=((Intent.LEFT, 0.5), (Intent.RIGHT, 0.5)),  # where it aims at first; it may change its mind
    speed=(6.0, 6.0),
    arrival_offset=(2.5, 3.0),  # the edge of the junction, 2.5 to 3 s after the truck: some 15 m behind it
    cyclist=0.0,
)
leader = Member(
    arm="south",
    intents=((Intent.LEFT, 0.5), (Intent.RIGHT, 0.5)),
    speed=(5.0, 6.0),  # no faster than the ego, or it would start behind it when the delay is long
    cue=(1.0, 2.0),
    cyclist=0.0,
    truck=1.0,
    turn_speed=4.0,
)
DETOUR = Scenario(
    name="Detour",
    summary="The road ends, and a truck leads the detour: it signals, drops the signal, and turns out of sight.",
    training=300_000,  # decisions
    road=Junction(arms=("south", "east", "west")),  # a T
    casts=((ego, leader),),
    task=Task(
        weights=Weights(time=-0.02, collision=-1.0, goal=1.0, wrong_way=-0.5),
        branches=(Intent.LEFT, Intent.RIGHT),
        follow=True,  # the right way is the truck's
        goal_at=10.0,
        max_speed=8.0,
        speed_step=2.0,
        time_limit=15.0,
    ),
    fog=(-200.0, -12.0, 200.0, 200.0),  # from 4 m before the junction on
    revealed=False,  # nobody sees how the truck turns
)
register(DETOUR)

if __name__ == "__main__":
    sys.exit(cli.main(sys.argv[1:] or ["train", "--scenario", DETOUR.name]))
