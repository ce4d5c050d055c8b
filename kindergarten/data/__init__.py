"""Data in quantity: labelled sequences of frames, as Parquet."""

from kindergarten.extras import explained

with explained(__name__):
    import pyarrow  # noqa: F401  # all of it reads or writes Parquet
