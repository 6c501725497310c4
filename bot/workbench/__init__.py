"""Examines, tries, plans and compares a flow that somebody edits, in a process of its own."""
