"""The questions that ``kindergarten diagnose`` asks, one module each."""
