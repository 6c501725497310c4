"""Changes outside the normal run: operators, a clock set back, restores. Imports `outbox` and below."""
