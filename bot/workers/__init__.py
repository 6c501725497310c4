"""The workers: step what arrived, perform what was decided."""
