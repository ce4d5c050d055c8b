"""Right or wrong: what counts as the right answer, and how often somebody who guesses is right."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from kindergarten.agents.diagnose.stage import Stage, Tape
from kindergarten.scoring.planner import Plans, outcomes, plans_of, twins
from kindergarten.scoring.reference import reference
from kindergarten.scoring.statistics import bootstrap

FEW = 6  # seeds on which the answers are searched for
APART = 0.2  # of what the worst answer costs: an answer that costs less is as right as the best


@dataclass(frozen=True)
class Rate:
    """How often, with its 95 % bootstrap interval over seeds."""

    mean: float
    low: float
    high: float


@dataclass(frozen=True)
class Exam:
    """What a world has to earn for its answer to count as right: more than half of the way from wrong to right.

    pass_mark: (I, S) return on the first leg. chance: how often the best constant answer is right.
    """

    pass_mark: np.ndarray
    weights: np.ndarray  # (I, S)
    chance: float

    @classmethod
    def of(cls, stage: Stage) -> Exam:
        """The exam of a stage. Other answers may be as right as the oracle's: where it turns right, or rides on."""
        earned = answers(stage)
        right = np.einsum("iis->is", earned)
        loss = (right[:, None] - earned).mean(2)
        wrong = loss > APART * loss.max(axis=1, keepdims=True)
        best_wrong = np.where(wrong[:, :, None], earned, -np.inf).max(axis=1)
        chance = (stage.weights.mean(1)[:, None] * ~wrong).sum(axis=0).max()
        return cls((right + best_wrong) / 2.0, stage.weights, float(chance))

    def rate(self, tape: Tape) -> Rate:
        """How often the answers on a tape are right."""
        return rate((tape.earned.reshape(self.pass_mark.shape) > self.pass_mark), self.weights)


def answers(stage: Stage) -> np.ndarray:
    """What each answer earns in the worlds of each intent, on the first leg: (I worlds, I answers, S).

    The answer to an intent is the one plan that is best for it on average over a few seeds.
    """
    plans, intents = plans_of(stage.scenario), len(stage.scenario.intents)
    found = tried(replace(stage, seeds=stage.seeds[:FEW]), plans)
    best = found.reshape(intents, -1, found[0].size).mean(axis=1).argmax(axis=1)
    earned = []
    for p, c in zip(*np.divmod(best, len(plans.continuations)), strict=True):
        answer = Plans(plans.prefixes[p : p + 1], plans.continuations[c : c + 1])
        earned.append(tried(stage, answer).reshape(stage.shape))
    return np.stack(earned, axis=1)


def tried(stage: Stage, plans: Plans) -> np.ndarray:
    """What every plan earns in every world on the first leg: (W, P, C)."""
    returns, _ = outcomes(twins(stage.scenario, stage.config, stage.seeds), plans)
    return returns


def rate(happened: np.ndarray, weights: np.ndarray) -> Rate:
    """How often something happened (I, S), intents weighted by their chances (I, S)."""
    by_seed = (happened * weights).sum(axis=0)
    return Rate(float(by_seed.mean()), *bootstrap(lambda rows: by_seed[rows].mean(axis=1), len(by_seed)))


def anticipation(tape: Tape, stage: Stage) -> float:
    """The score of a tape between blind (0) and oracle (1); nan where nothing is at stake.

    The stage's seeds are the first of those that the setting is scored on.
    """
    limits = reference(stage.scenario, stage.config)
    count = len(stage.seeds)
    blind, oracle = limits.blind[:count].mean(), limits.oracle[:count].mean()
    returns = (tape.returns.reshape(stage.shape) * stage.weights).sum(axis=0).mean()
    return float((returns - blind) / (oracle - blind)) if oracle - blind > 1e-6 else float("nan")
