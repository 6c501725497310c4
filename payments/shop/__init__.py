"""Catalogue, cart, stock, orders and the actions that flows may use. Imports nothing of payments."""
