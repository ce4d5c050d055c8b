"""The learner: policy, memories and trainer. Knows nothing of runs or files."""
