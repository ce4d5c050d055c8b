"""Crossing: straight on at speed; the oncoming rider may cut across.

You drive straight on at speed, and a cyclist comes towards you. Whoever turns left crosses your path, so slow down in
time; whoever goes straight on or right does not. Slowing down for nothing costs as much as being
wrong: a group ride comes from the right and closes the junction just behind an ego that has kept its speed, and whoever
comes too late waits for all of it.

## What happens

- **t1**: the oncoming rider puts an arm out to the left or to the right, or shows nothing and goes straight on.
- **t2**: the arm is down. It comes towards you as before, whatever it will do.
- **t3**: it begins to turn: the first moment at which one can see what it does.

## The point of no return

Seeing it turn is seeing it too late. At t3 an ego that has kept its speed is 12 to 13 m before the rider's way, and
stops within 18 m; with brakes of 8 m/s², as good as cars have them, within 16 m. Whoever wants to let the rider pass
must have begun to brake before.
"""

from kindergarten.world.codes import Intent
from kindergarten.world.config import Member, Scenario, Task, Weights

SCENARIO = Scenario(
    name="Crossing",
    summary="Straight on at speed. The oncoming rider waves, puts the arm down, and turns left across your path.",
    place=2,
    training=1_900_000,
    casts=(
        (
            Member(
                arm="south",
                intents=((Intent.STRAIGHT, 1.0),),
                speed=(16.0, 16.0),
                arrival_offset=(0.55, 0.65),
                arrival_position=0.0,  # the edge: at t3 it is nearer to the rider's way than any brakes are good for
                cyclist=0.0,
            ),
            Member(
                arm="north",
                intents=((Intent.LEFT, 0.5), (Intent.STRAIGHT, 0.25), (Intent.RIGHT, 0.25)),
                speed=(6.0, 6.2),
                turn_speed=6.0,
                cyclist=1.0,  # a car that turns left would not be out of the group ride's way in time
                yields=False,
            ),
            # A group ride from the right closes the junction just behind an ego that has kept its speed:
            # whoever slowed down for nothing waits for all of it.
            *(
                Member(
                    arm="east",
                    intents=((Intent.STRAIGHT, 1.0),),
                    speed=(6.0, 6.0),
                    arrival_offset=(1.45 + 0.71 * k, 1.45 + 0.71 * k),
                    arrival_position=4.5,
                    cyclist=1.0,
                    signals=False,
                    convoy=k > 0,
                    desired_speed_factor=1.3 if k else 1.0,
                    yields=False,
                )
                for k in range(6)
            ),
        ),
    ),
    task=Task(
        weights=Weights(progress=0.01, time=-0.15, collision=-1.4),
        goal_at=14.0,
        lead=2.0,
        max_speed=16.0,
        speed_step=8.0,
        acceleration=2.5,
        braking=7.0,
        time_limit=11.0,
    ),
    sight=2000.0,  # at the ladder's longest delay the rider waves half a kilometre away
)
