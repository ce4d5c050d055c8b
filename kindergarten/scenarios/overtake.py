"""Overtake: past a rider in the middle of the lane, on the side to which the rider does not turn."""

from kindergarten.world.codes import Intent
from kindergarten.world.config import Junction, Member, Scenario, Task, Weights

OVERTAKE = Scenario(
    name="Overtake",
    summary="Pass the rider in mid-lane on the side to which he does not turn, and leave him a metre and a half.",
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
