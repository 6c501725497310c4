"""Has a copy at Shopify follow one amendment of its order, or a person do so where Shopify does not."""

from collections.abc import Mapping

from bot.workers import mirror_notices
from payments.processing.notice import Notice
from payments.shop.amendments import Amendment, AmendmentKind
from payments.shopify import amending
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
) -> Notice | None:
    """Have `copy` follow `amendment`. Return the notice if a person has to see to it.

    It may be called again for the same amendment: each has its idempotency key. Raises ShopifyError.
    """
    try:
        if amendment.kind is AmendmentKind.ADDRESS:
            return await _readdress(client, claimed, copy, amendment)
        return await _refund(client, claimed, copy, amendment, variants)
    except ShopifyError as error:
        if error.reason is not Reason.REFUSED:
            raise
        return mirror_notices.amended(claimed.order, amendment, copy.status, error.description)


async def _readdress(
    client: ShopifyClient, claimed: ClaimedMirror, copy: Copy, amendment: Amendment
) -> Notice | None:
    buyer = Buyer(claimed.name, f"+{claimed.phone}" if claimed.phone else "")
    change = amending.readdress(copy.id, claimed.order, buyer)
    if change is None:
        return mirror_notices.amended(claimed.order, amendment, copy.status)
    await client.update(change)
    return None


async def _refund(
    client: ShopifyClient,
    claimed: ClaimedMirror,
    copy: Copy,
    amendment: Amendment,
    variants: Mapping[str, str],
) -> Notice | None:
    order = claimed.order
    parts = await client.parts(copy.id)
    refund = None if parts is None else amending.refund(copy.id, amendment, parts, variants)
    if parts is None or refund is None:
        return mirror_notices.amended(order, amendment, copy.status)
    left = await client.refund(refund)
    there = left.paid if parts.sales else left.costs
    followed = order.amendments[: claimed.mirror.amendments + 1]
    costs = order.order.total - sum(one.amount for one in followed)
    return mirror_notices.total_differs(order, copy.name, costs, there)
