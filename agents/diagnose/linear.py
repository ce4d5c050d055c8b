"""Linear probes: what can be read off by weighing and adding up, fitted on one half and tested on the other."""

from __future__ import annotations

import numpy as np

PENALTY = 1.0  # of standardised inputs, per 100 samples


def predict(inputs: np.ndarray, targets: np.ndarray, train: np.ndarray) -> np.ndarray:
    """Ridge regression of targets (n, m) on inputs (n, k), fitted on the rows in ``train`` (n,): (n, m)."""
    x = inputs.astype(np.float64)
    x = (x - x[train].mean(axis=0)) / (x[train].std(axis=0) + 1e-3)
    known, mean, penalty = x[train], targets[train].mean(axis=0), PENALTY * train.sum() / 100.0
    if len(known) < x.shape[1]:  # the same, by a smaller matrix
        weights = known.T @ np.linalg.solve(known @ known.T + penalty * np.eye(len(known)), targets[train] - mean)
    else:
        weights = np.linalg.solve(known.T @ known + penalty * np.eye(x.shape[1]), known.T @ (targets[train] - mean))
    return x @ weights + mean


def accuracy(inputs: np.ndarray, labels: np.ndarray, train: np.ndarray, weights: np.ndarray | None = None) -> float:
    """How often the class (n,) that a probe of inputs (n, k) finds likeliest is right, on the rows not in ``train``.

    ``weights`` (n,): how much each row counts there; all the same if left out.
    """
    classes = np.unique(labels)
    guessed = predict(inputs, (labels[:, None] == classes).astype(float), train).argmax(axis=1)
    right = classes[guessed] == labels
    return float(np.average(right[~train], weights=None if weights is None else weights[~train]))


def explained(inputs: np.ndarray, target: np.ndarray, train: np.ndarray) -> float:
    """Share of a target's (n,) variance that a probe of inputs (n, k) explains on the rows not in ``train``."""
    error = target - predict(inputs, target[:, None].astype(float), train)[:, 0]
    return float(1.0 - error[~train].var() / target[~train].var())
