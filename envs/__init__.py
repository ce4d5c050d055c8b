"""The shells: one simulator as a Gymnasium environment, a vector environment and a Stable-Baselines3 one."""
