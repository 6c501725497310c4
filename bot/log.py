"""Logs one JSON line per event on standard error, with phone numbers, addresses, cards and secrets masked.

Secrets are `SecretStr` in the settings and are not put into log fields, but an error may quote one. So
masking comes last and covers every key, value and traceback, also those of libraries.
"""

import logging
import re
import sys
from collections.abc import Iterable, Mapping, MutableMapping
from typing import Any, Final

import structlog

from bot.card_data import without_card_data
from bot.printable import ACTING, printable
from flows.document.words import is_invisible, with_ascii_digits
from payments.razorpay.redaction import BLOT, blot

_ALONE: Final = (
    r"(?:(?<![\dA-Za-z_])|(?<=%[\dA-Fa-f]{2})|(?<=\\[bfnrtv])|(?<=\\u[\dA-Fa-f]{4})|(?<=\\x[\dA-Fa-f]{2}))",
    r"(?![\dA-Za-z_])",
)
"""Patterns for what stands before and after a number: no letter or digit, but the end of an escape of a URL
or a string may, as in `%2B` or `\\n`."""
_BETWEEN: Final = " \u00a0\u2009\u202f()-\u2010\u2011\u2012\u2013"
"""What people write between the digits of a phone number."""
_GAP: Final = rf"(?:[{re.escape(_BETWEEN)}]|%20|%2D){{1,3}}"
_MOBILE: Final = "[6-9]"
"""First digit of an Indian mobile number. Source: DoT, National Numbering Plan."""
_NUMBERS: Final = re.compile(
    "|".join(
        f"{_ALONE[0]}{shape}{_ALONE[1]}"
        for shape in (
            r"\+?\d{10,32}",
            rf"(?:\+|%2B)[1-9](?:(?:{_GAP})?\d){{7,14}}",
            # Not behind a digit and a point: that is the fraction of a second.
            rf"(?<!\d\.)(?:(?:0091|91|0)(?:{_GAP})?)?{_MOBILE}"
            rf"(?:\d{{4}}{_GAP}\d{{5}}|\d\d{_GAP}\d{{3}}{_GAP}\d{{4}}|\d{{3}}{_GAP}\d{{3}}{_GAP}\d{{3}}"
            rf"|\d(?:{_GAP}\d\d){{4}})",
        )
    ),
    re.ASCII,
)
"""Phone numbers in ASCII digits: ten or more standing alone (also those of a BSUID); with a plus, digits in
any groups; without one, an Indian mobile number in the groups that people write. Groups of other sizes
do not match: a date, a time and two counts in a row are not phone numbers."""
_ADDRESSES: Final = re.compile(
    r"(?<![^\s@\"'`<>()\[\]{},;:=/|\\])[^\s@\"'`<>()\[\]{},;:=/|\\]++(?:@[\w-]+(?:\.[\w-]+)*)+"
)
"""E-mail addresses and UPI addresses (`name@bank`)."""
_CREDENTIALS: Final = re.compile(r"(?<=://)[^\s/@]*:[^\s@]*+@")
"""User and password in a URL."""
_APART: Final = re.compile(r"(?<=\d)\D+(?=\d)")
"""The text between two digits."""
_KEPT: Final = "\n\t"
_SECRETS: Final[list[tuple[str, ...]]] = [()]
"""Secrets that this process never writes; `configure` sets them."""


def mask(text: str) -> str:
    """Return `text` without secrets and personal data; control and format characters are escaped.

    Phone numbers are reduced to their last two digits, e-mail and UPI addresses to `…@…`, cards to
    `[card number]`.

    >>> mask("from +91 98000-00001, asha@okaxis")
    'from …01, …@…'
    """
    public = _CREDENTIALS.sub(f"{BLOT}@", blot(text, _SECRETS[0]))
    shown = _ADDRESSES.sub("…@…", without_card_data(_APART.sub(_without_invisible, public)))
    # An escaped control character can make an address of what was none.
    return _ADDRESSES.sub("…@…", printable(_without_numbers(shown), _KEPT))


def _without_invisible(match: re.Match[str]) -> str:
    """Drop invisible characters between two digits: they would hide a phone number. Keep all other text."""
    kept = []
    for character in match[0]:
        if character in _KEPT or not (is_invisible(character) or ACTING.match(character)):
            if character not in _BETWEEN:
                return match[0]
            kept.append(character)
    return "".join(kept)


def _without_numbers(text: str) -> str:
    """Return `text` with each phone number, in any script, reduced to its last two digits."""
    kept, end = [], 0
    for match in _NUMBERS.finditer(with_ascii_digits(text)):
        digits = "".join(filter(str.isdecimal, text[match.start() : match.end()]))
        kept += [text[end : match.start()], "…", digits[-2:]]
        end = match.end()
    return "".join((*kept, text[end:]))


def masked(value: Any) -> Any:
    """Return `value` with every text in it masked, at any depth. What is not JSON becomes its masked repr."""
    if isinstance(value, str):
        return mask(value)
    if isinstance(value, Mapping):
        return {mask(str(key)): masked(inner) for key, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [masked(inner) for inner in value]
    return value if value is None or isinstance(value, (int, float)) else mask(repr(value))


def _mask_all(_: Any, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    return {mask(key): value if key == "timestamp" else masked(value) for key, value in event.items()}


def configure(secrets: Iterable[str] = (), *, least: int = logging.INFO) -> None:
    """Send every log of ours, and the libraries' warnings, through one masking formatter.

    From then on none of `secrets` is written, whatever field or text holds it, and nothing below `least`.
    """
    _SECRETS[0] = tuple(secrets)
    shared: list[structlog.typing.Processor] = [
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
        _mask_all,
    ]
    structlog.configure(
        processors=[*shared, structlog.processors.JSONRenderer(ensure_ascii=False)],
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        wrapper_class=structlog.make_filtering_bound_logger(least),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared, processor=structlog.processors.JSONRenderer(ensure_ascii=False)
        )
    )
    logging.basicConfig(handlers=[handler], level=logging.WARNING, force=True)
    logging.captureWarnings(True)
