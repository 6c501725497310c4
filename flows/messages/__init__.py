"""The kinds of message that a flow can send, one module each. Imports `templates` and `document`."""
