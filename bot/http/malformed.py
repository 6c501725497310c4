"""Logs that a request was no HTTP, and nothing of its content.

aiohttp's own error quotes the line it could not parse, which may hold a token of ours in a header or a query,
or somebody else's password.
"""

import logging
from typing import Final

from aiohttp.http_exceptions import HttpProcessingError
from aiohttp.web import RequestPayloadError

_NAME: Final = "munshi.http"


def quiet() -> logging.Logger:
    """Return the logger for aiohttp's server."""
    logger = logging.getLogger(_NAME)
    if not any(isinstance(one, _Quoting) for one in logger.filters):
        logger.addFilter(_Quoting())
    return logger


class _Quoting(logging.Filter):
    def filter(self, record: logging.LogRecord) -> bool:
        """Replace an error in `record` that quotes the request by its kind."""
        error = record.exc_info[1] if record.exc_info else None
        if isinstance(error, (HttpProcessingError, RequestPayloadError)):
            record.msg, record.args = "malformed request: %s", (type(error).__name__,)
            record.exc_info, record.exc_text = None, None
            record.levelno, record.levelname = logging.WARNING, "WARNING"
        return True
