"""A playground where cars learn by themselves to read what others are about to do.

Importing it registers the environments with Gymnasium, and nothing else: no torch, no pygame, no kernel. What stands in
``__all__`` is stable; the rest is imported when it is asked for.
"""

import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if Path(*sys.argv[:1]).stem in ("kindergarten", "-m"):  # our command, which has not begun: Ctrl-C is one line even now
    sys.excepthook = lambda kind, error, trace: (
        print("kindergarten: stopped", file=sys.stderr)
        if kind is KeyboardInterrupt
        else sys.__excepthook__(kind, error, trace)
    )

import gymnasium

from kindergarten.extras import lazily
from kindergarten.scenarios import SCENARIOS, id_of
from kindergarten.world.config import Scenario
from kindergarten.world.words import quoted

if TYPE_CHECKING:
    from kindergarten.api import load, score
    from kindergarten.scoring.exam import Exam
    from kindergarten.scoring.score import Score

for _folder in ("agents", "envs"):  # links to the folders at the top of the tree, in a checkout
    if (Path(__file__).parent / _folder).is_file():  # where git knows no links it writes a file with the target's name
        raise ImportError(
            f"{Path(__file__).parent / _folder} is no folder of Python: this checkout has lost its symbolic links. "
            "Clone it on a file system that has them (on Windows: git config core.symlinks true), or install the wheel."
        )

__version__ = "0.2.0"
__all__ = ["IDS", "Exam", "Scenario", "Score", "__version__", "load", "register", "score"]

_LAZY = {
    "load": "kindergarten.api",
    "score": "kindergarten.api",
    "Exam": "kindergarten.scoring.exam",
    "Score": "kindergarten.scoring.score",
}
__getattr__ = lazily(__name__, _LAZY)


def __dir__() -> list[str]:
    return sorted({*globals(), *_LAZY})


#: For programs that take nothing but an id: what is added to a scenario's name, and the settings that it stands for.
VARIANTS = {
    "": {},
    "-continuous": {"control": "continuous"},
    "-users": {"observation": "users"},
    "-pixels": {"observation": "pixels"},
}
#: The ids of the scenarios that come with the package.
IDS = tuple(map(id_of, SCENARIOS))


def register(scenario: Scenario) -> str:
    """Make ``scenario`` known to Gymnasium and to the command line, and return its id.

    Raises:
        ValueError: it is no scenario, its name makes no id, or there is another scenario of that name.
    """
    if not isinstance(scenario, Scenario):
        raise ValueError(f"scenario is {quoted(scenario)}: a kindergarten.Scenario was expected")
    if not re.fullmatch(r"\w+", scenario.name, re.ASCII):
        raise ValueError(
            f"name is {quoted(scenario.name)}: ids are made of it, so it must be of letters, digits and underscores"
        )
    if SCENARIOS.get(scenario.name, scenario) != scenario:
        raise ValueError(f"there is another scenario called {scenario.name!r}: give yours a name of its own")
    for variant, settings in VARIANTS.items():
        gymnasium.register(
            id=id_of(scenario.name, variant),
            entry_point="kindergarten.envs.env:KindergartenEnv",
            vector_entry_point="kindergarten.envs.vector:KindergartenVectorEnv",
            kwargs={"scenario": scenario.name, **settings},
        )
    SCENARIOS[scenario.name] = scenario  # how it is trained may be another: that makes no other worlds
    return id_of(scenario.name)


for _scenario in tuple(SCENARIOS.values()):
    register(_scenario)
