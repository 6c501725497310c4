"""The flow language and its engine: YAML becomes a checked, frozen Flow; `step` handles one event. Pure."""
