"""Recurrent layers that PyTorch lacks, called as its own are: (T, N, features) and a pair of states in, and out again.

- minGRU: Feng et al., Were RNNs all we needed?, 2024 (arXiv 2410.01201), in the form whose states are positive.
- LRU: Orvieto et al., Resurrecting recurrent neural networks for long sequences, ICML 2023 (arXiv 2303.06349).
- sLSTM: Beck et al., xLSTM: extended long short-term memory, NeurIPS 2024 (arXiv 2405.04517), with one head.
- A transformer's layer with the gates of Parisotto et al., Stabilizing transformers for reinforcement learning, ICML
  2020 (arXiv 1910.06764), over a window of frames.

The first two have no matrix product in their recurrence: a frame's input is all that a gate asks for. So all products
are done at once, and what is left to do step by step is `scan`.
"""

import math
from typing import Any

import torch as th
from torch import nn
from torch.nn import functional as F

States = tuple[th.Tensor, th.Tensor]
"""(h, c), each (layers, sequences, state size)."""

WINDOW = 256
"""Frames that a transformer's layer sees: 51 s of them."""

HEADS = 4
"""Of the transformer's layer: each looks at the frames in its own way."""

SLOWEST, FASTEST = 0.999, 0.9
"""What an LRU's cells keep of themselves in one step, between which they begin."""


class _Scan(th.autograd.Function):
    """h_t = keep_t h_(t-1) + new_t, without a node of autograd for every step."""

    @staticmethod
    def forward(ctx: Any, keep: th.Tensor, new: th.Tensor, before: th.Tensor) -> th.Tensor:
        states, h = th.empty_like(new), before
        for k, n, out in zip(keep.unbind(0), new.unbind(0), states.unbind(0), strict=True):
            h = th.addcmul(n, k, h, out=out)
        ctx.save_for_backward(keep, states, before)
        return states

    @staticmethod
    def backward(ctx: Any, *grads: th.Tensor) -> tuple[th.Tensor, th.Tensor, th.Tensor]:
        keep, states, before = ctx.saved_tensors
        keep = keep.conj()
        grad = grads[0].clone()
        rows = grad.unbind(0)
        for t in range(len(rows) - 1, 0, -1):
            rows[t - 1].addcmul_(keep[t], rows[t])
        past = th.cat((before.unsqueeze(0), states[:-1])).conj()
        return grad * past, grad, keep[0] * grad[0]


def scan(keep: th.Tensor, new: th.Tensor, before: th.Tensor) -> th.Tensor:
    """All h_t = keep_t h_(t-1) + new_t. keep, new: (T, N, size); before: h_0 (N, size). Returns (T, N, size)."""
    return _Scan.apply(keep, new, before) if len(new) > 1 else keep * before + new


class Layer(nn.Module):
    """What all have, as PyTorch's recurrent layers have it."""

    def __init__(self, features: int, hidden: int) -> None:
        super().__init__()
        self.input_size, self.hidden_size, self.num_layers = features, hidden, 1


class Readout(nn.Module):
    """What a memory that only adds up has to say, together with the frame: an LSTM's output gate does that for it."""

    def __init__(self, features: int, state: int, hidden: int) -> None:
        super().__init__()
        self.linear = nn.Linear(features + state, hidden)

    def forward(self, input: th.Tensor, state: th.Tensor) -> th.Tensor:
        """(T, N, features), (T, N, state) -> (T, N, hidden)."""
        return self.linear(th.cat((input, state), -1)).tanh()


