"""Formats counts, amounts and database names for the output of commands."""

from pathlib import Path
from urllib.parse import urlsplit

from payments.shop.money import money
from payments.shop.orders import CURRENCY


def counted(number: int, noun: str) -> str:
    """Return `number` with its noun: `1 order`, `2 orders`."""
    return f"{number} {noun}{'' if number == 1 else 's'}"


def shown(amount: int, currency: str) -> str:
    """Format `amount`: as rupees, or in the smallest unit of another currency."""
    return money(amount) if currency == CURRENCY else f"{amount} of the smallest unit of {currency}"


def database_name(url: str) -> str:
    """Return the database in `url` without a password: a file's absolute path, or a name and its server."""
    scheme, _, rest = url.partition("://")
    if scheme == "sqlite":
        return str(Path(rest.partition("?")[0]).absolute())
    parts = urlsplit(url)
    return f"{parts.path.lstrip('/')} at {parts.netloc.rpartition('@')[2] or 'this machine'}"
