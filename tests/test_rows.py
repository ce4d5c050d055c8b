"""Several agents as rows: which seeds they take."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from kindergarten.envs.rows import rows_env


@pytest.mark.parametrize(
    ("seed", "world"),
    [([3, None, 4, None], 3), ([3, 9, 4, 9], 3), (np.array([3, 0, 4, 0]), 3), (3, 3), ([3, 4, 4, 6], 3)],
)
def test_the_first_row_of_a_world_says_its_seed(seed: Any, world: int):
    env, like = rows_env("Meeting", 2), rows_env("Meeting", 2)
    np.testing.assert_array_equal(env.reset(seed=seed)[0], like.reset(seed=world)[0])
    for nothing in (None, [None] * 4):
        np.testing.assert_array_equal(env.reset(seed=nothing)[0], like.reset()[0])


@pytest.mark.parametrize(
    ("seed", "said"),
    [
        ([1, 1, None, None], "give one in the first row of each world, or None in all"),
        ([None, 1, None, 1], "give one in the first row of each world, or None in all"),
        ([1, "a", 2, None], "seed is 'a': it must be a whole number"),
        ([1, -1, 2, 3], "seed is -1: it must be a whole number"),
        ([[1], 1, 2, 3], "seed is \\[1\\]: it must be a whole number"),
        (np.array(1.5), "it must be a whole number"),
        ([1, 2], "give one, or one for each of 4 rows"),
    ],
)
def test_seeds_that_are_none_are_refused_and_nothing_changes(seed: Any, said: str):
    env, like = rows_env("Meeting", 2), rows_env("Meeting", 2)
    for each in (env, like):
        each.reset(seed=5)
    with pytest.raises(ValueError, match=said):
        env.reset(seed=seed)
    np.testing.assert_array_equal(env.reset()[0], like.reset()[0])
