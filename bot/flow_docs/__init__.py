"""The reference of the flow language, made from the models and the vocabulary: a JSON Schema and a page."""
