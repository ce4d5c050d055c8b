"""Scores that mean something: what blind and all-knowing drivers earn, and where an agent stands between them."""
