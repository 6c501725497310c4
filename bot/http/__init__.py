"""What others ask of the bot over HTTP: webhooks, the orders API, health. Imports `context`, `ingest`."""
