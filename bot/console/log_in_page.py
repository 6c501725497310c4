"""The page on which one logs in, and the way out. It is plain HTML: it works before any script is loaded."""

from html import escape
from typing import Final
from urllib.parse import parse_qs, quote

from fastapi import FastAPI, Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from bot.console.context import Console
from bot.console.frame import base_of
from bot.console.log_in import Doors, LoggedIn, Reason
from bot.console.visit import LANGUAGE, SESSION
from bot.console.words import LANGUAGES, Words

_MOST: Final = 4096
"""Bytes of a form."""
_SESSION_SECONDS: Final = 7 * 86_400
_PAGE: Final = """<!doctype html>
<html lang="{language}"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>{title} · Munshi</title><link rel="stylesheet" href="{base}/style.css"></head>
<body class="as-browser"><main class="log-in"><h1>Munshi</h1>{trouble}
<form method="post" action="{base}/log-in?to={to}">
<label for="name">{name}</label><input id="name" name="name" autocomplete="username" maxlength="80" required
 autofocus value="{given}">
<label for="password">{password}</label><input id="password" name="password" type="password" maxlength="400"
 autocomplete="current-password" required>
<button type="submit">{title}</button></form><p>{languages}</p></main></body></html>
"""


def add(site: FastAPI, console: Console, doors: Doors) -> None:
    """Add the page to the site."""

    @site.get("/log-in")
    async def show(request: Request, to: str = "/") -> Response:
        return _page(request, to)

    @site.post("/log-in")
    async def log_in(request: Request, to: str = "/") -> Response:
        form = await _form(request)
        address = request.client.host if request.client else ""
        found = await doors.log_in(form.get("name", ""), form.get("password", ""), address)
        if not isinstance(found, LoggedIn):
            minutes = -(-found.wait // 60_000)
            why = "too_many" if found.why is Reason.TOO_MANY else "wrong"
            return _page(request, to, form.get("name", ""), why, minutes)
        answer = RedirectResponse(base_of(request) + own_path(to), 303)
        answer.set_cookie(
            SESSION,
            found.token,
            max_age=_SESSION_SECONDS,
            path=base_of(request) or "/",
            httponly=True,
            samesite="strict",
            secure=request.url.scheme == "https",
        )
        return answer

    @site.post("/log-out")
    async def log_out(request: Request) -> Response:
        await doors.log_out(request.cookies.get(SESSION, ""))
        answer = RedirectResponse(f"{base_of(request)}/log-in", 303)
        answer.delete_cookie(SESSION, path=base_of(request) or "/")
        return answer


def own_path(to: str) -> str:
    """Return `to` if it is a path of the console; its first page otherwise."""
    return to if to.startswith("/") and not to.startswith(("//", "/\\")) else "/"


async def _form(request: Request) -> dict[str, str]:
    """Return the fields of a form; of one that is too long, none."""
    body = b""
    async for part in request.stream():
        body += part
        if len(body) > _MOST:
            return {}
    return {name: values[0] for name, values in parse_qs(body.decode("utf-8", "replace")).items()}


def _page(request: Request, to: str, given: str = "", why: str = "", minutes: int = 0) -> Response:
    words = Words(request.cookies.get(LANGUAGE, "en"))
    base = base_of(request)
    trouble = f'<p class="trouble" role="alert">{escape(words(why, minutes=minutes))}</p>' if why else ""
    back = quote(f"/log-in?to={quote(own_path(to))}", safe="")
    languages = " · ".join(
        f'<a lang="{code}" href="{base}/preferences?language={code}&amp;to={back}">{name}</a>'
        for code, name in LANGUAGES.items()
    )
    text = _PAGE.format(
        language=words.language,
        title=escape(words("log_in")),
        base=escape(base),
        trouble=trouble,
        to=quote(own_path(to), safe=""),
        name=escape(words("name")),
        password=escape(words("password")),
        given=escape(given[:80]),
        languages=languages,
    )
    return HTMLResponse(text, 401 if why == "wrong" else 429 if why else 200)
