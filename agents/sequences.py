"""Running a memory over whole sequences: cut at episode starts, zero the state there, call the module once.

sb3-contrib steps through time in Python as soon as an episode starts inside the minibatch, which is always the
case. Cutting there and starting from a zero state is the same function with the same gradients.
"""

from typing import NamedTuple

import torch as th
from torch import nn

from kindergarten.agents.memory import MemorylessLSTM, States

GROUPS = 3
"""Sequences are padded to the longest of their group. With episodes of 40 to 60 decisions in rollouts of 128, one
group spends 59 % more steps than there are, two 36 %, three 22 %, four 18 %, but each call costs as well."""


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
    """Cut rows in SB3's order, world by world, at episode starts. episode_starts: (worlds, steps), 0 or 1."""
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


def unroll(module: nn.RNNBase, features: th.Tensor, states: States, cut: Cut) -> th.Tensor:
    """Run ``module`` over all sequences of a minibatch.

    features: (worlds * steps, features), world by world; states: (h, c) at each world's first row, each
    (layers, worlds, hidden). Returns (worlds * steps, hidden) in the same order. Rows beyond a sequence's end are
    run too, but their output goes nowhere, and so no gradient comes back from them.
    """
    if isinstance(module, MemorylessLSTM):
        return module(features.unsqueeze(0))[0].squeeze(0)
    outputs = []
    for rows, world, carry in cut.groups:
        sequence = features.index_select(0, rows.flatten()).view(*rows.shape, -1)
        h, c = (state[:, world] * carry for state in states)
        outputs.append(module(sequence, (h, c))[0].flatten(0, 1))
    return th.cat(outputs).index_select(0, cut.place)
