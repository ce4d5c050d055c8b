"""The ladder of memories: what a policy may carry from one decision to the next.

A memory is one class: its ``name`` is what people type, and the first line of its docstring what they read. They
stand in the order of what they remember, the least first. All are called like ``torch.nn.LSTM`` with the pair of states
(h, c), so that policy, buffer and ``predict(obs, state, episode_start)`` never ask which one they hold.
"""

from typing import ClassVar, NamedTuple, TypeGuard

import torch as th
from torch import nn

from kindergarten.agents.learner.choice import Memory
from kindergarten.agents.learner.config import PPOConfig
from kindergarten.agents.learner.layers import LRULayer, MinGRULayer, SLSTMLayer, States, TransformerLayer

FORGET_BIAS = 3.0
"""sigmoid(3) = 0.95: the gradient halves every 14 decisions instead of every single one (sigmoid(0) = 0.5)."""

FRAMES = PPOConfig.frames
"""How many the memory ``stack`` sees: 1.6 s of them."""

MEMORIES: "dict[str, type[MemoryModule]]" = {}


class MemoryModule(nn.Module):
    """A recurrent layer, PyTorch's or ours, as a memory: ``class GRU(MemoryModule, nn.GRU)``."""

    name: ClassVar[str]
    input_size: int
    hidden_size: int
    remembers: ClassVar[bool] = True  # False: every decision is on its own
    has_cells: ClassVar[bool] = True  # whether its state holds what it knows, cell by cell

    def __init_subclass__(cls) -> None:
        MEMORIES[cls.name] = cls

    def __init__(self, features: int, hidden: int, forget_bias: float, frames: int) -> None:
        """``forget_bias`` is for those who have forget gates, ``frames`` for those who see several at once."""
        super().__init__(features, hidden)  # pyright: ignore[reportCallIssue]  # nn.Module is not the next one: the layer

    @property
    def state_size(self) -> int:
        """How many numbers h and c have each, per world."""
        return self.hidden_size

    def cells(self, h: th.Tensor, c: th.Tensor) -> th.Tensor:
        """Of a state, (1, W, state size) each, what it knows, cell by cell: (W, hidden)."""
        return h[-1]


class MemorylessLSTM(MemoryModule, nn.LSTM):
    """No memory: the LSTM with its state zeroed before every step, as many weights and nothing remembered."""

    name = "none"
    remembers = has_cells = False

    def __init__(self, features: int, hidden: int, forget_bias: float, frames: int) -> None:
        super().__init__(features, hidden, forget_bias, frames)
        open_forget_gates(self, forget_bias)  # it cannot matter, but so a seed gives both the same weights

    def forward(self, input: th.Tensor, hx: States | None = None) -> tuple[th.Tensor, States]:
        """(T, N, features), (h, c) -> (T, N, hidden), (same h, same c): all rows at once, since none needs another."""
        assert hx is not None
        steps, sequences, _ = input.shape
        hidden, _ = super().forward(input.reshape(1, steps * sequences, -1))
        return hidden.view(steps, sequences, -1), hx


class StackedLSTM(MemoryModule, nn.LSTM):
    """The last frames: the same cell without its own memory sees several at once, which is memory for the poor.

    Its state h is not hidden at all: the ``frames - 1`` frames before this one, zeros where the episode had none yet;
    c is not used.
    """

    name = "stack"
    has_cells = False

    def __init__(self, features: int, hidden: int, forget_bias: float, frames: int) -> None:
        if frames < 2:
            raise ValueError(f"frames is {frames}: a stack has at least 2")
        super().__init__(features * frames, hidden, forget_bias, frames)
        self.input_size, self.frames = features, frames  # the size of one frame, as everybody else counts it

    @property
    def state_size(self) -> int:
        """Of the frames that it keeps."""
        return (self.frames - 1) * self.input_size

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


class PairedRNN(MemoryModule, nn.RNN):
    """A tanh network: PyTorch's plain RNN."""

    name = "rnn"

    def forward(self, input: th.Tensor, hx: States | None = None) -> tuple[th.Tensor, States]:
        """(T, N, features), (h, c) -> (T, N, hidden), (new h, same c), which it lacks."""
        assert hx is not None
        hidden, h = super().forward(input, hx[0])
        return hidden, (h, hx[1])


