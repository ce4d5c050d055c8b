"""Makes the picture of each scenario's page from what trained agents did: docs/images/scenarios/NAME.gif.

python docs/pictures.py RUNS    (folders as benchmarks.agents leaves them: RUNS/NAME-lstm/seed0/replays/*.npz)
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import numpy as np

from kindergarten.replay import replay
from kindergarten.replay.episode import Episode
from kindergarten.replay.replay import Replay
from kindergarten.scenarios import SCENARIOS
from kindergarten.viewer import Stage, Take, View, write_video
from kindergarten.viewer.export.video import Span
from kindergarten.world.codes import End, Phase, Signal

IMAGES = Path(__file__).resolve().parent / "images" / "scenarios"
SIZE = 480, 270  # [px]
HALF_HEIGHT = 15.0  # [m] that are to be seen above and below the ego at this size, at the usual zoom
RATES = tuple(
    100 / pause for pause in (10, 12, 15, 20)
)  # [1/s] the next if the file gets too large; GIF counts in 1/100 s
LONGEST, LARGEST = 10.0, 900_000  # [s], [B]
BEFORE, AFTER = 1.0, 5.0  # [s] before t1 and after t3 that are shown, as far as there is time


def newest(runs: Path, name: str) -> Path | None:
    """The newest replay of an LSTM on the scenario ``name``; None if there is none."""
    found = runs.glob(f"{name}-lstm/*/replays/*.npz")
    return max(found, key=lambda path: (path.stat().st_mtime, path), default=None)


def interesting(episode: Episode, physics_step: float) -> Span:
    """[s] From just before t1 until it is clear what t3 brought. What is too long loses its beginning.

    Where there are several junctions it is about the first.
    """
    signaller = episode.users[0][episode.worlds["signaller"][0]]
    last = float(episode.worlds["tick"][-1]) * physics_step
    stop = min(last + BEFORE, float(signaller["t3"]) * physics_step + AFTER)
    return max(float(signaller["t1"]) * physics_step - BEFORE, stop - LONGEST, 0.0), stop


def best(recorded: Replay) -> int:
    """The episode to show: of those that end well the first in which the signaller shows something."""

    def rank(k: int) -> tuple[bool, bool]:
        episode = recorded.episodes[k]
        shown = episode.users[:, int(episode.worlds["signaller"][0])]["signal"]
        return episode.end is not End.GOAL, bool(np.all(shown == Signal.NONE))

    return min(range(len(recorded.episodes)), key=rank)


def zoom(episode: Episode) -> float:
    """How near to look: so that a signaller who comes from the side is in the picture for half of its cue."""
    row = int(episode.worlds["signaller"][0])
    cue = (episode.users[:, row]["phase"] == Phase.CUE) & (episode.worlds["leg"] == 0)
    ego, other = episode.users[cue, 0], episode.users[cue, row]
    aside = (other["y"] - ego["y"]) * ego["cos"] - (other["x"] - ego["x"]) * ego["sin"]
    return min(1.0, HALF_HEIGHT / max(float(np.median(np.abs(aside))), 1.0)) if cue.any() else 1.0


def picture(path: Path, recorded: Replay) -> int:
    """Write the GIF of ``recorded`` to ``path``.

    Returns:
        How many bytes it has.

    Raises:
        ValueError: it cannot be made small enough.
    """
    k = best(recorded)
    episode, stage = recorded.episodes[k], Stage(Take(recorded, k))
    span, view = interesting(episode, recorded.physics_step), View(panels=False, zoom=zoom(episode))
    for rate in RATES:
        write_video(path, [stage], view, SIZE, rate, span)
        if path.stat().st_size < LARGEST:
            return path.stat().st_size
    raise ValueError(f"{path} has {path.stat().st_size:,} bytes: more than {LARGEST:,}")


def main(argv: list[str] | None = None) -> int:
    """Make all pictures for which there is a replay; 2, with a line that says why, if one is missing."""
    parser = argparse.ArgumentParser("docs/pictures.py", description=__doc__)
    parser.add_argument("runs", metavar="RUNS", type=Path, help="folder with the runs")
    runs, missing = parser.parse_args(argv).runs, []
    try:
        for name in SCENARIOS:
            found, path = newest(runs, name), IMAGES / f"{name}.gif"
            if found is None:
                missing.append(name)
            else:
                print(f"{path}: {picture(path, replay.read(found)):,} bytes, from {found}")
        if missing:
            raise ValueError(f"no replays in {runs} of {', '.join(missing)}")
    except (ValueError, OSError) as error:
        print(f"pictures: error: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
