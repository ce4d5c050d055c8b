"""Recurrent PPO in one file, on one batch of worlds: PyTorch, Gymnasium, and nothing of ours but the environment.

    python examples/ppo_lstm.py --scenario Follow

The loop is the usual one of single-file implementations. What decides whether it learns is in ``Agent.__init__``: the
LSTM's forget gates begin open, or what was seen at t1 is gone by t3; and the entropy bonus falls to nothing.
"""

from __future__ import annotations

import argparse
import time

import gymnasium
import numpy as np
import torch
from torch import nn
from torch.distributions import Categorical

import kindergarten

WORLDS, FRAMES, EPOCHS, MINIBATCHES = 256, 128, 4, 8
GAMMA, LAMBDA, CLIP, VALUE, ENTROPY, RATE = 0.99, 0.95, 0.2, 0.5, 0.02, 2e-3


class Agent(nn.Module):
    """One frame in, logits and a value out; the LSTM's state goes along."""

    def __init__(self, observations: int, actions: int, hidden: int = 64) -> None:
        super().__init__()
        self.encoder = nn.Sequential(nn.Linear(observations, hidden), nn.Tanh())
        self.lstm = nn.LSTM(hidden, hidden)
        self.get_parameter("lstm.bias_ih_l0").data[hidden : 2 * hidden] = 3.0  # the forget gates
        self.actor, self.critic = nn.Linear(hidden, actions), nn.Linear(hidden, 1)
        nn.init.orthogonal_(self.actor.weight, 0.01)

    def start(self, worlds: int) -> tuple[torch.Tensor, torch.Tensor]:
        """Nothing is remembered yet."""
        return torch.zeros(1, worlds, self.lstm.hidden_size), torch.zeros(1, worlds, self.lstm.hidden_size)

    def forward(self, frames: torch.Tensor, state: tuple[torch.Tensor, torch.Tensor], starts: torch.Tensor):
        """Frames (T, W, D), starts (T, W): logits (T, W, A), values (T, W), and the state after the last frame."""
        encoded, outputs = self.encoder(frames), []
        for features, start in zip(encoded, starts, strict=True):
            keep = (1.0 - start)[None, :, None]
            output, state = self.lstm(features[None], (keep * state[0], keep * state[1]))
            outputs.append(output)
        memory = torch.cat(outputs)
        return self.actor(memory), self.critic(memory).squeeze(-1), state


def advantages_of(rewards, values, starts, last_value, last_start):
    """Generalised advantage estimation, (T, W)."""
    advantages, following = torch.zeros_like(rewards), torch.zeros_like(last_value)
    values, starts = torch.cat([values, last_value[None]]), torch.cat([starts, last_start[None]])
    for t in reversed(range(len(rewards))):
        alive = 1.0 - starts[t + 1]
        delta = rewards[t] + GAMMA * alive * values[t + 1] - values[t]
        advantages[t] = following = delta + GAMMA * LAMBDA * alive * following
    return advantages


def update(agent, optimizer, batch, state, entropy):
    """Several passes over one rollout, in minibatches of whole sequences."""
    frames, starts, actions, logs, advantages, returns = batch
    for _ in range(EPOCHS):
        for worlds in torch.randperm(WORLDS).chunk(MINIBATCHES):
            logits, values, _ = agent(frames[:, worlds], tuple(s[:, worlds] for s in state), starts[:, worlds])
            policy, its = Categorical(logits=logits), advantages[:, worlds]
            its = (its - its.mean()) / (its.std() + 1e-8)
            ratio = (policy.log_prob(actions[:, worlds]) - logs[:, worlds]).exp()
            gain = torch.min(ratio * its, ratio.clamp(1 - CLIP, 1 + CLIP) * its).mean()
            loss = VALUE * (values - returns[:, worlds]).square().mean() - gain - entropy * policy.entropy().mean()
            optimizer.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(agent.parameters(), 0.5)
            optimizer.step()


def train(scenario: str, steps: int, seed: int) -> Agent:
    """An agent after ``steps`` decisions."""
    torch.manual_seed(seed)
    envs = gymnasium.make_vec(f"kindergarten:Kindergarten/{scenario}-v0", num_envs=WORLDS, autoreset_mode="SameStep")
    space, choices = envs.single_observation_space, envs.single_action_space
    assert isinstance(space, gymnasium.spaces.Box) and isinstance(choices, gymnasium.spaces.Discrete)
    agent = Agent(space.shape[0], int(choices.n))
    optimizer = torch.optim.Adam(agent.parameters(), RATE)
    seen, _ = envs.reset(seed=seed)
    start, state, began = torch.ones(WORLDS), agent.start(WORLDS), time.time()
    updates = max(1, round(steps / (WORLDS * FRAMES)))
    for k in range(updates):
        left, kept, first = 1.0 - k / updates, [], state
        optimizer.param_groups[0]["lr"] = RATE * left
        for _ in range(FRAMES):
            frame = torch.as_tensor(seen)
            with torch.no_grad():
                logits, value, state = agent(frame[None], state, start[None])
            policy = Categorical(logits=logits[0])
            action = policy.sample()
            seen, reward, terminated, truncated, _ = envs.step(action.numpy())
            kept.append((frame, start, action, policy.log_prob(action), torch.as_tensor(reward).float(), value[0]))
            # A time limit counts as an end here, with nothing to come; to be exact, add what final_obs would be worth.
            start = torch.as_tensor(terminated | truncated).float()
        frames, starts, actions, logs, rewards, values = map(torch.stack, zip(*kept, strict=True))
        with torch.no_grad():
            last_value = agent(torch.as_tensor(seen)[None], state, start[None])[1][0]
        advantages = advantages_of(rewards, values, starts, last_value, start)
        update(
            agent, optimizer, (frames, starts, actions, logs, advantages, advantages + values), first, ENTROPY * left
        )
        print(f"{(k + 1) * WORLDS * FRAMES:>9,} decisions, {time.time() - began:4.0f} s", flush=True)
    return agent


def drive(agent: Agent):
    """The agent as ``kindergarten.score`` takes it: observations, state and starts in, actions and state out."""

    @torch.no_grad()
    def act(observations: np.ndarray, state, starts: np.ndarray):
        state = agent.start(len(observations)) if state is None else state
        logits, _, state = agent(torch.as_tensor(observations)[None], state, torch.as_tensor(starts).float()[None])
        return logits[0].argmax(-1).numpy(), state

    return act


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--scenario", default="Follow")
    parser.add_argument("--steps", type=int, default=1_000_000)
    parser.add_argument("--seed", type=int, default=0)
    asked = parser.parse_args()
    print(kindergarten.score(drive(train(asked.scenario, asked.steps, asked.seed)), asked.scenario))
