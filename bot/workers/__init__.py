"""The workers: step inbox events and perform outbox entries. Imports `context` and the layers below it."""
