"""What an operator changes, and what a restore does to the books. Imports `outbox` and below."""
