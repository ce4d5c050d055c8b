"""Runs: a folder each, from the first decision to the last, however often it is stopped."""
