"""Which figures a report has, and what is to be seen in them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from kindergarten.agents.diagnose.report import figures


class Picture(NamedTuple):
    """A figure of a section, when there is something to draw, and what to see in it."""

    name: str
    title: str
    draw: Callable[..., None]
    present: Callable[[Mapping[str, Any]], Any]
    caption: str


def always(numbers: Mapping[str, Any]) -> bool:
    """Whether there is something to draw: whatever the numbers are."""
    return True


PICTURES: dict[str, tuple[Picture, ...]] = {
    "memory": (
        Picture(
            "sweep",
            "The longer the delay",
            figures.sweep,
            always,
            "The longer it has to remember. 0 is the best that anybody without memory can do, "
            "1 the best with the intents known. Wiped: its memory is emptied the moment the signal goes off.",
        ),
        Picture(
            "tampered",
            "With something taken away",
            figures.tampered,
            always,
            "The same worlds with something taken away, and with the past of a world that differs in intent alone. "
            "Rewritten: first the other signal, then nothing, then its own; the later one should win.",
        ),
    ),
    "credit": (
        Picture(
            "flips",
            "Exchange the cue, or something else",
            figures.flips,
            lambda n: any(flip["cue"] for flip in n["flips"]),
            "The ground truth: exchange the cue, or as many other frames, and see how far the decision moves.",
        ),
        Picture(
            "fading",
            "How the cue's gradient fades",
            figures.fading,
            lambda n: any(a and a["points"] for a in n["agents"].values()),
            "The gradient of the decision with respect to the frames of the cue. Level: the cue counts as much "
            "wherever it was. A full memory has small gradients too: see the flips.",
        ),
        Picture(
            "placed",
            "Early, in the middle, late",
            figures.placed,
            lambda n: n["places"],
            "The same cue early, in the middle and late, the decision at the same time.",
        ),
        Picture(
            "profile",
            "Which frames get the credit",
            figures.profile,
            lambda n: n["agents"]["this agent"],
            "Gradient times what a frame differs from an average one, frame by frame, at the longest delay.",
        ),
    ),
    "decided": (
        Picture(
            "foreseen",
            "When the return can be foreseen",
            figures.foreseen,
            always,
            "The return as an LSTM predicts it, frame by frame, if the car's memory is wiped at t2: it answers, but "
            "not to what was shown. Who has seen the signal knows already which of the answers will be right.",
        ),
        Picture(
            "redistributed",
            "Where the reward goes",
            figures.redistributed,
            always,
            "The differences of these predictions are the redistributed reward (RUDDER): what was earned at the end of "
            "an episode, moved to where it was decided.",
        ),
    ),
    "vanishing": (
        Picture(
            "time",
            "Backwards through time",
            figures.through_time,
            lambda n: n["time"],
            "How much of a change of the input so many frames ago arrives in the memory now.",
        ),
        Picture(
            "depth",
            "Downwards through layers",
            figures.by_depth,
            always,
            "The same question downwards: 50 untrained layers, plain, and with the remedies for it.",
        ),
    ),
    "reasons": (
        Picture(
            "conditions",
            "The goal: right answers",
            figures.conditions,
            always,
            "Right answers while colours go with the intent, mean nothing, or go against it; with the signal "
            "deleted, and with the colour deleted.",
        ),
        Picture(
            "collisions",
            "The capability: collisions",
            figures.collisions,
            always,
            "Under the same conditions. A car may drive well towards the wrong answer.",
        ),
    ),
    "probes": (
        Picture(
            "probed",
            "When the memory knows",
            figures.probed,
            always,
            "From t2 on no frame tells the intent. Whether the memory does is asked at every frame anew.",
        ),
        Picture(
            "paths",
            "The memory's path",
            figures.paths,
            lambda n: n["paths"],
            "The state's mean path for each intent, in the plane in which it moves most. Circle: the start; square: "
            "t2; dot: the last frame before the car drives.",
        ),
        Picture(
            "gates",
            "The gates",
            figures.gates,
            lambda n: n["gates"],
            "A forget gate near 1 keeps what its cell holds. Carriers: the four that tell most.",
        ),
        Picture(
            "silenced",
            "Without some of its cells",
            figures.silenced,
            lambda n: n["silenced"],
            "What is left if cells are held at zero from t2 on: is the cue in a few of them, or in all?",
        ),
    ),
    "cheating": (
        Picture(
            "written",
            "What its own columns tell",
            figures.written,
            always,
            "A probe reads the car's own columns at the moment of decision. Whoever has the controls while the signal "
            "is shown can slow down at once, and later read the speed: memory kept in the world.",
        ),
    ),
}
