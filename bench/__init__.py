"""Benchmarks of Munshi, as ratios to limits measured in the same run. Run with `python -m bench`."""
