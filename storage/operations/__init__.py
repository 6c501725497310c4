"""Changes beside the normal run: operators, a clock set back, restores, pruning, the shop's numbers.

Imports `outbox` and below.
"""
