"""The story of an episode: what stays the same while it is drawn. Plain numbers, no pygame."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from functools import cached_property
from typing import NamedTuple

import numpy as np

from kindergarten.replay.episode import Episode
from kindergarten.replay.replay import Replay
from kindergarten.world.codes import End, Intent, Kind, Phase, Signal
from kindergarten.world.reward import TERMS
from kindergarten.world.road import RoadMap
from kindergarten.world.simulator import Simulator

TIMES = ("t1", "t2", "t3")
LIVE = 14.0  # [s] on the timeline of what is still going on: as long as an episode may well last


class Role(NamedTuple):
    """What one road user is up to, from ``start`` to ``stop``. Times in seconds since the reset."""

    kind: Kind
    intent: Intent
    choice: bool  # whether it might have done something else
    cue_signal: Signal  # what it shows from t1 to t2
    truthful: bool  # whether that is true
    t1: float
    t2: float
    t3: float
    start: float
    stop: float

    @property
    def shows(self) -> bool:
        """Whether there is a signal to be seen."""
        return self.cue_signal is not Signal.NONE

    def phase(self, time: float) -> Phase:
        """Its phase at ``time`` [s]."""
        # A frame of the simulator stands at a whole tick; the small number forgives the division.
        return Phase(sum(time + 1e-9 >= t for t in (self.t1, self.t2, self.t3)))


class Passage(NamedTuple):
    """From ``begin`` to ``end`` [s], as long as road user ``i`` is to be looked at and is up to one thing."""

    i: int
    role: Role
    begin: float
    end: float


@dataclass(frozen=True, eq=False, kw_only=True)
class Story:
    """What stays the same while an episode is shown. Times in seconds since the reset."""

    scenario: str
    road: RoadMap
    agent: str = ""
    seed: int | None = None
    label: str = ""  # which episode of how many
    roles: tuple[tuple[Role, ...], ...]  # of each road user, the ego first; one after the other
    intents: tuple[Intent, ...]  # that there may be, of those who have a choice
    times: np.ndarray  # (T,) [s] of the frames
    signallers: np.ndarray  # (T,) whose intent has to be remembered then
    hands_on: np.ndarray  # (T,) [s] from when on the agent drives, in the leg of that frame
    start: float
    duration: float
    end: End
    met: int | None  # the road user that the ego collided with
    heading: tuple[float, float]  # direction of the ego at the start
    term_names: tuple[str, ...] = ()
    step: float = 0.0  # [s] per decision
    episode: Episode | None = None  # None: it is still being written; rewards are then those of one decision
    reach: float = 0.0  # [m] how far ahead of the ego the signaller is at most while it signals
    beyond: float = 0.0  # [m] how far behind the junction's middle, as the ego sees it
    aside: float = 0.0  # [m] how far to the side of the ego, for each metre that the ego is before that

    @property
    def remembers(self) -> bool:
        """Whether the car has a memory that holds what it knows."""
        return self.episode is not None and self.episode.thoughts.cells is not None

    @property
    def live(self) -> bool:
        """Whether the future is not known."""
        return self.episode is None

    @cached_property
    def lanes(self) -> bool:
        """Whether nobody turns, and whoever leaves its way moves over."""
        return one_way(self.road)

    def tells_aim(self, reveal: bool) -> bool:
        """Whether it may be shown what the ego aims for: a goal that only it knows is hidden with all the others'."""
        return reveal or not self.roles[0][0].choice

    def role(self, i: int, time: float = 0.0) -> Role:
        """What road user ``i`` is up to at ``time`` [s]."""
        roles = self.roles[min(i, len(self.roles) - 1)]
        return next((role for role in roles if time < role.stop - 1e-9), roles[-1])

    def watched(self, focus: int, time: float) -> int:
        """The road user to look at: ``focus``, or if that is 0, whoever has to be watched at ``time`` [s]."""
        return min(focus or int(self.signallers[self._frame_at(time)]), len(self.roles) - 1)

    def legs(self, focus: int = 0) -> list[Passage]:
        """Whom to look at (see ``watched``), one junction after the other; none that only the last frame has."""
        what = [(i, self.role(i, time)) for time in self.times.tolist() for i in [self.watched(focus, time)]]
        firsts = [k for k in range(max(len(what) - 1, 1)) if not k or what[k] != what[k - 1]]
        begins = self.times[firsts].tolist()
        ends = [*begins[1:], self.duration]
        return [Passage(*what[k], begin, end) for k, begin, end in zip(firsts, begins, ends, strict=True)]

    def hands_on_at(self, time: float) -> float:
        """From when on [s] the agent drives, in the leg that it is in at ``time`` [s]."""
        return float(self.hands_on[self._frame_at(time)])

    @cached_property
    def driven(self) -> list[tuple[float, float]]:
        """From when to when [s] the agent drives, leg by leg."""
        firsts = np.flatnonzero(np.diff(self.hands_on)) + 1
        begins = self.hands_on[[0, *firsts]].tolist()
        return list(zip(begins, [*self.times[firsts].tolist(), self.duration], strict=True))

    def _frame_at(self, time: float) -> int:
        return int(np.clip(np.searchsorted(self.times, time + 1e-9, side="right") - 1, 0, len(self.times) - 1))

    def to_middle(self, ego: np.void) -> float:
        """How far [m] the middle of the next junction lies ahead of the ego; of the last one, if it is past all."""
        x, y, radius = self.road.junctions.T
        ahead = (x - ego["x"]) * ego["cos"] + (y - ego["y"]) * ego["sin"]
        coming = ahead[ahead > -radius]
        return float(coming.min() if coming.size else ahead.max())


