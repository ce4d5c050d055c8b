"""Past selves: in a share of the seats drives what the policy was some time ago, which learns nothing any more.

Who only ever meets its present self may agree with it on what holds for this day alone.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import torch as th
from sb3_contrib.common.recurrent.type_aliases import RNNStates
from torch.func import functional_call

from kindergarten.agents.learner.buffer import AuxiliaryTargets
from kindergarten.agents.learner.policies import MemoryPolicy

SELVES = 4  # that are remembered
EVERY = 8  # updates from one to the next


class PastSelves:
    """The last ``SELVES`` snapshots of a policy, and the seats in which they drive, without chance.

    rows: (n,) the seats, world by world, one after the other: of each world at most all but one. selves: their weights.
    """

    def __init__(self, policy: MemoryPolicy, worlds: int, seats: int, share: float) -> None:
        world, turn = np.arange(worlds), np.arange(seats - 1)[:, None]
        order = (world * seats + (world + turn) % seats).ravel()
        self.rows = order[: round(share * worlds * seats)]
        self.policy = policy
        self.selves = [self._weights() for _ in range(SELVES)]

    def keep(self, updates: int) -> None:
        """Remember the policy as it is after so many updates, instead of the oldest self, if it is time to.

        Before the first update nobody has a past but this.
        """
        if updates == 0:
            self.selves = [self._weights() for _ in range(SELVES)]
        elif updates % EVERY == 0:
            self.selves[updates // EVERY % SELVES] = self._weights()

    def drive(
        self, observations: th.Tensor, states: RNNStates, starts: th.Tensor, actions: th.Tensor, after: RNNStates
    ) -> th.Tensor:
        """The policy's ``actions``, but theirs in their seats; what they remember then goes into ``after``."""
        actions = actions.clone()
        for rows, weights in zip(np.array_split(self.rows, SELVES), self.selves, strict=True):
            if len(rows):
                mine = RNNStates(*(tuple(state[:, rows] for state in pair) for pair in states))
                asked = observations[rows], mine, starts[rows]
                actions[rows], _, _, then = functional_call(self.policy, weights, asked, {"deterministic": True})
                for its, new in zip((*after.pi, *after.vf), (*then.pi, *then.vf), strict=True):
                    its[:, rows] = new
        return actions

    def unseen(self, targets: AuxiliaryTargets) -> AuxiliaryTargets:
        """``targets`` of which no loss counts anything where they drive."""
        driven, labels = targets.driven.copy(), targets.labels.copy()
        driven[self.rows], labels[self.rows] = False, -1
        return targets._replace(driven=driven, labels=labels)

    def tensors(self) -> dict[str, th.Tensor]:
        """All that changes."""
        return {f"{k}/{name}": its for k, weights in enumerate(self.selves) for name, its in weights.items()}

    def put(self, tensors: Mapping[str, th.Tensor]) -> None:
        """Go on from ``tensors()``."""
        device = self.policy.device
        self.selves = [{name: tensors[f"{k}/{name}"].to(device) for name in self._weights()} for k in range(SELVES)]

    def _weights(self) -> dict[str, th.Tensor]:
        each = [*self.policy.named_parameters(), *self.policy.named_buffers()]
        return {name: its.detach().clone() for name, its in each}
