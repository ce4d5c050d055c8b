"""Follow: take the way that the leader took.

Somebody rides ahead of you: a cyclist or a car that shows which way it will take, stops showing it, and disappears in
the fog before it turns. Three ways are open and only the leader's is right. Without memory that is one guess in
three, and no way is better than the others: the scenario to begin with.

## What happens

- **t1**: the leader signals left or right; if it goes straight on it shows nothing.
- **t2**: arm down, lamp off. From now on all three leaders look the same.
- **t3**: the leader turns, but it is already in the fog. It is never seen to turn.

## The point of no return

The way has to be chosen before the edge of the junction, and nothing that comes later tells which: nobody has to
hurry, one only has to know.
"""

from kindergarten.world.codes import Intent
from kindergarten.world.config import Member, Scenario, Task, Weights

SCENARIO = Scenario(
    name="Follow",
    summary="Take the way that the leader took. It signals, drops the signal, and turns out of sight, in the fog.",
    place=1,
    training=200_000,
    casts=(
        (
            Member(
                arm="south",
                intents=((Intent.STRAIGHT, 1.0),),
                speed=(6.0, 6.0),
                arrival_offset=(1.8, 2.2),  # at 6 m/s some 12 m behind the leader
                cyclist=0.0,
            ),
            Member(
                arm="south",
                intents=((Intent.LEFT, 1 / 3), (Intent.STRAIGHT, 1 / 3), (Intent.RIGHT, 1 / 3)),
                speed=(5.5, 6.0),  # no faster than the ego: at the longest delays it would start behind it
                arrival_position=-0.5,
                turn_speed=5.0,
            ),
        ),
    ),
    task=Task(
        weights=Weights(time=-0.02, collision=-1.0, goal=1.0),
        branches=(Intent.LEFT, Intent.STRAIGHT, Intent.RIGHT),
        follow=True,
        goal_at=10.0,
        lead=0.0,
        max_speed=8.0,
        speed_step=2.0,
        time_limit=15.0,
    ),
    fog=(-200.0, -11.0, 200.0, 200.0),  # from 3 m before the junction: half a second before t3 the leader is gone
    revealed=False,
)
