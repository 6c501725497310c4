"""Step what arrived, perform what was decided. Imports `context`, `whatsapp`."""
