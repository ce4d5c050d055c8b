"""What the car thinks of a road user, as a sentence. Plain words, no pygame."""

from __future__ import annotations

import numpy as np

from kindergarten.viewer.model.frame import Frame
from kindergarten.viewer.model.story import Role, Story
from kindergarten.world.codes import Intent

WILL = {
    Intent.LEFT: "turn left",
    Intent.STRAIGHT: "go straight on",
    Intent.RIGHT: "turn right",
    Intent.FIRST: "go first",
    Intent.LAST: "go last",
}
#: ... where all ways lead in one direction.
LANES = {Intent.LEFT: "move over to the left", Intent.STRAIGHT: "keep its lane", Intent.RIGHT: "move over to the right"}


def will_of(lanes: bool) -> dict[Intent, str]:
    """What each intent is called, on a road on which all ways lead in one direction (``lanes``) or on another."""
    return WILL | LANES if lanes else WILL


def sentence(story: Story, frame: Frame, i: int, belief: np.ndarray) -> str:
    """What the car believes (intents,) of road user ``i``: "cyclist 2 will turn left, 94 %, signalled 2.6 s ago"."""
    role, best = story.role(i, frame.time), Intent(int(belief.argmax()))
    said = f"{role.kind.name.lower()} {i} will {will_of(story.lanes)[best]}, {100 * belief[best]:.0f} %"
    return ", ".join(part for part in (said, signal_words(role, frame.time, story.remembers)) if part)


def signal_words(role: Role, time: float, remembers: bool) -> str:
    """How long ago [s] it signalled, seen from ``time`` [s]; nothing if it has not, or if the car cannot remember."""
    if not role.shows or time + 1e-9 < role.t1:
        return ""
    if time + 1e-9 < role.t2:
        return "signals now"
    return f"signalled {max(time - role.t2, 0.0):.1f} s ago" if remembers else ""
