"""Roundabout: on to the circle without stopping; the rider who comes round may leave it before.

You enter a roundabout without stopping. On the circle, coming towards your arm, is a cyclist who leaves it before
you, or comes round in front of you. More riders follow: they close the circle just behind an ego that has kept its
speed.

## What happens

- **t1**: the rider on the circle puts the right arm out if this is the exit to take, else shows nothing.
- **t2**: the arm is down.
- **t3**: the rider leaves the circle, or rides on.

## The point of no return

At t3 the ego is about to enter, and too near to stop. Whoever slowed down to see what the rider does meets those
who follow; whoever goes without knowing may meet the rider.
"""

from kindergarten.world.codes import Intent
from kindergarten.world.config import Member, Roundabout, Scenario, Task, Weights

SCENARIO = Scenario(
    name="Roundabout",
    summary="Enter a roundabout. The rider on the circle showed the exit, or did not: will it cross your way?",
    place=7,
    # The tighter the exit, the later the ways part, and the less use is it to wait and see.
    road=Roundabout(radius=13.0, bend=16.0, exit_bend=6.0),
    casts=(
        (
            Member(
                arm="south",
                intents=((Intent.STRAIGHT, 1.0),),
                speed=(7.5, 7.5),
                arrival_offset=(1.15, 1.2),  # at t3 it is 9 m before its place, and needs 18 m to stop
                arrival_position=6.0,  # here its nose is on the circle
                cyclist=0.0,
            ),
            Member(
                arm="west",
                intents=((Intent.STRAIGHT, 0.5), (Intent.RIGHT, 0.5)),
                speed=(6.0, 6.0),
                arrival_position=20.3,  # on the circle, where the way to the exit forks off
                turn_speed=4.5,
                cyclist=1.0,
                yields=False,
            ),
            # A group ride on the circle: there is room before it for an ego that has kept its speed, by 0.2 s, but not
            # for one that slowed down to see. From another arm, so that before t3 it does not mind the rider.
            *(
                Member(
                    arm="north",
                    intents=((Intent.LEFT, 1.0),),
                    speed=(6.0, 6.0),
                    arrival_offset=(0.6 + 0.71 * k, 0.6 + 0.71 * k),
                    arrival_position=40.7,
                    cyclist=1.0,
                    signals=False,
                    turn_speed=6.0,
                    convoy=k > 0,
                    desired_speed_factor=1.3 if k else 1.0,
                    yields=False,
                )
                for k in range(3)
            ),
        ),
    ),
    task=Task(
        weights=Weights(progress=0.01, time=-0.15, collision=-1.36),
        goal_at=40.0,
        lead=3.0,
        max_speed=7.5,
        speed_step=3.75,
        acceleration=1.25,
        braking=1.6,  # comfortable, and not much: whoever can stop at once need not remember
        time_limit=16.0,
    ),
    sight=2000.0,  # at the ladder's longest delay the rider signals on its own arm, two hundred metres away
)
