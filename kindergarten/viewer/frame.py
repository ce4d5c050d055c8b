"""What there is to draw: the story of an episode, and one moment of it. Plain numbers, no pygame."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from functools import cached_property
from typing import NamedTuple

import numpy as np

from kindergarten.codes import Action, Control, End, Intent, Kind, Phase, Signal
from kindergarten.episode import Episode
from kindergarten.replay import Replay
from kindergarten.reward import TERMS
from kindergarten.road import RoadMap
from kindergarten.simulator import Simulator
from kindergarten.users import MAX_STEERING, WHEELBASE

#: What moves between decisions.
SMOOTH = ("s", "offset", "speed", "acceleration", "steering", "x", "y", "cos", "sin")
WORDS = {
    Action.LEFT: "aim further left",
    Action.IDLE: "go on as before",
    Action.RIGHT: "aim further right",
    Action.FASTER: "faster",
    Action.SLOWER: "slower",
}
CHOICES = ("left", "as before", "right", "faster", "slower")  # the same in short, in the order of Action
TIMES = ("t1", "t2", "t3")
LIVE = 14.0  # [s] on the timeline of what is still going on: as long as an episode may well last


class Role(NamedTuple):
    """What one road user is up to, from ``start`` to ``stop``. Times in seconds since the reset."""

    kind: Kind
    intent: Intent
    choice: bool  # whether it might have done something else
    signal: Signal  # what it shows from t1 to t2
    honest: bool  # whether that is true
    t1: float
    t2: float
    t3: float
    start: float
    stop: float

    @property
    def shows(self) -> bool:
        """Whether there is a signal to be seen."""
        return self.signal is not Signal.NONE

    def phase(self, time: float) -> Phase:
        """Its phase at ``time`` [s]."""
        # A frame of the simulator stands at a whole tick; the small number forgives the division.
        return Phase(sum(time + 1e-9 >= t for t in (self.t1, self.t2, self.t3)))


@dataclass(frozen=True, eq=False)
class Story:
    """What stays the same while an episode is shown. Times in seconds since the reset."""

    scenario: str
    road: RoadMap
    agent: str
    seed: int | None
    label: str  # which episode of how many
    roles: tuple[tuple[Role, ...], ...]  # of each road user, the ego first; one after the other
    intents: tuple[Intent, ...]  # that there may be, of those who have a choice
    times: np.ndarray  # (T,) [s] of the frames
    signallers: np.ndarray  # (T,) whose intent has to be remembered then
    hands_on: float
    start: float
    duration: float
    end: End
    met: int | None  # the road user that the ego collided with
    reach: float  # [m] how far ahead of the ego the signaller is at most while it signals
    beyond: float  # [m] how far behind the junction's middle, as the ego sees it
    aside: float  # [m] how far to the side of the ego, for each metre that the ego is before that
    heading: tuple[float, float]  # direction of the ego at the start
    term_names: tuple[str, ...]
    step: float  # [s] per decision
    junctions: np.ndarray  # (J, 3) x, y, radius [m]
    episode: Episode | None = None  # None: it is still being written; rewards are then those of one step

    @property
    def live(self) -> bool:
        """Whether the future is not known."""
        return self.episode is None

    @cached_property
    def lanes(self) -> bool:
        """Whether all ways lead in one direction: then nobody turns, and whoever leaves its way moves over."""
        ends = self.road.points[:, [0, -1], 2:]  # (routes, 2, 2) directions in which they begin and end
        return bool(((ends[:, 0] * ends[:, 1]).sum(1) > 0.9).all())

    def role(self, i: int, time: float = 0.0) -> Role:
        """What road user ``i`` is up to at ``time`` [s]."""
        roles = self.roles[min(i, len(self.roles) - 1)]
        return next((role for role in roles if time < role.stop - 1e-9), roles[-1])

    def watched(self, focus: int, time: float) -> int:
        """The road user to look at: ``focus``, or if that is 0, whoever has to be watched at ``time`` [s]."""
        k = int(np.clip(np.searchsorted(self.times, time + 1e-9, side="right") - 1, 0, len(self.times) - 1))
        return min(focus or int(self.signallers[k]), len(self.roles) - 1)

    def to_middle(self, ego: np.void) -> float:
        """How far [m] the middle of the next junction lies ahead of the ego; of the last one, if it is past all."""
        ahead = (self.junctions[:, 0] - ego["x"]) * ego["cos"] + (self.junctions[:, 1] - ego["y"]) * ego["sin"]
        coming = ahead[ahead > -self.junctions[:, 2]]
        return float(coming.min() if coming.size else ahead.max())


@dataclass(frozen=True)
class Frame:
    """One moment. N road users, K reward terms.

    users: (N,) ROAD_USER, moved on between the decisions.
    arms: (N,) how far an arm is held out: 1 to the left, -1 to the right, 0 not at all.
    steering: (N,) [rad] of the front wheels.
    seen: (N,) 0..1 whether the ego sees it.
    action: what the agent is doing, in words.
    terms: (K,) weighted reward so far (of the last step, if live).
    captions: (N - 1, intents) what the agent thinks the others will do, if it told; all 0: no opinion.
    attention: (N - 1,) how much it attends to the others, if it told.
    """

    time: float
    users: np.ndarray
    arms: np.ndarray
    steering: np.ndarray
    seen: np.ndarray
    target_speed: float
    end: End
    action: str
    terms: np.ndarray
    value: float | None = None
    probabilities: np.ndarray | None = None
    captions: np.ndarray | None = None
    attention: np.ndarray | None = None

    def phase(self, story: Story, i: int = 1) -> Phase:
        """Phase of road user ``i``."""
        return story.role(i, self.time).phase(self.time)

    def belief(self, i: int) -> np.ndarray | None:
        """How likely (intents,) the agent thinks each intent of road user ``i``; None if it has no opinion."""
        if self.captions is None or not 1 <= i <= len(self.captions) or not self.captions[i - 1].any():
            return None
        return self.captions[i - 1]


def story_of(replay: Replay, index: int) -> Story:
    """The story of episode ``index`` (from 0)."""
    episode = replay.episodes[index]
    users, worlds, dt = episode.users, episode.worlds, replay.physics_step
    times = worlds["tick"] * dt
    signallers = np.minimum(worlds["signaller"], users.shape[1] - 1)
    cue = users[np.arange(len(users)), signallers]["phase"] == Phase.CUE
    junctions = junctions_of(replay.road)
    story = Story(
        replay.scenario,
        replay.road,
        replay.agent,
        episode.seed,
        f"episode {index + 1} of {len(replay.episodes)}",
        tuple(_roles(users[:, i], times, dt) for i in range(users.shape[1])),
        _intents(np.concatenate([each.users[0] for each in replay.episodes])),
        times,
        signallers,
        float(worlds["hands_on"][0]) * dt,
        float(times[0]),
        float(times[-1]),
        episode.end,
        _met(users[-1]) if episode.end is End.COLLISION else None,
        0.0,
        0.0,
        0.0,
        (float(users[0, 0]["cos"]), float(users[0, 0]["sin"])),
        replay.term_names,
        dt * replay.substeps,
        junctions,
        episode,
    )
    return _with_room(story, users[cue], signallers[cue])


def live_story(simulator: Simulator, w: int) -> Story:
    """The story of a world that is still being written."""
    dt, users, world = simulator.config.physics_step, simulator.users[w], simulator.worlds[w]
    now, signaller = float(world["tick"]) * dt, min(int(world["signaller"]), len(users) - 1)
    roles = tuple(_roles(users[i : i + 1], np.array([0.0]), dt) for i in range(len(users)))
    story = Story(
        simulator.scenario.name,
        simulator.road,
        "",
        None,
        "",
        roles,
        _intents(users),
        np.zeros(1),
        np.array([signaller]),
        float(world["hands_on"]) * dt,
        0.0,
        max(now, LIVE),
        End(int(world["end"])),
        _met(users) if world["end"] == End.COLLISION else None,
        0.0,
        0.0,
        0.0,
        (float(users[0]["cos"]), float(users[0]["sin"])),
        tuple(term.name for term in TERMS),
        simulator.config.decision_step,
        junctions_of(simulator.road),
    )
    # Where it is unseen, not even the camera may know.
    return _with_room(story, users[None], np.array([signaller])) if users[signaller]["seen"] else story


def _roles(users: np.ndarray, times: np.ndarray, dt: float) -> tuple[Role, ...]:
    """What one road user (T,) is up to, one intent after the other; times (T,) [s]."""
    there = users["kind"][users["kind"] != Kind.NOBODY]
    kind = Kind(int(there[0])) if there.size else Kind.NOBODY
    what = np.stack([users[name] for name in (*TIMES, "intent")], axis=1)
    begins = [0, *(np.flatnonzero(np.any(np.diff(what, axis=0) != 0, axis=1)) + 1).tolist()]
    roles = []
    for k, following in zip(begins, [*begins[1:], None], strict=True):
        user, stop = users[k], math.inf if following is None else float(times[following])
        t1, t2, t3 = (float(user[name]) * dt for name in TIMES)
        what = (
            Intent(int(user["intent"])),
            bool(user["choices"] > 1),
            Signal(int(user["shows"])),
            bool(user["signals"]),
        )
        roles.append(Role(kind, *what, t1, t2, t3, float(times[k]), stop))
    return tuple(roles)


def _intents(users: np.ndarray) -> tuple[Intent, ...]:
    """What those of the road users (K,) who have a choice may do; left, straight and right go together."""
    found = set(users["intent"][users["choices"] > 1].tolist())
    usual = {Intent.LEFT, Intent.STRAIGHT, Intent.RIGHT}
    return tuple(intent for intent in Intent if intent in (usual if found <= usual else found))


def _met(users: np.ndarray) -> int | None:
    """Whoever is nearest to the ego."""
    if len(users) < 2:
        return None
    far = np.hypot(users["x"][1:] - users["x"][0], users["y"][1:] - users["y"][0])
    return 1 + int(np.where(users["kind"][1:] == Kind.NOBODY, np.inf, far).argmin())


def _with_room(story: Story, users: np.ndarray, signallers: np.ndarray) -> Story:
    """With ``reach``, ``beyond`` and ``aside`` of frames (T, N) in which the signallers (T,) were to be seen."""
    if not len(users):
        return story
    ego, other = users[:, 0], users[np.arange(len(users)), signallers]
    ahead = (other["x"] - ego["x"]) * ego["cos"] + (other["y"] - ego["y"]) * ego["sin"]
    aside = np.abs((other["y"] - ego["y"]) * ego["cos"] - (other["x"] - ego["x"]) * ego["sin"])
    to_middle = np.array([story.to_middle(row) for row in ego])
    return replace(
        story,
        reach=float(ahead.max()),
        beyond=float((ahead - to_middle).max()),
        aside=float((aside / np.maximum(to_middle, 10.0)).max()),
    )


def junctions_of(road: RoadMap) -> np.ndarray:
    """Middles and radii (J, 3) of a road's junctions [m]."""
    return road.junctions


