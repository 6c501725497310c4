"""A flow file as text: YAML with the place of every value, parts of shapes, words. Imports none of flows."""
