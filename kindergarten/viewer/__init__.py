"""Drawing: a window with a timeline, pictures and videos. The only place that imports pygame."""

import os

os.environ.setdefault("PYGAME_HIDE_SUPPORT_PROMPT", "1")  # pygame greets on stdout, where our results go
