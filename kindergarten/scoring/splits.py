"""The splits of the exam: fixed worlds that ask an agent for what its training did not show it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from kindergarten.world.codes import SignalReliability
from kindergarten.world.config import Config, Scenario
from kindergarten.world.crowd import crowded
from kindergarten.world.words import chosen

NEUTRAL, HELD = Config(), Config(held=3)
CROWD = (1.0, 0.5, 1.0, 0.5)  # how likely each road user more is there


class Split(NamedTuple):
    """One part of the exam.

    configs: the worlds, scored apart from each other, on their own references. scale: the setting whose references
    hold instead: where the worlds' own would ask for something else. most: what can be reached, if not 1.
    crowd: among more road users. several: only on roads of several junctions.
    """

    name: str
    about: str
    configs: tuple[Config, ...]
    scale: Config | None = None
    most: str = ""
    crowd: bool = False
    several: bool = False

    def worlds(self, scenario: Scenario) -> Scenario:
        """The scenario as this split has it."""
        return crowded(scenario, behind=CROWD) if self.crowd else scenario


@dataclass(frozen=True)
class Mark:
    """What an agent got in one split: means over the split's settings.

    anticipation: None where nothing is at stake, or the agent could not be asked; then ``note`` says why. ci95: None
    also where there are several settings.
    """

    about: str
    anticipation: float | None = None
    ci95: tuple[float, float] | None = None
    right_answers: float | None = None
    collision_rate: float | None = None
    stakes: float | None = None
    note: str = ""


SPLITS = (
    Split("standard", "as in training, on seeds that nobody trains on", (NEUTRAL,)),
    Split("long", "delays of 8 and of 32 s", tuple(Config(delay_s=(delay, delay)) for delay in (8.0, 32.0))),
    Split("short", "delays of 0.5 to 1 s", (Config(delay_s=(0.5, 1.0)),)),
    Split("real", "signals as far to be trusted as on real roads", (Config(signals=SignalReliability.REAL),)),
    Split("silent", "nobody signals", (Config(signal_rate=0.0),), most="0: nobody can know, and doubt is right"),
    Split("colours", "colours go with the intents, which they do not in training", (Config(spurious=-1.0),), NEUTRAL),
    Split(
        "rewritten",
        "everybody shows something else first, and takes it back: the last signal counts",
        (Config(rewritten=1.0),),
    ),
    Split("shuffled", "the observation's rows in random order", (Config(shuffled=True),)),
    Split("crowd", "two to four road users more, who signal as well and never matter", (NEUTRAL,), crowd=True),
    Split("capacity", "signals of three junctions, shown together before the first", (HELD,), several=True),
)


def splits_of(scenario: Scenario) -> list[Split]:
    """The splits that ``scenario`` has."""
    return [split for split in SPLITS if scenario.road.legs > 1 or not split.several]


def split_of(scenario: Scenario, name: str) -> Split:
    """The split of that name.

    Raises:
        ValueError: ``scenario`` has none; the message says which there are.
    """
    return chosen(f"part of the exam in {scenario.name}", name, {split.name: split for split in splits_of(scenario)})


def scales(scenario: Scenario) -> list[tuple[Scenario, Config]]:
    """The worlds and settings whose references the splits are scored on."""
    every = ((split, config) for split in splits_of(scenario) for config in split.configs)
    return [(split.worlds(scenario), split.scale or config) for split, config in every]
