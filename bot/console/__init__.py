"""The web console: who may come in. A process of its own, which the bot does not import."""
