"""Episodes as they happened, in files that nobody has to trust."""

from kindergarten.replay.episode import Episode, Recorder
from kindergarten.replay.replay import Newest, Replay, ReplayError, read
from kindergarten.replay.thoughts import Thoughts

__all__ = ["Episode", "Newest", "Recorder", "Replay", "ReplayError", "Thoughts", "read"]
