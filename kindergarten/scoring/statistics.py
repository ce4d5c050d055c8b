"""What several runs say together.

Source: Agarwal et al., Deep reinforcement learning at the edge of the statistical precipice, NeurIPS 2021.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

RESAMPLES = 10_000


def interquartile_mean(scores: np.ndarray) -> np.ndarray:
    """Mean of the middle half along the last axis: (..., K) -> (...)."""
    cut = scores.shape[-1] // 4
    return np.sort(scores, axis=-1)[..., cut : scores.shape[-1] - cut].mean(axis=-1)


def with_interval(*tasks: Sequence[float]) -> tuple[float, float, float]:
    """Interquartile mean of the runs of one task or more, and its 95 % stratified bootstrap interval.

    Args:
        tasks: the scores of each task's runs, (K,) each. Runs are drawn again within their own task.
    """
    rng = np.random.default_rng(0)
    again = [rng.choice(np.asarray(scores, float), (RESAMPLES, len(scores))) for scores in tasks]
    low, high = np.quantile(interquartile_mean(np.concatenate(again, axis=1)), [0.025, 0.975])
    return float(interquartile_mean(np.concatenate(tasks).astype(float))), float(low), float(high)
