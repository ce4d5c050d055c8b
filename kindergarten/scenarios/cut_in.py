"""CutIn: keep lane and speed; the lorry that overtakes slowly may move over too early."""

from kindergarten.world.codes import Intent
from kindergarten.world.config import Lanes, Member, Scenario, Task, Weights

CUT_IN = Scenario(
    name="CutIn",
    summary="Keep lane and speed. The lorry beside you flashes three times, goes dark, and cuts in seconds later.",
    casts=(
        (
            Member(
                arm="right",
                intents=((Intent.STRAIGHT, 1.0),),
                speed=(14.0, 14.0),
                # At t3 it is beside the lorry's cab, in the blind spot: to let the lorry in takes 8 m, more than can be
                # made up once it moves, and about what one step of speed makes in time.
                arrival_position=0.75,
                cyclist=0.0,
            ),
            Member(
                arm="left",
                intents=((Intent.STRAIGHT, 0.65), (Intent.RIGHT, 0.35)),
                speed=(14.0, 14.2),
                arrival_position=-0.5,
                cue=(1.9, 2.2),  # three flashes: one touch of the lever
                turn_speed=14.2,  # a lane change slows nobody down
                cyclist=0.0,
                truck=1.0,
            ),
        ),
    ),
    task=Task(
        # At 14 m/s progress and time add up to nothing; a metre lost costs 0.025. A collision costs as much as makes
        # never to brake as good as blind can be: at -1.45 those without memory never braked all the same, and earned
        # 0.8 of the stakes less than they might have.
        weights=Weights(progress=0.025, time=-0.35, collision=-0.95, harsh_braking=-0.1),
        goal_at=50.0,
        lead=2.5,
        max_speed=14.0,
        min_speed=10.5,  # nobody crawls on such a road, and who brakes by chance finds out what it is good for
        speed_step=3.5,
        acceleration=1.0,
        braking=5.0,
        time_limit=14.0,
    ),
    road=Lanes(change=34.0),
)
