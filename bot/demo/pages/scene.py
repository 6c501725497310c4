"""What all parts of an open page of the pocket world share."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, tzinfo

from nicegui import ui

from bot.console.visit import Visit
from bot.console.words import Words
from bot.demo.bot_process import BotFailed
from bot.demo.pages.words import POCKET
from bot.demo.phone import NotPossible
from bot.demo.stage import Stage
from payments.shop.catalogue import Shop


@dataclass(frozen=True, slots=True)
class Scene:
    """The stage, and who looks at it."""

    stage: Stage
    visit: Visit

    @property
    def words(self) -> Words:
        """The texts of these pages."""
        return self.visit.words.of(POCKET)

    @property
    def shop(self) -> Shop:
        """The shop on the stage."""
        found: Shop = self.stage.flow.sections["shop"]
        return found

    @property
    def timezone(self) -> tzinfo:
        """The shop's."""
        return self.shop.timezone

    def time(self, milliseconds: int) -> str:
        """Return an instant as a phone of the shop's zone shows it: `14:05`."""
        return f"{datetime.fromtimestamp(milliseconds / 1000, self.timezone):%H:%M}"


async def tried(work: Callable[[], Awaitable[object]]) -> bool:
    """Do `work`. If it can't be done, say why, and return False."""
    try:
        await work()
    except (NotPossible, BotFailed) as refused:
        ui.notify(str(refused), type="warning", multi_line=True, close_button=True, timeout=10_000)
        return False
    return True
