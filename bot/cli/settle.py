"""`munshi settle`: settle payment links at Razorpay that the books lack, as the operator decides."""

import sys
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import Enum, auto
from typing import Annotated, Final, Literal

import typer

from bot.cli.lifecycle import looked_up, refuse
from bot.cli.starting import settings_or_refuse
from bot.clock import SystemClock
from bot.counted import counted
from bot.ingest import from_lost_link
from bot.printable import printable
from bot.settings import Settings
from bot.whatsapp.channel import WHATSAPP
from payments.razorpay import strays
from payments.razorpay.errors import GatewayError
from payments.razorpay.gateway import Gateway, Link
from payments.razorpay.strays import Paid, Stray
from payments.shop.money import money
from payments.shop.orders import CURRENCY, is_card
from storage import Store
from storage.inbox.strays import Settled, StrayDecision

_ANSWERS: Final = Literal["refund", "keep", "later"]
_DECISIONS: Final = {"refund": StrayDecision.REFUNDED, "keep": StrayDecision.KEPT}
"""What each answer decides; `later` decides nothing."""

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
    """The operator's decisions, given as options."""

    cancel_unpaid: bool = False
    refund: frozenset[str] = frozenset()
    keep: frozenset[str] = frozenset()


def command(cancel_unpaid: CancelUnpaid = False, refund: Refund = None, keep: Keep = None) -> None:
    """Decide about payment links that exist at Razorpay and that this database lacks.

    They come from lost books: after a restore, nothing else would tell of them. The books take over a link
    of an order that they have. Every other link is listed. An unpaid one is cancelled; a paid one is refunded
    or kept, as you say by options or are asked. A card that was paid in the chat is listed by the order that
    Razorpay has for it (order_...). A refund is settled once Razorpay has done it. On SQLite the server must
    be stopped. Exit status 1 while one is left.
    """
    settled_or_told(settings_or_refuse(), said(cancel_unpaid, refund, keep))


def said(cancel_unpaid: bool, refund: list[str] | None, keep: list[str] | None) -> Said:
    """Return the decisions in the options. Ends the command if they contradict each other."""
    refunds, keeps = frozenset(refund or ()), frozenset(keep or ())
    if contradictory := sorted(refunds & keeps):
        refuse(f"{', '.join(contradictory)}: either --refund or --keep.")
    return Said(cancel_unpaid, refunds, keeps)


def settled_or_told(settings: Settings, decisions: Said) -> None:
    """Settle what can be settled. Ends the command with status 1 and what to do if something is left."""
    try:
        left = looked_up(_settle(settings, decisions))
    except GatewayError as error:
        refuse(f"{error}: what else the books lack is not known yet. Run 'munshi settle' again.")
    for why, count in left.items():
        typer.echo(_LEFT[why].format(links=counted(count, "link")), err=True)
    if left:
        raise typer.Exit(1)
    typer.echo("No link is left that the books lack.")


class Left(Enum):
    """Why a link is not settled."""

    UNDECIDED = auto()
    UNDER_WAY = auto()
    PAYABLE = auto()
    REFUSED = auto()
    UNKNOWN = auto()


_LEFT: Final[Mapping[Left, str]] = {
    Left.UNDECIDED: (
        "{links} to settle. For each: munshi settle --refund LINK, or munshi settle --keep LINK if you gave"
        " the goods by hand; munshi settle --cancel-unpaid for all that nobody has paid."
    ),
    Left.UNDER_WAY: (
        "Money of {links} is under way, and may still come, go back or fail: run 'munshi settle' again in"
        " some hours, until none is left."
    ),
    Left.PAYABLE: (
        "{links} can still be paid, and Razorpay does not cancel them: do it in Razorpay Dashboard > Payment"
        " Links, then run 'munshi settle' again."
    ),
    Left.REFUSED: (
        "Of {links} Razorpay did not do what was asked; why stands above. Mend it, or wait, and run 'munshi"
        " settle' again."
    ),
    Left.UNKNOWN: (
        "{links} named here that the books don't lack: check the ids, which begin with plink_, or with order_"
        " for a card."
    ),
}


