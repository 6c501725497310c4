"""The workers: they step what arrived and perform what was decided. Imports `context`, `whatsapp`."""
