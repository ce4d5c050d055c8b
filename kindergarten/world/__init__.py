"""The world: road users, their signals, and the kernels that move them. No torch, no pygame."""
