"""The flow language and its engine: YAML to a checked, frozen Flow; `step` moves one conversation. Pure."""
