"""One JSON line per event, on standard error. Phone numbers are masked whatever field they are in.

Secrets never get here: they are `SecretStr` in the settings and are not put into log fields. The
mask is the last word all the same, over every value and traceback.
"""

import logging
import re
import sys
from collections.abc import Mapping, MutableMapping
from typing import Any, Final

import structlog

_DIGITS: Final = re.compile(r"(?<![0-9A-Za-z_])\+?([0-9]{8,30})([0-9]{2})(?![0-9A-Za-z_])", re.ASCII)
"""Ten digits or more standing alone: a phone number, with or without a plus, or the digits of a BSUID."""
_CONTROL: Final = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\u202a-\u202e\u2066-\u2069]")


def mask(text: str) -> str:
    """`text` with every phone number reduced to its last two digits, and no control characters.

    >>> mask("from 919800000001")
    'from …01'
    """
    return _DIGITS.sub(r"…\2", _CONTROL.sub("�", text))


def _masked(value: Any) -> Any:
    if isinstance(value, str):
        return mask(value)
    if isinstance(value, Mapping):
        return {key: _masked(inner) for key, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [_masked(inner) for inner in value]
    return value


def _mask_all(_: Any, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    return {key: value if key == "timestamp" else _masked(value) for key, value in event.items()}


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