def live_frame(simulator: Simulator, w: int, action: object = None) -> Frame:
    """A world as it stands."""
    users, world = simulator.users[w].copy(), simulator.worlds[w]
    driven = world["tick"] >= world["hands_on"]
    words = "" if action is None else words_of(simulator.config.control, np.ravel(np.asarray(action)))
    return Frame(
        *(float(world["tick"]) * simulator.config.physics_step, users, _arms(users), _steering(users, users)),
        *(_seen(users), float(world["target_speed"]), End(int(world["end"]))),
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
    users, arms, seen, steering = now.copy(), _arms(now), _seen(now), _steering(now, then)
    if share:
        for name in SMOOTH:
            users[name] += share * (then[name] - now[name])
        norm = np.hypot(users["cos"], users["sin"])
        users["cos"], users["sin"] = users["cos"] / norm, users["sin"] / norm
        arms += share * (_arms(then) - arms)
        seen += share * (_seen(then) - seen)
    return Frame(
        *(float(np.clip(time, times[0], times[-1])), users, arms, steering, seen),
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


def _thoughts(episode: Episode, k: int) -> tuple[float | None, np.ndarray | None, np.ndarray | None, np.ndarray | None]:
    k = min(k, len(episode.actions) - 1)
    if k < 0:
        return None, None, None, None
    value = None if episode.values is None else float(episode.values[k])
    arrays = (episode.probabilities, episode.captions, episode.attention)
    chances, captions, attention = (None if array is None else array[k] for array in arrays)
    return value, chances, captions, attention


def words_of(control: Control, action: np.ndarray) -> str:
    """An action (A,) as people say it."""
    if control is Control.DISCRETE:
        return WORDS[Action(int(action[0]))]
    pedal, wheel = float(action[0]), float(action[1])
    return f"{'gas' if pedal >= 0 else 'brake'} {abs(pedal):.2f}, {'left' if wheel >= 0 else 'right'} {abs(wheel):.2f}"


def _arms(users: np.ndarray) -> np.ndarray:
    sides = (users["signal"] == Signal.LEFT) * 1.0 - (users["signal"] == Signal.RIGHT)
    return np.where(users["kind"] == Kind.CYCLIST, sides, 0.0)


def _steering(now: np.ndarray, then: np.ndarray) -> np.ndarray:
    """Angles (N,) of the front wheels: the ego's, and for the others what their turn takes until ``then``."""
    turned = then["sin"] * now["cos"] - then["cos"] * now["sin"]
    way = np.hypot(then["x"] - now["x"], then["y"] - now["y"])
    angles = np.arctan(WHEELBASE * turned / np.maximum(way, 0.3))
    angles[0] = now["steering"][0]
    return np.clip(angles, -MAX_STEERING, MAX_STEERING)


def _seen(users: np.ndarray) -> np.ndarray:
    seen = users["seen"].astype(float)
    seen[0] = 1.0  # the ego knows where it is
    return seen


def differences(a: Episode, b: Episode) -> np.ndarray:
    """At which decisions (T,) two episodes look different to their egos; where one has ended, they do."""
    length = min(len(a.users), len(b.users))
    found = np.ones(max(len(a.users), len(b.users)), bool)
    looks = [_looks(episode.users[:length], episode.worlds[:length]) for episode in (a, b)]
    if looks[0].shape == looks[1].shape:
        found[:length] = np.any(looks[0] != looks[1], axis=1)
    return found


def _looks(users: np.ndarray, worlds: np.ndarray) -> np.ndarray:
    """What an ego could see (T, numbers): itself, and of the others those in sight."""
    shown = ("kind", "x", "y", "cos", "sin", "speed", "signal", "length", "width")
    own = [users[name][:, :1] for name in ("x", "y", "cos", "sin", "speed", "steering", "intent")]
    others = [np.where(users["seen"][:, 1:] > 0, users[name][:, 1:], 0.0) for name in shown]
    return np.concatenate([*own, *others, users["seen"][:, 1:], worlds["target_speed"][:, None]], axis=1)


def depth_in_fog(road: RoadMap, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """How deep [m] in the fog the points are; negative outside, minus infinity where there is no fog."""
    x0, y0, x1, y1 = road.fog
    if x1 <= x0 or y1 <= y0:
        return np.full(np.shape(x), -math.inf)
    return np.minimum(np.minimum(x - x0, x1 - x), np.minimum(y - y0, y1 - y))
