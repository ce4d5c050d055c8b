"""Running a memory over whole sequences in which episodes end and begin, without stepping through time.

sb3-contrib steps through time in Python as soon as an episode starts inside the minibatch, which is always the
case. Two ways around it, both the same function with the same gradients:

- any memory: cut at episode starts, begin there with a zero state, and call the module once per group of sequences
  of like length, padded;
- an LSTM: put a *separator* between two episodes, a row whose input shuts the input, forget and output gates. After
  it h and c are zero (below 1e-37), nothing flows back through it, and a world stays one sequence: 3 % more rows
  where padding costs 20 to 60 %. Forward and backward of 8,192 rows, two LSTMs of 64: 35 ms against 52 to 65.
"""

from typing import NamedTuple

import torch as th
from torch import nn

from kindergarten.agents.memory import MemorylessLSTM, States

SHUT = -1e4
"""What a separator adds to a gate: sigmoid(-1e4) = 0, and no state or weight argues it away."""

GROUPS = 4
"""Sequences are padded to the longest of their group. More groups pad less (episodes of 40 to 60 in rollouts of 128:
66 % for one, 26 % for three, 19 % for four, 9 % for eight), but each is a call; four and five were the fastest."""


class Separated(NamedTuple):
    """Where the rows of a minibatch stand among separators."""

    place: th.Tensor  # (worlds * steps,) row, world by world, to its place in (length, worlds)
    length: int  # of a world's sequence, separators included
    carry: th.Tensor  # (worlds, 1) 0 where the first row starts an episode, else 1


def separate(episode_starts: th.Tensor) -> Separated:
    """Make room for a separator before each episode's start. episode_starts: (worlds, steps), 0 or 1."""
    worlds, steps = episode_starts.shape
    starts = (episode_starts > 0.5).long()
    carry = 1.0 - episode_starts[:, :1]
    starts[:, 0] = 0  # nothing comes before it: its state is zeroed by hand
    time = th.arange(steps, device=starts.device) + starts.cumsum(1)
    place = time * worlds + th.arange(worlds, device=starts.device).unsqueeze(1)
    return Separated(place.flatten(), int(time[:, -1].max()) + 1, carry)


def unroll_lstm(lstm: nn.LSTM, features: th.Tensor, states: States, rows: Separated) -> th.Tensor:
    """Run a one-layer LSTM over whole worlds. Arguments and result as in :func:`unroll`."""
    worlds, hidden = states[0].shape[1], lstm.hidden_size
    flags = features.new_zeros(len(features), 1)
    inputs = features.new_ones(rows.length * worlds, features.shape[1] + 1)  # separators, unless written to
    inputs = inputs.index_copy(0, rows.place, th.cat((features, flags), 1)).view(rows.length, worlds, -1)
    shut = features.new_full((4, hidden), SHUT)
    shut[2] = 0.0  # the cell's own input needs no gate
    weights = [th.cat((lstm.weight_ih_l0, shut.view(-1, 1)), 1), lstm.weight_hh_l0, lstm.bias_ih_l0, lstm.bias_hh_l0]
    h, c = (state * rows.carry for state in states)
    output, _, _ = th.lstm(inputs, (h, c), weights, True, 1, 0.0, lstm.training, False, False)
    return output.flatten(0, 1).index_select(0, rows.place)


class Group(NamedTuple):
    """Sequences of about the same length, which are padded and run together."""

    rows: th.Tensor  # (length, n) number of the minibatch's row; beyond a sequence's end some other row
    world: th.Tensor  # (n,) whose state a sequence begins with
    carry: th.Tensor  # (n, 1) 1 where it goes on from before the rollout, 0 where an episode starts


class Cut(NamedTuple):
    """Where the sequences of a minibatch lie."""

    groups: list[Group]
    place: th.Tensor  # (worlds * steps,) where each row stands in the groups' outputs, one after the other


def cut(episode_starts: th.Tensor) -> Cut:
    """Cut rows, world by world, at episode starts. episode_starts: (worlds, steps), 0 or 1."""
    steps, rows = episode_starts.shape[1], episode_starts.numel()
    starts = episode_starts > 0.5
    begins = starts.clone()
    begins[:, 0] = True
    first = begins.flatten().nonzero().squeeze(1)
    length = th.diff(first, append=first.new_tensor([rows]))
    carry = 1.0 - starts.flatten()[first].to(episode_starts.dtype)
    place = th.empty(rows, dtype=th.long, device=first.device)
    groups, offset = [], 0
    for part in length.argsort(descending=True).tensor_split(min(GROUPS, len(first))):
        step = th.arange(int(length[part[0]]), device=first.device).unsqueeze(1)
        row = first[part] + step
        inside = step < length[part]
        place[row[inside]] = offset + inside.flatten().nonzero().squeeze(1)
        groups.append(Group(row.clamp_(max=rows - 1), first[part] // steps, carry[part].unsqueeze(1)))
        offset += row.numel()
    return Cut(groups, place)


def unroll_any(module: nn.RNNBase, features: th.Tensor, states: States, sequences: Cut) -> th.Tensor:
    """Run any memory over the pieces of the worlds. Arguments and result as in :func:`unroll`.

    Rows beyond a sequence's end are run too, but their output goes nowhere: no gradient comes back from them.
    """
    outputs = []
    for rows, world, carry in sequences.groups:
        sequence = features.index_select(0, rows.flatten()).view(*rows.shape, -1)
        h, c = (state[:, world] * carry for state in states)
        outputs.append(module(sequence, (h, c))[0].flatten(0, 1))
    return th.cat(outputs).index_select(0, sequences.place)


def plan(module: nn.RNNBase, episode_starts: th.Tensor) -> Separated | Cut:
    """Where rows go before ``module`` runs: one plan serves every module of its kind. (worlds, steps), 0 or 1."""
    return separate(episode_starts) if type(module) is nn.LSTM else cut(episode_starts)


def unroll(module: nn.RNNBase, features: th.Tensor, states: States, rows: Separated | Cut) -> th.Tensor:
    """Run ``module`` over all rows of a minibatch, with a zero state wherever an episode starts.

    features: (worlds * steps, features), world by world; states: (h, c) before each world's first row, each
    (1, worlds, hidden); rows: their plan. Returns (worlds * steps, hidden) in the order of the features.
    """
    if isinstance(module, MemorylessLSTM):
        return module(features.unsqueeze(0))[0].squeeze(0)
    if isinstance(rows, Separated):
        assert isinstance(module, nn.LSTM)
        return unroll_lstm(module, features, states, rows)
    return unroll_any(module, features, states, rows)
