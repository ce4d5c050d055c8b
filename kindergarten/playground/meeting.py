"""Meeting: two come towards each other, each turns left half of the time, and nobody can wait for long."""

from dataclasses import replace

from kindergarten.world.codes import Intent
from kindergarten.world.config import Member, Scenario, Task, Weights

SEAT = Member(
    arm="south",
    intents=((Intent.LEFT, 0.5), (Intent.STRAIGHT, 0.5)),
    speed=(7.0, 7.0),
    cue=(3.0, 3.0),
    turn_speed=7.0,
    cyclist=0.0,
    yields=False,
    learns=True,
)
RIDER = Member(
    arm="east",
    intents=((Intent.STRAIGHT, 1.0),),
    speed=(6.0, 6.0),
    arrival_position=4.5,
    cyclist=1.0,
    signals=False,
    yields=False,
)
RIDERS = 7
LATE = 2.05  # [s] after t3: who has kept its speed is just through by then


def ride(arm: str) -> tuple[Member, ...]:
    """A group ride that closes the junction behind whoever has kept its speed."""
    return tuple(
        replace(
            RIDER, arm=arm, arrival_offset=(LATE + 0.71 * k, LATE + 0.71 * k), desired_speed_factor=1.3 if k else 1.0
        )
        for k in range(RIDERS)
    )


SCENARIO = Scenario(
    name="Meeting",
    summary="Two come towards each other. Each turns left half of the time, and only one of them knows.",
    casts=((SEAT, replace(SEAT, arm="north"), *ride("east"), *ride("west")),),
    task=Task(
        weights=Weights(progress=0.01, time=-0.15, collision=-1.5),
        goal_at=14.0,
        max_speed=7.0,
        speed_step=3.5,
        acceleration=1.0,
        braking=2.0,  # it has snowed: whoever sees the other turn cannot stop any more
        time_limit=14.0,
    ),
    first=(0.6, 1.0),
    sight=2000.0,
    training=1_500_000,
    worlds=32,
)
