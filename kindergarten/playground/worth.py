"""What channels are worth where two meet, as ``python -m benchmarks.playground --store`` has computed it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from kindergarten.files import write_whole
from kindergarten.world.config import Scenario
from kindergarten.world.words import chosen

FILE = Path(__file__).with_name("channels.json")
SEEDS = 1_000_000 + np.arange(16)  # of the evaluation; others than those of training
CHANNELS: dict[str, dict[str, list[float]]] = json.loads(FILE.read_text())


@dataclass(frozen=True)
class Channel:
    """The 0 and the 1 of a channel: mean returns of an agent, by pair and seed.

    told: all know all goals. muted: nobody knows the other's until it shows. unbraked: nobody ever brakes.
    """

    told: np.ndarray
    muted: np.ndarray
    unbraked: np.ndarray

    @property
    def worth(self) -> float:
        """What the channel is worth of what never braking costs."""
        told = self.told.mean()
        return float((told - self.muted.mean()) / (told - self.unbraked.mean()))

    def communication(self, returns: np.ndarray) -> float:
        """Where mean returns lie between muted, 0, and told, 1; NaN where nothing is to be gained."""
        told, muted = self.told.mean(), self.muted.mean()
        return float((returns.mean() - muted) / (told - muted)) if told - muted > 1e-12 else float("nan")


def known_channel(scenario: Scenario) -> Channel:
    """The stored 0 and 1 of a scenario's channel, on ``SEEDS``.

    Raises:
        ValueError: none is stored.
    """
    stored = chosen("scenario with a known channel", scenario.name, CHANNELS)
    return Channel(*(np.array(stored[name]) for name in Channel.__annotations__))


def store(found: dict[str, Channel]) -> None:
    """Write the channels of scenarios into the file."""
    parts = {
        scenario: {name: [round(float(value), 6) for value in getattr(its, name)] for name in Channel.__annotations__}
        for scenario, its in found.items()
    }
    write_whole(FILE, (json.dumps(parts, indent=1) + "\n").encode())
