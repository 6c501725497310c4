"""From a document to a checked Flow: schema, compiler, checks. Imports every other package of flows."""
