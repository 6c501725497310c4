"""Scenarios, and the shop in memory that they run on. Imports `processing`, `ledger`, `shop`."""
