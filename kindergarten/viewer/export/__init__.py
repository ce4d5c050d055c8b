"""Pictures, videos and pages, written to files."""
