"""Linear probes find what they say they look for."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("sklearn")

from scipy import optimize, special

from kindergarten.agents.evaluation.linear import accuracy, classifier, explained

COLUMNS, ROWS = 3, 200


def by_hand(inputs: np.ndarray, labels: np.ndarray, weights: np.ndarray, classes: int, penalty: float) -> np.ndarray:
    """Probabilities (n, classes) where the loss, written down once more, is least."""
    known = (inputs - inputs.mean(0)) / (inputs.std(0) + 1e-3)
    share = weights / weights.sum()

    def logits(numbers: np.ndarray) -> np.ndarray:
        return known @ numbers[classes:].reshape(COLUMNS, classes) + numbers[:classes]

    def loss(numbers: np.ndarray) -> float:
        logs = special.log_softmax(logits(numbers), axis=1)[np.arange(len(labels)), labels]
        return -(share * logs).sum() + penalty * np.square(numbers[classes:]).sum()

    found = optimize.minimize(loss, np.zeros(classes * (1 + COLUMNS)), tol=1e-10)
    return special.softmax(logits(found.x), axis=1)


@pytest.mark.parametrize("classes", [2, 3])
def test_a_classifier_is_logistic_regression_with_the_penalty_that_it_names(classes: int):
    dice = np.random.default_rng(classes)
    labels, weights = dice.integers(classes, size=ROWS), dice.random(ROWS)
    inputs = dice.normal(size=(ROWS, COLUMNS)) + labels[:, None] * np.array([1.0, 0.0, -0.5])
    found = classifier(inputs, labels, weights, classes, 0.02)(inputs)
    assert np.abs(found - by_hand(inputs, labels, weights, classes, 0.02)).max() < 1e-4


def test_what_was_never_seen_is_never_expected():
    inputs = np.random.default_rng(0).normal(size=(ROWS, COLUMNS))
    labels = np.where(inputs[:, 0] > 0, 3, 1)
    found = classifier(inputs, labels, np.ones(ROWS), 5)(inputs)
    assert (found[:, [0, 2, 4]] == 0).all() and found.sum(1) == pytest.approx(1.0)
    only = classifier(inputs, np.full(ROWS, 2), np.ones(ROWS), 4)(inputs)
    assert (only == np.eye(4)[2]).all()


def test_a_column_that_hardly_moves_tells_nothing():
    """As it would if its noise were blown up to the size of what the others say."""
    dice = np.random.default_rng(1)
    train, still = np.arange(ROWS) < ROWS // 2, 1e-9 * dice.normal(size=(ROWS, 1))
    assert explained(np.hstack((still, dice.normal(size=(ROWS, 1)))), still[:, 0], train) < 0.1
    assert accuracy(still, (still[:, 0] > 0).astype(int), train) < 0.7
