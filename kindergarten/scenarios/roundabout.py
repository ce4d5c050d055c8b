"""Roundabout: on to the circle without stopping; the rider who comes round may leave it before.

You enter a roundabout without stopping, in a heavy car that gains speed slowly. On the circle, coming towards your arm,
is a cyclist who leaves it before you, or comes round in front of you. More riders follow: they close the circle just
behind an ego that has kept its speed.

## What happens

- **t1**: the rider puts the right arm out if this is the exit to take, else shows nothing.
- **t2**: the arm is down.
- **t3**: the rider leaves the circle, or rides on.

## The point of no return

At t3 the ego is at the edge of the circle: there is nothing left to brake for, however hard. Whoever slowed down to see
what the rider does is slow for long, and meets those who follow; whoever goes without knowing may meet the rider.
"""

from kindergarten.world.codes import Intent
from kindergarten.world.config import Member, Roundabout, Scenario, Task, Weights

SCENARIO = Scenario(
    name="Roundabout",
    summary="Enter a roundabout. The rider on the circle showed the exit, or did not: will it cross your way?",
    place=7,
    training=3_600_000,
    # The tighter the exit, the later the ways part, and the less use is it to wait and see.
    road=Roundabout(radius=13.0, bend=16.0, exit_bend=5.0),
    casts=(
        (
            Member(
                arm="south",
                intents=((Intent.STRAIGHT, 1.0),),
                speed=(7.5, 7.5),
                arrival_offset=(0.3, 0.35),
                arrival_position=1.25,  # here it comes on to the circle: at t3 it is too late to brake
                cyclist=0.0,
            ),
            Member(
                arm="west",
                intents=((Intent.STRAIGHT, 0.5), (Intent.RIGHT, 0.5)),
                speed=(6.5, 6.5),
                arrival_position=20.9,  # on the circle, where the way to the exit forks off
                turn_speed=4.0,
                cyclist=1.0,
                yields=False,
            ),
            # A group ride behind the rider: there is room before it for an ego that has kept its speed, but not for one
            # that slowed down to see.
            *(
                Member(
                    arm="west",
                    intents=((Intent.STRAIGHT, 1.0),),
                    speed=(6.5, 6.5),
                    arrival_offset=(0.9 + 0.7 * k, 0.9 + 0.7 * k),
                    arrival_position=20.9,
                    cyclist=1.0,
                    signals=False,
                    desired_speed_factor=1.3 if k else 1.06,  # the first keeps up with the rider
                    yields=False,
                )
                for k in range(3)
            ),
        ),
    ),
    task=Task(
        weights=Weights(progress=0.01, time=-0.15, collision=-1.4),
        goal_at=52.0,
        lead=3.0,
        max_speed=7.5,
        min_speed=2.5,  # whoever could stop did so, too late, and lost 2 s more than it takes: three agents of five
        speed_step=2.5,
        acceleration=0.6,  # whoever has braked for nothing is slow for long
        braking=7.0,
        time_limit=16.0,
    ),
    sight=2000.0,  # at the ladder's longest delay the rider signals on its own arm, two hundred metres away
)
