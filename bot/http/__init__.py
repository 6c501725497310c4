"""The HTTP server: webhooks, orders API, operator API, health. Imports `context` and the layers below it."""
