"""Town: Crossing three times over; every junction has its own rider to remember, and the last one to forget.

Crossing three times over: three junctions, one behind the other. At each somebody else waves, and an old cue is worth
nothing at the next. So remember, act, and then forget.

## What happens

- **t1**: at each junction another rider (or car) signals a left or a right turn, or shows nothing.
- **t2**: arm down, lamp off.
- **t3**: the rider begins to turn, or rides on; then comes the next junction, with times of its own.

## The point of no return

As in Crossing, once at each junction. A collision ends the episode: what would have been earned further on is lost as
well.

## How much can be held at once

Each rider matters, and turns left or not: one bit. With `held=2` or `held=3` the signals of so many junctions are shown
together before the first of them, and have to be held until theirs comes. Longer streets for more:
`kindergarten.register(kindergarten.scenarios.town.town(8))` makes `Kindergarten/Town8-v0`, where with `held` of 1, 2, 4
or 8 as many bits have to be held at once, with the same spaces.

## Baselines

What was in the way, when the ego still braked at 4 m/s². As long as each junction's road users had columns of their
own, agents learned the junctions one after the other. Since whoever signals next is always `user1`, what is learned
at one serves at all three. Then it was the world: the ego came to the second and third junction up to 0.8 m late, by
rounding, and was hit by the group ride although it had kept its speed.

Then it was exploration. Agents knew every rider, and two of six lost half a second over each who turned: they braked at
the last moment, to a standstill, where others braked early and rolled through. Whoever is used to that gains by no
small change: to brake a little earlier costs time, and to let go a little earlier ends in a crash. Two million
decisions more were no help. Here the ego has its controls for five seconds before t3, elsewhere for three at most; so
noise is held for ten decisions, not for four, and both rolled through.

Tried, and left out again: a collision at -0.5, and 0.5 for each junction that is behind, so that never to brake and
always to brake earn the same. An agent then knew what all riders would do, and never braked, up to 2.3 million
decisions.
"""

import math
from dataclasses import replace

from kindergarten.scenarios.crossing import SCENARIO as CROSSING
from kindergarten.world.config import Cast, Junction, Scenario

LEGS = 3
EGO, *OTHERS = CROSSING.casts[0]


def town(legs: int) -> Scenario:
    """A street of so many junctions, called after them."""
    return replace(
        SCENARIO,
        name=f"Town{legs}",
        summary=f"Straight on through {legs} junctions to a goal. At each somebody else waves.",
        place=math.inf,
        training=SCENARIO.training * legs // LEGS,
        casts=(cast_of(legs),),
        task=replace(SCENARIO.tasks[0], weights=replace(SCENARIO.tasks[0].weights, goal=legs / 4)),
        road=Junction(legs=legs),
    )


def cast_of(legs: int) -> Cast:
    """A rider and those who close the junction behind the ego, at each junction."""
    return (EGO, *(replace(member, leg=leg) for leg in range(legs) for member in OTHERS[:5]))


SCENARIO = Scenario(
    name="Town",
    summary="Straight on through three junctions to a goal. At each somebody else waves: remember, and then forget.",
    place=9,
    training=6_400_000,
    worlds=512,
    noise_hold=10.0,  # with the lead: with four, agents of two seeds in five braked at the last moment, to a standstill
    casts=(cast_of(LEGS),),
    task=replace(
        CROSSING.tasks[0],
        weights=replace(CROSSING.tasks[0].weights, goal=0.5),  # else a crash at the first saves the trouble of two more
        goal_at=20.0,
        lead=5.0,  # with two the first junction is a tenth of what it drives: it never learned to brake there
    ),
    road=Junction(legs=LEGS),
    sight=CROSSING.sight,
)
