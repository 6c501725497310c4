"""Audits: examine orders, and keep what was found in a chain."""
