"""The recurrent layers that PyTorch lacks: what their papers say, step by step, and what others made of it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import torch as th

from kindergarten.agents.learner import layers
from kindergarten.agents.learner.layers import LRULayer, MinGRULayer, SLSTMLayer, TransformerLayer

pytestmark = pytest.mark.usefixtures("seeded")
STEPS, ROWS, FEATURES, HIDDEN, WINDOW = 9, 3, 5, 8, 6
KINDS = (MinGRULayer, LRULayer, SLSTMLayer, lambda *sizes: TransformerLayer(*sizes, window=WINDOW))
SIZES = (HIDDEN, HIDDEN, 2 * HIDDEN, (WINDOW - 1) * HIDDEN)


@pytest.fixture(params=range(len(KINDS)), ids=("minGRU", "LRU", "sLSTM", "transformer"))
def both(request: pytest.FixtureRequest) -> Iterator[tuple]:
    """A layer in double precision, and an empty state."""
    layer = KINDS[request.param](FEATURES, HIDDEN).double()
    for weight in layer.parameters():  # what begins at zero would hide a mistake
        weight.data += 0.1 * th.randn_like(weight)
    yield layer, (th.zeros(1, ROWS, SIZES[request.param]).double(),) * 2


def frames() -> th.Tensor:
    return th.randn(STEPS, ROWS, FEATURES).double()


def test_all_at_once_is_one_by_one(both):
    """Outputs, states and gradients; and a sequence may be cut anywhere."""
    layer, state = both
    seen = frames().requires_grad_()
    whole, last = layer(seen, state)
    pieces, now = [], state
    for cut in (seen[:1], seen[1:4], seen[4:5], seen[5:]):
        out, now = layer(cut, now)
        pieces.append(out)
    th.testing.assert_close(th.cat(pieces), whole, rtol=0, atol=1e-12)
    th.testing.assert_close(now, last, rtol=0, atol=1e-12)
    goal = th.randn_like(whole)
    gradients = [th.autograd.grad((out * goal).sum(), (seen, *layer.parameters())) for out in (whole, th.cat(pieces))]
    th.testing.assert_close(gradients[0], gradients[1], rtol=0, atol=1e-10)


def test_rows_do_not_meet(both):
    layer, state = both
    seen = frames()
    alone = [layer(seen[:, r : r + 1], tuple(s[:, r : r + 1] for s in state))[0] for r in range(ROWS)]
    th.testing.assert_close(layer(seen, state)[0], th.cat(alone, 1), rtol=0, atol=1e-12)


@pytest.mark.parametrize("dtype", [th.float64, th.complex128])
def test_the_gradient_of_a_scan(dtype):
    keep, new = (th.randn(6, 2, 3, dtype=dtype, requires_grad=True) for _ in range(2))
    assert th.autograd.gradcheck(layers.scan, (keep, new, th.randn(2, 3, dtype=dtype, requires_grad=True)))


def test_min_gru_as_in_the_paper():
    layer, seen = MinGRULayer(FEATURES, HIDDEN, 3.0).double(), frames()
    h = th.rand(ROWS, HIDDEN).double()
    found = layer.states(seen, h)
    for x, state in zip(seen, found, strict=True):
        z = th.sigmoid(x @ layer.gate.weight.T + layer.gate.bias)
        candidate = x @ layer.candidate.weight.T
        h = (1 - z) * h + z * th.where(candidate >= 0, candidate + 0.5, candidate.sigmoid())
        th.testing.assert_close(state, h)
    assert th.all(layer.gate.bias == -3.0), "so that it keeps 95 %"


def test_lru_as_in_the_paper():
    layer, seen = LRULayer(FEATURES, HIDDEN).double(), frames()
    h = th.randn(ROWS, HIDDEN, dtype=th.complex128)
    real, imaginary = layer.states(seen, h.real, h.imag)
    eigenvalue = th.exp(th.complex(-layer.log_fading.exp(), layer.log_turn.exp()))
    assert th.all((eigenvalue.abs() > 0.9) & (eigenvalue.abs() < 0.999))
    into = th.complex(*layer.input.weight.unflatten(0, (2, -1)))
    for x, re, im in zip(seen, real, imaginary, strict=True):
        h = eigenvalue * h + layer.log_scale.exp() * (x.to(into.dtype) @ into.T)
        th.testing.assert_close(th.complex(re, im), h)
    th.testing.assert_close(layer.log_scale.exp(), (1 - eigenvalue.abs() ** 2).sqrt())


def test_slstm_as_in_the_paper():
    """Without its stabiliser, which changes nothing as long as no exponential overflows."""
    layer, seen = SLSTMLayer(FEATURES, HIDDEN, 3.0).double(), frames()
    found, _ = layer(seen, (th.zeros(1, ROWS, 2 * HIDDEN).double(),) * 2)
    h = c = n = th.zeros(ROWS, HIDDEN).double()
    for x, output in zip(seen, found, strict=True):
        i, f, z, o = (layer.input(x) + layer.recurrent(h)).chunk(4, -1)
        c, n = f.sigmoid() * c + i.exp() * z.tanh(), f.sigmoid() * n + i.exp()
        h = o.sigmoid() * c / n
        th.testing.assert_close(output, h)


def test_slstm_does_not_overflow():
    layer = SLSTMLayer(FEATURES, HIDDEN)
    found, state = layer(1e4 * th.randn(50, ROWS, FEATURES), (th.zeros(1, ROWS, 2 * HIDDEN),) * 2)
    assert found.isfinite().all() and all(part.isfinite().all() for part in state)


def test_attention_sees_its_window_and_nothing_else():
    """The frames of a window, the last one included: changed one by one, they all change the output, others do not."""
    layer, seen = TransformerLayer(FEATURES, HIDDEN, window=WINDOW).double(), frames()
    empty = (th.zeros(1, ROWS, (WINDOW - 1) * HIDDEN).double(),) * 2
    before = layer(seen, empty)[0]
    for t in range(STEPS):
        changed = seen.clone()
        changed[t] += 1.0
        differs = (layer(changed, empty)[0] != before).any(-1).all(-1)
        assert differs.tolist() == [0 <= later - t < WINDOW for later in range(STEPS)]
    with pytest.raises(ValueError, match="hidden is 9.*multiple of 4"):
        TransformerLayer(FEATURES, 9)


# ---- beside what others made of the same papers


@pytest.mark.libraries
def test_min_gru_is_that_of_mingru_pytorch():
    theirs = pytest.importorskip("minGRU_pytorch").minGRU(HIDDEN).double()
    ours, seen = MinGRULayer(HIDDEN, HIDDEN).double(), th.randn(STEPS, ROWS, HIDDEN).double()
    both = th.cat((ours.candidate.weight, ours.gate.weight))
    theirs.to_hidden_and_gate.weight.data.copy_(both)
    found = ours.states(seen, th.zeros(ROWS, HIDDEN).double())
    th.testing.assert_close(found, theirs(seen.transpose(0, 1)).transpose(0, 1))


@pytest.mark.libraries
def test_lru_is_that_of_lru_pytorch():
    """Its output without the feedthrough is C h: with C = 1 and then -i, the real and the imaginary part."""
    theirs = pytest.importorskip("LRU_pytorch").LRU(FEATURES, HIDDEN, HIDDEN)
    ours, seen = LRULayer(FEATURES, HIDDEN), frames().float()
    into = th.complex(*ours.input.weight.detach().unflatten(0, (2, -1)))
    for name, value in dict(
        nu_log=ours.log_fading, theta_log=ours.log_turn, gamma_log=ours.log_scale, B=into, D=th.zeros(HIDDEN, FEATURES)
    ).items():
        getattr(theirs, name).data.copy_(value.detach())
    zeros = th.zeros(ROWS, HIDDEN)
    for part, found in zip((1, -1j), ours.states(seen, zeros, zeros), strict=True):
        theirs.C.data.copy_(part * th.eye(HIDDEN))
        th.testing.assert_close(found, theirs(seen.transpose(0, 1)).transpose(0, 1), rtol=1e-4, atol=1e-5)


@pytest.mark.libraries
def test_slstm_is_that_of_xlstm():
    pytest.importorskip("xlstm")
    from xlstm.blocks.slstm.src.vanilla.slstm import slstm_forward_pointwise  # pyright: ignore[reportMissingImports]

    ours, seen = SLSTMLayer(FEATURES, HIDDEN, 1.0).double(), frames()
    found, _ = ours(seen, (th.zeros(1, ROWS, 2 * HIDDEN).double(),) * 2)
    states = th.zeros(4, ROWS, HIDDEN).double()
    for x, output in zip(seen, found, strict=True):
        i, f, z, o = ours.input(x).chunk(4, -1)
        recurrent = ours.recurrent(states[0])
        states, _ = slstm_forward_pointwise(th.cat((i, f, z, o), -1), recurrent, th.zeros(1, 4 * HIDDEN), states, {})
        th.testing.assert_close(output, states[0])
