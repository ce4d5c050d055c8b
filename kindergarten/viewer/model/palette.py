"""Colours, in a light and a dark theme. Those that mean something are Okabe and Ito's, which colour-blind people
can tell apart; where two of them stand side by side they differ in lightness too.
"""

from __future__ import annotations

from dataclasses import astuple, dataclass, replace
from functools import lru_cache

Colour = tuple[int, int, int]
WHITE: Colour = (255, 255, 255)
DARKNESS: Colour = (33, 38, 45)  # letters on what is bright in either theme, outlines of figures


@dataclass(frozen=True)
class Theme:
    """One colour for each thing; see LIGHT for what is what."""

    name: str
    beams: bool = False  # whether headlights throw light that one sees
    # meaning
    signal: Colour = (255, 140, 0)  # an arm held out, a lit indicator, the cue
    memory: Colour = (92, 80, 160)  # the delay: nothing shows, only memory knows
    plain: Colour = (0, 148, 108)  # after t3: everybody can see it; also what is good
    belief: Colour = (190, 180, 232)  # what the car thinks that others will do
    waiting: Colour = (160, 165, 172)  # before t1
    ahead: Colour = (112, 184, 236)  # the way that the ego aims for
    notice: Colour = (222, 120, 180)  # what it attends to
    ego: Colour = (0, 114, 178)
    alarm: Colour = (213, 60, 30)  # brake lights, collisions
    # the street
    grass: Colour = (163, 190, 140)
    grass_shade: Colour = (148, 177, 126)
    tree: Colour = (104, 146, 92)
    tree_light: Colour = (126, 166, 110)
    pavement: Colour = (208, 203, 192)
    kerb: Colour = (168, 164, 155)
    asphalt: Colour = (92, 97, 105)
    marking: Colour = (240, 239, 232)
    roof: Colour = (196, 164, 140)
    wall: Colour = (150, 122, 104)
    fog: Colour = (226, 230, 233)
    # road users
    glass: Colour = (46, 58, 70)
    tyre: Colour = (28, 30, 33)
    frame: Colour = (150, 156, 164)
    helmet: Colour = (250, 246, 235)
    lamp: Colour = (216, 196, 160)
    spark: Colour = (255, 214, 120)  # the heart of a lit lamp
    cargo: Colour = (230, 224, 214)
    outline: Colour = DARKNESS
    white: Colour = WHITE
    headlight: Colour = (255, 246, 205)
    tail: Colour = (150, 44, 36)
    # the page
    paper: Colour = (250, 248, 243)
    card: Colour = (240, 236, 227)
    rule: Colour = (217, 212, 201)
    ink: Colour = (33, 38, 45)
    faded: Colour = (104, 108, 115)
    heading: Colour = (0, 101, 160)
    low: Colour = (28, 92, 160)  # of a heat map: negative, shut
    high: Colour = (214, 94, 0)  # positive, open

    def colours(self) -> list[Colour]:
        """All of them."""
        return [value for value in astuple(self) if isinstance(value, tuple)]


LIGHT = Theme("light")
DARK = replace(
    LIGHT, name="dark", beams=True, memory=(120, 106, 204), waiting=(112, 117, 126), ahead=(104, 170, 220),
    grass=(47, 60, 50), grass_shade=(38, 50, 42), tree=(46, 78, 54), tree_light=(60, 95, 66),
    pavement=(86, 87, 88), kerb=(70, 71, 73), asphalt=(41, 44, 50), marking=(190, 190, 182),
    roof=(98, 82, 72), wall=(64, 54, 48), fog=(92, 98, 106), frame=(118, 124, 132),
    paper=(23, 26, 31), card=(38, 42, 49), rule=(56, 61, 70), ink=(233, 235, 238), faded=(152, 158, 168),
    heading=(104, 184, 236), low=(80, 160, 235), high=(255, 150, 50),
)  # fmt: skip

#: What cars and jackets are painted with, by their codes.Colour. Muted: a lit lamp must stand out on all of them.
PAINTS: tuple[Colour, ...] = ((176, 92, 62), (96, 128, 196), (238, 234, 224))


def mix(a: Colour, b: Colour, share: float) -> Colour:
    """``a`` with ``share`` (0..1) of ``b`` in it."""
    r, g, blue = (round(p + (q - p) * share) for p, q in zip(a, b, strict=True))
    return r, g, blue


@lru_cache(512)
def blend(name: str, theme: Theme, body: Colour = WHITE) -> Colour:
    """A colour of the theme by its name, or ``body``; ``a/b/0.35`` is a with 0.35 of b in it."""
    first, *rest = name.split("/")
    colour = body if first == "body" else getattr(theme, first)
    return mix(colour, getattr(theme, rest[0]), float(rest[1])) if rest else colour
