"""What there is to draw: the story of an episode, and one moment of it. Plain numbers, no pygame."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np

from kindergarten.codes import Action, Control, End, Intent, Kind, Phase, Signal
from kindergarten.replay import Episode, Replay
from kindergarten.reward import TERMS
from kindergarten.road import RoadMap
from kindergarten.simulator import Simulator

SMOOTH = (
    "s",
    "offset",
    "speed",
    "acceleration",
    "steering",
    "x",
    "y",
    "cos",
    "sin",
)  # what moves between decisions
WORDS = {
    Action.LEFT: "aim further left",
    Action.IDLE: "go on as before",
    Action.RIGHT: "aim further right",
    Action.FASTER: "faster",
    Action.SLOWER: "slower",
}
CHOICES = ("left", "as before", "right", "faster", "slower")  # the same in short, in the order of Action


@dataclass(frozen=True)
class Story:
    """What stays the same while an episode is shown. Times in seconds since the reset."""

    scenario: str
    road: RoadMap
    agent: str
    seed: int | None
    label: str  # which episode of how many
    intent: Intent  # of road user 1, the signaller
    kind: Kind  # of road user 1
    signals: bool  # whether it signals
    t1: float
    t2: float
    t3: float
    hands_on: float
    duration: float
    end: End
    reach: float  # [m] how far ahead of the ego the signaller is at most while it signals
    beyond: float  # [m] how far behind the junction's middle, as the ego sees it
    heading: tuple[float, float]  # direction of the ego at the start
    term_names: tuple[str, ...]
    live: bool = False  # True: the future is not known, and rewards are those of one step


@dataclass(frozen=True)
class Frame:
    """One moment. N road users, K reward terms.

    users: (N,) ROAD_USER, moved on between the decisions.
    arms: (N,) how far an arm is held out: 1 to the left, -1 to the right, 0 not at all.
    seen: (N,) 0..1 whether the ego sees it.
    action: what the agent is doing, in words.
    terms: (K,) weighted reward so far (of the last step, if live).
    captions: (N - 1, intents) what the agent thinks the others will do, if it told; all 0: no opinion.
    """

    time: float
    users: np.ndarray
    arms: np.ndarray
    seen: np.ndarray
    target_speed: float
    end: End
    action: str
    terms: np.ndarray
    value: float | None = None
    probabilities: np.ndarray | None = None
    captions: np.ndarray | None = None

    def phase(self, story: Story) -> Phase:
        """Phase of road user 1."""
        # A frame of the simulator stands at a whole tick; the small number forgives the division.
        now = self.time + 1e-9
        return Phase(sum(now >= t for t in (story.t1, story.t2, story.t3)))

    def belief(self, i: int) -> np.ndarray | None:
        """How likely (intents,) the agent thinks each intent of road user ``i``; None if it has no opinion."""
        if self.captions is None or not 1 <= i <= len(self.captions) or not self.captions[i - 1].any():
            return None
        return self.captions[i - 1]


def story_of(replay: Replay, index: int) -> Story:
    """The story of episode ``index`` (from 0)."""
    episode = replay.episodes[index]
    label = f"episode {index + 1} of {len(replay.episodes)}"
    story = _story(replay.scenario, replay.road, replay.physics_step, episode.users[0], episode.worlds[-1])
    cue = episode.users[episode.users[:, min(1, episode.users.shape[1] - 1)]["phase"] == Phase.CUE]
    reach, beyond = _room(cue, replay.road) if len(cue) else (0.0, 0.0)
    story = replace(story, agent=replay.agent, seed=episode.seed, label=label, term_names=replay.term_names)
    return replace(story, reach=reach, beyond=beyond)


def _story(scenario: str, road: RoadMap, dt: float, users: np.ndarray, world: np.void) -> Story:
    signaller = users[min(1, len(users) - 1)]
    t1, t2, t3 = (float(signaller[t]) * dt for t in ("t1", "t2", "t3"))
    return Story(
        *(scenario, road, "", None, "", Intent(int(signaller["intent"])), Kind(int(signaller["kind"]))),
        *(bool(signaller["signals"]), t1, t2, t3, float(world["hands_on"]) * dt, float(world["tick"]) * dt),
        *(End(int(world["end"])), 0.0, 0.0),
        (float(users[0]["cos"]), float(users[0]["sin"])),
        tuple(term.name for term in TERMS),
    )


def _room(users: np.ndarray, road: RoadMap) -> tuple[float, float]:
    """``Story.reach`` and ``Story.beyond`` of frames (T, N) in which the signaller was to be seen."""
    ego, other = users[:, 0], users[:, min(1, users.shape[1] - 1)]
    ahead = (other["x"] - ego["x"]) * ego["cos"] + (other["y"] - ego["y"]) * ego["sin"]
    to_middle = road.entry + road.half_width - ego["s"]
    return float(ahead.max()), float((ahead - to_middle).max())


def live_story(simulator: Simulator, w: int) -> Story:
    """The story of a world that is still being written."""
    dt = simulator.config.physics_step
    name, world = simulator.scenario.name, simulator.worlds[w]
    story = _story(name, simulator.road, dt, simulator.users[w], world)
    users = simulator.users[w]
    seen = bool(users[min(1, len(users) - 1)]["seen"])  # where it is unseen, not even the camera may know
    reach, beyond = _room(users[None], simulator.road) if seen else (0.0, 0.0)
    return replace(story, live=True, duration=max(story.duration, story.t3 + 4.0), reach=reach, beyond=beyond)


def live_frame(simulator: Simulator, w: int, action: object = None) -> Frame:
    """A world as it stands."""
    users, world = simulator.users[w].copy(), simulator.worlds[w]
    driven = world["tick"] >= world["hands_on"]
    words = "" if action is None else words_of(simulator.config.control, np.ravel(np.asarray(action)))
    return Frame(
        *(float(world["tick"]) * simulator.config.physics_step, users, _arms(users), _seen(users)),
        *(float(world["target_speed"]), End(int(world["end"]))),
        words if driven else "",
        simulator.terms[w].copy(),
    )


def decision_times(replay: Replay, index: int) -> np.ndarray:
    """When the frames (T + 1,) of an episode were recorded [s]."""
    return replay.episodes[index].worlds["tick"] * replay.physics_step


def frame_at(replay: Replay, index: int, time: float) -> Frame:
    """Episode ``index`` at ``time`` [s]: exactly what was recorded at a decision, smooth in between.

    What is either so or not (a lamp, who is seen) stays as it was at the last decision, as the agent saw it.
    """
    episode, times = replay.episodes[index], decision_times(replay, index)
    k = int(np.clip(np.searchsorted(times, time + 1e-9, side="right") - 1, 0, len(times) - 1))
    now, then = episode.users[k], episode.users[min(k + 1, len(times) - 1)]
    span = times[min(k + 1, len(times) - 1)] - times[k]
    share = float(np.clip((time - times[k]) / span, 0.0, 1.0)) if span else 0.0
    share = 0.0 if share < 1e-6 else share
    users, arms, seen = now.copy(), _arms(now), _seen(now)
    if share:
        for name in SMOOTH:
            users[name] += share * (then[name] - now[name])
        norm = np.hypot(users["cos"], users["sin"])
        users["cos"], users["sin"] = users["cos"] / norm, users["sin"] / norm
        arms += share * (_arms(then) - arms)
        seen += share * (_seen(then) - seen)
    return Frame(
        *(float(np.clip(time, times[0], times[-1])), users, arms, seen),
        float(episode.worlds["target_speed"][min(k + (share > 0), len(times) - 1)]),
        End(int(episode.worlds["end"][k])),
        _action(replay, episode, k),
        episode.terms[:k].sum(axis=0),
        *_thoughts(episode, k),
    )


def _action(replay: Replay, episode: Episode, k: int) -> str:
    world = episode.worlds[k]
    if k >= len(episode.actions) or world["tick"] < world["hands_on"]:
        return ""
    return words_of(replay.control, episode.actions[k])


def _thoughts(episode: Episode, k: int) -> tuple[float | None, np.ndarray | None, np.ndarray | None]:
    k = min(k, len(episode.actions) - 1)
    if k < 0:
        return None, None, None
    value = None if episode.values is None else float(episode.values[k])
    chances, captions = (None if a is None else a[k] for a in (episode.probabilities, episode.captions))
    return value, chances, captions


def words_of(control: Control, action: np.ndarray) -> str:
    """An action (A,) as people say it."""
    if control is Control.DISCRETE:
        return WORDS[Action(int(action[0]))]
    pedal, wheel = float(action[0]), float(action[1])
    return f"{'gas' if pedal >= 0 else 'brake'} {abs(pedal):.2f}, {'left' if wheel >= 0 else 'right'} {abs(wheel):.2f}"


def _arms(users: np.ndarray) -> np.ndarray:
    sides = (users["signal"] == Signal.LEFT) * 1.0 - (users["signal"] == Signal.RIGHT)
    return np.where(users["kind"] == Kind.CYCLIST, sides, 0.0)


def _seen(users: np.ndarray) -> np.ndarray:
    seen = users["seen"].astype(float)
    seen[0] = 1.0  # the ego knows where it is
    return seen


def depth_in_fog(road: RoadMap, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """How deep [m] in the fog the points are; negative outside, minus infinity where there is no fog."""
    x0, y0, x1, y1 = road.fog
    if x1 <= x0 or y1 <= y0:
        return np.full(np.shape(x), -math.inf)
    return np.minimum(np.minimum(x - x0, x1 - x), np.minimum(y - y0, y1 - y))
