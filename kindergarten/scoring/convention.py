"""What agents say to each other, who listens, and whether it is our language.

Talking and listening are measured apart: agents may carry a bit from goal to lamp that nobody reacts to, or be thrown
off course by a lamp that says nothing (Lowe et al. 2019, On the pitfalls of measuring emergent communication). So a
lamp is never replaced by darkness, but by what the same agent would have shown with another goal.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from kindergarten.playground.rules import Rules
from kindergarten.scoring.agent import Agent
from kindergarten.scoring.together import Encounters, drive_together
from kindergarten.world.codes import Intent, Signal
from kindergarten.world.config import Scenario

PERMUTATIONS = 200
SIGNALS = (Signal.NONE, Signal.LEFT, Signal.RIGHT)


def said(story: Encounters) -> np.ndarray:
    """(T, W, A) the Signal that each has shown longest by each decision before any way shows; none: no lamp was lit."""
    undecided = story.undecided[story.undecided.any(axis=1)][:, :, None]
    counts = np.stack([((story.lamps[: len(undecided)] == k) & undecided).cumsum(axis=0) for k in SIGNALS[1:]])
    return np.where(counts.any(axis=0), 1 + counts.argmax(axis=0), int(Signal.NONE))


def information(goals: np.ndarray, words: np.ndarray) -> float:
    """Mutual information [bit] of two arrays of codes, as they are counted."""
    joint = np.bincount(3 * goals.ravel() + words.ravel(), minlength=9).reshape(3, 3) / goals.size
    apart = joint.sum(axis=1, keepdims=True) * joint.sum(axis=0, keepdims=True)
    here = joint > 0
    return float((joint[here] * np.log2(joint[here] / apart[here])).sum())


def bits_by_decision(goals: np.ndarray, words: np.ndarray) -> np.ndarray:
    """(T,) bits from goals (W, A) to lamps (T, W, A), the mean over seats."""
    seats = range(goals.shape[1])
    return np.array([np.mean([information(goals[:, a], row[:, a]) for a in seats]) for row in words])


def bits(goals: np.ndarray, words: np.ndarray) -> tuple[float, float, int]:
    """Bits from goals (W, A) to lamps (T, W, A), the mean over seats, by the decision at which they tell most.

    Lamps that told everything early, when it was needed, may be used for nothing later on. Also what chance alone
    reaches in 19 of 20 cases, by whichever decision suits it best, and which decision it was.
    """
    rng, found = np.random.default_rng(0), bits_by_decision(goals, words)
    chance = [bits_by_decision(rng.permutation(goals), words).max() for _ in range(PERMUTATIONS)]
    return float(found.max()), float(np.quantile(chance, 0.95)), int(found.argmax())


def shares(goals: np.ndarray, words: np.ndarray) -> dict[str, dict[str, float]]:
    """What is said with each goal: shares by goal and Signal."""
    return {
        goal.name.lower(): {k.name.lower(): float((words[goals == goal] == k).mean()) for k in SIGNALS}
        for goal in Intent
        if (goals == goal).any()
    }


def sign(by_goal: dict[str, dict[str, float]]) -> float:
    """+1: the left lamp means left, as people have it; -1: the other way round; 0: it tells neither.

    How much more the left lamp is shown with the goal on the left than with the others, less how much more the right
    one is; a lamp that is shown less often says nothing of either.
    """
    others = [its for goal, its in by_goal.items() if goal != "left"]
    if "left" not in by_goal or not others:
        return float("nan")
    more = {lamp: by_goal["left"][lamp] - np.mean([its[lamp] for its in others]) for lamp in ("left", "right")}
    return float(max(more["left"], 0.0) - max(more["right"], 0.0))


def honesty(by_goal: dict[str, dict[str, float]]) -> dict[str, float]:
    """With each goal, how often the lamp is the one that people would show."""
    truth = {"left": "left", "right": "right"}
    return {goal: its[truth.get(goal, "none")] for goal, its in by_goal.items()}


def twins(story: Encounters, seat: int) -> np.ndarray:
    """(W,) the world of the same seed in which all others but ``seat`` have another goal, if there is one, else itself.

    Of two goals it is the other one; of more, the next in their order.
    """
    per_seed = len(story.goals) // story.seeds
    goals = story.goals.reshape(story.seeds, per_seed, -1)
    found = np.tile(np.arange(per_seed), (story.seeds, 1))
    for s, k in np.ndindex(found.shape):
        others = np.arange(goals.shape[2]) != seat
        fits = (goals[s, :, seat] == goals[s, k, seat]) & (goals[s][:, others] != goals[s, k, others]).all(axis=1)
        if fits.any():
            found[s, k] = np.flatnonzero(np.roll(fits, -k))[0] + k
    return (found % per_seed + per_seed * np.arange(story.seeds)[:, None]).ravel()


def listens(
    agents: Sequence[Agent], scenario: Scenario, rules: Rules, seeds: np.ndarray, story: Encounters
) -> np.ndarray:
    """(A, W) 1: who aims for another speed before ways show, if the others' lamps are those of other goals; else 0.

    All else stays: the seed, the goals and every body, until the one who is asked does something else. NaN where no
    world of the seed has all others with another goal: that is not asked.
    """
    changed = []
    for seat in range(story.goals.shape[1]):
        others = twins(story, seat)
        told = drive_together(agents, scenario, rules, seeds, (seat, story.lamps[:, others]))
        length = min(len(told.speeds), len(story.speeds))
        undecided = story.undecided[:length] & told.undecided[:length]
        other = (told.speeds[:length, :, seat] != story.speeds[:length, :, seat]) & undecided
        changed.append(np.where(others == np.arange(len(others)), np.nan, other.any(axis=0)))
    return np.array(changed)


def language(story: Encounters, changed: np.ndarray) -> dict[str, Any]:
    """All measures of one population, as ``evaluation.json`` holds them; ``changed`` (A, W): see ``listens``."""
    words, asked = said(story), changed[~np.isnan(changed)]
    found, chance, when = bits(story.goals, words)
    by_goal = shares(story.goals, words[when])
    return {
        "bits": found,
        "bits_by_chance": chance,
        "listening": float(asked.mean()) if len(asked) else float("nan"),
        "convention": sign(by_goal),
        "honesty": honesty(by_goal),
        "said": by_goal,
    }
