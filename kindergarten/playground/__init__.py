"""Several agents in one world, each with a goal of its own that nobody else knows, and with lamps to use or not."""

from kindergarten.playground import junction4, meeting, square
from kindergarten.world.config import Scenario
from kindergarten.world.words import chosen

#: The scenarios for several agents; apart from those for one, which have references and a score.
PLAYGROUNDS: dict[str, Scenario] = {module.SCENARIO.name: module.SCENARIO for module in (meeting, junction4, square)}


def playground_named(scenario: str | Scenario) -> Scenario:
    """The scenario for several agents of that name; one of one's own as it is.

    Raises:
        ValueError: there is none; the message names the choices.
    """
    own = isinstance(scenario, Scenario)
    return scenario if own else chosen("scenario for several agents", scenario, PLAYGROUNDS)
