"""What somebody typed into a page, as it can be stored and sent."""

from bot.json_text import storable


def text_of(value: object, longest: int) -> str:
    """Return the text of a field, of at most `longest` characters: no NUL, no half of a surrogate pair."""
    text: str = storable({"text": str(value or "")[:longest]})["text"]
    return text.strip()
