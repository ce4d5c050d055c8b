"""The ladder of memories: what a policy may carry from one decision to the next.

Every rung is a module that is called like ``torch.nn.LSTM`` with the pair of states (h, c), so that policy,
buffer and ``predict(obs, state, episode_start)`` never ask which one they hold.
"""

from collections.abc import Callable
from enum import Enum

import torch as th
from torch import nn

States = tuple[th.Tensor, th.Tensor]
"""(h, c), each (layers, sequences, hidden)."""

FORGET_BIAS = 3.0
"""sigmoid(3) = 0.95: the gradient halves every 14 decisions instead of every single one (sigmoid(0) = 0.5)."""


class Memory(Enum):
    """The memories to choose from, by the names that people type."""

    NONE = "none"
    RNN = "rnn"
    GRU = "gru"
    LSTM = "lstm"
    LSTM_DEFAULT = "lstm-default"

    @classmethod
    def _missing_(cls, value: object) -> "Memory":
        choices = ", ".join(repr(memory.value) for memory in cls)
        raise ValueError(f"unknown memory {value!r}: choose one of {choices}")


class MemorylessLSTM(nn.LSTM):
    """The very same LSTM with its state zeroed before every step: as many weights, nothing remembered."""

    def forward(self, input: th.Tensor, hx: States | None = None) -> tuple[th.Tensor, States]:
        """(T, N, features) -> (T, N, hidden) and a zero state: all rows at once, since none needs another."""
        steps, sequences, _ = input.shape
        hidden, _ = super().forward(input.reshape(1, steps * sequences, -1))
        zeros = input.new_zeros(self.num_layers, sequences, self.hidden_size)
        return hidden.view(steps, sequences, -1), (zeros, zeros)


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


def make_memory(memory: Memory, features: int, hidden: int, forget_bias: float = FORGET_BIAS) -> nn.RNNBase:
    """The module of one rung, initialised; ``forget_bias`` counts for ``lstm`` and ``none`` only.

    ``none`` gets it too, though it cannot matter there, so that a seed gives both the same weights.
    """
    module = _MODULES[memory](features, hidden)
    if memory in (Memory.LSTM, Memory.NONE):
        set_forget_bias(module, forget_bias)
    return module


@th.no_grad()
def set_forget_bias(lstm: nn.RNNBase, bias: float) -> None:
    """Set the forget gates' bias of every layer. PyTorch has two (input's, state's), and their sum counts."""
    gate = slice(lstm.hidden_size, 2 * lstm.hidden_size)  # the order is input, forget, cell, output
    for name, parameter in lstm.named_parameters():
        if name.startswith("bias_ih"):
            parameter[gate] = bias
        elif name.startswith("bias_hh"):
            parameter[gate] = 0.0
