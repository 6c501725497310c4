"""A chat in a terminal: drawing what the shop says, understanding what a person types."""
