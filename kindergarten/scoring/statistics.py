"""How sure one can be of a mean: bootstrap intervals, and what several runs say together.

Source: Agarwal et al., Deep reinforcement learning at the edge of the statistical precipice, NeurIPS 2021.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np


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


def interquartile_mean(scores: np.ndarray) -> np.ndarray:
    """Mean of the middle half along the last axis: (..., K) -> (...)."""
    cut = scores.shape[-1] // 4
    return np.sort(scores, axis=-1)[..., cut : scores.shape[-1] - cut].mean(axis=-1)


def with_interval(*tasks: Sequence[float]) -> tuple[float, float, float]:
    """Interquartile mean of the runs of one task or more, and its 95 % stratified bootstrap interval.

    Args:
        tasks: the scores of each task's runs, (K,) each. Runs are drawn again within their own task.
    """
    samples = [np.asarray(scores, float) for scores in tasks]

    def middle(*rows: np.ndarray) -> np.ndarray:
        return interquartile_mean(np.concatenate([s[r] for s, r in zip(samples, rows, strict=True)], axis=-1))

    every = (np.arange(len(sample)) for sample in samples)
    return float(middle(*every)), *bootstrap(middle, *map(len, samples), resamples=10_000)
