"""Crossroads: left, straight or right, as told; of all the others at most one matters to you."""

from kindergarten.codes import Intent
from kindergarten.config import Cast, Junction, Member, Scenario, Task, Weights

LEFT, STRAIGHT, RIGHT = Intent.LEFT, Intent.STRAIGHT, Intent.RIGHT
Chances = tuple[tuple[Intent, float], ...]
ANY = ((LEFT, 0.3), (STRAIGHT, 0.4), (RIGHT, 0.3))


def cast_for(way: Intent, due: float, arm: str, intents: Chances, ride: str, late: float) -> Cast:
    """The ego goes one way, at the edge ``due`` seconds after t3; the signaller comes from ``arm``.

    A group ride from ``ride`` reaches the edge ``late`` seconds after t3 and closes the junction behind an ego that
    kept its speed. Two more signal as well and never matter: one has turned before the ego arrives, one comes behind.
    """
    return (
        Member(arm="south", intents=((way, 1.0),), speed=(8.0, 8.0), due=(due, due), due_at=0.0, cyclist=0.0),
        Member(arm=arm, intents=intents, speed=(6.0, 6.0), turn_speed=6.0, yields=False),
        *(
            Member(
                arm=ride,
                intents=((STRAIGHT, 1.0),),
                speed=(6.0, 6.0),
                due=(late + 1.1 * k, late + 1.1 * k),  # near enough that nobody gets through between two of them
                due_at=0.0,
                cyclist=1.0,
                signals=False,
                yields=False,
            )
            for k in range(4)
        ),
        Member(
            arm=arm,
            intents=ANY,
            speed=(6.0, 6.0),
            due=(-5.0, -4.0),
            turn_speed=6.0,
            presence=0.7,
        ),
        Member(arm="south", intents=ANY, speed=(5.0, 6.0), due=(7.0, 8.0), presence=0.7),
    )


CROSSROADS = Scenario(
    name="Crossroads",
    summary="Left, straight or right, as told. Many signal, and who matters to you depends on where you go.",
    casts=(
        cast_for(STRAIGHT, -0.7, "north", ((LEFT, 0.5), (STRAIGHT, 0.25), (RIGHT, 0.25)), "east", 0.1),
        cast_for(LEFT, -0.15, "west", ((LEFT, 0.0), (STRAIGHT, 0.5), (RIGHT, 0.5)), "north", -0.55),
        # Whoever turns right is in nobody's way, and must not wait for anybody.
        cast_for(RIGHT, -0.7, "north", ((LEFT, 0.4), (STRAIGHT, 0.3), (RIGHT, 0.3)), "east", 0.1),
    ),
    task=Task(
        weights=Weights(progress=0.01, time=-0.13, collision=-1.5),
        goal_at=26.0,
        lead=2.0,
        max_speed=8.0,
        speed_step=4.0,
        acceleration=1.5,
        braking=2.5,
        time_limit=14.0,
    ),
    road=Junction(half_width=12.0),
    sight=2000.0,
    shuffled=True,
)
