"""Drawing: a window with a timeline, pictures and videos. The only place that imports pygame."""

import os

os.environ.setdefault("PYGAME_HIDE_SUPPORT_PROMPT", "1")  # it greets on stdout, where our results go

from kindergarten.viewer.game import Game, score
from kindergarten.viewer.human import LiveWindow
from kindergarten.viewer.live import render
from kindergarten.viewer.painter import Painter
from kindergarten.viewer.sheet import write_picture, write_sheet
from kindergarten.viewer.stage import Stage, Take, stages_of
from kindergarten.viewer.video import MissingTool, write_video
from kindergarten.viewer.view import View
from kindergarten.viewer.window import NoDisplay, play, watch

__all__ = [
    "Game",
    "LiveWindow",
    "MissingTool",
    "NoDisplay",
    "Painter",
    "Stage",
    "Take",
    "View",
    "play",
    "render",
    "score",
    "stages_of",
    "watch",
    "write_picture",
    "write_sheet",
    "write_video",
]
