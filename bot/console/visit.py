"""Who looks at a page, in which language, and what they may see."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from starlette.requests import cookie_parser

from bot.console.words import Words
from bot.log import mask
from bot.masked_story import without_personal_data
from storage.accounts.people import Person, Role
from storage.reports.timeline import Story

LANGUAGE: Final = "munshi_language"
THEME: Final = "munshi_theme"
SESSION: Final = "munshi_session"


@dataclass(frozen=True, slots=True)
class Visit:
    """One person at one page."""

    name: str
    role: Role
    words: Words
    dark: bool | None = None
    """None: as the browser prefers."""
    digest: str = ""
    """The digest of the session's token; empty where nobody logs in."""

    def is_of(self, person: Person | None) -> bool:
        """Return whether it is of this person, as they are now."""
        return person is not None and (person.name, person.role) == (self.name, self.role)

    def may(self, role: Role) -> bool:
        """Return whether this person may do what takes `role`."""
        return self.role.allows(role)

    def phone(self, digits: str) -> str:
        """Return a phone number as this person may see it: whole, or its last two digits."""
        if not digits:
            return ""
        return f"+{digits}" if self.may(Role.STAFF) else f"+{'•' * max(len(digits) - 2, 0)}{digits[-2:]}"

    def text(self, whole: str) -> str:
        """Return a text as this person may see it: whole, or with what names customers masked."""
        return whole if self.may(Role.STAFF) else mask(whole)

    def story(self, whole: Story) -> Story:
        """Return a story as this person may see it, in the same way."""
        return whole if self.may(Role.STAFF) else without_personal_data(whole)


def cookies(scope: Mapping[str, Any]) -> dict[str, str]:
    """Return the cookies of a request.

    Those of other programs at the same host come along, in whatever form they wrote them.
    """
    found: dict[str, str] = {}
    for name, value in scope["headers"]:
        if name == b"cookie":
            found |= cookie_parser(value.decode("latin-1"))
    return found


def theme(given: Mapping[str, str]) -> bool | None:
    """Return whether pages are dark; None: as the browser prefers."""
    return {"dark": True, "light": False}.get(given.get(THEME, ""))
