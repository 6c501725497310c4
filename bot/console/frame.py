"""What every page has around it: the way to the other pages, who is logged in, language and light."""

from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import Final
from urllib.parse import urlencode

from fastapi import Request
from nicegui import ui

from bot.console.guard import VISIT
from bot.console.server_desk import NotDone
from bot.console.visit import Visit
from bot.console.words import LANGUAGES
from storage.accounts.people import Role
from storage.database.errors import StorageError

PAGES: Final[dict[str, tuple[str, str]]] = {
    "orders": ("/", "receipt_long"),
    "chats": ("/chats", "forum"),
    "flow": ("/flow", "account_tree"),
    "numbers": ("/numbers", "bar_chart"),
    "health": ("/health", "monitor_heart"),
    "people": ("/people", "group"),
}
"""Path and picture of each page, by the key of its name, in the order in which they are offered."""
_OWNERS: Final = frozenset({"people"})
"""Pages that only owners are shown, where people log in."""


def offer_first(key: str, path: str, icon: str) -> None:
    """Offer one more page, before all others, from every page of this process."""
    others = dict(PAGES)
    PAGES.clear()
    PAGES.update({key: (path, icon), **others})


def visit_of(request: Request) -> Visit:
    """Return who looks. The guard has let them in."""
    visit: Visit = getattr(request.state, VISIT)
    return visit


def base_of(request: Request) -> str:
    """Return the path under which a proxy offers the console; empty for none."""
    return str(request.scope.get("root_path", ""))


@contextmanager
def frame(request: Request, visit: Visit, here: str, title: str = "") -> Iterator[None]:
    """Draw the frame; what is drawn within stands in its middle. `here` is the key of the page."""
    base, words = base_of(request), visit.words
    ui.dark_mode(value=visit.dark)
    ui.colors(primary="#0f766e")
    ui.add_head_html(f'<link rel="stylesheet" href="{base}/style.css">')
    ui.page_title(f"{title or words(here)} · Munshi")
    with ui.element("a").props('href="#content"').classes("skip"):
        ui.label(words("skip"))
    with ui.element("header").classes("top"):
        ui.label("Munshi").classes("brand")
        with ui.element("nav").classes("pages").props(f'aria-label="{words("pages")}"'):
            for key, (path, icon) in PAGES.items():
                if key in _OWNERS and not (visit.digest and visit.may(Role.OWNER)):
                    continue
                _page_link(base + path, icon, words(key), current=key == here)
        _person(request, visit, base)
    # The library's own element around it is the page's `main`.
    with ui.element("div").classes("content").props('id="content" tabindex="-1"'):
        ui.label(title or words(here)).classes("title").props('role="heading" aria-level="1"')
        yield


def _page_link(path: str, icon: str, name: str, *, current: bool) -> None:
    link = ui.element("a").classes("page-link").props(f'href="{path}"')
    if current:
        link.props('aria-current="page"')
    with link:
        ui.icon(icon).props('aria-hidden="true"')
        ui.label(name)


def _person(request: Request, visit: Visit, base: str) -> None:
    words = visit.words
    with ui.element("div").classes("person"):
        other = next(code for code in LANGUAGES if code != words.language)
        _preference(request, base, LANGUAGES[other], language=other)
        wanted = "light" if visit.dark else "dark"
        _preference(request, base, words(wanted), theme=wanted)
        if visit.digest:
            ui.label(f"{visit.name}, {words(f'role_{visit.role}')}").classes("who")
            form = ui.element("form").props(f'method="post" action="{base}/log-out"')
            with form, ui.element("button").props('type="submit"').classes("plain"):
                ui.label(words("log_out"))


def _preference(request: Request, base: str, name: str, **chosen: str) -> None:
    path = request.url.path.removeprefix(base) or "/"
    to = f"{base}/preferences?{urlencode({**chosen, 'to': path})}"
    with ui.element("a").props(f'href="{to}"').classes("plain"):
        ui.label(name)


def empty(what: str, then: str) -> None:
    """Say that there is nothing, and what to do next."""
    with ui.element("div").classes("empty"):
        ui.label(what).classes("empty-what")
        ui.label(then)


async def told(work: Callable[[], Awaitable[None]]) -> None:
    """Do `work`, and say to the person why it was not done, if it was not."""
    # The button that was pressed may be drawn anew meanwhile: the page itself stays.
    with ui.context.client as client:
        try:
            await work()
        except NotDone as refused:
            _refuse(str(refused))
        except StorageError as error:
            _refuse(visit_of(client.request).words("no_books", why=str(error)))


def _refuse(why: str) -> None:
    ui.notify(why, type="warning", multi_line=True, close_button=True, timeout=15_000)
