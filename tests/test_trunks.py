"""Trunks begin as their kinds promise, and at depth 1 there is none."""

from __future__ import annotations

import numpy as np
import pytest
import torch as th
from gymnasium import spaces

from kindergarten.agents import MemoryPolicy
from kindergarten.agents.learner.encoders import DEEPEST, MlpFeatures, Trunk, TrunkLayer, trunk_layers

BOX = spaces.Box(-1.0, 1.0, (12,), np.float32)
trunks = pytest.mark.parametrize("trunk", list(Trunk))
remedies = pytest.mark.parametrize("trunk", [trunk for trunk in Trunk if trunk is not Trunk.PLAIN])


@pytest.fixture(autouse=True)
def _seed():
    th.manual_seed(0)


def make(trunk: Trunk, depth: int) -> MemoryPolicy:
    th.manual_seed(0)
    kwargs = dict(trunk=trunk.value, depth=depth)
    return MemoryPolicy(BOX, spaces.Discrete(5), lambda _: 1e-3, features_extractor_kwargs=kwargs)


def gradients(trunk: Trunk, depth: int) -> list[float]:
    """Length of the gradient at each layer of a policy's trunk, the first layer first."""
    layers = [module for module in make(trunk, depth).modules() if isinstance(module, TrunkLayer)]
    x = th.randn(64, layers[0].linear.in_features).relu()
    for layer in layers:
        x = layer(x)
    x.square().mean().backward()
    return [float(layer.linear.weight.grad.norm()) for layer in layers if layer.linear.weight.grad is not None]


@trunks
def test_at_depth_one_all_are_the_same(trunk: Trunk):
    plain = MemoryPolicy(BOX, spaces.Discrete(5), lambda _: 1e-3).state_dict()
    assert make(trunk, 1).state_dict().keys() == plain.keys()
    assert trunk_layers(trunk, 64, 1) == []


@trunks
@pytest.mark.parametrize("depth", [2, 4, DEEPEST])
def test_the_budget_is_the_same(trunk: Trunk, depth: int):
    count, usual = (
        sum(parameter.numel() for parameter in MlpFeatures(BOX, 64, kind, depth).parameters())
        for kind in (trunk, Trunk.RELU)
    )
    assert abs(count / usual - 1) < (0.05 if depth == DEEPEST else 0.6)
    assert MlpFeatures(BOX, 64, trunk, depth)(th.zeros(3, 12)).shape[0] == 3


@remedies
def test_a_deep_trunk_neither_swallows_nor_blows_up_a_gradient_at_the_start(trunk: Trunk):
    first, *_, last = gradients(trunk, DEEPEST)
    assert 0.02 < first / last < 50.0


def test_with_pytorchs_own_initialisation_it_vanishes():
    """The lecture's figure: what the initialisation is for."""
    first, *_, last = gradients(Trunk.PLAIN, DEEPEST)
    assert first < 1e-9 * last


def test_a_residual_trunk_begins_as_the_identity():
    x = th.randn(5, 64)
    assert th.equal(th.nn.Sequential(*trunk_layers(Trunk.RESIDUAL, 64, 9))(x), x)


def test_selu_keeps_mean_and_variance():
    y = th.nn.Sequential(*trunk_layers(Trunk.SELU, 64, DEEPEST))(th.randn(4000, 64)).detach()
    assert abs(float(y.mean())) < 0.3 and 0.5 < float(y.std()) < 1.6


@trunks
def test_depths_out_of_range_are_refused(trunk: Trunk):
    for depth in (0, DEEPEST + 1):
        with pytest.raises(ValueError, match=f"depth is {depth}: it must be from 1 to {DEEPEST}"):
            trunk_layers(trunk, 8, depth)
