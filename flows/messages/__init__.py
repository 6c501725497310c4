"""The messages that a flow can say, as values, and what one may hold. Imports `document`."""
