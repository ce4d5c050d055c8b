"""Colours. Those that mean something are Okabe and Ito's, which colour-blind people can tell apart."""

from __future__ import annotations

Colour = tuple[int, int, int]

# meaning
SIGNAL: Colour = (255, 140, 0)  # an arm held out, a lit indicator, the cue
MEMORY: Colour = (92, 80, 160)  # the delay: nothing shows, only memory knows
PLAIN: Colour = (0, 158, 115)  # after t3: everybody can see it; also what is good
BELIEF: Colour = (190, 180, 232)  # what the car thinks that others will do
WAITING: Colour = (148, 153, 160)  # before t1
AHEAD: Colour = (112, 184, 236)  # the way that the ego aims for
EGO: Colour = (0, 114, 178)
ALARM: Colour = (213, 60, 30)  # brake lights, collisions

# the street
GRASS: Colour = (163, 190, 140)
GRASS_SHADE: Colour = (148, 177, 126)
TREE: Colour = (104, 146, 92)
TREE_LIGHT: Colour = (126, 166, 110)
PAVEMENT: Colour = (208, 203, 192)
KERB: Colour = (168, 164, 155)
ASPHALT: Colour = (92, 97, 105)
MARKING: Colour = (240, 239, 232)
FOG: Colour = (226, 230, 233)

# road users
CAR: Colour = (236, 231, 218)
CAR_OTHER: Colour = (190, 186, 178)
JACKET: Colour = (204, 92, 150)
JACKET_OTHER: Colour = (120, 128, 140)
GLASS: Colour = (46, 58, 70)
TYRE: Colour = (28, 30, 33)
FRAME: Colour = (150, 156, 164)
HELMET: Colour = (250, 246, 235)
LAMP: Colour = (216, 196, 160)
HEADLIGHT: Colour = (255, 246, 205)
TAIL: Colour = (150, 44, 36)

# the page
PAPER: Colour = (250, 248, 243)
CARD: Colour = (240, 236, 227)
RULE: Colour = (217, 212, 201)
INK: Colour = (33, 38, 45)
FADED: Colour = (112, 116, 122)


def mix(a: Colour, b: Colour, share: float) -> Colour:
    """``a`` with ``share`` (0..1) of ``b`` in it."""
    r, g, blue = (round(p + (q - p) * share) for p, q in zip(a, b, strict=True))
    return r, g, blue
