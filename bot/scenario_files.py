"""Finds the written chats of a shop."""

from pathlib import Path


def own_scenarios(folder: Path) -> Path:
    """Return the scenarios of the shop in `folder`; without any, those that the program ships there."""
    own, shipped = folder / "scenarios", folder / "tests" / "scenarios"
    return shipped if shipped.is_dir() and not own.is_dir() else own
