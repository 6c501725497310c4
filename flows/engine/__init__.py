"""One event in, the next conversation and its effects out. Imports `messages`, `templates` and `document`."""
