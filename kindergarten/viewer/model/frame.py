"""What there is to draw: one moment of an episode. Plain numbers, no pygame."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from kindergarten.replay.episode import Episode
from kindergarten.replay.replay import Replay
from kindergarten.replay.thoughts import Thoughts
from kindergarten.viewer.model.shapes import larger
from kindergarten.viewer.model.story import Story
from kindergarten.world.codes import Action, Control, End, Kind, Phase, Signal
from kindergarten.world.simulator import Simulator
from kindergarten.world.users import MAX_STEERING, WHEELBASE

JUMP = 5.0, 2.0  # [m], [s]: whoever is elsewhere by more than so far, and so long at its speed, has not driven there
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


@dataclass(frozen=True)
class Frame:
    """One moment. N road users, K reward terms.

    users: (N,) ROAD_USER, moved on between the decisions.
    arms: (N,) how far an arm is held out: 1 to the left, -1 to the right, 0 not at all.
    steering: (N,) [rad] of the front wheels.
    seen: (N,) 0..1 whether the ego sees it.
    larger: (N,) times life size that it is drawn.
    action: what the agent is doing, in words.
    terms: (K,) weighted reward so far (of the last step, if live).
    thoughts: what the agent thinks, without the axis of decisions.
    """

    time: float
    users: np.ndarray
    arms: np.ndarray
    steering: np.ndarray
    seen: np.ndarray
    larger: np.ndarray
    target_speed: float
    end: End
    action: str
    terms: np.ndarray
    thoughts: Thoughts = Thoughts()

    def phase(self, story: Story, i: int = 1) -> Phase:
        """Phase of road user ``i``."""
        return story.role(i, self.time).phase(self.time)

    def belief(self, i: int) -> np.ndarray | None:
        """How likely (intents,) the agent thinks each intent of road user ``i``; None if it has no opinion."""
        captions = self.thoughts.captions
        if captions is None or not 1 <= i <= len(captions) or not captions[i - 1].any():
            return None
        return captions[i - 1]


def live_frame(simulator: Simulator, w: int, action: object = None) -> Frame:
    """A world as it stands."""
    users, world = simulator.users[w].copy(), simulator.worlds[w]
    driven = world["tick"] >= world["hands_on"]
    shown = _seen(users) > 0  # whoever is out of sight may not even change how large others are drawn
    words = "" if action is None else words_of(simulator.config.control, np.ravel(np.asarray(action)))
    return Frame(
        time=float(world["tick"]) * simulator.config.physics_step,
        users=users,
        arms=_arms(users),
        steering=_steering(users, users),
        seen=_seen(users),
        larger=_larger(users, shown),
        target_speed=float(world["target_speed"]),
        end=End(int(world["end"])),
        action=words if driven else "",
        terms=simulator.terms[w].copy(),
    )


def recorded(story: Story, k: int) -> Frame:
    """Frame ``k`` of an episode, of which one only wants to know where everybody is."""
    assert story.episode is not None
    users = story.episode.users[k]
    return Frame(
        time=float(story.times[k]),
        users=users,
        arms=_arms(users),
        steering=np.zeros(len(users)),
        seen=_seen(users),
        larger=larger(users),
        target_speed=0.0,
        end=End.RUNNING,
        action="",
        terms=np.zeros(0),
    )


def frame_at(replay: Replay, index: int, time: float) -> Frame:
    """Episode ``index`` at ``time`` [s]: exactly what was recorded at a decision, smooth in between.

    What is either so or not (a lamp, who is seen) stays as it was at the last decision, as the agent saw it; so does
    whoever is gone at the next one, or somewhere else.
    """
    episode = replay.episodes[index]
    times = episode.worlds["tick"] * replay.physics_step
    k = int(np.clip(np.searchsorted(times, time + 1e-9, side="right") - 1, 0, len(times) - 1))
    now, then = episode.users[k], episode.users[min(k + 1, len(times) - 1)]
    span = times[min(k + 1, len(times) - 1)] - times[k]
    share = float(np.clip((time - times[k]) / span, 0.0, 1.0)) if span else 0.0
    share = 0.0 if share < 1e-6 else share
    users, arms, seen, steering = now.copy(), _arms(now), _seen(now), _steering(now, then)
    if share:
        far = np.hypot(then["x"] - now["x"], then["y"] - now["y"])
        shares = np.where((far > JUMP[0] + JUMP[1] * now["speed"]) | (then["kind"] == Kind.NOBODY), 0.0, share)
        for name in SMOOTH:
            users[name] += shares * (then[name] - now[name])
        norm = np.hypot(users["cos"], users["sin"])
        users["cos"], users["sin"] = users["cos"] / norm, users["sin"] / norm
        arms += shares * (_arms(then) - arms)
        seen += shares * (_seen(then) - seen)
    return Frame(
        time=float(np.clip(time, times[0], times[-1])),
        users=users,
        arms=arms,
        steering=steering,
        seen=seen,
        larger=larger(users),
        target_speed=float(episode.worlds["target_speed"][min(k + (share > 0), len(times) - 1)]),
        end=End(int(episode.worlds["end"][k])),
        action=_action(replay, episode, k),
        terms=episode.terms[:k].sum(axis=0),
        thoughts=episode.thoughts[min(k, len(episode.actions) - 1)] if len(episode.actions) else Thoughts(),
    )


def _action(replay: Replay, episode: Episode, k: int) -> str:
    world = episode.worlds[k]
    if k >= len(episode.actions) or world["tick"] < world["hands_on"]:
        return ""
    return words_of(replay.control, episode.actions[k])


def words_of(control: Control, action: np.ndarray) -> str:
    """An action (A,) as people say it."""
    if control is Control.DISCRETE:
        return WORDS[Action(int(action[0]))]
    pedal, wheel = float(action[0]), float(action[1])
    return f"{'gas' if pedal >= 0 else 'brake'} {abs(pedal):.2f}, {'left' if wheel >= 0 else 'right'} {abs(wheel):.2f}"


def _larger(users: np.ndarray, shown: np.ndarray) -> np.ndarray:
    """``larger`` as if there were only those who are ``shown`` (N,)."""
    found = np.ones(len(users))
    found[shown] = larger(users[shown])
    return found


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
