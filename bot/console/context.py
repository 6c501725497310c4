"""The parts of the console that its pages are given."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import structlog

from bot.clock import Clock
from bot.console.books import Books
from bot.console.server_desk import NotDone, ServerDesk
from bot.console.shop_now import ShopNow
from bot.console.visit import Visit
from bot.settings import Settings, load_settings
from flows.document.errors import FlowInvalid
from storage.accounts.accounts import Accounts
from storage.accounts.entries import DONE, Actor, Entry
from storage.accounts.people import Role
from storage.database.errors import StorageError

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Console:
    """What all pages share."""

    books: Books
    desk: ServerDesk
    """Where changes are asked for."""
    shop: ShopNow
    flow_file: Path
    accounts: Accounts | None
    """Who may log in; None where everybody may do everything: in the demo."""
    clock: Clock
    settings: Callable[[], Settings] = load_settings
    """Loads all settings of the bot, for its checks. Raises SettingsInvalid where some are missing."""

    async def warm(self) -> None:
        """Load what the first page would wait for. What is wrong is said by the page."""
        try:
            await self.books.read(self.shop.flow)
        except (StorageError, FlowInvalid, LookupError) as error:
            log.info("not read yet", why=str(error))

    async def still(self, visit: Visit) -> bool:
        """Return whether this person is still logged in, in the same role.

        An open page asks this by itself, so it does not make the session last longer.
        """
        if self.accounts is None:
            return True
        return visit.is_of(await self.accounts.whose(visit.digest, self.clock.now()))

    async def allow(self, visit: Visit, role: Role, what: str) -> None:
        """Raise NotDone, and note it, if this person may not do `what`, or is not logged in any more.

        A page may have been open since before their role was changed, so it is asked at each press. That
        makes the session go on.
        """
        accounts, now = self.accounts, self.clock.now()
        if accounts is not None and not visit.is_of(await accounts.session(visit.digest, now)):
            raise NotDone(visit.words("logged_out"))
        if not visit.may(role):
            await self.note(visit, what, "", "not allowed")
            raise NotDone(visit.words("not_allowed", role=visit.words(f"role_{visit.role}")))

    async def note(self, visit: Visit, what: str, about: str, result: str = DONE) -> None:
        """Keep that somebody did, or tried to do, something.

        Where it cannot be kept, that is logged: what was done must not look as if it was not.
        """
        if self.accounts is None:
            return
        try:
            actor = Actor(visit.name, visit.role)
            await self.accounts.note(Entry(self.clock.now(), actor, what, about, result))
        except StorageError:
            log.exception("not noted", by=visit.name, what=what, about=about, result=result)
