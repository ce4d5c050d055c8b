"""What is asked for in scenarios, with settings of which some do nothing in some of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Protocol, TypeVar

from kindergarten.scenarios import scenario_named
from kindergarten.world.codes import Observation
from kindergarten.world.config import Config, Scenario

C = TypeVar("C")


class Placed(Protocol):
    """What is asked for somewhere: in which scenarios, and with which settings."""

    @property
    def environment(self) -> Config:
        """The settings."""
        ...

    @property
    def scenarios(self) -> Sequence[Scenario]:
        """The scenarios."""
        ...


#: Settings that do nothing unless something else is so: what that is, and how one sees it.
GOES_WITH: dict[str, tuple[str, Callable[[Placed], bool]]] = {
    "held": ("a scenario of several junctions, as Town", lambda own: any(s.road.legs > 1 for s in own.scenarios)),
    "image_size": ("--observation pixels", lambda own: own.environment.observation is Observation.PIXELS),
    "grayscale": ("--observation pixels", lambda own: own.environment.observation is Observation.PIXELS),
}


class InOneScenario:
    """A command that is done in one scenario, with an ``environment``."""

    scenario: str

    @classmethod
    def of_words(cls: type[C], words: Sequence[str], prog: str) -> C:
        """What a command line asks for.

        Raises:
            ValueError: something makes no sense.
        """
        from kindergarten.commandline import check_said, read  # tyro: runs that are looked into need none

        asked: Any = read(cls, words, prog)
        check_said(asked, words, GOES_WITH)
        return asked

    @property
    def scenarios(self) -> tuple[Scenario, ...]:
        """Where it is done."""
        return (scenario_named(self.scenario),)
