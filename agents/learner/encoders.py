"""From a frame to what the memory gets: an encoder, and a trunk of any depth behind it."""

import math
from typing import Any

import numpy as np
import torch as th
from gymnasium import spaces
from stable_baselines3.common.preprocessing import is_image_space, is_image_space_channels_first
from stable_baselines3.common.torch_layers import BaseFeaturesExtractor
from torch import nn

from kindergarten.agents.learner.choice import Encoder, Trunk
from kindergarten.agents.learner.config import DEEPEST, PPOConfig
from kindergarten.world.codes import Intent
from kindergarten.world.observation import NUM_EGO, NUM_USER, SEEN

HEADS = 4  # of the attention
CHANNELS = (16, 32)  # of the convolutions
GATE = -2.0  # bias of a highway's gates: they let 88 % of their input through unchanged at the start
_DEFAULT = PPOConfig()


class TrunkLayer(nn.Module):
    """One layer of a trunk: (rows, size) -> (rows, size)."""

    def __init__(self, kind: Trunk, size: int) -> None:
        super().__init__()
        self.kind = kind
        self.linear = nn.Linear(size, 2 * size if kind is Trunk.HIGHWAY else size)
        self.reset()

    @th.no_grad()
    def reset(self) -> None:
        """Initialise as the kind wants it.

        plain: as PyTorch does, and the gradient vanishes. relu: He. selu: LeCun, which keeps mean 0 and variance 1
        (Klambauer et al. 2017). highway: He, with gates that carry (Srivastava et al. 2015). residual: zeros, so that
        it begins as the identity.
        """
        if self.kind is Trunk.PLAIN:
            self.linear.reset_parameters()
            return
        rows = self.linear.weight[: self.linear.in_features]
        if self.kind is Trunk.RESIDUAL:
            nn.init.zeros_(rows)
        else:
            nn.init.kaiming_normal_(rows, nonlinearity="linear" if self.kind is Trunk.SELU else "relu")
        nn.init.zeros_(self.linear.bias)
        if self.kind is Trunk.HIGHWAY:
            nn.init.kaiming_normal_(self.linear.weight[len(rows) :], nonlinearity="linear")
            self.linear.bias[len(rows) :] = GATE

    def forward(self, x: th.Tensor) -> th.Tensor:
        """(rows, size) -> (rows, size)."""
        if self.kind is Trunk.RESIDUAL:
            return x + self.linear(x.relu())
        if self.kind is Trunk.HIGHWAY:
            new, gate = self.linear(x).chunk(2, dim=1)
            return x + gate.sigmoid() * (new.relu() - x)
        return nn.functional.selu(self.linear(x)) if self.kind is Trunk.SELU else self.linear(x).relu()


def trunk_width(kind: Trunk, size: int, depth: int) -> int:
    """What comes out of a trunk behind ``size`` units. A highway has two weights where others have one: so it is
    narrower, and the budget is the same.
    """
    return round(size / 2**0.5) if kind is Trunk.HIGHWAY and depth > 1 else size


def trunk_layers(kind: Trunk, size: int, depth: int) -> list[nn.Module]:
    """The layers behind an encoder's own, which is the first of ``depth``: none at depth 1.

    Raises:
        ValueError: a depth that is not within 1..DEEPEST.
    """
    if not 1 <= depth <= DEEPEST:
        raise ValueError(f"depth is {depth}: it must be from 1 to {DEEPEST}")
    width = trunk_width(kind, size, depth)
    narrower = [] if width == size else [nn.Linear(size, width), nn.ReLU()]
    return [*narrower, *(TrunkLayer(kind, width) for _ in range(depth - 1))]


class Features(BaseFeaturesExtractor):
    """What all encoders share: layers of their own, which make ``size`` numbers, and a trunk behind them."""

    def __init__(
        self,
        observation_space: spaces.Space,
        size: int = _DEFAULT.features,
        trunk: Trunk | str = Trunk.RELU,
        depth: int = _DEFAULT.depth,
    ):
        kind = Trunk(trunk)
        super().__init__(observation_space, trunk_width(kind, size, depth))
        behind = trunk_layers(kind, size, depth)
        self.layers = nn.Sequential(*self.own_layers(observation_space, size), *behind)

    def own_layers(self, observation_space: spaces.Space, size: int) -> list[nn.Module]:
        """The encoder's own layers, the last ones of which make ``size`` numbers."""
        raise NotImplementedError


class MlpFeatures(Features):
    """Flat observations through one hidden layer, and a trunk behind it.

    Observations of fewer road users are taken too: nobody else is in sight.
    """

    def own_layers(self, observation_space: spaces.Space, size: int) -> list[nn.Module]:
        """The hidden layer."""
        self.columns = spaces.flatdim(observation_space)
        return [nn.Flatten(), nn.Linear(self.columns, size), nn.ReLU()]

    def forward(self, observations: th.Tensor) -> th.Tensor:
        """(rows, *observation) -> (rows, size)."""
        missing = self.columns - observations[0].numel()
        return self.layers(nn.functional.pad(observations, (0, missing)) if missing else observations)


