"""The Shopify Admin API of one store. Nothing is retried here but a call whose token had ended."""

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

import httpx

from payments.shopify import amending, answers, requests
from payments.shopify.amending import Left, Parts, Taken
from payments.shopify.answers import Copy, Listed, Location, Stocked, Store
from payments.shopify.errors import Reason, ShopifyError, answer_of
from payments.shopify.requests import API_VERSION, Copying
from payments.shopify.tokens import Tokens

CALL_SECONDS: Final = 15.0
"""Maximum duration of one call."""
ANSWER_CAP: Final = 4 * 1024 * 1024
"""Maximum bytes read of an answer. A page of a catalogue may be long."""
_STOCKED_PAGE: Final = 100
"""Variants in one question: what it costs must stay far below what Shopify allows for one, 1000."""


class ShopifyClient:
    """One store. All methods raise ShopifyError."""

    def __init__(
        self,
        base_url: str,
        tokens: Tokens,
        *,
        transport: httpx.AsyncBaseTransport | None = None,
        steady: Callable[[], float] = time.monotonic,
    ) -> None:
        """`steady` returns seconds of a clock that is never set; tests give their own, and a `transport`."""
        self._url = f"{base_url}/admin/api/{API_VERSION}/graphql.json"
        self._tokens, self._steady = tokens, steady
        # Without the environment's proxies: the token would go through them.
        self._http = httpx.AsyncClient(timeout=CALL_SECONDS, trust_env=False, transport=transport)

    async def close(self) -> None:
        """Close the connections."""
        await self._http.aclose()

    async def create(self, copying: Copying) -> Copy:
        """Make the copy of an order. After an ambiguous error look for it with `find` before another try."""
        return answers.created(await self.ask(requests.ORDER_CREATE, requests.order_create(copying)))

    async def find(self, key: str) -> list[Copy]:
        """Return the copies of the order `key`, oldest first. Shopify finds a new one only after a while."""
        return answers.found(await self.ask(requests.ORDERS, requests.source_query(key)))

    async def read(self, copy_id: str) -> Copy | None:
        """Return the copy with this id; None if it was deleted."""
        order = (await self.ask(requests.ORDER, {"id": copy_id})).get("order")
        return None if order is None else answers.copy_of(order)

    async def mark_as_paid(self, copy_id: str) -> None:
        """Mark the copy as paid."""
        data = await self.ask(requests.MARK_AS_PAID, {"input": {"id": copy_id}})
        answers.require_done(data, "orderMarkAsPaid")

    async def cancel(self, copy_id: str, number: str, *, restock: bool) -> None:
        """Cancel the copy, without a refund and without a mail. Shopify does it a moment later."""
        data = await self.ask(requests.CANCEL, requests.cancel(copy_id, number, restock=restock))
        answers.require_done(data, "orderCancel")

    async def parts(self, copy_id: str) -> Parts | None:
        """Return what the copy is made of; None if it was deleted."""
        return amending.parts_of(await self.ask(amending.PARTS, {"id": copy_id}))

    async def shelf(self, copy_id: str, taken: Taken) -> str | None:
        """Return where Shopify would put the pieces of `taken` back; None if it counts none of them."""
        lines = {"id": copy_id, "lines": taken.lines}
        return amending.location_of(await self.ask(amending.SHELF, lines))

    async def refund(self, refund: Mapping[str, Any]) -> Left:
        """Record a refund (`amending.refund`), once for its key. Return what is left of the copy."""
        return amending.left_after(await self.ask(amending.REFUND, refund))

    async def update(self, change: Mapping[str, Any]) -> None:
        """Change a copy (`amending.readdress`)."""
        answers.require_done(await self.ask(amending.UPDATE, change), "orderUpdate")

    async def customer(self, phone: str) -> str | None:
        """Return the id of the customer with the number `phone` (`+91…`); None if there is none."""
        return answers.customer_id(await self.ask(requests.CUSTOMER, {"identifier": {"phoneNumber": phone}}))

    async def store(self) -> Store:
        """Return what the store says of itself and of the app's permissions."""
        return answers.store(await self.ask(requests.STORE, {}))

    async def locations(self) -> list[Location]:
        """Return the store's active locations, 50 at most."""
        return answers.locations(await self.ask(requests.LOCATIONS, {}))

    async def stocked(self, ids: Sequence[str]) -> list[Stocked]:
        """Return how the variants `ids` are counted; those that are gone are left out."""
        found: list[Stocked] = []
        for at in range(0, len(ids), _STOCKED_PAGE):
            page = {"ids": ids[at : at + _STOCKED_PAGE]}
            found += answers.stocked(await self.ask(requests.STOCKED, page))
        return found

    async def quantities(self, ids: Sequence[str]) -> dict[str, int]:
        """Return the pieces available of each of the variants `ids` that is there and counted, by id."""
        found: dict[str, int] = {}
        for at in range(0, len(ids), _STOCKED_PAGE):
            page = {"ids": ids[at : at + _STOCKED_PAGE]}
            found |= answers.quantities(await self.ask(requests.QUANTITIES, page))
        return found

    async def products(self) -> list[Listed]:
        """Return all products that are for sale, in the order of Shopify's ids."""
        listed: list[Listed] = []
        after: str | None = None
        while True:
            page = answers.products(await self.ask(requests.PRODUCTS, {"after": after}))
            listed += page.products
            if page.next is None:
                return listed
            after = page.next

    async def ask(self, query: str, variables: Mapping[str, Any]) -> dict[str, Any]:
        """Return `data` of the answer. A token that is refused is replaced once, if there can be another."""
        token = await self._tokens.token(self._http, self._steady())
        try:
            return await self._ask(query, variables, token)
        except ShopifyError as error:
            if error.reason is not Reason.TOKEN or not self._tokens.refuse(token):
                raise
        token = await self._tokens.token(self._http, self._steady())
        return await self._ask(query, variables, token)

    async def _ask(self, query: str, variables: Mapping[str, Any], token: str) -> dict[str, Any]:
        headers = {"X-Shopify-Access-Token": token}
        body = {"query": query, "variables": variables}
        try:
            async with self._http.stream("POST", self._url, json=body, headers=headers) as answer:
                content = await _capped(answer)
                return answer_of(answer.status_code, content.replace(token.encode(), b"***"), answer.headers)
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout) as error:
            failure = ShopifyError(Reason.UNREACHABLE, f"no connection ({type(error).__name__})")
        except httpx.HTTPError as error:
            failure = ShopifyError(Reason.LOST, f"no answer ({type(error).__name__})")
        # Raised outside `except`: httpx's errors carry the request, token included.
        raise failure


async def _capped(answer: httpx.Response) -> bytes:
    """Return the body, or its first bytes if it exceeds the cap, which are then not valid JSON."""
    body = b""
    async for chunk in answer.aiter_bytes():
        body += chunk
        if len(body) > ANSWER_CAP:
            break
    return body
