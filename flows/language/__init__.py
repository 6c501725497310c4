"""A document to a checked Flow: schema, compiler, checks. Imports every other room of flows."""
