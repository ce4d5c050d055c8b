"""The policy: features -> memory -> heads for the action and the value; and how it explores."""

import math
from functools import partial
from typing import Any

import torch as th
from gymnasium import spaces
from sb3_contrib.common.recurrent.policies import RecurrentActorCriticPolicy
from sb3_contrib.common.recurrent.type_aliases import RNNStates
from stable_baselines3.common.torch_layers import BaseFeaturesExtractor
from stable_baselines3.common.type_aliases import Schedule
from torch import nn

from kindergarten.agents.learner.choice import Memory
from kindergarten.agents.learner.config import PPOConfig
from kindergarten.agents.learner.encoders import AttentionFeatures, MlpFeatures, TrunkLayer, UserCaptions, split
from kindergarten.agents.learner.memory import FORGET_BIAS, FRAMES, Inside, look_inside, make_memory
from kindergarten.agents.learner.sequences import layout_for, step
from kindergarten.replay.thoughts import Thoughts
from kindergarten.scoring.agent import Decision
from kindergarten.world.codes import Intent
from kindergarten.world.observation import NUM_USER

_DEFAULT = PPOConfig()
_HALF_LOG_TWO_PI = 0.5 * math.log(2 * math.pi)


class HeldNoise:
    """Exploration that tries manoeuvres and not twitches: noise that every row keeps for ``hold`` decisions on average.

    Drawn afresh at every decision, a target speed that goes up and down by steps stays about where it is: nobody ever
    finds out what it is like to stand and wait. Every single action is drawn from the policy's distribution as before.
    (Correlated noise in PPO: Hollenstein et al., AAAI 2024.)
    """

    def __init__(self, hold: float = 1.0) -> None:
        self.hold = hold
        self.noise: th.Tensor | None = None  # (rows, ...) that was used last, if any is held

    def __call__(self, fresh: th.Tensor) -> th.Tensor:
        """``fresh`` noise (rows, actions) for the rows that draw anew, and for all others what they have."""
        if self.hold <= 1.0:
            return fresh
        if self.noise is not None and self.noise.shape == fresh.shape:
            anew = th.rand(len(fresh), 1, device=fresh.device) < 1.0 / self.hold
            fresh = th.where(anew, fresh, self.noise)
        self.noise = fresh
        return fresh


