"""What recorded data are good for: read a road user's intent off the frames, without driving.

    kindergarten record --scenario Crossing --episodes 20000 --out data/train
    kindergarten record --scenario Crossing --episodes 2000 --seed 20000000 --out data/test
    python examples/predict_intent.py data/train data/test

Prints how often the prediction about road user 1 is right in each phase: before its signal, while it signals, in the
delay, and once it moves. Give it data recorded with ``--spurious 0.9`` to learn from and others to be tested on, and
see what it has learned to look at.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import torch
from torch import nn

from kindergarten.agents import open_forget_gates
from kindergarten.world.codes import Intent, Phase

LABEL, PHASE = "user1.intent", "user1.phase"
KEYS = (".intent", ".phase", ".t1", ".t2", ".t3")  # what nobody can see


class Episodes:
    """Sequences, padded: frames (E, T, D), labels and phases (E, T); a phase of -1 is padding."""

    def __init__(self, folder: str, decisions: int | None = None) -> None:
        files = sorted(Path(folder).glob("*.parquet"))
        schema = pq.read_schema(files[0])
        seen = [name for name in schema.names if name.startswith(("ego.", "user")) and not name.endswith(KEYS)]
        table = pq.ParquetDataset(files).read(["episode", *seen, LABEL, PHASE])[:decisions]
        _, lengths = np.unique(table["episode"].to_numpy(), return_counts=True)
        row, place = np.repeat(np.arange(len(lengths)), lengths), np.concatenate([np.arange(n) for n in lengths])
        shape = len(lengths), int(lengths.max())
        self.frames = torch.zeros(*shape, len(seen))
        for k, name in enumerate(seen):
            self.frames[row, place, k] = torch.from_numpy(table[name].to_numpy().copy())
        self.labels, self.phases = torch.zeros(shape, dtype=torch.long), torch.full(shape, -1)
        self.labels[row, place] = torch.from_numpy(table[LABEL].to_numpy().astype(np.int64))
        self.phases[row, place] = torch.from_numpy(table[PHASE].to_numpy().astype(np.int64))


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


def train(data: Episodes, epochs: int, batch: int = 128) -> Predictor:
    """Every frame teaches: cross-entropy over all of an episode's."""
    model = Predictor(data.frames.shape[2])
    optimizer = torch.optim.Adam(model.parameters(), 2e-3)
    for epoch in range(epochs):
        total = 0.0
        for rows in torch.randperm(len(data.frames)).split(batch):
            known = data.phases[rows] >= 0
            loss = nn.functional.cross_entropy(model(data.frames[rows])[known], data.labels[rows][known])
            optimizer.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimizer.step()
            total += float(loss.detach()) * len(rows)
        print(f"epoch {epoch + 1}: loss {total / len(data.frames):.3f}", flush=True)
    return model


@torch.no_grad()
def accuracy(model: Predictor, data: Episodes) -> dict[str, float]:
    """How often it is right, by phase."""
    right = torch.cat([model(part) for part in data.frames.split(512)]).argmax(2) == data.labels
    return {phase.name.lower(): float(right[data.phases == phase].float().mean()) for phase in Phase}


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("train", help="a folder of kindergarten record")
    parser.add_argument("test", help="another one, of other seeds")
    parser.add_argument("--epochs", type=int, default=5)
    parser.add_argument("--decisions", type=int, help="so many of those to train on, and no more")
    asked = parser.parse_args()
    torch.manual_seed(0)
    learned = train(Episodes(asked.train, asked.decisions), asked.epochs)
    for phase, share in accuracy(learned, Episodes(asked.test)).items():
        print(f"{phase:<7} {share:6.1%}")
