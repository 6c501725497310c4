"""Flow files as text: YAML with the place of each value, shared shapes, words. Imports none of flows."""
