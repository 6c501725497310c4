"""Checks of everything that money depends on, each with how to mend what is wrong."""
