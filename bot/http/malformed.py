"""What is logged of a request that is no HTTP: that it came, and nothing of what was in it.

aiohttp's own error quotes the line that it stumbled over, and that may be a token of ours in a header or a
query, or somebody else's password.
"""

import logging
from typing import Final

from aiohttp.http_exceptions import HttpProcessingError
from aiohttp.web import RequestPayloadError

_NAME: Final = "munshi.http"


def quiet() -> logging.Logger:
    """The logger for aiohttp's server."""
    logger = logging.getLogger(_NAME)
    if not any(isinstance(one, _Quoting) for one in logger.filters):
        logger.addFilter(_Quoting())
    return logger


class _Quoting(logging.Filter):
    def filter(self, record: logging.LogRecord) -> bool:
        """Take the error out of `record` where it quotes what came; its kind stays."""
        error = record.exc_info[1] if record.exc_info else None
        if isinstance(error, (HttpProcessingError, RequestPayloadError)):
            record.msg, record.args = "malformed request: %s", (type(error).__name__,)
            record.exc_info, record.exc_text = None, None
            record.levelno, record.levelname = logging.WARNING, "WARNING"
        return True
