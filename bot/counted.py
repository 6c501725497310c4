"""Writes a number with its noun, for people. Pure."""


def counted(number: int, noun: str) -> str:
    """Return `number` with its noun: `1 order`, `2 orders`."""
    return f"{number} {noun}{'' if number == 1 else 's'}"
