"""metrics.csv: one row per update, in a file that goes on where a run goes on."""

from __future__ import annotations

import csv
import io
from contextlib import suppress
from pathlib import Path
from typing import Any

from stable_baselines3.common.logger import KVWriter, filter_excluded_keys

from kindergarten.files import write_whole
from kindergarten.output import pasteable

STEPS = "time/total_timesteps"


def read_rows(path: Path) -> list[dict[str, str]]:
    """All rows, as text by name; none if there is no file.

    Raises:
        ValueError: a row is damaged; the message names the line, and says what can be done.
    """
    if not path.exists():
        return []
    text = path.read_text(encoding="utf-8", errors="replace")
    reader, rows = csv.DictReader(io.StringIO(text, newline="")), []
    with suppress(csv.Error):  # of what is too long for it
        for row in reader:
            if None in row or None in row.values() or not _are_numbers(row):
                break
            rows.append(row)
        else:
            if rows and text.endswith("\n"):
                return rows
    again = f"move it away, and {pasteable('train', '--resume', path.parent)} goes on without it"
    raise ValueError(f"{path} is damaged in line {max(reader.line_num, 1)}: {again}")


def _are_numbers(row: dict[str, str]) -> bool:
    """Whether all values are, but for those of names that came later, and decisions are there."""
    try:
        for value in filter(None, row.values()):
            float(value)
        return int(row[STEPS]) >= 0
    except (KeyError, ValueError):
        return False


class Metrics(KVWriter):
    """Writes what Stable-Baselines3's logger dumps as one row each.

    Args:
        path: the file. Rows that it has already stay, as far as they are not from after ``steps`` decisions:
            training goes on from there, and will write them again.
    """

    def __init__(self, path: Path, steps: int) -> None:
        self.path = path
        self.rows: list[dict[str, Any]] = [row for row in read_rows(path) if int(row[STEPS]) <= steps]

    def write(self, key_values: dict[str, Any], key_excluded: dict[str, tuple[str, ...]], step: int = 0) -> None:
        """Add a row, and a column wherever there is a new name."""
        self.rows.append(filter_excluded_keys(key_values, key_excluded, "csv"))
        names = sorted(set().union(*self.rows))
        text = io.StringIO(newline="")
        table = csv.DictWriter(text, names, lineterminator="\n")
        table.writeheader()
        table.writerows(self.rows)
        write_whole(self.path, text.getvalue().encode())

    def close(self) -> None:
        """Nothing stays open."""
