"""Overtake: past a rider in the middle of the lane, on the side to which the rider does not turn.

You come up fast behind a rider in the middle of a wide lane, shortly before a junction. If the rider turns left, pass
on the right; if right, on the left; whoever guesses wrong is met from the side. LEFT and RIGHT move the car aside. If
the rider goes straight on, either side will do: the lane is wide enough for the metre and a half that is due. Whoever
slows down to see comes too late: lorries from both sides close the junction behind an ego that has kept its speed.

## What happens

- **t1**: the rider puts an arm out to the left or to the right, or shows nothing and goes straight on.
- **t2**: arm down. The rider keeps to the middle of the lane, whatever comes.
- **t3**: the rider begins to turn: the first moment at which one can see what the rider does.

## The point of no return

At t3 the ego's bumper is a metre behind the wheel, and closes up at 6 m/s: whoever is not aside by then, or slow,
runs into the rider. Moving aside takes a second, going back to the other side more than two.

## Baselines

What agents without memory do is always pass on the same side, which is right two times in three, and as good as any
single plan can be. Blind is a little better, since it chooses anew for each world, whose clock it knows. A collision
costs 0.65 for that: at 1.1 the same habit scored -0.40, and the best single plan, to brake at once and to look on which
side the rider turns, -0.26.
"""

from kindergarten.world.codes import Intent
from kindergarten.world.config import Junction, Member, Scenario, Task, Weights

SCENARIO = Scenario(
    name="Overtake",
    summary="Pass the rider in mid-lane on the side to which he does not turn, and leave him a metre and a half.",
    place=3,
    casts=(
        (
            Member(
                arm="south",
                intents=((Intent.STRAIGHT, 1.0),),
                speed=(12.0, 12.0),
                arrival_offset=(0.4, 0.4),
                arrival_position=-0.75,  # its bumper at the rider's wheel: whoever is not aside by then has to be slow
                cyclist=0.0,
            ),
            Member(
                arm="south",
                intents=((Intent.LEFT, 1 / 3), (Intent.STRAIGHT, 1 / 3), (Intent.RIGHT, 1 / 3)),
                speed=(6.0, 6.0),
                arrival_position=-0.5,
                turn_speed=5.0,  # at 4.6 a rider who turns left no longer meets a car that passes on the left
                cyclist=1.0,
                yields=False,
            ),
            # A lorry from either side closes the junction just behind an ego that has kept its speed (the one from
            # the west on its left, the one from the east on its right), and behind a rider who goes straight on.
            *(
                Member(
                    arm=arm,
                    intents=((Intent.STRAIGHT, 1.0),),
                    speed=(5.5, 5.5),
                    arrival_offset=(offset, offset),
                    arrival_position=0.0,
                    cyclist=0.0,
                    truck=1.0,
                    signals=False,
                    yields=False,
                )
                for arm, offset in (("west", 0.75), ("east", 2.7))
            ),
        ),
    ),
    task=Task(
        # At 12 m/s progress and time add up to nothing; a metre lost costs 0.04. Were it cheap, one could fall back and
        # look which way the rider turns. To pass on one side always is as good as blind can be; with a collision at
        # -1.1 it was 0.4 of the stakes worse, and all that those without memory found.
        weights=Weights(progress=0.5 / 12.0, time=-0.5, collision=-0.65, clearance=-0.3),
        goal_at=24.0,
        lead=1.6,  # time to move aside, but not to brake and be fast again
        max_speed=12.0,
        speed_step=6.0,
        side_step=2.8,  # leaves 1.6 m, and 1.5 m are asked for: whoever moves aside in time keeps the distance
        acceleration=0.8,  # whoever has slowed down to see comes too late: at 1.5 that cost next to nothing
        braking=4.0,
        time_limit=14.0,
    ),
    road=Junction(half_width=10.0),
    lane_width=7.5,  # wide enough to pass on either side without leaving it
    sight=2000.0,  # at the ladder's longest delay the rider waves 200 m ahead
)
