"""Drawing: a window with a timeline, pictures and videos. The only place that imports pygame."""

import os

os.environ.setdefault("PYGAME_HIDE_SUPPORT_PROMPT", "1")  # it greets on stdout, where our results go

from kindergarten.viewer.app.game import Game, mark, score
from kindergarten.viewer.app.human import LiveWindow
from kindergarten.viewer.app.live import render
from kindergarten.viewer.app.window import NoDisplay, play, watch
from kindergarten.viewer.draw.painter import Painter
from kindergarten.viewer.draw.stage import Stage, Take, stages_of
from kindergarten.viewer.export.sheet import write_picture, write_sheet
from kindergarten.viewer.export.video import write_video
from kindergarten.viewer.model.view import View

__all__ = [
    "Game",
    "LiveWindow",
    "NoDisplay",
    "Painter",
    "Stage",
    "Take",
    "View",
    "mark",
    "play",
    "render",
    "score",
    "stages_of",
    "watch",
    "write_picture",
    "write_sheet",
    "write_video",
]
