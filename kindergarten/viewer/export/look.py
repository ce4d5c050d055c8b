"""What the page paints with: the shapes, colours, sizes, words and keys of the window, ready for JSON."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from kindergarten.viewer.draw.ground import FOG_CELL, FOG_WHOLE
from kindergarten.viewer.draw.scene import CRASH, DOTS, FAINT, HALO, HEADLIGHTS, INSET, NOTE, NOTICED, RIBBON, RING
from kindergarten.viewer.draw.text import BEAM, SPREAD
from kindergarten.viewer.model import camera, labels, words
from kindergarten.viewer.model.frame import CHOICES, JUMP, WORDS
from kindergarten.viewer.model.keys import BROWSER, PAGE, PLAYER, SPEEDS
from kindergarten.viewer.model.layout import BEYOND, TREE
from kindergarten.viewer.model.palette import DARK, LIGHT, PAINTS, Colour, Theme
from kindergarten.viewer.model.shapes import BRAKING, CYCLIST_SHADOW, REACH, SHADOW, Part, parts_of
from kindergarten.viewer.model.view import FOG_EDGE, LARGE, LEAST_UNIT, SIZE, TONES, UNSEEN
from kindergarten.world.codes import Kind, Phase
from kindergarten.world.users import MAX_STEERING, WHEELBASE

NUMBERS = {
    "widest": camera.WIDEST, "closest": camera.CLOSEST, "usual": camera.USUAL, "zoom": camera.ZOOM,
    "ahead": camera.AHEAD, "before": camera.BEFORE, "beside": camera.BESIDE,
    "size": SIZE, "leastUnit": LEAST_UNIT, "large": LARGE,
    "fogEdge": FOG_EDGE, "fogCell": FOG_CELL, "fogWhole": FOG_WHOLE, "unseen": UNSEEN,
    "ribbon": RIBBON, "noticed": NOTICED, "halo": HALO, "faint": FAINT, "dots": DOTS, "crash": CRASH,
    "inset": INSET, "ring": RING, "reach": REACH, "note": NOTE,
    "beam": BEAM, "spread": sum(SPREAD), "headlights": HEADLIGHTS, "beyond": BEYOND,
    "above": labels.ABOVE, "below": labels.BELOW, "steps": labels.STEPS, "step": labels.STEP, "edge": labels.EDGE,
    "braking": BRAKING, "steering": MAX_STEERING, "wheelbase": WHEELBASE,
    "shadow": SHADOW, "cyclistShadow": CYCLIST_SHADOW,
    "tree": TREE, "tones": list(TONES.values()),
    "speeds": SPEEDS, "jump": JUMP, "pause": words.PAUSE,
}  # fmt: skip


def look() -> dict[str, Any]:
    """All that is the same for every replay."""
    return {
        "numbers": NUMBERS,
        "themes": {theme.name: colours(theme) for theme in (LIGHT, DARK)},
        "paints": [css(paint) for paint in PAINTS],
        "words": {
            "means": list(words.MEANS.values()), "left": words.LEFT,
            "unseen": words.UNSEEN, "on": words.PHASES[Phase.CUE],
            "actions": list(WORDS.values()), "choices": CHOICES,
        },
        "keys": [
            {**key._asdict(), "keys": [BROWSER.get(name, name) for name in key.keys]}
            for key in PLAYER if key.does in PAGE
        ],
    }  # fmt: skip


def colours(theme: Theme) -> dict[str, str]:
    """A theme as CSS has colours."""
    return {name: css(value) for name, value in asdict(theme).items() if isinstance(value, tuple)}


def css(colour: Colour) -> str:
    """A colour as #rrggbb."""
    return "#{:02x}{:02x}{:02x}".format(*colour)


def style(theme: Theme) -> str:
    """The same as a rule that names them for a style sheet."""
    names = "".join(f"--{name.replace('_', '-')}:{value};" for name, value in colours(theme).items())
    return f':root[data-theme="{theme.name}"]{{color-scheme:{theme.name};{names}}}\n'


def shape(kind: Kind, length: float, width: float) -> list[Part]:
    """The parts of a road user, in thousandths of a metre's precision."""
    return [part._replace(numbers=tuple(round(n, 3) for n in part.numbers)) for part in parts_of(kind, length, width)]
