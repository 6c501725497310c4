"""The engine: handles one event of one conversation. Imports `messages`, `templates` and `document`."""
