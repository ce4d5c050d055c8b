"""What recorded data are good for: read a road user's intent off the frames, without driving.

    kindergarten record --scenario Crossing --episodes 22000 --out data/train
    kindergarten record --scenario Crossing --episodes 2000 --seed 20000000 --out data/test
    python examples/predict_intent.py data/train data/test

Prints how often the prediction about road user 1 is right in each phase: before its signal, while it signals, in the
delay, and once it moves. Give it data recorded with ``--spurious 0.9`` to learn from and others to be tested on, and
see what it has learned to look at.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from torch import nn

from kindergarten.agents import open_forget_gates
from kindergarten.data.read import Episodes, shards
from kindergarten.world.codes import Intent, Phase

FIRST = 0  # road user 1


class Predictor(nn.Module):
    """A frame in, logits of the intents out; what it remembers goes along."""

    def __init__(self, columns: int, hidden: int = 64) -> None:
        super().__init__()
        self.encoder, self.lstm = nn.Linear(columns, hidden), nn.LSTM(hidden, hidden, batch_first=True)
        self.head = nn.Linear(hidden, len(Intent))
        open_forget_gates(self.lstm)

    @torch.no_grad()
    def guess(self, data: Episodes) -> np.ndarray:
        """The likeliest intent at every frame, (E, T)."""
        return self(torch.from_numpy(data.frames)).argmax(2).numpy()

    def forward(self, frames: torch.Tensor) -> torch.Tensor:
        """Frames (E, T, D): logits (E, T, intents)."""
        return self.head(self.lstm(torch.tanh(self.encoder(frames)))[0])


def train(folder: Path, epochs: int, decisions: int | None = None, batch: int = 128) -> Predictor:
    """Every frame teaches: cross-entropy over all of an episode's."""
    model = Predictor(next(shards(folder, 1)).frames.shape[2])
    optimizer = torch.optim.Adam(model.parameters(), 2e-3)
    for epoch in range(epochs):
        losses = []
        for data in shards(folder, decisions):
            frames, intents, phases = map(torch.from_numpy, (data.frames, data.intents, data.phases))
            for rows in torch.randperm(len(frames)).split(batch):
                known = phases[rows, :, FIRST] >= 0  # no padding
                loss = nn.functional.cross_entropy(model(frames[rows])[known], intents[rows, :, FIRST][known])
                optimizer.zero_grad()
                loss.backward()
                nn.utils.clip_grad_norm_(model.parameters(), 1.0)
                optimizer.step()
                losses.append(loss.item())
        print(f"epoch {epoch + 1}: loss {np.mean(losses):.3f}", flush=True)
    return model


def accuracy(folder: Path, guess: Callable[[Episodes], np.ndarray]) -> dict[str, float]:
    """How often ``guess``, which returns intents (E, T), is right by phase."""
    right: dict[Phase, list[np.ndarray]] = {phase: [] for phase in Phase}
    for data in shards(folder):
        hits = guess(data) == data.intents[..., FIRST]
        for phase, found in right.items():
            found.append(hits[data.phases[..., FIRST] == phase])
    return {phase.name.lower(): float(np.concatenate(found).mean()) for phase, found in right.items()}


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("train", type=Path, help="a folder of kindergarten record")
    parser.add_argument("test", type=Path, help="another one, of other seeds")
    parser.add_argument("--epochs", type=int, default=5)
    parser.add_argument("--decisions", type=int, help="so many of those to train on, and no more")
    asked = parser.parse_args()
    torch.manual_seed(0)
    learned = train(asked.train, asked.epochs, asked.decisions)
    for phase, share in accuracy(asked.test, learned.guess).items():
        print(f"{phase:<7} {share:6.1%}")
