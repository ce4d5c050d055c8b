"""Follow: take the way that the leader took."""

from kindergarten.world.codes import Intent
from kindergarten.world.config import Member, Scenario, Task, Weights

FOLLOW = Scenario(
    name="Follow",
    summary="Take the way that the leader took. It signals, drops the signal, and turns out of sight, in the fog.",
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