class AttentionFeatures(Features):
    """The ego asks, and the road users in sight answer: who is important gets more of the attention.

    The order of the road users makes no difference, nor does their number to the weights. Takes the observations
    "features" and "users" alike, for they hold the same numbers; ``seen`` must be 0 or 1 there. Where nobody is worth
    a look, the attention goes to a zero that stands beside the road users.
    """

    def own_layers(self, observation_space: spaces.Space, size: int) -> list[nn.Module]:
        """What looks and asks, and the layer to which the answers go.

        Raises:
            ValueError: the observations are no rows of road users, or the heads cannot share ``size``.
        """
        if size % HEADS:
            raise ValueError(f"features is {size}: attention of {HEADS} heads takes a multiple of {HEADS}")
        shown = spaces.flatdim(observation_space) - NUM_EGO
        if isinstance(observation_space, spaces.Box) and shown % NUM_USER:
            raise ValueError(f"the encoder 'attention' needs rows of {NUM_USER} numbers, not {shown} numbers in all")
        self.ego, self.user = nn.Linear(NUM_EGO, size), nn.Linear(NUM_USER, size)
        self.attention = nn.MultiheadAttention(size, HEADS, add_zero_attn=True, batch_first=True)
        return [nn.Linear(2 * size, size), nn.ReLU()]

    def forward(self, observations: Any) -> th.Tensor:
        """(rows, *observation), or a dict of it, -> (rows, size)."""
        ego, answer, _ = self._ask(observations)
        return self.layers(th.cat((ego, answer), dim=1))

    def weights(self, observations: Any) -> th.Tensor:
        """How much attention each road user gets, (rows, users) 0..1: the mean over the heads."""
        return self._ask(observations)[2].mean(1)

    def _ask(self, observations: Any) -> tuple[th.Tensor, th.Tensor, th.Tensor]:
        """The ego's own features and what attention brings it, (rows, size) each; and the weights (rows, heads, users).

        The module's own sums in another order: one asks for all, so that its question can be turned back into what the
        road users look like, and what they look like be mixed before it is turned into an answer.
        """
        ego, users = split(observations)
        ego, known = self.ego(ego).relu(), self.user(users).relu()
        into_query, into_key, into_value = self.attention.in_proj_weight.unflatten(0, (3, HEADS, -1))
        query_bias, key_bias, value_bias = self.attention.in_proj_bias.unflatten(0, (3, HEADS, -1))
        query = nn.functional.linear(ego, into_query.flatten(0, 1), query_bias.flatten()).unflatten(1, (HEADS, -1))
        query = query / query.shape[2] ** 0.5
        scores = by_head(query, into_key) @ known.transpose(1, 2) + (query * key_bias).sum(2, keepdim=True)
        scores = scores.masked_fill(users[:, None, :, SEEN] == 0, -math.inf)  # the logarithm of 0 has no gradient
        weights = nn.functional.pad(scores, (0, 1)).softmax(2)[:, :, :-1]  # with the zero that stands beside them
        answer = by_head(weights @ known, into_value.transpose(1, 2)) + weights.sum(2, keepdim=True) * value_bias
        return ego, self.attention.out_proj(answer.flatten(1)), weights


def by_head(x: th.Tensor, weights: th.Tensor) -> th.Tensor:
    """(rows, heads, m), (heads, m, n) -> (rows, heads, n)."""
    return (x.transpose(0, 1) @ weights).transpose(0, 1)


class CnnFeatures(Features):
    """Pictures through two convolutions and a layer, and a trunk behind it.

    Takes them with the channels last, as they are drawn, or first, as Stable-Baselines3 turns them. In memory they stay
    as they are, which is what PyTorch's convolutions like best on a CPU.
    """

    def own_layers(self, observation_space: spaces.Space, size: int) -> list[nn.Module]:
        """Convolutions and a layer.

        Raises:
            ValueError: the observations are no pictures.
        """
        if not is_image_space(observation_space):
            raise ValueError("the encoder 'cnn' needs pictures: observation='pixels'")
        assert isinstance(observation_space, spaces.Box)
        self.last = not is_image_space_channels_first(observation_space)
        height, width, channels = observation_space.shape if self.last else np.roll(observation_space.shape, -1)
        inputs = CHANNELS[1] * (height // 4 - 1 >> 1) * (width // 4 - 1 >> 1)
        return [
            nn.Conv2d(int(channels), CHANNELS[0], 4, 4),
            nn.ReLU(),
            nn.Conv2d(*CHANNELS, 3, 2),
            nn.ReLU(),
            nn.Flatten(),
            nn.Linear(int(inputs), size),
            nn.ReLU(),
        ]

    def forward(self, observations: th.Tensor) -> th.Tensor:
        """(rows, H, W, C), or (rows, C, H, W), of 0..1 -> (rows, size)."""
        seen = observations.permute(0, 3, 1, 2) if self.last else observations
        # Around 0: from 0..1, nearly all of it the same grey, one seed of five never noticed a lamp.
        return self.layers(seen - 0.5)


def split(observations: Any) -> tuple[th.Tensor, th.Tensor]:
    """The ego's columns (rows, NUM_EGO), and those of the road users (rows, users, NUM_USER), 0 for those unseen."""
    if isinstance(observations, dict):
        return observations["ego"], observations["users"]
    flat = observations.flatten(1)
    return flat[:, :NUM_EGO], flat[:, NUM_EGO:].unflatten(1, (-1, NUM_USER))


class UserCaptions(nn.Module):
    """Captions where the memory cannot tell one row from another: each road user is asked for by what it looks like."""

    def __init__(self, hidden: int) -> None:
        super().__init__()
        self.memory, self.user = nn.Linear(hidden, hidden), nn.Linear(NUM_USER, hidden, bias=False)
        self.out = nn.Linear(hidden, len(Intent))

    def forward(self, latent: th.Tensor, users: th.Tensor) -> th.Tensor:
        """(rows, hidden), (rows, users, NUM_USER) -> logits (rows, users, intents)."""
        return self.out((self.memory(latent).unsqueeze(1) + self.user(users)).relu())


ENCODERS: dict[Encoder, type[BaseFeaturesExtractor]] = {
    Encoder.FLAT: MlpFeatures,
    Encoder.ATTENTION: AttentionFeatures,
    Encoder.CNN: CnnFeatures,
}
