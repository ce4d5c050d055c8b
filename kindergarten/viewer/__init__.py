"""Drawing: a window with a timeline, pictures and videos."""
