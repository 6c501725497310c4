"""A flow file as text: YAML with the place of every value, words, durations. Imports nothing of flows."""
