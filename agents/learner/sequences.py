"""Running a memory over whole sequences in which episodes end and begin, without stepping through time.

sb3-contrib steps through time in Python as soon as an episode starts inside the minibatch, which is always the
case. A *layout* says where a minibatch's rows go instead; the result is the same function with the same gradients:

- `Separated`, for an LSTM: a *separator* stands between two episodes, a row whose input shuts the input, forget and
  output gates. After it h and c are zero (below 1e-37), nothing flows back through it, and a world stays one sequence
  of 3 % more rows. Forward and backward of 8,192 rows through two LSTMs of 64 on one core: 35 ms.
- `Pieces`, for any memory: cut at episode starts, begin there with a zero state, call the module once per group of
  pieces of like length, padded. The same: 52 ms with four groups, 65 ms with one.
- `Apart`, for none: every row on its own.
"""

from dataclasses import dataclass
from typing import Protocol

import torch as th
from torch import nn

from kindergarten.agents.learner.memory import MemoryModule, States, is_plain_lstm

SHUT = -1e4
"""What a separator adds to a gate: sigmoid(-1e4) = 0, and no state or weight argues it away."""

GROUPS = 4
"""Pieces are padded to the longest of their group. More groups pad less (episodes of 40 to 60 in rollouts of 128:
66 % for one, 26 % for three, 19 % for four, 9 % for eight), but each is a call; four and five were the fastest."""


class Layout(Protocol):
    """Where the rows of a minibatch, (worlds * steps, features) world by world, go before a memory runs."""

    def arrange(self, features: th.Tensor) -> list[th.Tensor]:
        """The rows as the memory wants them. Actor and critic share the result if they share their features."""
        ...

    def run(self, module: MemoryModule, arranged: list[th.Tensor], states: States) -> th.Tensor:
        """Run a memory from ``states`` (h, c), each (1, worlds, hidden): (worlds * steps, hidden), rows in order."""
        ...


@dataclass(frozen=True)
class Separated:
    """Every world in one sequence, with separators between its episodes."""

    place: th.Tensor  # (worlds * steps,) row to its place in (length, worlds)
    length: int  # of the sequences, separators included
    carry: th.Tensor  # (worlds, 1) 0 where the first row starts an episode, else 1

    @classmethod
    def of(cls, episode_starts: th.Tensor) -> "Separated":
        """Make room for a separator before each episode's start. episode_starts: (worlds, steps), 0 or 1."""
        worlds, steps = episode_starts.shape
        gaps = (episode_starts > 0.5).long()
        gaps[:, 0] = 0  # nothing comes before the first row: its state is zeroed by hand
        time = th.arange(steps, device=gaps.device) + gaps.cumsum(1)
        place = time * worlds + th.arange(worlds, device=gaps.device).unsqueeze(1)
        return cls(place.flatten(), int(time[:, -1].max()) + 1, 1.0 - episode_starts[:, :1])

    def arrange(self, features: th.Tensor) -> list[th.Tensor]:
        """One tensor (length, worlds, features + 1): the last column says "separator"."""
        worlds = len(self.carry)
        inputs = features.new_ones(self.length * worlds, features.shape[1] + 1)  # separators, unless written to
        inputs = inputs.index_copy(0, self.place, nn.functional.pad(features, (0, 1)))
        return [inputs.view(self.length, worlds, -1)]

    def run(self, module: MemoryModule, arranged: list[th.Tensor], states: States) -> th.Tensor:
        """Run an LSTM of one layer: (worlds * steps, hidden)."""
        assert is_plain_lstm(module)
        weight_ih, weight_hh, bias_ih, bias_hh = module.all_weights[0]
        shut = weight_ih.new_full((4, module.hidden_size), SHUT)
        shut[2] = 0.0  # input, forget, cell, output: the cell's own input is no gate
        weights = [th.cat((weight_ih, shut.view(-1, 1)), 1), weight_hh, bias_ih, bias_hh]
        h, c = (state * self.carry for state in states)
        output, _, _ = th.lstm(arranged[0], (h, c), weights, True, 1, 0.0, module.training, False, False)
        return output.flatten(0, 1).index_select(0, self.place)


