"""Linear probes: what can be read off by weighing and adding up, fitted on some rows and tested on others."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch as th

FEW_COLUMNS, MANY_COLUMNS = 1e-4, 1e-2  # penalties on a classifier's squared weights, for standardised inputs
RIDGE = 1.0  # on those of a regression, per 100 samples
STEPS = 100  # of the solver, at most


def classifier(
    inputs: np.ndarray, labels: np.ndarray, weights: np.ndarray, classes: int, penalty: float = FEW_COLUMNS
) -> Callable[[np.ndarray], np.ndarray]:
    """Logistic regression of labels (n,) 0..classes-1, weighted by (n,), on inputs (n, k): a function from (m, k)
    to probabilities (m, classes).
    """
    centre, spread = inputs.mean(0), inputs.std(0) + 1e-3
    known, truth = th.as_tensor((inputs - centre) / spread), th.as_tensor(labels)
    counts = th.as_tensor(weights / weights.sum(), dtype=known.dtype)
    model = th.nn.Linear(known.shape[1], classes, dtype=known.dtype)
    th.nn.init.zeros_(model.weight)
    th.nn.init.zeros_(model.bias)
    solver = th.optim.LBFGS(model.parameters(), max_iter=STEPS, line_search_fn="strong_wolfe")

    def loss() -> th.Tensor:
        solver.zero_grad()
        each = th.nn.functional.cross_entropy(model(known), truth, reduction="none")
        total = (counts * each).sum() + penalty * model.weight.square().sum()
        total.backward()
        return total

    with th.enable_grad():
        solver.step(loss)  # pyright: ignore[reportArgumentType]  # its hint wants a float, its code a tensor
    weight, bias = (p.detach() for p in (model.weight, model.bias))
    return lambda asked: (th.as_tensor((asked - centre) / spread) @ weight.T + bias).softmax(1).numpy()


def accuracy(inputs: np.ndarray, labels: np.ndarray, train: np.ndarray, weights: np.ndarray | None = None) -> float:
    """How often the class (n,) that a probe of inputs (n, k) finds likeliest is right, on the rows not in ``train``.

    ``weights`` (n,): how much each row counts; all the same if left out.
    """
    counts = np.ones(len(labels)) if weights is None else weights
    classes, numbers = np.unique(labels, return_inverse=True)
    probe = classifier(inputs[train].astype(np.float64), numbers[train], counts[train], len(classes), MANY_COLUMNS)
    right = probe(inputs[~train].astype(np.float64)).argmax(1) == numbers[~train]
    return float(np.average(right, weights=counts[~train]))


def explained(inputs: np.ndarray, target: np.ndarray, train: np.ndarray) -> float:
    """Share of a target's (n,) variance that a probe of inputs (n, k) explains on the rows not in ``train``."""
    x = inputs.astype(np.float64)  # ridge regression
    x = (x - x[train].mean(axis=0)) / (x[train].std(axis=0) + 1e-3)
    known, mean = x[train], target[train].mean()
    penalty = RIDGE * len(known) / 100.0 * np.eye(x.shape[1])
    weights = np.linalg.solve(known.T @ known + penalty, known.T @ (target[train] - mean))
    error = (target - mean - x @ weights)[~train]
    return float(1.0 - error.var() / target[~train].var())
