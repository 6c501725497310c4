"""Lets nobody in who has not logged in, and nothing that another site sent. Stands before all pages.

A browser names the site that a form or a socket comes from: only our own counts. Source: OWASP, "Cross-Site
Request Forgery Prevention"; RFC 6455, section 10.2.
"""

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, Final, TypeAlias
from urllib.parse import SplitResult, quote, urlsplit

import structlog
from starlette.responses import PlainTextResponse, RedirectResponse

from bot.console.context import Console
from bot.console.log_in import digest_of
from bot.console.visit import LANGUAGE, SESSION, Visit, cookies, theme
from bot.console.words import Words
from storage.accounts.people import Role
from storage.database.errors import StorageError

Scope: TypeAlias = MutableMapping[str, Any]
Receive: TypeAlias = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send: TypeAlias = Callable[[MutableMapping[str, Any]], Awaitable[None]]
Site: TypeAlias = Callable[[Scope, Receive, Send], Awaitable[None]]

OPEN: Final = frozenset({"/log-in", "/log-out", "/preferences", "/style.css", "/devanagari.ttf"})
"""What is shown to everybody."""
_THIS_MACHINE: Final = frozenset({"127.0.0.1", "localhost", "::1"})
_NOT_OURS: Final = "This did not come from a page of this console.\n"
VISIT: Final = "visit"
"""The key of the visit in a request's state."""
_HEADERS: Final = {
    b"cache-control": b"no-store",
    b"content-security-policy": b"default-src 'self'; script-src 'self' 'unsafe-inline' 'unsafe-eval';"
    b" style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; font-src 'self' data:;"
    b" connect-src 'self'; worker-src 'self' blob:;"
    b" frame-ancestors 'none'; form-action 'self'; base-uri 'self'; object-src 'none'",
    b"referrer-policy": b"same-origin",
    b"x-content-type-options": b"nosniff",
    b"x-frame-options": b"DENY",
}
"""Pages are compiled in the browser, which takes `unsafe-eval`. What customers wrote is never markup."""

log = structlog.get_logger()


class Guard:
    """The site behind its door."""

    def __init__(self, site: Site, console: Console) -> None:
        self._site = site
        self._console = console

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or let it through with its visit."""
        if scope["type"] not in ("http", "websocket"):
            await self._site(scope, receive, send)
            return
        guarded = _with_headers(send)
        if not _is_ours(scope) or (self._console.accounts is None and not _is_for_this_machine(scope)):
            await _refuse(scope, receive, guarded)
            return
        try:
            visit = await self._visit(scope)
        except StorageError as error:
            log.warning("nobody can be let in", why=str(error))
            await _refuse(scope, receive, guarded, f"{error}\n", 503)
            return
        if visit is None and _path(scope) not in OPEN:
            await self._send_to_log_in(scope, receive, guarded)
            return
        scope.setdefault("state", {})[VISIT] = visit
        await self._site(scope, receive, guarded)

    async def _visit(self, scope: Scope) -> Visit | None:
        given = cookies(scope)
        words, dark = Words(given.get(LANGUAGE, "en")), theme(given)
        if self._console.accounts is None:
            return Visit("demo", Role.OWNER, words, dark)
        if not (token := given.get(SESSION)):
            return None
        digest = digest_of(token)
        person = await self._console.accounts.session(digest, self._console.clock.now())
        return None if person is None else Visit(person.name, person.role, words, dark, digest)

    async def _send_to_log_in(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket" or scope["method"] not in ("GET", "HEAD"):
            await _refuse(scope, receive, send)
            return
        to = f"{scope.get('root_path', '')}/log-in?to={quote(_path(scope))}"
        await RedirectResponse(to, 303)(scope, receive, send)


def _path(scope: Scope) -> str:
    """Return the path below that of the console."""
    path: str = scope["path"]
    return path.removeprefix(scope.get("root_path", "")) or "/"


def _is_ours(scope: Scope) -> bool:
    """Return whether the request may come from a page of ours. What only reads may come from anywhere."""
    if scope["type"] == "http" and scope["method"] in ("GET", "HEAD"):
        return True
    origin, host = _split(_header(scope, b"origin")), _header(scope, b"host")
    if origin is None or not host or origin.netloc != host:
        return False
    # What is served by TLS was not asked for by a page that anybody on the way can change.
    return origin.scheme == "https" or (origin.scheme == "http" and scope["scheme"] in ("http", "ws"))


def _is_for_this_machine(scope: Scope) -> bool:
    """Return whether the request names this machine itself.

    Without a log-in that is the only door: a name that a stranger has made to mean this machine is not it.
    """
    host = _split(f"//{_header(scope, b'host')}")
    return host is not None and host.hostname in _THIS_MACHINE


def _header(scope: Scope, name: bytes) -> str:
    value: bytes = dict(scope["headers"]).get(name, b"")
    return value.decode("latin-1")


def _split(address: str) -> SplitResult | None:
    """Return the parts of an address; None of what is none."""
    try:
        return urlsplit(address)
    except ValueError:
        return None


async def _refuse(
    scope: Scope, receive: Receive, send: Send, why: str = _NOT_OURS, status: int = 403
) -> None:
    if scope["type"] == "websocket":
        await receive()
        await send({"type": "websocket.close", "code": 1008})
        return
    await PlainTextResponse(why, status)(scope, receive, send)


def _with_headers(send: Send) -> Send:
    async def guarded(message: MutableMapping[str, Any]) -> None:
        if message["type"] == "http.response.start":
            given = {name.lower(): value for name, value in message.get("headers", ())}
            # Scripts and fonts of the libraries are the same for years; whatever else is asked for again.
            missing = ((name, value) for name, value in _HEADERS.items() if name not in given)
            message["headers"] = [*message.get("headers", ()), *missing]
        await send(message)

    return guarded
