"""One counter-based random generator per world.

SplitMix64 (Steele, Lea, Flood: Fast splittable pseudorandom number generators, OOPSLA 2014): the state is a
counter that grows by a constant, and a draw is a hash of it. So row i of a batch draws the same numbers as
that seed alone, whatever the batch's size and the number of threads, and a snapshot of eight bytes is exact.
"""

from __future__ import annotations

import numpy as np

from kindergarten.world.jit import njit

GOLDEN = np.uint64(0x9E3779B97F4A7C15)
MULTIPLY_1 = np.uint64(0xBF58476D1CE4E5B9)
MULTIPLY_2 = np.uint64(0x94D049BB133111EB)


@njit
def mix(z):
    """SplitMix64's finaliser: a bijection of the 64-bit numbers that scatters neighbours."""
    z = (z ^ (z >> np.uint64(30))) * MULTIPLY_1
    z = (z ^ (z >> np.uint64(27))) * MULTIPLY_2
    return z ^ (z >> np.uint64(31))


@njit
def seed_generator(world, seed):
    """Start ``world``'s generator from ``seed`` (uint64); neighbouring seeds give unrelated streams."""
    world["rng"] = mix(seed ^ MULTIPLY_1)


@njit
def uniform(world):
    """The next number of ``world``'s generator, uniform in [0, 1) with 53 bits."""
    world["rng"] = world["rng"] + GOLDEN
    return float(mix(world["rng"]) >> np.uint64(11)) * 2.0**-53


@njit
def between(world, low, high):
    """The next number, uniform in [low, high)."""
    return low + (high - low) * uniform(world)
