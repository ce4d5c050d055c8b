"""Town: Crossing three times over; every junction has its own rider to remember, and the last one to forget."""

from dataclasses import replace

from kindergarten.scenarios.crossing import CROSSING
from kindergarten.world.config import Junction, Scenario

LEGS = 3
EGO, *OTHERS = CROSSING.casts[0]

TOWN = Scenario(
    name="Town",
    summary="Straight on through three junctions to a goal. At each somebody else waves: remember, and then forget.",
    casts=((EGO, *(replace(member, leg=leg) for leg in range(LEGS) for member in OTHERS[:5])),),
    task=replace(
        CROSSING.tasks[0],
        weights=replace(CROSSING.tasks[0].weights, goal=0.5),  # else a crash at the first saves the trouble of two more
        goal_at=20.0,
        lead=5.0,  # with two the first junction is a tenth of what it drives: it never learned to brake there
    ),
    road=Junction(legs=LEGS),
    sight=CROSSING.sight,
)
