"""Linear probes: what can be read off by weighing and adding up, fitted on some rows and tested on others.

scikit-learn fits them; it is imported when it is needed.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

FEW_COLUMNS, MANY_COLUMNS = 1e-4, 1e-2  # penalties on a classifier's squared weights, for standardised inputs
RIDGE = 1.0  # on those of a regression, per 100 samples
PRECISION, STEPS = 1e-6, 1000  # of the solver: where it stops, and after how many steps at most


def classifier(
    inputs: np.ndarray, labels: np.ndarray, weights: np.ndarray, classes: int, penalty: float = FEW_COLUMNS
) -> Callable[[np.ndarray], np.ndarray]:
    """Logistic regression of labels (n,) 0..classes-1, weighted by (n,), on inputs (n, k): a function from (m, k)
    to probabilities (m, classes).
    """
    from sklearn.linear_model import LogisticRegression

    there, standardised = np.unique(labels), _standard(inputs)
    if len(there) == 1:
        return lambda asked: np.tile(np.eye(classes)[there[0]], (len(asked), 1))
    halves = 2.0 if len(there) > 2 else 1.0  # scikit-learn gives two classes one row of weights, their difference
    model = LogisticRegression(C=1.0 / (halves * penalty), tol=PRECISION, max_iter=STEPS)
    model.fit(standardised(inputs), labels, weights / weights.sum())
    return lambda asked: model.predict_proba(standardised(asked)) @ np.eye(classes)[there]


def accuracy(inputs: np.ndarray, labels: np.ndarray, train: np.ndarray, weights: np.ndarray | None = None) -> float:
    """How often the class (n,) that a probe of inputs (n, k) finds likeliest is right, on the rows not in ``train``.

    ``weights`` (n,): how much each row counts; all the same if left out.
    """
    counts = np.ones(len(labels)) if weights is None else weights
    classes, numbers = np.unique(labels, return_inverse=True)
    probe = classifier(inputs[train], numbers[train], counts[train], len(classes), MANY_COLUMNS)
    right = probe(inputs[~train]).argmax(1) == numbers[~train]
    return float(np.average(right, weights=counts[~train]))


def explained(inputs: np.ndarray, target: np.ndarray, train: np.ndarray) -> float:
    """Share of a target's (n,) variance that a probe of inputs (n, k) explains on the rows not in ``train``."""
    from sklearn.linear_model import Ridge

    standardised = _standard(inputs[train])
    model = Ridge(RIDGE * train.sum() / 100.0).fit(standardised(inputs[train]), target[train])
    error = target[~train] - model.predict(standardised(inputs[~train]))
    return float(1.0 - error.var() / target[~train].var())


def _standard(inputs: np.ndarray) -> Callable[[np.ndarray], np.ndarray]:
    """A function that gives the columns of ``inputs`` (n, k) mean 0 and spread 1; what hardly moves stays small."""
    known = inputs.astype(np.float64)
    centre, spread = known.mean(axis=0), known.std(axis=0) + 1e-3
    return lambda asked: (asked - centre) / spread