class MinGRULayer(Layer):
    """A gate z that asks the frame alone: h = (1 - z) h + z g(candidate); g(x) = x + 1/2, or sigmoid(x) below 0."""

    def __init__(self, features: int, hidden: int, forget_bias: float = 0.0) -> None:
        super().__init__(features, hidden)
        self.candidate, self.gate = nn.Linear(features, hidden, bias=False), nn.Linear(features, hidden)
        nn.init.constant_(self.gate.bias, -forget_bias)
        self.readout = Readout(features, hidden, hidden)

    def states(self, input: th.Tensor, before: th.Tensor) -> th.Tensor:
        """(T, N, features), (N, hidden) -> (T, N, hidden)."""
        candidate, gate = self.candidate(input), self.gate(input)
        candidate = th.where(candidate >= 0, candidate + 0.5, candidate.sigmoid())
        return scan((-gate).sigmoid(), gate.sigmoid() * candidate, before)

    def forward(self, input: th.Tensor, hx: States | None = None) -> tuple[th.Tensor, States]:
        """(T, N, features), (h, c) -> (T, N, hidden), (new h, same c), which it lacks."""
        assert hx is not None
        h = self.states(input, hx[0][0])
        return self.readout(input, h), (h[-1:], hx[1])


class LRULayer(Layer):
    """Every cell a complex number that turns and fades at a pace of its own; h its real, c its imaginary part."""

    def __init__(self, features: int, hidden: int) -> None:
        super().__init__(features, hidden)
        kept = (th.rand(hidden) * (SLOWEST**2 - FASTEST**2) + FASTEST**2).sqrt()
        self.log_fading = nn.Parameter((-kept.log()).log())
        self.log_turn = nn.Parameter((th.rand(hidden) * math.pi / 10).log())
        self.log_scale = nn.Parameter(0.5 * (1 - kept**2).log())
        self.input = nn.Linear(features, 2 * hidden, bias=False)  # real parts, then imaginary ones
        nn.init.normal_(self.input.weight, std=(2 * features) ** -0.5)
        self.readout = Readout(features, 2 * hidden, hidden)

    def states(self, input: th.Tensor, real: th.Tensor, imaginary: th.Tensor) -> States:
        """(T, N, features), twice (N, hidden) -> real and imaginary parts (T, N, hidden)."""
        kept, turn = (-self.log_fading.exp()).exp(), self.log_turn.exp()
        cos, sin = kept * turn.cos(), kept * turn.sin()
        new = (self.input(input).unflatten(-1, (2, -1)) * self.log_scale.exp()).unbind(-2)
        if len(input) == 1:  # in real numbers, for ONNX has no others
            return cos * real - sin * imaginary + new[0], sin * real + cos * imaginary + new[1]
        drive = th.complex(*new)
        found = scan(th.complex(cos, sin).expand_as(drive), drive, th.complex(real, imaginary))
        return found.real, found.imag

    def forward(self, input: th.Tensor, hx: States | None = None) -> tuple[th.Tensor, States]:
        """(T, N, features), (h, c) -> (T, N, hidden), (new h, new c)."""
        assert hx is not None
        real, imaginary = self.states(input, hx[0][0], hx[1][0])
        return self.readout(input, th.cat((real, imaginary), -1)), (real[-1:], imaginary[-1:])


class SLSTMLayer(Layer):
    """An LSTM whose input gate is an exponential, with a normaliser n and a stabiliser m: h = o c / n.

    Its state is twice as large as its output: h and n in one, c and m in the other.
    """

    def __init__(self, features: int, hidden: int, forget_bias: float = 0.0) -> None:
        super().__init__(features, hidden)
        self.input, self.recurrent = nn.Linear(features, 4 * hidden), nn.Linear(hidden, 4 * hidden, bias=False)
        with th.no_grad():
            self.input.bias.zero_()
            self.input.bias[hidden : 2 * hidden] = forget_bias  # the order is input, forget, cell, output

    def forward(self, input: th.Tensor, hx: States | None = None) -> tuple[th.Tensor, States]:
        """(T, N, features), (h and n, c and m) -> (T, N, hidden), the same anew."""
        assert hx is not None
        (h, n), (c, m) = (state[0].chunk(2, -1) for state in hx)
        outputs = []
        for sums in self.input(input).unbind(0):
            through, forget, cell, out = (sums + self.recurrent(h)).chunk(4, -1)
            kept = (F.logsigmoid(forget) + m).masked_fill(n == 0, -math.inf)  # before the first frame m means nothing
            m = th.maximum(through, kept)
            through, kept = (through - m).exp(), (kept - m).exp()
            c, n = kept * c + through * cell.tanh(), kept * n + through
            h = out.sigmoid() * c / n
            outputs.append(h)
        return th.stack(outputs), (th.cat((h, n), -1).unsqueeze(0), th.cat((c, m), -1).unsqueeze(0))


