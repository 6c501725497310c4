"""The inbox: events are stored once, loaded for steps, and answered by change sets. Imports `database`."""