async def _settle(settings: Settings, decisions: Said) -> Counter[Left]:
    """Settle the links. Return how many are left, by reason. Raises GatewayError or StorageError."""
    store = await Store.open(settings.database_url, WHATSAPP)
    secret = settings.razorpay_key_secret.get_secret_value()
    gateway = Gateway(settings.razorpay_key_id, secret, settings.razorpay_api_url)
    try:
        desk, left, seen = _Desk(store, gateway, decisions), Counter[Left](), set[str]()
        async for link, settled in strays.lacked_links(gateway, await store.installation(), store.lacking):
            seen.add(link.id)
            if why := await desk.take(link, settled):
                left[why] += 1
        if not left:
            await store.finish_restore()
        if unknown := (decisions.refund | decisions.keep) - seen:
            typer.echo(printable(f"not lacking: {', '.join(sorted(unknown))}"), err=True)
            left[Left.UNKNOWN] = len(unknown)
        return left
    finally:
        await gateway.close()
        await store.close()


@dataclass(frozen=True, slots=True)
class _Desk:
    """Prints and settles links, one after the other."""

    store: Store
    gateway: Gateway
    decisions: Said

    async def take(self, link: Link, settled: frozenset[str] | None) -> Left | None:
        """Settle a link. Return why it is not settled, or None.

        `settled` are its payments that the books have settled; None if the books have its order.
        """
        try:
            if settled is None:
                await self._hand_over(link)
                return None
            stray = await strays.read(self.gateway, link, settled)
            return await self._settle(stray) if stray.open else None
        except GatewayError as error:
            typer.echo(printable(f"{link.id}: {error}"), err=True)
            return Left.REFUSED

    async def _hand_over(self, link: Link) -> None:
        """Store an event that lets the server add the link to its order, which the books have."""
        known, reading = await strays.taken_over(self.gateway, link)
        await self.store.arrive([from_lost_link(known, self.gateway.mode, reading)], SystemClock().now())
        typer.echo(printable(f"{link.id}: of an order that the books have, which the server sets right"))

    async def _settle(self, stray: Stray) -> Left | None:
        typer.echo(printable(_describe(stray)))
        if stray.payable:
            if not self._should_cancel(stray):
                return Left.UNDECIDED
            stray = await strays.cancel(self.gateway, stray)
            if not stray.open:
                await self._record(stray, StrayDecision.CANCELLED)
                return None
            typer.echo(printable(f"    meanwhile: {_describe(stray)}"))
        if stray.paid:
            decision = self._decide_paid(stray)
            if decision is None:
                return Left.UNDECIDED
            if decision is StrayDecision.KEPT:
                await self._record(stray, decision, stray.paid, stray.captured)
            else:
                stray = await strays.give_back(self.gateway, stray)
        if stray.returned:
            await self._record(stray, StrayDecision.REFUNDED, stray.returned, stray.gone_back)
        if stray.under_way:
            typer.echo("    a payment or a refund is under way")
            return Left.UNDER_WAY
        return Left.PAYABLE if stray.payable else None

    def _should_cancel(self, stray: Stray) -> bool:
        """Return whether to cancel the link. After a decision on its payments, no more may come."""
        named = bool(stray.paid) and stray.link.id in self.decisions.refund | self.decisions.keep
        decided = named or bool(stray.settled) or self.decisions.cancel_unpaid
        return decided or (_asks() and typer.confirm("    Cancel it?", default=True))

    def _decide_paid(self, stray: Stray) -> StrayDecision | None:
        """Return whether to refund or keep what was paid, by the options or by asking; None if undecided."""
        if stray.link.id in self.decisions.refund:
            return StrayDecision.REFUNDED
        if stray.link.id in self.decisions.keep:
            return StrayDecision.KEPT
        if not _asks():
            return None
        answer: str = typer.prompt("    keep: goods given by hand", type=_ANSWERS, default="later")
        return _DECISIONS.get(answer)

    async def _record(
        self, stray: Stray, decision: StrayDecision, paid: Iterable[Paid] = (), amount: int = 0
    ) -> None:
        payments, reference = frozenset(payment.payment_id for payment in paid), stray.link.reference_id
        settled = Settled(stray.link.id, stray.order_key, reference, amount, decision, payments)
        await self.store.settle(settled, SystemClock().now())
        typer.echo(f"    {decision}{f', {money(amount)}' if amount else ''}")


def _asks() -> bool:
    return sys.stdin.isatty() and sys.stdout.isatty()


def _describe(stray: Stray) -> str:
    sums = [money(stray.captured)] if stray.captured else []
    foreign = (paid for paid in stray.paid if paid.currency != CURRENCY)
    sums += [f"{paid.left} {paid.currency} in its smallest unit" for paid in foreign]
    paid = f", {' and '.join(sums)} captured" if sums else ""
    link = stray.link
    card = f" (card {link.reference_id})" if is_card(link.reference_id) else ""
    return f"{link.id}: {money(link.amount)} for {stray.order_key}, {link.status}{paid}{card}"
