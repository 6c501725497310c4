"""The messages that a flow can say, one module for each kind. Imports `templates` and `document`."""
