"""Crossroads: left, straight or right, as told; of all the others at most one matters to you.

You go left, straight on or right, as you are told, and the road is full of others: somebody whose way may cross yours,
a group ride, and a car from another arm that signals earlier, turns off, and is through when you arrive. Who matters
depends on your own way. If you turn left, it is the car from the left; if you go straight on, it is the oncoming rider,
as in Crossing; if you turn right, nobody is in your way, whatever anybody shows. Look for the one that matters, and
remember it. With `shuffled=True` the road users stand in random order in the observation, so that no column tells who
it is: then an agent has to find the one among eight first.

## What happens

- **t1**: the one who matters signals, or shows nothing and goes straight on. So do others, who do not matter.
- **t2**: arm down, lamp off.
- **t3**: the one who matters begins to turn, or drives on.

## The point of no return

As in Crossing: at t3 the ego is nearer to the place where the ways cross than any car needs to stop, and a group ride
closes that place just behind an ego that has kept its speed. Whoever goes right has nothing to decide, and should
not brake.
"""

from dataclasses import replace

from kindergarten.world.codes import Intent
from kindergarten.world.config import Cast, Member, Scenario, Task, Weights

LEFT, STRAIGHT, RIGHT = Intent.LEFT, Intent.STRAIGHT, Intent.RIGHT


def cast_for(ego: Member, signaller: Member, late: float, arm: str, side: Intent) -> Cast:
    """A group ride from the right is in the junction ``late`` seconds after t3, behind an ego that kept its speed.

    One more comes from ``arm``, signals as well if it turns to that ``side``, and never matters: it is through before
    the ego arrives, and does not go where the ego goes.
    """
    rider = Member(
        arm="east",
        intents=((STRAIGHT, 1.0),),
        speed=(6.0, 6.0),
        arrival_position=4.5,
        cyclist=1.0,
        signals=False,
        yields=False,
    )
    return (
        ego,
        signaller,
        *(
            replace(rider, arrival_offset=(late + 0.71 * k, late + 0.71 * k), desired_speed_factor=1.3 if k else 1.0)
            for k in range(6)
        ),
        Member(
            arm=arm,
            intents=((side, 0.5), (STRAIGHT, 0.5)),
            speed=(9.0, 10.0),  # faster than the signaller, which might follow it out of the junction
            arrival_offset=(-2.6, -2.4),
            turn_speed=6.0,
            cyclist=0.0,
            presence=0.8,
            yields=False,
        ),
    )


#: Straight on at speed, as in Crossing: an oncoming rider who turns left crosses your way.
GO_STRAIGHT = cast_for(
    Member(
        arm="south",
        intents=((STRAIGHT, 1.0),),
        speed=(16.0, 16.0),
        arrival_offset=(0.6, 0.6),
        arrival_position=0.0,
        cyclist=0.0,
    ),
    Member(
        arm="north",
        intents=((LEFT, 0.5), (STRAIGHT, 0.25), (RIGHT, 0.25)),
        speed=(6.0, 6.1),
        turn_speed=6.0,
        cyclist=1.0,
        yields=False,
    ),
    1.45,
    "west",
    RIGHT,
)
#: To the left: whoever comes from the left crosses your way, unless it turns right.
GO_LEFT = cast_for(
    Member(
        arm="south",
        intents=((LEFT, 1.0),),
        speed=(7.0, 7.0),
        arrival_offset=(0.2, 0.2),
        arrival_position=4.0,
        cyclist=0.0,
    ),
    Member(
        arm="west",
        intents=((LEFT, 0.0), (STRAIGHT, 0.5), (RIGHT, 0.5)),
        speed=(7.0, 7.1),
        arrival_position=-1.5,
        turn_speed=5.5,
        cyclist=0.0,
        yields=False,
    ),
    0.6,
    "north",
    LEFT,
)
#: To the right: you are in nobody's way, whatever anybody shows.
GO_RIGHT = cast_for(
    Member(
        arm="south",
        intents=((RIGHT, 1.0),),
        speed=(5.6, 5.6),
        arrival_offset=(-0.5, -0.5),
        arrival_position=0.0,
        cyclist=0.0,
    ),
    replace(GO_STRAIGHT[1], intents=((LEFT, 0.4), (STRAIGHT, 0.3), (RIGHT, 0.3))),
    2.2,
    "west",
    RIGHT,
)
AT_SPEED = Task(
    weights=Weights(progress=0.01, time=-0.15, collision=-1.4),
    goal_at=20.0,
    lead=2.0,
    max_speed=16.0,
    speed_step=8.0,
    acceleration=2.5,
    braking=7.0,
    time_limit=14.0,
)
TO_THE_LEFT = replace(
    AT_SPEED,
    weights=replace(AT_SPEED.weights, collision=-1.6),
    max_speed=7.0,
    speed_step=3.5,
    acceleration=1.5,
)
TO_THE_RIGHT = replace(TO_THE_LEFT, max_speed=5.6, speed_step=2.8)

SCENARIO = Scenario(
    name="Crossroads",
    summary="Left, straight or right, as told. Many signal, and who matters to you depends on where you go.",
    place=8,
    training=4_000_000,
    worlds=512,
    casts=(GO_LEFT, GO_STRAIGHT, GO_RIGHT),
    task=(TO_THE_LEFT, AT_SPEED, TO_THE_RIGHT),
    first=(3.0, 3.4),  # whoever is through earlier signals earlier
    sight=2000.0,
)
