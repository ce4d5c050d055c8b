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
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import torch
from torch import nn

from kindergarten.agents import open_forget_gates
from kindergarten.world.codes import Intent, Phase

HIDDEN_FROM_ALL = (".intent", ".phase", ".t1", ".t2", ".t3")


class Episodes(NamedTuple):
    """E episodes, padded to T decisions; a phase of -1 is padding."""

    frames: torch.Tensor  # (E, T, D)
    phases: torch.Tensor  # (E, T) of road user 1
    intents: torch.Tensor  # (E, T) of road user 1
    captions: torch.Tensor  # (E, T) what the driver took the intent for; -1: it does not say
    actions: torch.Tensor  # (E, T)
    returns: torch.Tensor  # (E,)


def shards(folder: Path, decisions: int | None = None) -> Iterator[Episodes]:
    """The files of ``folder``, one after the other, until there are so many decisions."""
    for file in sorted(folder.glob("*.parquet")):
        table = pq.read_table(file)[:decisions]
        yield padded(table)
        if decisions is not None:
            decisions -= len(table)
            if decisions <= 0:
                return


def padded(table: pa.Table) -> Episodes:
    """The rows of a table, episode by episode."""

    def number(name: str) -> np.ndarray:
        return table[name].to_numpy()

    _, lengths = np.unique(number("episode"), return_counts=True)
    row, place = np.repeat(np.arange(len(lengths)), lengths), np.concatenate([np.arange(n) for n in lengths])

    def spread(column: np.ndarray, empty: int = 0) -> torch.Tensor:
        found = np.full((len(lengths), lengths.max(), *column.shape[1:]), empty, column.dtype)
        found[row, place] = column
        return torch.from_numpy(found)

    names = table.schema.names
    seen = [name for name in names[: names.index("action")] if name.startswith(("ego.", "user"))]
    said = [name for name in names if name.startswith("user1.caption.")]
    captions = np.stack([number(name) for name in said], 1).argmax(1) if said else np.full(len(table), -1)
    phases, intents, actions = (number(name).astype(np.int64) for name in ("user1.phase", "user1.intent", "action"))
    returns = torch.from_numpy(np.bincount(row, number("reward"))).float()
    frames = spread(np.stack([number(name) for name in seen], 1))
    return Episodes(frames, spread(phases, -1), spread(intents), spread(captions), spread(actions), returns)


class Predictor(nn.Module):
    """A frame in, logits of the intents out; what it remembers goes along."""

    def __init__(self, columns: int, hidden: int = 64) -> None:
        super().__init__()
        self.encoder, self.lstm = nn.Linear(columns, hidden), nn.LSTM(hidden, hidden, batch_first=True)
        self.head = nn.Linear(hidden, len(Intent))
        open_forget_gates(self.lstm)

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
            for rows in torch.randperm(len(data.frames)).split(batch):
                known = data.phases[rows] >= 0
                loss = nn.functional.cross_entropy(model(data.frames[rows])[known], data.intents[rows][known])
                optimizer.zero_grad()
                loss.backward()
                nn.utils.clip_grad_norm_(model.parameters(), 1.0)
                optimizer.step()
                losses.append(loss.item())
        print(f"epoch {epoch + 1}: loss {np.mean(losses):.3f}", flush=True)
    return model


@torch.no_grad()
def accuracy(folder: Path, model: Predictor | None = None) -> dict[str, float]:
    """How often ``model`` is right, by phase; without one, the driver's captions."""
    right: dict[Phase, list[torch.Tensor]] = {phase: [] for phase in Phase}
    for data in shards(folder):
        said = data.captions if model is None else model(data.frames).argmax(2)
        for phase, found in right.items():
            found.append((said == data.intents)[data.phases == phase])
    return {phase.name.lower(): torch.cat(found).float().mean().item() for phase, found in right.items()}


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("train", type=Path, help="a folder of kindergarten record")
    parser.add_argument("test", type=Path, help="another one, of other seeds")
    parser.add_argument("--epochs", type=int, default=5)
    parser.add_argument("--decisions", type=int, help="so many of those to train on, and no more")
    asked = parser.parse_args()
    torch.manual_seed(0)
    learned = train(asked.train, asked.epochs, asked.decisions)
    for phase, share in accuracy(asked.test, learned).items():
        print(f"{phase:<7} {share:6.1%}")