class PairedGRU(MemoryModule, nn.GRU):
    """A GRU: its gates begin half open."""

    name = "gru"

    def forward(self, input: th.Tensor, hx: States | None = None) -> tuple[th.Tensor, States]:
        """(T, N, features), (h, c) -> (T, N, hidden), (new h, same c), which it lacks."""
        assert hx is not None
        hidden, h = super().forward(input, hx[0])
        return hidden, (h, hx[1])


class OpenLSTM(MemoryModule, nn.LSTM):
    """An LSTM whose forget gates begin open."""

    name = "lstm"

    def __init__(self, features: int, hidden: int, forget_bias: float, frames: int) -> None:
        super().__init__(features, hidden, forget_bias, frames)
        open_forget_gates(self, forget_bias)


class DefaultLSTM(MemoryModule, nn.LSTM):
    """An LSTM as PyTorch begins it: its forget gates are half open."""

    name = "lstm-default"


class ScalarLSTM(MemoryModule, SLSTMLayer):
    """An sLSTM: exponential input gates; its forget gates begin open."""

    name = "slstm"

    def __init__(self, features: int, hidden: int, forget_bias: float, frames: int) -> None:
        SLSTMLayer.__init__(self, features, hidden, forget_bias)

    @property
    def state_size(self) -> int:
        """Of h and n, or c and m."""
        return 2 * self.hidden_size

    def cells(self, h: th.Tensor, c: th.Tensor) -> th.Tensor:
        """C / n, as far as n is not 0 yet."""
        size = self.hidden_size
        return c[-1, :, :size] / h[-1, :, size:].clamp_min(1e-12)


class MinimalGRU(MemoryModule, MinGRULayer):
    """A minGRU: its gates ask the frame alone, and begin open."""

    name = "mingru"

    def __init__(self, features: int, hidden: int, forget_bias: float, frames: int) -> None:
        MinGRULayer.__init__(self, features, hidden, forget_bias)


class LinearRecurrence(MemoryModule, LRULayer):
    """An LRU: every cell turns and fades at a pace of its own, whatever it sees."""

    name = "lru"


class WindowedTransformer(MemoryModule, TransformerLayer):
    """A transformer's layer: gated attention over the last 256 frames."""

    name = "transformer"
    has_cells = False

    @property
    def state_size(self) -> int:
        """Of the keys, or values, of the frames before this one."""
        return (self.window - 1) * self.hidden_size


def make_memory(
    memory: Memory, features: int, hidden: int, forget_bias: float = FORGET_BIAS, frames: int = FRAMES
) -> MemoryModule:
    """The module of one rung, initialised."""
    return MEMORIES[memory.value](features, hidden, forget_bias, frames)


def is_plain_lstm(module: nn.Module) -> TypeGuard[nn.LSTM]:
    """Whether it is called as PyTorch's own LSTM is: then there are shorter ways to the same result."""
    return isinstance(module, nn.LSTM) and type(module).forward is nn.LSTM.forward


@th.no_grad()
def open_forget_gates(lstm: nn.RNNBase, bias: float = FORGET_BIAS) -> None:
    """Set the forget gates' bias of every layer. PyTorch has two (input's, state's), and their sum counts."""
    gate = slice(lstm.hidden_size, 2 * lstm.hidden_size)  # the order is input, forget, cell, output
    for name, parameter in lstm.named_parameters():
        if name.startswith("bias_ih"):
            parameter[gate] = bias
        elif name.startswith("bias_hh"):
            parameter[gate] = 0.0


class Inside(NamedTuple):
    """What goes on inside a memory of W worlds after one more frame, for those who watch."""

    cells: th.Tensor | None  # (W, hidden) an LSTM's cell state, another memory's state; None: it has none
    gates: th.Tensor | None  # (W, 3, hidden) how far an LSTM's input, forget and output gates were open, 0..1


@th.no_grad()
def look_inside(module: nn.Module, features: th.Tensor, before: States, after: States) -> Inside:
    """What ``module`` did with a frame.

    features: (W, features) of the frame; before, after: its states (h, c), each (1, W, hidden).
    """
    if not is_plain_lstm(module):
        assert isinstance(module, MemoryModule)
        return Inside(module.cells(*after) if module.has_cells else None, None)
    weight_ih, weight_hh, bias_ih, bias_hh = module.all_weights[0]
    sums = features @ weight_ih.T + bias_ih + before[0][0] @ weight_hh.T + bias_hh
    through, forget, _, out = sums.view(len(sums), 4, -1).unbind(1)  # PyTorch's order: input, forget, cell, output
    return Inside(after[1][-1], th.stack([through, forget, out], dim=1).sigmoid())
