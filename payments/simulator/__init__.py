"""Scenarios, and the shop in memory that they are played on. Imports `processing`, `ledger`, `shop`."""
