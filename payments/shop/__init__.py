"""Catalogue, cart, stock, orders, money. Imports nothing of payments."""
