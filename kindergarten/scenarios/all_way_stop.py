"""AllWayStop: go in your turn; once all stand still, no frame shows who came first.

Four roads meet, and everybody has to stop: first come, first served. You stop at your line, and so does the car from
the right. Did it stop before you, or after you? Once all stand still, no frame tells.

## What happens

- **t1**: the car from the right comes on as fast as it came, and stops before you do; or it slows down, and stops
  after you. Nobody indicates anything: all go straight on.
- **t2**: all stand still.
- **t3**: it sets out; or it still stands, for it is your turn. Then it waits for you, but only 1.3 s.

## The point of no return

If it is your turn, set out 1 to 2 s before t3: later than that, the car from the right loses patience, and another one
comes from the left that does not stop at all. If it is not, whoever has set out is hit by the car whose turn it is, or
by the one from the left when braking in its way. Nor is there a way between: whoever creeps up to the others' ways to
see who goes does not get past the car from the left any more.
"""

from kindergarten.world.codes import Intent
from kindergarten.world.config import Junction, Member, Scenario, Task, Weights

SCENARIO = Scenario(
    name="AllWayStop",
    summary="First come, first served. All stand still: did the car from the right come before you, or after?",
    place=6,
    training=4_800_000,
    road=Junction(half_width=3.5),  # so small that whoever has set out is soon in the others' way
    casts=(
        (
            Member(
                arm="south",
                intents=((Intent.STRAIGHT, 1.0),),
                speed=(6.0, 6.0),
                arrival_position=-24.5,  # it stands 5 s after t1
                cyclist=0.0,
                stops=True,
            ),
            # It stands 1.4 s before the ego, or 0.6 s after it at the least. If it is the first it goes at t3 without
            # looking, and hits whoever has set out in the last two seconds. If it is the last it waits for the ego,
            # but not for long: whoever sets out late does not get past it any more.
            Member(
                arm="east",
                intents=((Intent.FIRST, 0.5), (Intent.LAST, 0.5)),
                speed=(5.8, 6.2),
                arrival_position=-17.0,
                cue=(7.6, 7.6),  # long enough for the last one to stand, too
                cyclist=0.0,
                signals=False,
                yields=False,
                stops=True,
                last_speed_factor=0.22,
                patience=1.3,
            ),
            # A car from the left rolls through without stopping. Whoever has set out and brakes again stands in its
            # way, and whoever hesitates has to let it pass. And it is a clock: where nothing moves, too early looks
            # like too late, and agents learned to go at once or to wait until all were gone, and nothing between.
            Member(
                arm="west",
                intents=((Intent.STRAIGHT, 1.0),),
                speed=(8.0, 8.0),
                # Its bumper at the ego's lane. Any later, and who has crept up to its way by t3 gets past it, or stops.
                arrival_offset=(1.4, 1.4),
                arrival_position=2.1,
                cyclist=0.0,
                signals=False,
                yields=False,
            ),
            # Why all stand: a cyclist turns left in front of everybody. The last of it is gone when the ego may drive.
            Member(
                arm="north",
                intents=((Intent.LEFT, 1.0),),
                speed=(5.0, 5.0),
                arrival_offset=(-2.7, -2.7),
                arrival_position=8.0,
                cyclist=1.0,
                signals=False,
                yields=False,
            ),
        ),
    ),
    task=Task(
        # Always to wait and always to go earn the same.
        weights=Weights(progress=0.01, time=-0.15, collision=-0.95, goal=0.5),
        goal_at=14.0,
        lead=2.0,
        max_speed=4.0,  # any faster, and whoever goes out of turn escapes
        speed_step=2.0,
        acceleration=2.5,
        braking=3.0,
        stops=True,
        time_limit=15.0,
    ),
    # Houses at the corners on the right: a driver at the line sees 9 m down the road there, before it less.
    buildings=((4.5, -40.0, 40.0, -4.5), (4.5, 4.5, 40.0, 40.0)),
)
