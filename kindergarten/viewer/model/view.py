"""How to look at it: what is shown, and what the player has to say."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from kindergarten.viewer.model.frame import Frame
from kindergarten.viewer.model.palette import Colour, Theme
from kindergarten.viewer.model.story import Story
from kindergarten.world.codes import Phase
from kindergarten.world.road import RoadMap

SIZE = (1280, 720)  # [px] unless somebody wants another; a point is a pixel there
FOG_EDGE = 2.5  # [m] over which fog gathers
UNSEEN = 0.4  # opacity of whoever is beyond the ego's sight
#: What stands for a phase wherever it is shown: colours of the theme, of the ground and of the letters on it.
TONES = {
    Phase.BEFORE: ("waiting", "outline"), Phase.CUE: ("signal", "outline"),
    Phase.DELAY: ("memory", "white"), Phase.AFTER: ("plain", "white"),
}  # fmt: skip
LEAST_UNIT, LARGE = 0.8, 1.35  # [px] of a point, however small the picture: letters must be read; large type


@dataclass(frozen=True)
class View:
    """What is shown, and from where."""

    follow: bool = True  # False: the camera stands still above the junction
    zoom: float = 1.0
    dark: bool = False
    reveal: bool = True  # what the others will do, which nobody can see
    beliefs: bool = True  # what the agent thinks they will do, which gives it away as well
    attention: bool = True  # whom the agent attends to
    tags: bool = True  # words above the road users: phases and beliefs
    panels: bool = True  # False: the street alone, whatever the next five say
    close_up: bool = True  # a road user from near
    policy: bool = True  # actions with their probabilities, and the value
    reward: bool = True  # term by term
    memory: bool = True  # what the agent's memory holds, over time
    timeline: bool = True
    ghosts: bool = True  # those whom the ego does not see are drawn too, faintly
    large: bool = False  # type, to be read from the last row
    focus: int = 0  # the road user to look at from near; 0: whoever has to be watched

    @property
    def innocent(self) -> View:
        """The same view without anything that tells what will happen, or what the agent makes of it."""
        return replace(
            self, reveal=False, beliefs=False, attention=False, policy=False, reward=False, memory=False, ghosts=False
        )

    @property
    def side(self) -> bool:
        """Whether anything is shown beside the street."""
        return self.panels and (self.close_up or self.policy or self.reward)


@dataclass(frozen=True)
class Hud:
    """What the player has to say, for the timeline."""

    status: str = ""
    marks: tuple[float | None, float | None] = (None, None)  # the bookmarks A and B [s]
    card: str = ""  # words at the top of the street
    tone: str = "ink"  # the theme's colour that they stand on
    points: int = 22  # how large they are
    both: bool = True  # whether they are about both streets, where there are two; or about the left one


def tones(theme: Theme, phase: Phase) -> tuple[Colour, Colour]:
    """The colours of the ground and of the letters of a phase."""
    ground, letters = TONES[phase]
    return getattr(theme, ground), getattr(theme, letters)


def unit_of(size: tuple[int, int], large: bool = False) -> float:
    """Pixels per point in a picture of this size; type grows with it."""
    return max(min(size[0] / SIZE[0], size[1] / SIZE[1]), LEAST_UNIT) * (LARGE if large else 1.0)


def visibility(story: Story, frame: Frame, ghosts: bool = True) -> np.ndarray:
    """Opacity (N,) of the road users: none in the fog, little beyond the ego's sight; none either without ghosts."""
    users, unseen = frame.users, UNSEEN if ghosts else 0.0
    clear = smoothstep(-depth_in_fog(story.road, users["x"], users["y"]) / FOG_EDGE)
    opacity = np.where(clear > 0, clear * (unseen + (1.0 - unseen) * frame.seen), 0.0)
    opacity[0] = 1.0
    return opacity


def depth_in_fog(road: RoadMap, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """How deep [m] in the fog the points are; negative outside, minus infinity where there is no fog."""
    x0, y0, x1, y1 = road.fog
    if x1 <= x0 or y1 <= y0:
        return np.full(np.shape(x), -np.inf)
    return np.minimum(np.minimum(x - x0, x1 - x), np.minimum(y - y0, y1 - y))


def smoothstep(t: np.ndarray) -> np.ndarray:
    """0 below 0, 1 above 1, and no kink between."""
    t = np.clip(t, 0.0, 1.0)
    return t * t * (3.0 - 2.0 * t)
