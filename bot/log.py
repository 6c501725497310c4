"""One JSON line per event, on standard error. Phone numbers, e-mail and UPI addresses are masked,
whatever field they are in, and so are the secrets that `configure` was told.

Secrets are `SecretStr` in the settings and are not put into log fields; but an error may quote one. The
mask is the last word, over every key, value and traceback, of the libraries too.
"""

import logging
import re
import sys
from collections.abc import Iterable, Mapping, MutableMapping
from typing import Any, Final

import structlog

from bot.printable import ACTING, printable
from payments.razorpay.redaction import BLOT, blot

_ALONE: Final = (r"(?<![\dA-Za-z_])", r"(?![\dA-Za-z_])")
"""What may not stand before and after a number. `\\d` is a decimal digit of any script, `५` too."""
_GAP: Final = r"[ \u00a0\u2009\u202f()\-\u2010-\u2013]{1,3}"
_MOBILE: Final = r"[6-9६-९]"
"""First digit of an Indian mobile number. Source: DoT, National Numbering Plan."""
_NUMBERS: Final = re.compile(
    "|".join(
        f"{_ALONE[0]}{shape}{_ALONE[1]}"
        for shape in (
            r"\+?\d{10,32}",
            rf"\+[1-9१-९](?:(?:{_GAP})?\d){{7,14}}",
            # Not behind a digit and a point: that is the fraction of a second.
            rf"(?<!\d\.)(?:(?:0091|91|0|९१|०)(?:{_GAP})?)?{_MOBILE}"
            rf"(?:\d{{4}}{_GAP}\d{{5}}|\d\d{_GAP}\d{{3}}{_GAP}\d{{4}}|\d{{3}}{_GAP}\d{{3}}{_GAP}\d{{3}}"
            rf"|\d(?:{_GAP}\d\d){{4}})",
        )
    )
)
"""Phone numbers: ten digits or more standing alone (also those of a BSUID); with a plus, digits in any
groups; without one, an Indian mobile number in the groups that people write. Groups of other sizes are
not taken: a date, a time and two counts in a row are no phone number."""
_ADDRESSES: Final = re.compile(
    r"(?<![^\s@\"'`<>()\[\]{},;:=/|\\])[^\s@\"'`<>()\[\]{},;:=/|\\]++@[\w-]+(?:\.[\w-]+)*"
)
"""E-mail addresses and UPI addresses (`name@bank`)."""
_CREDENTIALS: Final = re.compile(r"(?<=://)[^\s/@]*:[^\s@]*+@")
"""User and password in a URL."""
_UNSEEN: Final = re.compile(rf"(?<=\d)(?:{ACTING.pattern}|[\u200c\u200d])+(?=\d)")
"""What does not show between two digits: a phone number stays one with it."""
_KEPT: Final = "\n\t"
_SECRETS: Final[list[tuple[str, ...]]] = [()]
"""What this process never writes; see `configure`."""


def mask(text: str) -> str:
    """`text` without secrets and what leads to a person; control and format characters are escaped.

    Phone numbers are reduced to their last two digits, e-mail and UPI addresses to `…@…`.

    >>> mask("from +91 98000-00001, asha@okaxis")
    'from …01, …@…'
    """
    public = _CREDENTIALS.sub(f"{BLOT}@", blot(text, _SECRETS[0]))
    shown = _ADDRESSES.sub("…@…", _UNSEEN.sub(_seen, public))
    return printable(_NUMBERS.sub(_last_two, shown), _KEPT)


def _seen(found: re.Match[str]) -> str:
    """What stands on two lines, or in two columns, is not one number."""
    return next((c for c in found[0] if c in _KEPT), "")


def _last_two(found: re.Match[str]) -> str:
    return "…" + "".join(filter(str.isdecimal, found[0]))[-2:]


def masked(value: Any) -> Any:
    """`value` with every text in it masked, at any depth; numbers stay. What is no JSON becomes its repr."""
    if isinstance(value, str):
        return mask(value)
    if isinstance(value, Mapping):
        return {mask(str(key)): masked(inner) for key, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [masked(inner) for inner in value]
    return value if value is None or isinstance(value, (int, float)) else mask(repr(value))


def _mask_all(_: Any, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    return {mask(key): value if key == "timestamp" else masked(value) for key, value in event.items()}


def configure(secrets: Iterable[str] = ()) -> None:
    """Send every log of ours, and the libraries' warnings, through one masking formatter.

    None of `secrets` is written from now on, in whatever field or text it comes.
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
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
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