@dataclass(frozen=True)
class Pieces:
    """Worlds cut at episode starts, in groups of about the same length.

    Rows beyond a piece's end are run too, but their output goes nowhere: no gradient comes back from them.
    """

    rows: list[th.Tensor]  # per group (length, n): number of the row; beyond a piece's end some other row
    world: list[th.Tensor]  # per group (n,): whose state a piece begins with
    carry: list[th.Tensor]  # per group (n, 1): 1 where it goes on from before the rollout, 0 where an episode starts
    place: th.Tensor  # (worlds * steps,) where each row stands in the groups' outputs, one after the other

    @classmethod
    def of(cls, episode_starts: th.Tensor) -> "Pieces":
        """Cut at episode starts. episode_starts: (worlds, steps), 0 or 1."""
        steps, total = episode_starts.shape[1], episode_starts.numel()
        begins = episode_starts > 0.5
        begins[:, 0] = True
        first = begins.flatten().nonzero().squeeze(1)
        length = th.diff(first, append=first.new_tensor([total]))
        carry = 1.0 - episode_starts.flatten()[first]
        layout = cls([], [], [], th.empty(total, dtype=th.long, device=first.device))
        offset = 0
        for part in length.argsort(descending=True).tensor_split(min(GROUPS, len(first))):
            step = th.arange(int(length[part[0]]), device=first.device).unsqueeze(1)
            rows = first[part] + step
            inside = step < length[part]
            layout.place[rows[inside]] = offset + inside.flatten().nonzero().squeeze(1)
            layout.rows.append(rows.clamp_(max=total - 1))
            layout.world.append(first[part] // steps)
            layout.carry.append(carry[part].unsqueeze(1))
            offset += rows.numel()
        return layout

    def arrange(self, features: th.Tensor) -> list[th.Tensor]:
        """Per group (length, n, features)."""
        return [features.index_select(0, rows.flatten()).view(*rows.shape, -1) for rows in self.rows]

    def run(self, module: MemoryModule, arranged: list[th.Tensor], states: States) -> th.Tensor:
        """Run any memory: (worlds * steps, hidden)."""
        outputs = []
        for sequence, world, carry in zip(arranged, self.world, self.carry, strict=True):
            h, c = (state[:, world] * carry for state in states)
            outputs.append(module(sequence, (h, c))[0].flatten(0, 1))
        return th.cat(outputs).index_select(0, self.place)


class Apart:
    """Every row on its own, for a module that remembers nothing."""

    def arrange(self, features: th.Tensor) -> list[th.Tensor]:
        """One tensor (1, worlds * steps, features)."""
        return [features.unsqueeze(0)]

    def run(self, module: MemoryModule, arranged: list[th.Tensor], states: States) -> th.Tensor:
        """Run a module that needs no state: (worlds * steps, hidden)."""
        return module(arranged[0], states)[0].squeeze(0)


def layout_for(module: MemoryModule, episode_starts: th.Tensor) -> Layout:
    """The fastest layout for a memory. episode_starts: (worlds, steps), 0 or 1."""
    if not module.remembers:
        return Apart()
    return Separated.of(episode_starts) if is_plain_lstm(module) else Pieces.of(episode_starts)


def step(
    module: MemoryModule, features: th.Tensor, states: States, episode_starts: th.Tensor
) -> tuple[th.Tensor, States]:
    """One decision of every world. features: (worlds, features); states: (h, c), each (1, worlds, hidden).

    Returns the memory's output (worlds, hidden) and the new states. A bare LSTM goes through its cell function:
    210 us for 256 worlds and 64 cells, against 265 us for a sequence of one.
    """
    h, c = (state * (1.0 - episode_starts).view(1, -1, 1) for state in states)
    if not is_plain_lstm(module):
        output, states = module(features.unsqueeze(0), (h, c))
        return output.squeeze(0), states
    h, c = th.lstm_cell(features, (h[0], c[0]), *module.all_weights[0])
    return h, (h.unsqueeze(0), c.unsqueeze(0))
