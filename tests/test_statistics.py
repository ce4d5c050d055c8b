"""How sure one can be of a mean."""

from __future__ import annotations

import math

import numpy as np
import pytest

from kindergarten.scoring.statistics import bootstrap, mean_at_stake, profile, summary


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


def test_interquartile_mean():
    middle, low, high, failed = summary([0.0, 0.9, 0.95, 1.0, 9.0])
    assert middle == pytest.approx(0.95)  # a quarter of five is one: the least and the most do not count
    assert low < middle < high and failed == 0.2
    assert summary([0.5] * 5, [1.5] * 5) == (1.0, 1.0, 1.0, 0.0)  # stratified: each task keeps its share


def test_fewer_than_five_runs_have_no_interval():
    assert summary([0.25, 0.75]) == (0.5, 0.25, 0.75, None)
    assert summary([0.9, 0.9, 0.9, 0.9]).failed is None and summary([0.9]) == (0.9, 0.9, 0.9, None)
    assert summary([1.0] * 5, [0.0] * 3) == (0.625, 0.0, 1.0, None)  # of one task there are too few


def test_where_nothing_is_at_stake_there_is_nothing_to_say():
    assert all(map(math.isnan, summary([math.nan] * 9, [math.nan])[:3]))
    assert summary([math.nan] * 9, [0.25, 0.75]) == summary([0.25, 0.75]) == summary([0.25, math.nan, 0.75])
    assert summary([0.5] * 5, [math.nan] * 5, [1.5] * 5) == summary([0.5] * 5, [1.5] * 5)


def test_a_profile_falls_from_all_runs_to_none():
    share, low, high = profile([0.2, 0.9, 0.9, 0.95, 0.99], np.array([0.0, 0.5, 0.9, 0.97, 1.0]))
    assert share.tolist() == [1.0, 0.8, 0.4, 0.2, 0.0]
    assert (low <= share).all() and (share <= high).all() and low[1] < 0.8 and low[0] == high[0] == 1.0


def test_where_nothing_is_at_stake_a_score_says_nothing():
    assert mean_at_stake([math.nan, 1.0, 3.0]) == 2.0 and math.isnan(mean_at_stake([math.nan]))
