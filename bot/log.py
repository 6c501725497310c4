"""One JSON line per event, on standard error. Phone numbers, e-mail and UPI addresses are masked,
whatever field they are in.

Secrets never get here: they are `SecretStr` in the settings and are not put into log fields. The
mask is the last word all the same, over every value and traceback.
"""

import logging
import re
import sys
from collections.abc import Mapping, MutableMapping
from typing import Any, Final

import structlog

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
_CONTROL: Final = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\u202a-\u202e\u2066-\u2069]")


def mask(text: str) -> str:
    """`text` without what leads to a person, and without control characters.

    Phone numbers are reduced to their last two digits, e-mail and UPI addresses to `…@…`.

    >>> mask("from +91 98000-00001, asha@okaxis")
    'from …01, …@…'
    """
    shown = _ADDRESSES.sub("…@…", _CONTROL.sub("�", text))
    return _NUMBERS.sub(_last_two, shown)


def _last_two(found: re.Match[str]) -> str:
    return "…" + "".join(filter(str.isdecimal, found[0]))[-2:]


def masked(value: Any) -> Any:
    """`value` with every text in it masked, at any depth; numbers and keys stay."""
    if isinstance(value, str):
        return mask(value)
    if isinstance(value, Mapping):
        return {key: masked(inner) for key, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [masked(inner) for inner in value]
    return value


def _mask_all(_: Any, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    return {key: value if key == "timestamp" else masked(value) for key, value in event.items()}


def configure() -> None:
    """Send every log of ours, and the libraries' warnings, through one masking formatter."""
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
