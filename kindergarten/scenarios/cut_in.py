"""CutIn: keep lane and speed; the lorry that overtakes slowly may move over too early.

Two lanes the same way. On the left a lorry overtakes you slowly; at t3 its cab is beside you, and you are in its blind
spot. It may move over all the same, or drive on. To let it in you have to fall back by 11 m, which costs over half of
what it costs to be hit: so brake if it flashed, and do not if it did not.

## What happens

- **t1**: the lorry flashes on the right, three times, or it does not flash and stays where it is.
- **t2**: lamp off. It drives on beside you as before, whatever it will do.
- **t3**: it begins to move over: the first moment at which one can see what it does.

## The point of no return

The lorry takes four seconds to change lanes, and is in yours after less than two. In that time braking at 5 m/s² makes
up 5 m: whoever wants to let it in must have begun to brake before.

## Baselines

What makes it hard: never to brake is a valley with a ridge around it. Whoever presses SLOWER once as soon as the agent
drives, and FASTER some decisions later, earns (means over 48 seeds)

| decisions in between | 0 | 2 | 4 | 6 | 8 | 9 | 10 | 12 | 20 |
| --- | --: | --: | --: | --: | --: | --: | --: | --: | --: |
| the lorry cuts in | -1.00 | -1.18 | -1.27 | -1.30 | -1.33 | -0.75 | -0.63 | -0.57 | -0.65 |
| it drives on | -0.05 | -0.23 | -0.32 | -0.36 | -0.39 | -0.41 | -0.43 | -0.46 | -0.59 |

so braking only pays from the ninth decision on. Two numbers make it fit to learn from, and neither worked without the
other, as was found when the lane change took 2.4 s. A collision costs 0.95: never to brake is then as good as blind can
be; at 1.45 it scored -0.82, and was all that agents without memory found. And SLOWER goes no lower than 10.5 m/s: as
long as it went down to a standstill, an agent that acts by chance, as all do at first, hardly ever braked by as much as
is right, and with a collision at 0.95 one with an LSTM never braked in 3 million decisions.

Nobody does without collisions here: where t3 is within 1.4 s of t2, which is one world of six, the controls come too
late, and the cheapest is to be hit without having braked. So the oracle itself is hit in 5.5 % of all worlds
(benchmarks/results/exam/CutIn-oracle.json); what an agent adds to that is its own.

Tried then, and left out again: an ego that may come up to 0.5 s later, so that braking sometimes pays sooner. Blind,
which knows each world's clock, gains from that, and the stakes fell to 0.10..0.16.
"""

from kindergarten.world.codes import Intent
from kindergarten.world.config import Lanes, Member, Scenario, Task, Weights

SCENARIO = Scenario(
    name="CutIn",
    summary="Keep lane and speed. The lorry beside you flashes three times, goes dark, and cuts in seconds later.",
    place=5,
    casts=(
        (
            Member(
                arm="right",
                intents=((Intent.STRAIGHT, 1.0),),
                speed=(14.0, 14.0),
                # At t3 it is beside the lorry's cab, in the blind spot: to let the lorry in takes 11 m, more than can
                # be made up once it moves, and about what one step of speed makes in time.
                arrival_position=4.0,
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
    road=Lanes(change=58.0),  # 4.1 s; on motorways 6.3 s, with a deviation of 2 s (VTTI, 7,192 lane changes)
)
