"""Changes by operators, after a clock was set back, and after a restore. Imports `outbox` and below."""
