"""Logs that a request was not HTTP, without its content.

aiohttp's error quotes the line that it could not parse, which may hold one of our tokens (in a header or a
query) or somebody else's password.
"""

import logging
from typing import Final

from aiohttp.http_exceptions import HttpProcessingError
from aiohttp.web import RequestPayloadError

_NAME: Final = "munshi.http"


def quiet() -> logging.Logger:
    """Return the logger for aiohttp's server, which quotes no request."""
    logger = logging.getLogger(_NAME)
    if not any(isinstance(existing, _QuoteFilter) for existing in logger.filters):
        logger.addFilter(_QuoteFilter())
    return logger


class _QuoteFilter(logging.Filter):
    def filter(self, record: logging.LogRecord) -> bool:
        """Replace an error that quotes the request with the name of its class."""
        error = record.exc_info[1] if record.exc_info else None
        if isinstance(error, (HttpProcessingError, RequestPayloadError)):
            record.msg, record.args = "malformed request: %s", (type(error).__name__,)
            record.exc_info, record.exc_text = None, None
            record.levelno, record.levelname = logging.WARNING, "WARNING"
        return True