class TransformerLayer(Layer):
    """Attention over this frame and those before it, then two layers, each behind a gate that begins almost shut.

    Its state is no summary: h holds the keys of the ``window - 1`` frames before this one, c their values, zeros where
    the episode had none yet.
    """

    def __init__(self, features: int, hidden: int, window: int = WINDOW, heads: int = HEADS) -> None:
        if hidden % heads:
            raise ValueError(f"hidden is {hidden}: a transformer's layer of {heads} heads takes a multiple of {heads}")
        super().__init__(features, hidden)
        self.window, self.heads = window, heads
        self.enter, self.norm = nn.Linear(features, hidden), nn.LayerNorm(hidden)
        self.attend, self.leave = nn.Linear(hidden, 3 * hidden), nn.Linear(hidden, hidden)
        self.nearness = nn.Parameter(th.zeros(heads, window))  # what it adds to a score that a frame is so long ago
        wide = nn.Linear(hidden, 2 * hidden), nn.ReLU(), nn.Linear(2 * hidden, hidden), nn.ReLU()
        self.think = nn.Sequential(nn.LayerNorm(hidden), *wide)
        self.attended, self.thought = nn.GRUCell(hidden, hidden), nn.GRUCell(hidden, hidden)
        for gate in (self.attended, self.thought):
            nn.init.constant_(gate.bias_ih[hidden : 2 * hidden], 2.0)  # the order is reset, update, new

    def forward(self, input: th.Tensor, hx: States | None = None) -> tuple[th.Tensor, States]:
        """(T, N, features), (keys, values) -> (T, N, hidden), (keys, values) of the last frames."""
        assert hx is not None
        steps, sequences, _ = input.shape
        entered = self.enter(input)
        queries, *new = self.attend(self.norm(entered)).chunk(3, -1)
        past = (state.view(sequences, self.window - 1, self.hidden_size).transpose(0, 1) for state in hx)
        keys, values = (th.cat(both) for both in zip(past, new, strict=True))
        heads = map(self._split, (queries, keys, values))
        found = F.scaled_dot_product_attention(*heads, attn_mask=self._bias(keys, steps))
        x = self.attended(self.leave(found.permute(2, 0, 1, 3).reshape(steps * sequences, -1)), entered.flatten(0, 1))
        x = self.thought(self.think(x), x)
        h, c = (frames[steps:].transpose(0, 1).reshape(1, sequences, -1) for frames in (keys, values))
        return x.view(steps, sequences, -1), (h, c)

    def _split(self, frames: th.Tensor) -> th.Tensor:
        """(frames, N, hidden) -> (N, heads, frames, size of a head)."""
        return frames.unflatten(-1, (self.heads, -1)).permute(1, 2, 0, 3)

    def _bias(self, keys: th.Tensor, steps: int) -> th.Tensor:
        """What is added to each score: (N, heads, steps, frames); minus infinity for what is not to be seen."""
        frames = len(keys)
        ago = th.arange(frames - steps, frames).unsqueeze(1) - th.arange(frames)
        inside = ((ago >= 0) & (ago < self.window)).to(keys.device)
        there = (keys != 0).any(-1).t().view(-1, 1, 1, frames)  # a frame that is not there has no key
        nearness = self.nearness[:, ago.clamp(0, self.window - 1).to(keys.device)]
        return nearness.masked_fill(~(inside & there), -math.inf)