def one_way(road: RoadMap) -> bool:
    """Whether all ways lead in one direction."""
    ends = road.points[:, [0, -1], 2:]  # (routes, 2, 2) directions in which they begin and end
    return bool(((ends[:, 0] * ends[:, 1]).sum(1) > 0.9).all())


def story_of(replay: Replay, index: int) -> Story:
    """The story of episode ``index`` (from 0)."""
    episode, dt = replay.episodes[index], replay.physics_step
    users, worlds = episode.users, episode.worlds
    story = replace(
        _story(replay.scenario, replay.road, users, worlds, worlds["tick"] * dt, dt),
        agent=replay.agent,
        seed=episode.seed,
        label=f"episode {index + 1} of {len(replay.episodes)}",
        intents=_intents(np.concatenate([each.users[0] for each in replay.episodes])),
        term_names=replay.term_names,
        step=dt * replay.substeps,
        episode=episode,
    )
    cue = users[np.arange(len(users)), story.signallers]["phase"] == Phase.CUE
    return _with_room(story, users[cue], story.signallers[cue])


def live_story(simulator: Simulator, w: int) -> Story:
    """The story of a world that is still being written."""
    dt, users, worlds = simulator.config.physics_step, simulator.users[w : w + 1], simulator.worlds[w : w + 1]
    story = replace(
        _story(simulator.scenario.name, simulator.road, users, worlds, np.zeros(1), dt),
        duration=max(float(worlds["tick"][0]) * dt, LIVE),
        term_names=tuple(term.name for term in TERMS),
        step=simulator.config.decision_step,
    )
    # Where it is unseen, not even the camera may know.
    return _with_room(story, users, story.signallers) if users[0, story.signallers[0]]["seen"] else story


def _story(
    scenario: str, road: RoadMap, users: np.ndarray, worlds: np.ndarray, times: np.ndarray, dt: float
) -> Story:  # fmt: skip
    """What frames (T, N) and (T,) tell by themselves; ``times`` (T,) [s] of them."""
    ego = users[0, 0]
    return Story(
        scenario=scenario,
        road=road,
        roles=tuple(_roles(column, times, dt) for column in users.T),
        intents=_intents(users[0]),
        times=times,
        signallers=np.minimum(worlds["signaller"], users.shape[1] - 1),
        hands_on=worlds["hands_on"] * dt,
        start=float(times[0]),
        duration=float(times[-1]),
        end=End(int(worlds["end"][-1])),
        met=_met(users[-1]) if worlds["end"][-1] == End.COLLISION else None,
        heading=(float(ego["cos"]), float(ego["sin"])),
    )


def _roles(users: np.ndarray, times: np.ndarray, dt: float) -> tuple[Role, ...]:
    """What one road user (T,) is up to, one intent after the other; times (T,) [s]."""
    kind = kind_of(users)
    what = np.stack([users[name] for name in (*TIMES, "intent")], axis=1)
    begins = [0, *(np.flatnonzero(np.any(np.diff(what, axis=0) != 0, axis=1)) + 1).tolist()]
    roles = []
    for k, following in zip(begins, [*begins[1:], None], strict=True):
        user, stop = users[k], math.inf if following is None else float(times[following])
        intent, signal = Intent(int(user["intent"])), Signal(int(user["cue_signal"]))
        t1, t2, t3 = (float(user[name]) * dt for name in TIMES)
        choice, truthful = bool(user["choices"] > 1), bool(user["truthful"])
        roles.append(Role(kind, intent, choice, signal, truthful, t1, t2, t3, float(times[k]), stop))
    return tuple(roles)


def kind_of(users: np.ndarray) -> Kind:
    """What a road user (T,) is, when it is there."""
    there = users["kind"][users["kind"] != Kind.NOBODY]
    return Kind(int(there[0])) if there.size else Kind.NOBODY


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
