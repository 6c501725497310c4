"""The workers: they step what arrived and perform what was decided. Import `context` and what is below it."""
