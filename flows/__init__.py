"""The language and the engine: YAML to a checked, frozen Flow; `step` moves one conversation. Pure."""
