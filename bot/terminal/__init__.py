"""A chat in a terminal: draws the shop's messages, parses what a person types. Imports `whatsapp`."""
