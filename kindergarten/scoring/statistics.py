"""How sure one can be of a mean: bootstrap intervals, and what several runs say together.

Source: Agarwal et al., Deep reinforcement learning at the edge of the statistical precipice, NeurIPS 2021.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

import numpy as np

ENOUGH = 5  # runs of a task, for an interval
FAILED = 0.5  # who scores less has not learned the task
HALF = 0.5  # the score at which a horizon ends


def bootstrap(statistic: Callable[..., np.ndarray], *sizes: int, resamples: int = 2_000) -> tuple[float, float]:
    """95 % bootstrap interval of a statistic of one sample or more; the same resamples at every call.

    Args:
        statistic: takes an array of rows (resamples, size) for each sample, and returns its values (resamples,).
        sizes: how many rows each sample has. They are drawn again with replacement, within their own sample.
        resamples: how often.

    Returns:
        Both limits; nan if any of the values is.
    """
    rng = np.random.default_rng(0)
    rows = [rng.integers(size, size=(resamples, size)) for size in sizes]
    low, high = np.quantile(statistic(*rows), [0.025, 0.975])
    return float(low), float(high)


def at_stake(scores: Sequence[float]) -> list[float]:
    """Those that are numbers: where nothing is at stake a score says nothing."""
    return [score for score in scores if not math.isnan(score)]


def mean_at_stake(scores: Sequence[float]) -> float:
    """The mean of those ``at_stake``; nan if there are none."""
    found = at_stake(scores)
    return float(np.mean(found)) if found else math.nan


def interquartile_mean(scores: np.ndarray) -> np.ndarray:
    """Mean of the middle half along the last axis: (..., K) -> (...)."""
    cut = scores.shape[-1] // 4
    return np.sort(scores, axis=-1)[..., cut : scores.shape[-1] - cut].mean(axis=-1)


class Summary(NamedTuple):
    """What several runs say together, of all in which something is at stake; all nan if that is none.

    middle: interquartile mean; low, high: its 95 % bootstrap interval; failed: share of runs that score below FAILED.
    Of fewer than ENOUGH runs: their mean, the least and the most, and None.
    """

    middle: float
    low: float
    high: float
    failed: float | None


def summary(*tasks: Sequence[float]) -> Summary:
    """What the runs of one task or more say together.

    Args:
        tasks: the scores of each task's runs, (K,) each. The bootstrap is stratified: runs are drawn again within
            their own task. An interval takes ENOUGH runs of every task: that of three is least..most by another name.
    """
    samples = [np.array(found) for found in map(at_stake, tasks) if found]
    if not samples:
        return Summary(np.nan, np.nan, np.nan, None)
    every = np.concatenate(samples)
    if min(map(len, samples)) < ENOUGH:
        return Summary(float(every.mean()), float(every.min()), float(every.max()), None)

    def middle(*rows: np.ndarray) -> np.ndarray:
        return interquartile_mean(np.concatenate([s[r] for s, r in zip(samples, rows, strict=True)], axis=-1))

    interval = bootstrap(middle, *map(len, samples), resamples=10_000)
    return Summary(float(interquartile_mean(every)), *interval, float((every < FAILED).mean()))


def profile(scores: Sequence[float], thresholds: np.ndarray) -> np.ndarray:
    """Performance profile: the share of runs (K,) that score more than each of ``thresholds`` (T,).

    Returns:
        (3, T): the share, and the limits of its 95 % bootstrap interval.
    """
    above = np.asarray(scores, float)[:, None] > thresholds
    limits = [bootstrap(lambda rows, k=k: above[rows, k].mean(1), len(above)) for k in range(len(thresholds))]
    return np.vstack([above.mean(0), np.transpose(limits)])


def horizon(scores: Mapping[float, float]) -> float:
    """The delay [s] at which a score falls to HALF, from the delay on at which it is best: how long a memory lasts.

    Args:
        scores: by delay; where nothing is at stake (nan), and at 0, where nothing has to be remembered, they are
            left out.

    Returns:
        Between two delays by their logarithms; 0 if it is below at each, inf if it never falls; nan if there is no
        score at all.
    """
    kept = {delay: score for delay, score in sorted(scores.items()) if delay > 0 and not math.isnan(score)}
    if not kept:
        return math.nan
    before = best = max(kept, key=lambda delay: kept[delay])
    if kept[best] < HALF:
        return 0.0
    for delay in (delay for delay in kept if delay > best):
        if kept[delay] < HALF:
            share = (kept[before] - HALF) / (kept[before] - kept[delay])
            return before * (delay / before) ** share
        before = delay
    return math.inf
