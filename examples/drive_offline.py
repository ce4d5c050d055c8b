"""Learn to drive from recorded data alone: behaviour cloning, and a decision transformer.

    kindergarten record --scenario Crossing --driver demo --episodes 2000 --out data/demo
    kindergarten record --scenario Crossing --driver random --episodes 2000 --out data/random
    python examples/drive_offline.py data/demo data/random [--clone]

Both are one causal transformer over an episode's frames, which also learns to name road user 1's intent: so it learns
what to remember, in a hundredth of the time. Cloning does what was done. The decision transformer also
learns which return follows, and does what was done where the return was good. What return can be had depends on the
others' intents, so none is wished for beforehand: at every frame the transformer says how likely each return is, and
among those the better ones are preferred, e^`KEEN` to one between the worst return and the best.
"""

from __future__ import annotations

import argparse
import random
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

import kindergarten
from kindergarten.data.read import Episodes, shards
from kindergarten.world.codes import Action, Intent

LONGEST = 512  # decisions of an episode; in Town, the longest, there are 393 at most
SIZE, BINS, KEEN = 64, 32, 10.0
HANDS_ON = 0  # the column that says whether actions have an effect
LOWEST, HIGHEST = -2.5, 1.0  # returns


class Transformer(nn.Module):
    """Frames so far in; out come logits of the returns, and of actions given a return."""

    def __init__(self, columns: int, clone: bool) -> None:
        super().__init__()
        self.clone = clone
        self.encoder, self.places = nn.Linear(columns, SIZE), nn.Embedding(LONGEST, SIZE)
        layer = nn.TransformerEncoderLayer(SIZE, 4, 2 * SIZE, dropout=0.0, batch_first=True, norm_first=True)
        self.body = nn.TransformerEncoder(layer, 2, norm=nn.LayerNorm(SIZE), enable_nested_tensor=False)
        self.intents = nn.Linear(SIZE, len(Intent))
        self.returns, self.wish = nn.Linear(SIZE, BINS), nn.Embedding(BINS, SIZE)
        self.actions = nn.Sequential(nn.Linear(SIZE, SIZE), nn.ReLU(), nn.Linear(SIZE, len(Action)))

    def forward(self, frames: torch.Tensor) -> torch.Tensor:
        """Frames (E, T, D): what it makes of them, (E, T, SIZE)."""
        length = frames.shape[1]
        mask = nn.Transformer.generate_square_subsequent_mask(length)
        return self.body(self.encoder(frames) + self.places.weight[:length], mask, is_causal=True)

    def act(self, memory: torch.Tensor, bins: torch.Tensor) -> torch.Tensor:
        """Logits of the actions that go with returns ``bins``."""
        return self.actions(memory if self.clone else memory + self.wish(bins))

    def loss(self, data: Episodes, rows: np.ndarray) -> torch.Tensor:
        """Cross-entropy of intents, and, where actions have an effect, of these and of the returns."""
        frames, actions, intents, phases = (
            torch.from_numpy(its[rows])
            for its in (data.frames, data.actions, data.intents[..., 0], data.phases[..., 0])
        )
        bins = binned(torch.from_numpy(data.rewards[rows].sum(1)))[:, None].expand_as(actions)
        memory, cost = self(frames), nn.functional.cross_entropy
        known = phases >= 0  # no padding
        driven = known & (frames[..., HANDS_ON] > 0)
        loss = cost(self.intents(memory)[known], intents[known])
        loss = loss + cost(self.act(memory, bins)[driven], actions[driven])
        return loss if self.clone else loss + cost(self.returns(memory)[driven], bins[driven])


def binned(returns: torch.Tensor) -> torch.Tensor:
    """Which of the BINS a return is in."""
    return ((returns - LOWEST) / (HIGHEST - LOWEST) * BINS).long().clamp(0, BINS - 1)


def mixed(folders: Sequence[Path], decisions: int | None) -> Iterator[Episodes]:
    """The shards of all folders in random order, ``decisions`` of each folder."""
    found = [part for folder in folders for part in shards(folder, decisions)]
    random.shuffle(found)
    yield from found


def train(folders: Sequence[Path], clone: bool, epochs: int, decisions: int | None = None) -> Transformer:
    """Learn from what stands in ``folders``."""
    model = Transformer(next(shards(folders[0], 1)).frames.shape[2], clone)
    optimizer = torch.optim.Adam(model.parameters(), 1e-3)
    schedule = torch.optim.lr_scheduler.LinearLR(optimizer, 1.0, 0.05, epochs)
    for epoch in range(epochs):
        losses = []
        for data in mixed(folders, decisions):
            ended = np.flatnonzero((data.terminated | data.truncated).any(axis=1))  # of no other is the return known
            for rows in torch.randperm(len(ended)).split(16):
                loss = model.loss(data, ended[rows.numpy()])
                optimizer.zero_grad()
                loss.backward()
                nn.utils.clip_grad_norm_(model.parameters(), 1.0)
                optimizer.step()
                losses.append(loss.item())
        schedule.step()
        print(f"epoch {epoch + 1}: loss {np.mean(losses):.3f}", flush=True)
    return model.eval()


def driver(model: Transformer) -> Callable[..., Any]:
    """The model as `kindergarten.score` takes it; its state are the frames so far."""

    @torch.no_grad()
    def drive(observations: np.ndarray, state: torch.Tensor | None, starts: np.ndarray):
        frame = torch.as_tensor(observations)[:, None]
        frames = frame if state is None else torch.cat([state, frame], 1)
        memory = torch.cat([model(part)[:, -1] for part in frames.split(256)])
        preferred = model.returns(memory).log_softmax(1) + KEEN * torch.linspace(0, 1, BINS)
        return model.act(memory, preferred.argmax(1)).argmax(1).numpy(), frames

    return drive


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folders", nargs="+", type=Path, help="of kindergarten record")
    parser.add_argument("--clone", action="store_true", help="do what was done, whatever the return")
    parser.add_argument("--epochs", type=int, default=15)
    parser.add_argument("--scenario", default="Crossing")
    asked = parser.parse_args()
    torch.manual_seed(0)
    random.seed(0)
    print(kindergarten.score(driver(train(asked.folders, asked.clone, asked.epochs)), asked.scenario))
