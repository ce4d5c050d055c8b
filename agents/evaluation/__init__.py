"""Evaluation: what a trained agent is worth, what it believes, and several side by side."""
