"""What others ask of the bot over HTTP: webhooks, orders API, health. Imports `context` and below."""