class MemoryPolicy(RecurrentActorCriticPolicy):
    """sb3-contrib's recurrent policy with a choice of memory, whole sequences at once, and a fast step.

    Args:
        memory: a ``Memory`` or its name; ``ValueError`` with the choices otherwise.
        forget_bias: the forget gates' bias at the start, for ``lstm``.
        net_arch: the heads' hidden layers between memory and output.
        num_labels: how many road users the captions are about; 0 for no captions.
        frames: how many the memory ``stack`` sees at once.
        shared_lstm: actor and critic have one memory together, instead of one each.
        critic_gradient: how much of the critic's gradient reaches a shared memory; 0 is the parent class's way.

    The rest is as in the parent class.
    """

    def __init__(
        self,
        observation_space: spaces.Space,
        action_space: spaces.Space,
        lr_schedule: Schedule,
        memory: Memory | str = "lstm",
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
        num_labels: int = 0,
        frames: int = FRAMES,
        shared_lstm: bool = False,
        critic_gradient: float = 0.0,
    ):
        if shared_lstm and not share_features_extractor:
            raise ValueError("shared_lstm=True: whoever shares a memory shares what it sees: share_features_extractor")
        if use_sde:
            raise ValueError("use_sde=True: a recurrent policy's memory and gSDE's noise do not go together here")
        if optimizer_kwargs is None and optimizer_class is th.optim.Adam:
            # The parent's eps; fused takes 0.13 ms a step where the plain one takes 0.47.
            optimizer_kwargs = dict(eps=1e-5, fused=True)
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
            shared_lstm=shared_lstm,
            enable_critic_lstm=not shared_lstm,
        )
        self.memory = Memory(memory)
        self.forget_bias, self.frames, self.critic_gradient = forget_bias, frames, critic_gradient
        make = partial(make_memory, self.memory, self.features_dim, lstm_hidden_size, forget_bias, frames)
        self.lstm_actor, self.lstm_critic = make(), None if shared_lstm else make()
        self.lstm_hidden_state_shape = (1, 1, self.lstm_actor.state_size)  # what `predict` begins with
        self.exploration = HeldNoise()
        self.num_labels = num_labels
        self.caption_net = self._make_captions(lstm_hidden_size) if num_labels else None
        for module in self.modules():
            if isinstance(module, TrunkLayer):
                module.reset()  # the parent class has its own idea of how a linear layer begins
        options = dict(self.optimizer_kwargs, lr=lr_schedule(1))
        self.optimizer = self.optimizer_class(self.parameters(), **options)

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
            num_labels=self.num_labels,
            frames=self.frames,
            shared_lstm=self.shared_lstm,
            critic_gradient=self.critic_gradient,
        )
        return data

    def latents(self, obs: th.Tensor, lstm_states: RNNStates, episode_starts: th.Tensor) -> tuple[th.Tensor, th.Tensor]:
        """What the memories of actor and critic hold at every row of a minibatch, before the heads.

        obs: (worlds * steps, *observation), world by world; lstm_states: at each world's first row, (1, worlds,
        hidden); episode_starts: (worlds * steps,). Returns two tensors of (worlds * steps, hidden).
        """
        pi, vf = self._features(obs)
        layout = layout_for(self.lstm_actor, episode_starts.view(lstm_states.pi[0].shape[1], -1))
        arranged = layout.arrange(pi)
        latent_pi = layout.run(self.lstm_actor, arranged, (lstm_states.pi[0], lstm_states.pi[1]))
        if self.lstm_critic is None:  # a weight of 0 or 1 takes either end as it is, and so does what is equal
            return latent_pi, latent_pi.detach().lerp(latent_pi, self.critic_gradient)
        arranged = arranged if vf is pi else layout.arrange(vf)
        return latent_pi, layout.run(self.lstm_critic, arranged, (lstm_states.vf[0], lstm_states.vf[1]))

    def evaluate_actions(
        self, obs: th.Tensor, actions: th.Tensor, lstm_states: RNNStates, episode_starts: th.Tensor
    ) -> tuple[th.Tensor, th.Tensor, th.Tensor]:
        """Values (rows, 1), log-probabilities (rows,) and entropies (rows,) of whole sequences; see `latents`."""
        return self.judge(*self.latents(obs, lstm_states, episode_starts), actions)

    def judge(
        self, latent_pi: th.Tensor, latent_vf: th.Tensor, actions: th.Tensor
    ) -> tuple[th.Tensor, th.Tensor, th.Tensor]:
        """What `evaluate_actions` returns, from what `latents` returns."""
        values = self.value_net(self.mlp_extractor.forward_critic(latent_vf))
        outputs = self.action_net(self.mlp_extractor.forward_actor(latent_pi))
        if isinstance(self.action_space, spaces.Discrete):
            log_probs = th.log_softmax(outputs.t(), dim=0)  # 65 us for 2,048 rows, there and back; row by row 222
            entropy = -(log_probs.exp() * log_probs).sum(dim=0)
            return values, log_probs.gather(0, actions.long().view(1, -1)).squeeze(0), entropy
        entropy = (self.log_std + 0.5 + _HALF_LOG_TWO_PI).sum().expand(len(outputs))
        return values, self._gaussian_log_prob(outputs, actions.view_as(outputs)), entropy

    def _make_captions(self, hidden: int) -> nn.Module:
        """One output for each row, where the memory knows which is which; else the same net for all rows."""
        attends = isinstance(self.pi_features_extractor, AttentionFeatures)
        return UserCaptions(hidden) if attends else nn.Linear(hidden, self.num_labels * len(Intent))

    def captions(self, latent_pi: th.Tensor, obs: th.Tensor) -> th.Tensor:
        """Logits (rows, num_labels, intents) of what each road user will do, from the actor's memory.

        obs: (rows, *observation), to say whom each row is about, where the memory does not know them by their rows.
        Of those whom it does not show, as in a world of fewer road users, nothing is said.
        """
        assert self.caption_net is not None, "this policy was made without captions"
        if isinstance(self.caption_net, UserCaptions):
            return self.caption_net(latent_pi, split(obs)[1])
        logits = self.caption_net(latent_pi).view(len(latent_pi), self.num_labels, -1)
        missing = spaces.flatdim(self.observation_space) - obs[0].numel()
        return logits[:, : self.num_labels - missing // NUM_USER]

    def caption_parameters(self) -> list[nn.Parameter]:
        """The captions' own parameters: none without captions."""
        return [] if self.caption_net is None else list(self.caption_net.parameters())

    def forward(
        self, obs: th.Tensor, lstm_states: RNNStates, episode_starts: th.Tensor, deterministic: bool = False
    ) -> tuple[th.Tensor, th.Tensor, th.Tensor, RNNStates]:
        """One decision of every world: action, value (worlds, 1), log-probability (worlds,), new states.

        It does without distribution objects (70 us each), but draws the very same actions as they do, unless
        ``exploration`` holds its noise.
        """
        latent_pi, latent_vf, states = self._step(obs, lstm_states, episode_starts)
        values = self.value_net(self.mlp_extractor.forward_critic(latent_vf))
        outputs = self.action_net(self.mlp_extractor.forward_actor(latent_pi))
        if isinstance(self.action_space, spaces.Discrete):
            actions, log_prob = self._draw_discrete(outputs, deterministic)
        else:
            noise = 0.0 if deterministic else self.log_std.exp() * self.exploration(th.randn_like(outputs))
            actions = outputs + noise
            log_prob = self._gaussian_log_prob(outputs, actions)
            actions = actions.view(-1, *(self.action_space.shape or ()))
        return actions, values, log_prob, states

    @th.inference_mode()
    def think(self, obs: th.Tensor, lstm_states: RNNStates, episode_starts: th.Tensor, look: bool = False) -> Decision:
        """One decision of every world without chance, and what is behind it; with ``look`` the inside of its memory."""
        latent_pi, latent_vf, states = self._step(obs, lstm_states, episode_starts)
        outputs = self.action_net(self.mlp_extractor.forward_actor(latent_pi))
        inside = self._look(obs, lstm_states, episode_starts, states) if look else Inside(None, None)
        encoder = self.pi_features_extractor
        tensors = {
            "values": self.value_net(self.mlp_extractor.forward_critic(latent_vf)).flatten(),
            "probabilities": None if isinstance(self.action_space, spaces.Box) else outputs.softmax(1),
            "captions": self.captions(latent_pi, obs).softmax(2) if self.num_labels else None,
            "attention": encoder.weights(obs) if isinstance(encoder, AttentionFeatures) else None,
            **inside._asdict(),
        }
        thoughts = Thoughts(**{name: array.cpu().numpy() for name, array in tensors.items() if array is not None})
        return Decision(self._best(outputs).cpu().numpy(), states, thoughts)

    def _best(self, outputs: th.Tensor) -> th.Tensor:
        """The likeliest actions (rows,), or the means (rows, 2) within their bounds."""
        if isinstance(self.action_space, spaces.Box):
            low, high = th.as_tensor(self.action_space.low), th.as_tensor(self.action_space.high)
            return outputs.clamp(low.to(outputs), high.to(outputs))
        return outputs.argmax(1)

    def _look(self, obs: th.Tensor, before: RNNStates, episode_starts: th.Tensor, after: RNNStates) -> Inside:
        """The inside of the actor's memory."""
        h, c = (state * (1.0 - episode_starts).view(1, -1, 1) for state in before.pi)
        return look_inside(self.lstm_actor, self._features(obs)[0], (h, c), (after.pi[0], after.pi[1]))

    def no_memories(self, worlds: int) -> RNNStates:
        """States (1, worlds, state size) in which nothing is remembered."""
        zeros = th.zeros(1, worlds, self.lstm_hidden_state_shape[2], device=self.device)
        return RNNStates((zeros, zeros), (zeros, zeros))

    def _step(
        self, obs: th.Tensor, lstm_states: RNNStates, episode_starts: th.Tensor
    ) -> tuple[th.Tensor, th.Tensor, RNNStates]:
        """What the memories of actor and critic hold after one more frame (rows, hidden), and their states."""
        pi, vf = self._features(obs)
        latent_pi, pi_states = step(self.lstm_actor, pi, (lstm_states.pi[0], lstm_states.pi[1]), episode_starts)
        if self.lstm_critic is None:
            return latent_pi, latent_pi, RNNStates(pi_states, pi_states)
        latent_vf, vf_states = step(self.lstm_critic, vf, (lstm_states.vf[0], lstm_states.vf[1]), episode_starts)
        return latent_pi, latent_vf, RNNStates(pi_states, vf_states)

    def _draw_discrete(self, logits: th.Tensor, deterministic: bool) -> tuple[th.Tensor, th.Tensor]:
        """(rows, actions) -> an action and its log-probability, (rows,) each."""
        log_probs = th.log_softmax(logits, dim=1)
        if deterministic:
            actions = log_probs.argmax(1, keepdim=True)
        else:  # what multinomial does, without its checks, which take longer than the drawing
            noise = self.exploration(th.empty_like(log_probs).exponential_())
            actions = (log_probs.exp() / noise).argmax(1, keepdim=True)
        return actions.squeeze(1), log_probs.gather(1, actions).squeeze(1)

    def _gaussian_log_prob(self, mean: th.Tensor, actions: th.Tensor) -> th.Tensor:
        """(rows, dimensions) twice -> (rows,)."""
        distance = (actions - mean) * (-self.log_std).exp()
        return -(0.5 * distance.square() + self.log_std + _HALF_LOG_TWO_PI).sum(dim=1)

    def _features(self, obs: th.Tensor) -> tuple[th.Tensor, th.Tensor]:
        """The actor's and the critic's features, (rows, features) each: the same tensor if they share."""
        features = self.extract_features(obs)
        return features if isinstance(features, tuple) else (features, features)
