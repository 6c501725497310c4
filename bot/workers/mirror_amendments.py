"""Has a copy at Shopify follow what is taken off its order, or a person do so where Shopify does not."""

from collections.abc import Mapping
from dataclasses import replace

from bot.workers import mirror_notices
from payments.processing.notice import Notice
from payments.shop.amendments import Amendment, AmendmentKind
from payments.shopify import amending
from payments.shopify.amending import Left, Parts, Taken
from payments.shopify.answers import Copy
from payments.shopify.client import ShopifyClient
from payments.shopify.errors import Reason, ShopifyError
from payments.shopify.requests import Buyer
from storage.outbox.mirrors import ClaimedMirror


async def follow(
    client: ShopifyClient,
    claimed: ClaimedMirror,
    copy: Copy,
    amendment: Amendment,
    variants: Mapping[str, str],
) -> tuple[Notice, ...]:
    """Have `copy` follow `amendment`. Return the notices, if a person has to see to it.

    It may be called again for the same amendment: each has its idempotency key. Raises ShopifyError.
    """
    try:
        if amendment.kind is AmendmentKind.ADDRESS:
            return await _readdress(client, claimed, copy, amendment)
        return await _refund(client, claimed, copy, amendment, variants)
    except ShopifyError as error:
        if error.reason is not Reason.REFUSED:
            raise
        return (mirror_notices.amended(claimed.order, amendment, copy.status, error.description),)


async def _readdress(
    client: ShopifyClient, claimed: ClaimedMirror, copy: Copy, amendment: Amendment
) -> tuple[Notice, ...]:
    buyer = Buyer(claimed.name, f"+{claimed.phone}" if claimed.phone else "")
    change = amending.readdress(copy.id, claimed.order, buyer)
    if change is None:
        return (mirror_notices.amended(claimed.order, amendment, copy.status),)
    await client.update(change)
    return ()


async def _refund(
    client: ShopifyClient,
    claimed: ClaimedMirror,
    copy: Copy,
    amendment: Amendment,
    variants: Mapping[str, str],
) -> tuple[Notice, ...]:
    parts = await client.parts(copy.id)
    if parts is not None and parts.has(amendment.key):  # its answer was lost
        return _compared(claimed, copy, parts.left, parts)
    taken = None if parts is None else amending.taken(amendment, parts, variants)
    if parts is not None and not parts.sales and not amendment.pieces:
        return (mirror_notices.owes_less(claimed.order, amendment, copy),)
    if parts is None or taken is None:
        return (mirror_notices.amended(claimed.order, amendment, copy.status),)
    back = amendment.shelf and taken.line is not None and taken.line.restockable
    place = await _place(client, copy, taken) if back else None
    left = await client.refund(amending.refund(copy.id, replace(taken, location=place), parts))
    told = _compared(claimed, copy, left, parts)
    if back and place is None:
        return (*told, mirror_notices.not_on_the_shelf(claimed.order, amendment, copy))
    return told


def _compared(claimed: ClaimedMirror, copy: Copy, left: Left, parts: Parts) -> tuple[Notice, ...]:
    """Return the notice if what is left of the copy is not what the order costs now."""
    there = left.paid if parts.sales else left.costs
    told = mirror_notices.total_differs(claimed.order, copy.name, _followed(claimed, 1), there)
    return () if told is None else (told,)


async def _place(client: ShopifyClient, copy: Copy, taken: Taken) -> str | None:
    """Return where the pieces lie on the shelf again; None if Shopify does not say, or not to this app."""
    try:
        return await client.shelf(copy.id, taken)
    except ShopifyError as error:
        if error.reason not in (Reason.DENIED, Reason.REFUSED):
            raise
        return None


def _followed(claimed: ClaimedMirror, more: int) -> int:
    """Return what the order costs after the amendments that its copy followed, and so many `more`; paise."""
    order = claimed.order
    followed = order.amendments[: claimed.mirror.amendments + more]
    return order.order.total - sum(one.amount for one in followed)


async def even(client: ShopifyClient, claimed: ClaimedMirror, copy: Copy) -> tuple[Notice, ...]:
    """Record that less was paid for a copy than Shopify noted when it was marked as paid.

    While cash was to come, no allowance could be recorded there. Raises ShopifyError.
    """
    parts, stays = await client.parts(copy.id), _followed(claimed, 0)
    if parts is not None and parts.paid < stays:
        told = mirror_notices.total_differs(claimed.order, copy.name, stays, parts.left.paid)
        return () if told is None else (told,)
    return await _give_back(client, claimed, copy, parts, stays)


async def give_back(client: ShopifyClient, claimed: ClaimedMirror, copy: Copy) -> tuple[Notice, ...]:
    """Record what goes back of an order that was called off, but for a delivery fee that is kept.

    Raises ShopifyError.
    """
    parts = await client.parts(copy.id)
    return await _give_back(client, claimed, copy, parts, claimed.order.delivery_kept_back)


async def _give_back(
    client: ShopifyClient, claimed: ClaimedMirror, copy: Copy, parts: Parts | None, stays: int
) -> tuple[Notice, ...]:
    """Record that of what was paid there only `stays` (paise) is left."""
    if parts is None or parts.paid <= stays:
        return ()
    ended = "paid" if claimed.order.goods_due else "back"
    taken = Taken(f"{claimed.order.key}-{ended}-{stays}", "less was paid", parts.paid - stays)
    try:
        await client.refund(amending.refund(copy.id, taken, parts))
    except ShopifyError as error:
        if error.reason is not Reason.REFUSED:
            raise
        return (mirror_notices.not_given_back(claimed.order, copy, taken.amount, error),)
    return ()
