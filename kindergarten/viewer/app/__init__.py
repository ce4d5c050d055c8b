"""The window: keys, the mouse, and what plays."""
