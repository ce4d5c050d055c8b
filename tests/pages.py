"""What the tests of the page share: replays to show, one of them with words that mean harm."""

from __future__ import annotations

import numpy as np

from kindergarten.replay.episode import Episode
from kindergarten.replay.replay import Replay
from kindergarten.replay.thoughts import Thoughts
from kindergarten.world.codes import Action, Colour, Intent, Kind, Phase, Signal
from kindergarten.world.config import Junction
from kindergarten.world.road import build
from kindergarten.world.users import ROAD_USER, WORLD
from tests.driving import steadily
from tests.recording import record, twins

HOSTILE = "</script><script>window.hacked = 1</script><img src=x onerror='window.hacked = 2'>&amp;${data}<!--\u2028"


def drive(name: str, decisions: int = 1000) -> Replay:
    """Twins with one thought about everybody; the driver speeds up once it may."""
    family = twins(name, 3)
    captions = np.zeros((family.num_users - 1, len(Intent)))
    captions[0, :2] = 0.75, 0.25
    thoughts = Thoughts(
        values=np.array(-0.5),
        probabilities=np.full(len(Action), 1 / len(Action)),
        captions=captions,
        attention=np.linspace(1, 0, len(captions)),
    )
    return record(family, steadily(Action.FASTER), lambda w: thoughts, "always faster", 3, decisions)


def still_life() -> Replay:
    """Two frames of everything that there is to draw, at places of our own choice."""
    users = np.zeros((2, 4), ROAD_USER)
    for name, values in {
        "kind": (Kind.CAR, Kind.CYCLIST, Kind.CAR, Kind.CYCLIST), "route": (1, 6, 4, 11),
        "x": (1.75, -1.75, 14.0, -6.0), "y": (-16.0, 5.0, 1.75, 2.6),
        "cos": (0.0, 0.0, -1.0, -1.0), "sin": (1.0, -1.0, 0.0, 0.0), "s": (52.0, 0.0, 0.0, 0.0),
        "length": (4.5, 1.8, 4.5, 1.8), "width": (1.8, 0.65, 1.8, 0.65), "acceleration": (-3.0, 0.0, 0.0, 0.0),
        "signal": (Signal.NONE, Signal.LEFT, Signal.LEFT, Signal.NONE), "seen": (1, 1, 1, 1), "phase": Phase.CUE,
        "t2": 10, "t3": 20, "intent": Intent.LEFT, "truthful": 1, "cue_signal": Signal.LEFT, "choices": 3,
        "colour": (Colour.WHITE, Colour.ORANGE, Colour.WHITE, Colour.BLUE),
        "member": (0, 1, 2, 3),
    }.items():  # fmt: skip
        users[name] = values
    worlds = np.zeros(2, WORLD)
    worlds["tick"], worlds["signaller"] = (0, 2), 1
    road = build(Junction(), 60.0, 3.5, (20.0, -50.0, 60.0, 50.0), [(-34.0, 12.0, -14.0, 26.0)])
    terms = np.zeros((1, 7))
    return Replay("Still life", road, (Episode(users, worlds, np.array([[float(Action.IDLE)]]), terms),), 0.1, 2)
