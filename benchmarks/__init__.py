"""How fast it is: run ``python -m benchmarks.simulator`` or ``python -m benchmarks.trainer`` in a checkout."""
