"""Data in quantity: labelled sequences of frames, as Parquet."""
