"""A playground where cars learn by themselves to read what others are about to do."""

__version__ = "0.1.0"
