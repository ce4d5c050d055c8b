"""Roundabout: on to the circle without stopping; the car that comes round may leave it before.

You enter a small roundabout without stopping. On the circle, coming towards your arm, is a car that leaves it before
you, or comes round in front of you. A group ride follows: it closes the circle just behind an ego that has kept its
speed.

## What happens

- **t1**: the car on the circle flashes right if this is the exit to take, else shows nothing.
- **t2**: the lamp is dark.
- **t3**: the car leaves the circle, or drives on.

## The point of no return

At t3 the ego's nose is on the circle: there is nothing left to brake for, however hard. Whoever slowed down to see what
the car does meets those who follow; whoever goes without knowing may meet the car.

## Baselines

It is a narrow place: an ego that comes 0.1 s earlier still would find a way to do without memory. A driver who may act
at every decision, and not by the planner's plans alone, has not been searched for here.
"""

from kindergarten.world.codes import Intent
from kindergarten.world.config import Member, Roundabout, Scenario, Task, Weights

SCENARIO = Scenario(
    name="Roundabout",
    summary="Enter a roundabout. The car on the circle showed its exit, or did not: will it cross your way?",
    place=7,
    # The tighter the exit, the later the ways part, and the less use is it to wait and see.
    road=Roundabout(radius=9.0, bend=9.0, exit_bend=5.0),
    casts=(
        (
            Member(
                arm="south",
                intents=((Intent.STRAIGHT, 1.0),),
                speed=(6.5, 6.5),
                arrival_offset=(-0.1, -0.05),
                arrival_position=1.25,  # here its nose is on the circle: it is too late to brake
                cyclist=0.0,
            ),
            Member(
                arm="west",
                intents=((Intent.STRAIGHT, 0.5), (Intent.RIGHT, 0.5)),
                speed=(6.5, 6.5),
                arrival_position=11.8,  # on the circle, where the way to the exit forks off
                turn_speed=4.0,
                cyclist=0.0,
                yields=False,
            ),
            # A group ride on the circle: there is room before it for an ego that has kept its speed, by 0.2 s, but not
            # for one that slowed down to see. As fast as the car, behind which it comes.
            *(
                Member(
                    arm="west",
                    intents=((Intent.STRAIGHT, 1.0),),
                    speed=(6.5, 6.5),
                    arrival_offset=(1.05 + 0.655 * k, 1.05 + 0.655 * k),
                    arrival_position=11.8,
                    cyclist=1.0,
                    signals=False,
                    turn_speed=6.5,
                    convoy=k > 0,
                    desired_speed_factor=1.3 if k else 1.0,
                    yields=False,
                )
                for k in range(3)
            ),
        ),
    ),
    task=Task(
        weights=Weights(progress=0.01, time=-0.15, collision=-1.33),
        goal_at=36.0,
        lead=3.0,
        max_speed=6.5,
        speed_step=3.25,
        acceleration=1.25,
        braking=7.0,
        time_limit=16.0,
    ),
    sight=2000.0,  # at the ladder's longest delay the car signals on its own arm, two hundred metres away
)
