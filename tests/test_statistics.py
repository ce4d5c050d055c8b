"""How sure one can be of a mean."""

from __future__ import annotations

import math

import numpy as np
import pytest

from kindergarten.scoring.statistics import bootstrap


def test_an_interval_of_a_mean_covers_it_as_often_as_it_says():
    dice = np.random.default_rng(3)
    samples = dice.exponential(size=(300, 60))
    intervals = [bootstrap(lambda rows, x=x: x[rows].mean(axis=1), 60, resamples=400) for x in samples]
    assert np.mean([low <= 1.0 <= high for low, high in intervals]) == pytest.approx(0.93, abs=0.03)


def test_each_sample_is_drawn_within_itself():
    first, second = np.zeros(5), np.ones(3)
    low, high = bootstrap(lambda a, b: first[a].mean(axis=1) + second[b].mean(axis=1), 5, 3)
    assert low == high == 1.0


def test_what_is_not_a_number_in_one_resample_has_no_interval():
    values = np.array([1.0, 2.0, np.nan])
    assert all(map(math.isnan, bootstrap(lambda rows: values[rows].mean(axis=1), 3)))
