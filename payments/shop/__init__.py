"""Catalogue, cart, stock, orders, money. Imports no other part of `payments`."""
