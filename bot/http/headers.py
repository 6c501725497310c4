"""Gives every answer the same headers, also answers to what is no HTTP. None names the server's software."""

from functools import partial
from typing import Final

from aiohttp import hdrs, web

_EVERY: Final = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}
"""Answers hold customers' data or nothing: no browser keeps them, guesses their type, or runs them."""


class _Request(web.Request):
    async def _prepare_hook(self, response: web.StreamResponse) -> None:
        # aiohttp's signal for this is not sent for requests that it cannot parse.
        await super()._prepare_hook(response)
        response.headers.pop(hdrs.SERVER, None)
        for name, value in _EVERY.items():
            response.headers.setdefault(name, value)


def on_every_answer(app: web.Application, server: web.Server) -> None:
    """Have all answers of `app`, which `server` serves, carry these headers."""
    server.request_factory = partial(app._make_request, _cls=_Request)
