"""The policy: features -> memory -> heads for the action and the value."""

from typing import Any

import torch as th
from gymnasium import spaces
from sb3_contrib.common.recurrent.policies import RecurrentActorCriticPolicy
from sb3_contrib.common.recurrent.type_aliases import RNNStates
from stable_baselines3.common.torch_layers import BaseFeaturesExtractor
from stable_baselines3.common.type_aliases import Schedule
from torch import nn

from kindergarten.agents.config import PPOConfig
from kindergarten.agents.memory import FORGET_BIAS, Memory, make_memory
from kindergarten.agents.sequences import plan, unroll

_DEFAULT = PPOConfig()


class MlpFeatures(BaseFeaturesExtractor):
    """Flat observations through one hidden layer."""

    def __init__(self, observation_space: spaces.Space, size: int = _DEFAULT.features):
        super().__init__(observation_space, size)
        inputs = spaces.flatdim(observation_space)
        self.layers = nn.Sequential(nn.Flatten(), nn.Linear(inputs, size), nn.ReLU())

    def forward(self, observations: th.Tensor) -> th.Tensor:
        """(rows, *observation) -> (rows, size)."""
        return self.layers(observations)


class MemoryPolicy(RecurrentActorCriticPolicy):
    """sb3-contrib's recurrent policy with a choice of memory, whole sequences at once, and a fast step.

    :param memory: a :class:`Memory` or its name; ``ValueError`` with the choices otherwise.
    :param forget_bias: the forget gates' bias at the start, for ``lstm``.
    :param net_arch: the heads' hidden layers between memory and output.

    The rest is as in the parent class. Actor and critic have a memory each.
    """

    def __init__(
        self,
        observation_space: spaces.Space,
        action_space: spaces.Space,
        lr_schedule: Schedule,
        memory: Memory | str = Memory.LSTM,
        forget_bias: float = FORGET_BIAS,
        net_arch: list[int] | dict[str, list[int]] | None = None,
        activation_fn: type[nn.Module] = nn.Tanh,
        ortho_init: bool = True,
        use_sde: bool = False,
        log_std_init: float = 0.0,
        features_extractor_class: type[BaseFeaturesExtractor] = MlpFeatures,
        features_extractor_kwargs: dict[str, Any] | None = None,
        share_features_extractor: bool = True,
        normalize_images: bool = True,
        optimizer_class: type[th.optim.Optimizer] = th.optim.Adam,
        optimizer_kwargs: dict[str, Any] | None = None,
        lstm_hidden_size: int = _DEFAULT.hidden,
    ):
        if use_sde:
            raise ValueError(
                "use_sde=True: a recurrent policy's memory and gSDE's noise do not go together here"
            )
        super().__init__(
            observation_space,
            action_space,
            lr_schedule,
            net_arch=[] if net_arch is None else net_arch,
            activation_fn=activation_fn,
            ortho_init=ortho_init,
            log_std_init=log_std_init,
            features_extractor_class=features_extractor_class,
            features_extractor_kwargs=features_extractor_kwargs,
            share_features_extractor=share_features_extractor,
            normalize_images=normalize_images,
            optimizer_class=optimizer_class,
            optimizer_kwargs=optimizer_kwargs,
            lstm_hidden_size=lstm_hidden_size,
        )
        self.memory = Memory(memory)
        self.forget_bias = forget_bias
        self.lstm_actor = make_memory(self.memory, self.features_dim, lstm_hidden_size, forget_bias)
        self.lstm_critic = make_memory(self.memory, self.features_dim, lstm_hidden_size, forget_bias)
        self.optimizer = self.optimizer_class(self.parameters(), lr=lr_schedule(1), **self.optimizer_kwargs)

    def _get_constructor_parameters(self) -> dict[str, Any]:
        """What ``save`` writes beside the weights (the parent class forgets the memory's size)."""
        data = super()._get_constructor_parameters()
        for name in ("squash_output", "full_std", "use_expln"):
            data.pop(name)
        data.update(
            memory=self.memory.value,
            forget_bias=self.forget_bias,
            lstm_hidden_size=self.lstm_output_dim,
            share_features_extractor=self.share_features_extractor,
        )
        return data

    def latents(
        self, obs: th.Tensor, lstm_states: RNNStates, episode_starts: th.Tensor
    ) -> tuple[th.Tensor, th.Tensor]:
        """What the memories of actor and critic hold at every row of a minibatch, before the heads.

        obs: (worlds * steps, *observation), world by world; lstm_states: at each world's first row, (1, worlds,
        hidden); episode_starts: (worlds * steps,). Returns two tensors of (worlds * steps, hidden).
        """
        features = self.extract_features(obs)
        pi, vf = features if isinstance(features, tuple) else (features, features)
        rows = plan(self.lstm_actor, episode_starts.reshape(lstm_states.pi[0].shape[1], -1))
        return (
            unroll(self.lstm_actor, pi, (lstm_states.pi[0], lstm_states.pi[1]), rows),
            unroll(self._critic_memory(), vf, (lstm_states.vf[0], lstm_states.vf[1]), rows),
        )

    def evaluate_actions(
        self, obs: th.Tensor, actions: th.Tensor, lstm_states: RNNStates, episode_starts: th.Tensor
    ) -> tuple[th.Tensor, th.Tensor, th.Tensor | None]:
        """Values (rows, 1), log-probabilities (rows,) and entropies (rows,) of whole sequences; see `latents`."""
        latent_pi, latent_vf = self.latents(obs, lstm_states, episode_starts)
        values = self.value_net(self.mlp_extractor.forward_critic(latent_vf))
        latent_pi = self.mlp_extractor.forward_actor(latent_pi)
        if not isinstance(self.action_space, spaces.Discrete):
            distribution = self._get_action_dist_from_latent(latent_pi)
            return values, distribution.log_prob(actions), distribution.entropy()
        log_probs = th.log_softmax(self.action_net(latent_pi), dim=1)
        entropy = -(log_probs.exp() * log_probs).sum(dim=1)
        return values, log_probs.gather(1, actions.long().view(-1, 1)).squeeze(1), entropy

    def forward(
        self, obs: th.Tensor, lstm_states: RNNStates, episode_starts: th.Tensor, deterministic: bool = False
    ) -> tuple[th.Tensor, th.Tensor, th.Tensor, RNNStates]:
        """One decision of every world: action, value (worlds, 1), log-probability (worlds,), new states.

        For discrete actions it does without distribution objects, but draws the very same actions as they do.
        """
        if not isinstance(self.action_space, spaces.Discrete):
            return super().forward(obs, lstm_states, episode_starts, deterministic)
        features = self.extract_features(obs)
        pi, vf = features if isinstance(features, tuple) else (features, features)
        keep = (1.0 - episode_starts).view(1, -1, 1)
        latent_pi, pi_states = self.lstm_actor(pi.unsqueeze(0), tuple(s * keep for s in lstm_states.pi))
        latent_vf, vf_states = self._critic_memory()(vf.unsqueeze(0), tuple(s * keep for s in lstm_states.vf))
        values = self.value_net(self.mlp_extractor.forward_critic(latent_vf.squeeze(0)))
        logits = self.action_net(self.mlp_extractor.forward_actor(latent_pi.squeeze(0)))
        log_probs = th.log_softmax(logits, dim=1)
        actions = log_probs.argmax(1, keepdim=True) if deterministic else log_probs.exp().multinomial(1)
        log_prob = log_probs.gather(1, actions).squeeze(1)
        return actions.squeeze(1), values, log_prob, RNNStates(pi_states, vf_states)

    def _critic_memory(self) -> nn.RNNBase:
        assert (
            self.lstm_critic is not None
        )  # set in __init__; the parent class allows a critic without memory
        return self.lstm_critic
