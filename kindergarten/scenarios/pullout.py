"""PullOut: out of a side road, just ahead of the traffic; the car that comes may turn off.

You turn left out of a side road. From the left a car comes along the main road: it turns right into your road, and
then the way is free; or it drives on, right in front of you. From the right comes a group ride, which closes the road
just behind an ego that has kept its speed. With `signals="real"` an indicator may have been left on, or never have
been switched on.

## What happens

- **t1**: the car on the main road flashes right if it turns off; if it drives on it shows nothing.
- **t2**: the indicator is dark. It was dark for half of the time before, too.
- **t3**: the car slows down for the turn, or does not.

## The point of no return

At t3 an ego that has kept its speed has its nose in the car's lane: brakes are of no use any more. Whoever waits until
the car turns off comes too late to get out in front of the group ride; whoever sets out and is wrong is in the way of
the car. Both are decided before t3.
"""

from kindergarten.world.codes import Intent
from kindergarten.world.config import Junction, Member, Scenario, Task, Weights

SCENARIO = Scenario(
    name="PullOut",
    summary="Turn left out of a side road. The car that comes indicated right: does it turn off, or drive on?",
    place=4,
    road=Junction(arms=("south", "east", "west"), half_width=12.0),  # wide: 7 m/s round a bend of 14 m
    casts=(
        (
            # To the left, because that way crosses the car's soon, and at a speed from which one does not stop at
            # once: turning right, whoever slowed down a little could look what the car does and lose nothing.
            Member(
                arm="south",
                intents=((Intent.LEFT, 1.0),),
                speed=(7.0, 7.0),
                arrival_offset=(0.0, 0.1),
                arrival_position=7.3,  # here its nose is in the car's lane: at t3 it is too late to brake
                cyclist=0.0,
            ),
            Member(
                arm="west",
                intents=((Intent.STRAIGHT, 0.5), (Intent.RIGHT, 0.5)),
                speed=(7.0, 7.2),
                arrival_position=-1.5,
                turn_speed=6.0,
                cyclist=0.0,
                yields=False,
            ),
            # A group ride the other way closes the road 0.3 s behind an ego that has kept its speed: whoever slowed
            # down for nothing waits for all of it.
            *(
                Member(
                    arm="east",
                    intents=((Intent.STRAIGHT, 1.0),),
                    speed=(6.0, 6.0),
                    arrival_offset=(0.95 + 0.71 * k, 0.95 + 0.71 * k),
                    arrival_position=12.0,
                    cyclist=1.0,
                    signals=False,
                    convoy=k > 0,
                    desired_speed_factor=1.3 if k else 1.0,
                    yields=False,
                )
                for k in range(4)
            ),
        ),
    ),
    task=Task(
        weights=Weights(progress=0.01, time=-0.15, collision=-1.33),
        goal_at=30.0,
        lead=2.0,
        max_speed=7.0,
        speed_step=3.5,
        acceleration=1.25,
        braking=7.0,
        time_limit=14.0,
    ),
    sight=2000.0,  # at the ladder's longest delay the car indicates a quarter of a kilometre away
)
