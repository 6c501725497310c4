"""The whole system in one thread, on a clock that jumps, in an order that a seed decides."""
