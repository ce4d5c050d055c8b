"""What is said about an episode, by whoever watches it and by the car. Plain words; the page says the same ones."""

from __future__ import annotations

import numpy as np

from kindergarten.replay.replay import Replay
from kindergarten.viewer.model.frame import Frame, frame_at
from kindergarten.viewer.model.story import Passage, Role, Story
from kindergarten.world.codes import End, Intent, Kind, Phase, Signal

WILL = {
    Intent.LEFT: "turn left",
    Intent.STRAIGHT: "go straight on",
    Intent.RIGHT: "turn right",
    Intent.FIRST: "go first",
    Intent.LAST: "go last",
}
#: ... where all ways lead in one direction.
LANES = {Intent.LEFT: "move over to the left", Intent.STRAIGHT: "keep its lane", Intent.RIGHT: "move over to the right"}
#: The phases in plain words. In the second one: with a signal, without, and where the order of arrival is the sign.
PHASES = {Phase.BEFORE: "no signal yet", Phase.CUE: "signal on", Phase.DELAY: "nothing to see", Phase.AFTER: "it moves"}
SILENT, ORDER = "no signal", "who is first?"
#: ... and what they mean for somebody who watches, in a line.
MEANS = {
    Phase.BEFORE: "watch it",
    Phase.CUE: "look now",
    Phase.DELAY: "nothing shows any more: remember!",
    Phase.AFTER: "now its body tells",
}
LEFT, UNSEEN = "it has left the scene", "it goes its way, out of sight"
#: What stands on the timeline, the longest that there is room for; of the cue, if it is no secret and true.
BANDS = {
    Phase.BEFORE: ("before",),
    Phase.CUE: ("it shows what it will do", "signal on", "signal"),
    Phase.DELAY: ("nothing to see: only memory knows", "nothing to see", "delay"),
    Phase.AFTER: ("it moves", "moves"),
}
PAUSE = 5.0  # [s] that story mode stops for, whatever the speed
#: ... of a cue that shows nothing, of one that shows what is not so, of one that may be either, and of the order.
SILENT_BAND = ("no signal: it would show a turn", "no signal", "-")
WRONG_BAND = ("it shows what it will not do", "wrong signal", "wrong")
SECRET_BAND = ("does it give a signal?", "a signal?", "?")
ORDER_BAND = ("who comes first?", "first?")


def will_of(lanes: bool) -> dict[Intent, str]:
    """What each intent is called, on a road on which all ways lead in one direction (``lanes``) or on another."""
    return WILL | LANES if lanes else WILL


def does_of(lanes: bool) -> dict[Intent, str]:
    """The same, once it happens: "turns left"."""
    said = (words.partition(" ") for words in will_of(lanes).values())
    return dict(zip(WILL, (f"{verb}{'es' if verb == 'go' else 's'} {rest}" for verb, _, rest in said), strict=True))


def sentence(story: Story, frame: Frame, i: int, belief: np.ndarray) -> str:
    """What the car believes (intents,) of road user ``i``: "cyclist 2 will turn left, 94 %"."""
    best = Intent(int(belief.argmax()))
    who = f"{story.role(i, frame.time).kind.name.lower()} {i}"
    return f"{who} will {will_of(story.lanes)[best]}, {percents(belief)[best]} %"


def percents(shares: np.ndarray) -> np.ndarray:
    """Whole percents of shares (K,) or (..., K), which add up as the shares do: the largest remainders round up."""
    exact = 100.0 * np.asarray(shares, np.float64)
    whole = np.floor(exact + 1e-9)
    missing = np.round(exact.sum(-1) - whole.sum(-1)).astype(int)
    order = np.argsort(np.argsort(-(exact - whole), axis=-1, kind="stable"), axis=-1)
    return (whole + (order < missing[..., None])).astype(int)


def sign_of(role: Role) -> str:
    """How a phase without any signal is called, or "" if there is one: ``SILENT`` or ``ORDER``."""
    if role.shows:
        return ""
    return ORDER if role.intent in (Intent.FIRST, Intent.LAST) else SILENT


def badges(role: Role) -> tuple[str, ...]:
    """What the phases of a road user are called, in two or three words each."""
    return tuple(sign_of(role) or words if phase is Phase.CUE else words for phase, words in PHASES.items())


def badge(story: Story, frame: Frame, i: int) -> str:
    """What whoever watches knows of road user ``i``, in two or three words."""
    role, phase = story.role(i, frame.time), frame.phase(story, i)
    if phase is Phase.DELAY and not story.live:
        return f"{PHASES[phase]} for {max(frame.time - role.t2, 0.0):.1f} s"
    if (
        phase is Phase.CUE and story.live and frame.users[i]["signal"] == Signal.NONE
    ):  # a lamp that is dark for now is no lamp
        return sign_of(role) if sign_of(role) == ORDER else SILENT
    if phase is Phase.CUE and frame.users[i]["signal"]:  # even if it is taken back later
        return PHASES[phase]
    return badges(role)[phase]


