"""What goes on inside a memory, for those who watch. Worked out from the weights, and only when somebody asks."""

from typing import NamedTuple

import torch as th
from torch import nn

from kindergarten.agents.learner.memory import MemoryModule, States, is_plain_lstm


class Inside(NamedTuple):
    """A memory of W worlds after one more frame."""

    cells: th.Tensor | None  # (W, hidden) an LSTM's cell state, another memory's state; None: it has none
    gates: th.Tensor | None  # (W, 3, hidden) how far an LSTM's input, forget and output gates were open, 0..1


@th.no_grad()
def look_inside(module: nn.RNNBase, features: th.Tensor, before: States, after: States) -> Inside:
    """What ``module`` did with a frame.

    features: (W, features) of the frame; before, after: its states (h, c), each (1, W, hidden).
    """
    if isinstance(module, MemoryModule) and not module.has_cells:
        return Inside(None, None)
    if not is_plain_lstm(module):
        return Inside(after[0][-1], None)
    weight_ih, weight_hh, bias_ih, bias_hh = module.all_weights[0]
    sums = features @ weight_ih.T + bias_ih + before[0][0] @ weight_hh.T + bias_hh
    through, forget, _, out = sums.view(len(sums), 4, -1).unbind(1)  # PyTorch's order: input, forget, cell, output
    return Inside(after[1][-1], th.stack([through, forget, out], dim=1).sigmoid())
