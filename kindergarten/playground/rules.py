"""What a scenario of several agents leaves open, and what they can do with their lamps."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import Any

from kindergarten.world.kinds import Number, OneOf, Switch
from kindergarten.world.settings import refuse_unknown, setting, settle, spelled_out


class Lamps(IntEnum):
    """What agents can do with their lamps: anything, only far from the junction, nothing, not lie, or not hide."""

    FREE = 0
    EARLY = 1
    OFF = 2
    HONEST = 3
    TOLD = 4


@dataclass(frozen=True, kw_only=True)
class Rules:
    """What a scenario of several agents leaves open.

    Of what ``signals`` says, nothing holds for scripted humans: theirs flash from t1 to t2, and then are dark.
    """

    signals: Lamps = setting(
        Lamps.FREE,
        OneOf(Lamps),
        'lamps are the agents\' own; `"early"`: they work only farther than 25 m from the junction; `"off"`: they '
        'never do; `"honest"`: the simulator shows every agent\'s goal; `"told"`: it does so without flashing, from '
        "the first frame on",
    )
    humans: float = setting(
        0.0, Number(0.0, 1.0), "chance that a scripted human, who signals honestly, sits in a seat; one is an agent's"
    )
    social: float = setting(
        0.0, Number(0.0, 1.0), "how much an agent earns of the mean of the others who drive; 0: its own rewards alone"
    )
    defects: float = setting(0.0, Number(0.0, 1.0), "share of agents whose lamps are broken, which they do not see")
    signal_cost: float = setting(0.0, Number(0.0, 10.0), "what a lamp costs while an agent has it on, per second")
    honest: float = setting(
        0.0, Number(0.0, 1.0), "share of agents whose lamps the simulator sets honestly, whatever they ask for"
    )
    endless: bool = setting(False, Switch(), "whose episode has ended is followed by somebody else in the same seat")

    def __post_init__(self) -> None:
        settle(self)


@spelled_out(Rules)
def make_rules(**rules: Any) -> Rules:
    """Rules from what people type.

    Raises:
        ValueError: there is no such rule, or a value makes no sense; the message names it and the choices.
    """
    refuse_unknown(Rules, rules)
    return Rules(**rules)
