"""`munshi settle`: payment links at Razorpay that the books lack, and what a person says of each."""

import sys
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum, auto
from typing import Annotated

import typer

from bot.cli.running import looked_up, refuse, settings_or_refuse
from bot.cli.wording import counted
from bot.clock import SystemClock
from bot.printing import printable
from bot.settings import Settings
from payments.money import money
from payments.orders import CURRENCY
from payments.razorpay import strays
from payments.razorpay.errors import GatewayError
from payments.razorpay.gateway import Gateway
from payments.razorpay.strays import Paid, Stray
from storage import Store
from storage.strays import Settled

CancelUnpaid = Annotated[
    bool, typer.Option("--cancel-unpaid", help="Cancel every link that the books lack and nobody has paid.")
]
Refund = Annotated[
    list[str] | None, typer.Option("--refund", metavar="LINK", help="Give back what was paid on this link.")
]
Keep = Annotated[
    list[str] | None,
    typer.Option("--keep", metavar="LINK", help="Keep what was paid on it: you gave the goods by hand."),
]


@dataclass(frozen=True, slots=True)
class Said:
    """What the operator said beforehand."""

    cancel_unpaid: bool = False
    refund: frozenset[str] = frozenset()
    keep: frozenset[str] = frozenset()


def command(cancel_unpaid: CancelUnpaid = False, refund: Refund = None, keep: Keep = None) -> None:
    """Settle the payment links that Razorpay has of this installation and these books lack.

    They are of books that are lost: after a restore, nobody would tell of them. Each is listed. One that was
    not paid is cancelled, one that was is refunded or kept, as you say here or are asked. On SQLite the
    server must be stopped. Exit status 1 while one is left.
    """
    settled_or_told(settings_or_refuse(), Said(cancel_unpaid, frozenset(refund or ()), frozenset(keep or ())))


def settled_or_told(settings: Settings, said: Said) -> None:
    """Settle what can be; end the command with status 1 and what to do if something is left."""
    try:
        left = looked_up(_settle(settings, said))
    except GatewayError as error:
        refuse(f"{error}: what the books lack is not known yet. Run 'munshi settle' when Razorpay answers.")
    if left[Left.UNDECIDED]:
        refuse(
            f"{counted(left[Left.UNDECIDED], 'link')} to settle. For each: munshi settle --refund LINK, or"
            " munshi settle --keep LINK if you gave the goods by hand; munshi settle --cancel-unpaid for all"
            " that nobody has paid."
        )
    if left[Left.UNDER_WAY]:
        refuse(
            f"Money of {counted(left[Left.UNDER_WAY], 'link')} is under way, and may still come back or fail:"
            " run 'munshi settle' again in some hours, until none is left."
        )
    typer.echo("No link is left that the books lack.")


class Left(Enum):
    """Why a link is not settled."""

    UNDECIDED = auto()
    UNDER_WAY = auto()


async def _settle(settings: Settings, said: Said) -> Counter[Left]:
    """How many links are left, by why. Raises GatewayError or StorageError."""
    store = await Store.open(settings.database_url)
    secret = settings.razorpay_key_secret.get_secret_value()
    gateway = Gateway(settings.razorpay_key_id, secret, settings.razorpay_api_url)
    try:
        desk = _Desk(store, gateway, said)
        found = await strays.strays(gateway, await store.installation(), store.lacking)
        left = Counter([why for stray in found if (why := await desk.settle(stray))])
        if not left:
            await store.compared()
        return left
    finally:
        await gateway.close()
        await store.close()


@dataclass(frozen=True, slots=True)
class _Desk:
    """Where one link after the other is shown and settled."""

    store: Store
    gateway: Gateway
    said: Said

    async def settle(self, stray: Stray) -> Left | None:
        """Show `stray` and do what is said of it; why it is left, if it is."""
        typer.echo(printable(_shown(stray)))
        if stray.payable:
            if not self._cancels(stray):
                return Left.UNDECIDED
            stray = await strays.cancel(self.gateway, stray)
            if not stray.open:
                await self._record(stray, "cancelled")
                return None
            typer.echo(printable(f"    meanwhile: {_shown(stray)}"))
        if stray.paid:
            word = self._word(stray)
            if word == "keep":
                await self._record(stray, "kept", stray.paid, stray.captured)
            elif word == "refund":
                stray = await strays.give_back(self.gateway, stray)
            else:
                return Left.UNDECIDED
        if stray.returned:
            await self._record(stray, "refunded", stray.returned, stray.gone_back)
        if stray.under_way or stray.payable:
            typer.echo(f"    {'a payment or a refund is under way' if stray.under_way else 'still payable'}")
            return Left.UNDER_WAY
        return None

    def _cancels(self, stray: Stray) -> bool:
        """Whether to cancel it. Who decides of what was paid on it wants no more to come."""
        named = bool(stray.paid) and stray.link.id in self.said.refund | self.said.keep
        return named or self.said.cancel_unpaid or (_asks() and typer.confirm("    Cancel it?", default=True))

    def _word(self, stray: Stray) -> str:
        for word, links in (("refund", self.said.refund), ("keep", self.said.keep)):
            if stray.link.id in links:
                return word
        if not _asks():
            return ""
        answer: str = typer.prompt("    refund, keep (goods given by hand) or later", default="later")
        return answer.strip().lower()

    async def _record(self, stray: Stray, word: str, paid: Iterable[Paid] = (), amount: int = 0) -> None:
        payments = frozenset(one.payment_id for one in paid)
        settled = Settled(stray.link.id, stray.order_key, stray.link.reference_id, amount, word, payments)
        await self.store.settle(settled, SystemClock().now())
        typer.echo(f"    {word}{f', {money(amount)}' if amount else ''}")


def _asks() -> bool:
    return sys.stdin.isatty() and sys.stdout.isatty()


def _shown(stray: Stray) -> str:
    sums = [money(stray.captured)] if stray.captured else []
    foreign = (paid for paid in stray.paid if paid.currency != CURRENCY)
    sums += [f"{paid.left} {paid.currency} in its smallest unit" for paid in foreign]
    paid = f", {' and '.join(sums)} captured" if sums else ""
    link = stray.link
    return f"{link.id}: {money(link.amount)} for {stray.order_key}, {link.status}{paid}"
