"""The ladder of memories: what a policy may carry from one decision to the next.

Every rung is a module that is called like ``torch.nn.LSTM`` with the pair of states (h, c), so that policy,
buffer and ``predict(obs, state, episode_start)`` never ask which one they hold.
"""

from collections.abc import Callable

import torch as th
from torch import nn

from kindergarten.agents.learner.choice import Choice

States = tuple[th.Tensor, th.Tensor]
"""(h, c), each (layers, sequences, hidden)."""

FORGET_BIAS = 3.0
"""sigmoid(3) = 0.95: the gradient halves every 14 decisions instead of every single one (sigmoid(0) = 0.5)."""

FRAMES = 8
"""How many the memory ``stack`` sees: 1.6 s of them."""


class Memory(Choice):
    """The memories to choose from, by the names that people type."""

    NONE = "none"
    STACK = "stack"
    RNN = "rnn"
    GRU = "gru"
    LSTM = "lstm"
    LSTM_DEFAULT = "lstm-default"


class MemorylessLSTM(nn.LSTM):
    """The very same LSTM with its state zeroed before every step: as many weights, nothing remembered."""

    def forward(self, input: th.Tensor, hx: States | None = None) -> tuple[th.Tensor, States]:
        """(T, N, features), (h, c) -> (T, N, hidden), (same h, same c): all rows at once, since none needs another."""
        assert hx is not None
        steps, sequences, _ = input.shape
        hidden, _ = super().forward(input.reshape(1, steps * sequences, -1))
        return hidden.view(steps, sequences, -1), hx


class StackedLSTM(nn.LSTM):
    """The same cell without its own memory, shown the last ``frames`` frames at once: what memory is for the poor.

    Its state h is not hidden at all: the ``frames - 1`` frames before this one, zeros where the episode had none yet;
    c is not used.
    """

    def __init__(self, features: int, hidden: int, frames: int) -> None:
        if frames < 2:
            raise ValueError(f"frames is {frames}: a stack has at least 2")
        super().__init__(features * frames, hidden)
        self.input_size, self.frames = features, frames  # the size of one frame, as everybody else counts it

    def forward(self, input: th.Tensor, hx: States | None = None) -> tuple[th.Tensor, States]:
        """(T, N, features), (h, c) -> (T, N, hidden), (the last frames, same c)."""
        assert hx is not None
        steps, sequences, _ = input.shape
        past = hx[0].view(sequences, self.frames - 1, self.input_size).transpose(0, 1)
        frames = th.cat((past, input))
        windows = frames.unfold(0, self.frames, 1).reshape(steps * sequences, -1)
        zeros = input.new_zeros(steps * sequences, self.hidden_size)
        hidden, _ = th.lstm_cell(windows, (zeros, zeros), *self.all_weights[0])
        last = frames[steps:].transpose(0, 1).reshape(1, sequences, -1)
        return hidden.view(steps, sequences, -1), (last, hx[1])


class PairedGRU(nn.GRU):
    """A GRU that passes the cell state c, which it lacks, through."""

    def forward(self, input: th.Tensor, hx: States | None = None) -> tuple[th.Tensor, States]:
        """(T, N, features), (h, c) -> (T, N, hidden), (new h, same c)."""
        assert hx is not None
        hidden, h = super().forward(input, hx[0])
        return hidden, (h, hx[1])


class PairedRNN(nn.RNN):
    """A tanh network that passes the cell state c, which it lacks, through."""

    def forward(self, input: th.Tensor, hx: States | None = None) -> tuple[th.Tensor, States]:
        """(T, N, features), (h, c) -> (T, N, hidden), (new h, same c)."""
        assert hx is not None
        hidden, h = super().forward(input, hx[0])
        return hidden, (h, hx[1])


_MODULES: dict[Memory, Callable[[int, int], nn.RNNBase]] = {
    Memory.NONE: MemorylessLSTM,
    Memory.RNN: PairedRNN,
    Memory.GRU: PairedGRU,
    Memory.LSTM: nn.LSTM,
    Memory.LSTM_DEFAULT: nn.LSTM,
}


def make_memory(
    memory: Memory, features: int, hidden: int, forget_bias: float = FORGET_BIAS, frames: int = FRAMES
) -> nn.RNNBase:
    """The module of one rung, initialised; ``frames`` counts for ``stack``, ``forget_bias`` for ``lstm``.

    ``none`` gets the bias too, though it cannot matter there, so that a seed gives both the same weights.
    """
    if memory is Memory.STACK:
        return StackedLSTM(features, hidden, frames)
    module = _MODULES[memory](features, hidden)
    if memory in (Memory.LSTM, Memory.NONE):
        set_forget_bias(module, forget_bias)
    return module


def state_size(module: nn.RNNBase) -> int:
    """How many numbers h and c have each, per world."""
    if isinstance(module, StackedLSTM):
        return (module.frames - 1) * module.input_size
    return module.hidden_size


@th.no_grad()
def set_forget_bias(lstm: nn.RNNBase, bias: float) -> None:
    """Set the forget gates' bias of every layer. PyTorch has two (input's, state's), and their sum counts."""
    gate = slice(lstm.hidden_size, 2 * lstm.hidden_size)  # the order is input, forget, cell, output
    for name, parameter in lstm.named_parameters():
        if name.startswith("bias_ih"):
            parameter[gate] = bias
        elif name.startswith("bias_hh"):
            parameter[gate] = 0.0
