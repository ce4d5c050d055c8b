"""Drawing: a window with a timeline, pictures and videos. The only place that imports pygame."""

import os

os.environ.setdefault("PYGAME_HIDE_SUPPORT_PROMPT", "1")  # it greets on stdout, where our results go

from kindergarten.viewer.live import LiveWindow, render
from kindergarten.viewer.painter import Painter, View
from kindergarten.viewer.video import MissingTool, write_picture, write_video
from kindergarten.viewer.window import NoDisplay, watch

__all__ = [
    "LiveWindow",
    "MissingTool",
    "NoDisplay",
    "Painter",
    "View",
    "render",
    "watch",
    "write_picture",
    "write_video",
]