def meaning(story: Story, frame: Frame, i: int) -> str:
    """The same for the panel: what to look at."""
    role, phase, user = story.role(i, frame.time), frame.phase(story, i), frame.users[i]
    if user["kind"] == Kind.NOBODY:
        return LEFT
    if phase is Phase.AFTER and frame.seen[i] <= 0.5:
        return UNSEEN
    signal = Signal(int(user["signal"]))
    if phase is Phase.CUE and signal:
        return f"{MEANS[phase]}: {signal.name.lower()} {'arm out' if role.kind is Kind.CYCLIST else 'lamp lit'}"
    return MEANS[phase]


def band_words(role: Role, phase: Phase, reveal: bool) -> tuple[str, ...]:
    """What stands on a phase's part of the timeline: the longest first."""
    if phase is not Phase.CUE:
        return BANDS[phase]
    if sign_of(role) == ORDER:
        return ORDER_BAND
    if not reveal:
        return SECRET_BAND
    if not role.shows:
        return SILENT_BAND
    return BANDS[phase] if role.truthful else WRONG_BAND


def signal_labels(role: Role, reveal: bool, lanes: bool) -> tuple[str, str, str]:
    """What happens at t1, t2 and t3, in words."""
    order, does = sign_of(role) == ORDER, does_of(lanes)[role.intent]
    if not reveal:
        return ("they come", "all stand", "who goes?") if order else ("signal on?", "signal off?", "it moves")
    if not role.shows:
        return ("they come", "all stand", does) if order else ("", "", does)
    return "signal on" if role.truthful else "wrong signal on", "signal off", does


def moments(story: Story, leg: Passage) -> tuple[float, float, float]:
    """When [s] what happens at t1, t2 and t3 is to be seen; at the end of the leg, if that comes before.

    A car's lamp may be dark at t1 itself, and an arm takes its time to go down.
    """
    return tuple(min(time, leg.end) for time in _moments(story, leg))  # pyright: ignore[reportReturnType]


def _moments(story: Story, leg: Passage) -> tuple[float, float, float]:
    """The same, even if the leg ends before."""
    role, lit = leg.role, np.zeros(0)
    if story.episode is not None:
        lit = story.times[(story.episode.users[:, leg.i]["signal"] == role.cue_signal) & (story.times >= role.t1)]
    shown = min(float(lit.min(initial=role.t2)), role.t2) if role.shows else role.t1
    found = shown, min(role.t2 + 0.3, role.t3), role.t3
    return tuple(max(time, leg.begin) for time in found)  # pyright: ignore[reportReturnType]


def telling(story: Story, leg: Passage, belief: np.ndarray | None) -> list[tuple[float, str]]:
    """What story mode says of a leg and when [s]; ``belief`` (intents,) is the car's at t3.

    Only what was reached is told, and of two things at one moment the later one.
    """
    role, (t1, t2, t3) = leg.role, _moments(story, leg)
    who = f"The {role.kind.name.lower()}"
    side, rider = role.cue_signal.name.lower(), role.kind is Kind.CYCLIST
    shows = f"{who} {'holds out its' if rider else 'flashes its'} {side} {'arm' if rider else 'lamp'}."
    gone = f"The {'arm is down' if rider else 'lamp is dark'}: nothing shows any more. What will it do?"
    if not role.shows:
        shows = f"{who} gives no signal."
        gone = "Nothing shows what comes next. What will it do?"
    if sign_of(role) == ORDER:
        shows, gone = f"{who} comes to the junction. Who is first?", "All stand. Nothing shows who was first. Who goes?"
    thought = ""
    if belief is not None:
        thought = f" The car was {percents(belief)[role.intent]} % sure of it."
    told = {t1: shows, t2: gone, t3: f"It {does_of(story.lanes)[role.intent]}.{thought}"}
    if t3 > leg.end:
        told = {time: words for time, words in told.items() if time < leg.end}
        if leg.end == story.duration:
            told[story.duration] = f"It is over before {who.lower()} moves."
    return sorted(told.items())


def telling_of(replay: Replay, index: int, story: Story, focus: int = 0) -> list[tuple[float, str]]:
    """What story mode says of an episode and when [s], one junction after the other; see ``Story.watched``."""
    legs = [leg for leg in story.legs(focus) if leg.i]
    beliefs = [frame_at(replay, index, moments(story, leg)[2]).belief(leg.i) for leg in legs]
    return [said for leg, belief in zip(legs, beliefs, strict=True) for said in telling(story, leg, belief)]


def end_words(story: Story) -> str:
    """How it ended, as people say it."""
    met = "" if story.met is None else f" with road user {story.met}"
    return story.end.name.lower().replace("_", " ") + met


def end_tone(end: End) -> str:
    """The colour of the theme that stands for how it ended."""
    return {End.GOAL: "plain", End.RUNNING: "faded"}.get(end, "alarm")
