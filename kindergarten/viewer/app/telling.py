"""Story mode: it stops at each of the three times, says one large sentence, and goes on by itself."""

from __future__ import annotations

from collections.abc import Sequence

from kindergarten.viewer.model.words import PAUSE


class Telling:
    """Where it has stopped, and what it says there."""

    def __init__(self) -> None:
        self.words, self._left = "", 0.0

    def waits(self, seconds: float) -> bool:
        """Let ``seconds`` of the watcher's time go by; whether it still stands."""
        self._left = max(self._left - seconds, 0.0)
        return self._left > 0.0

    def stop(self, stops: Sequence[tuple[float, str]], time: float, later: float) -> float | None:
        """When [s] it stops between two moments; None if it does not."""
        for moment, words in stops:
            if time < moment <= later:
                self.words, self._left = words, PAUSE
                return moment
        if not any(moment <= time for moment, _ in stops):
            self.words = ""  # it was wound back
        return None
