"""How it is drawn: on any pygame surface, without a display."""
