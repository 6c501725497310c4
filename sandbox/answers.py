"""JSON answers of the sandbox servers."""

from collections.abc import Mapping
from typing import Any

import orjson
from aiohttp import web


def json_answer(value: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> web.Response:
    """Return `value` as a compact JSON response."""
    return web.Response(
        body=orjson.dumps(value), status=status, headers=headers, content_type="application/json"
    )
