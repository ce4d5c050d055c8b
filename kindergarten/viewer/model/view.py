"""How to look at it: what is shown, and what the player has to say."""

from __future__ import annotations

from dataclasses import dataclass, replace

SIZE = (1280, 720)  # [px] unless somebody wants another


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
