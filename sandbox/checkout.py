"""The hosted page of a payment link, on which the payer's browser pays or fails."""

from collections.abc import Awaitable
from typing import Protocol
from urllib.parse import urlencode

from aiohttp import web

from sandbox import pages
from sandbox.razorpay_entities import Link
from sandbox.razorpay_ledger import Ledger, NotPayableError
from sandbox.razorpay_rules import METHODS
from sandbox.signing import sign


class Attempt(Protocol):
    """Tries to pay a link by `method` and returns the payment's id. Raises NotPayableError."""

    def __call__(self, link: str, *, method: str = "upi") -> Awaitable[str]: ...


class Checkout:
    """The page under `/l/<code>`, for the links of one ledger."""

    def __init__(self, ledger: Ledger, key_secret: str, pay: Attempt, fail: Attempt) -> None:
        self._ledger = ledger
        self._key_secret = key_secret
        self._pay = pay
        self._fail = fail

    def serve(self, app: web.Application) -> None:
        """Add the page's routes to `app`."""
        app.router.add_get("/l/{code}", self._show)
        app.router.add_post("/l/{code}/pay", self._handle_pay)
        app.router.add_post("/l/{code}/fail", self._handle_fail)

    async def _show(self, request: web.Request) -> web.Response:
        link = self._link(request)
        payable = self._ledger.payable(link)
        if payable:
            # Opening the page makes Razorpay's order for the link.
            self._ledger.order_of(link)
        html = pages.payment_page(link, payable=payable, failed="failed" in request.query)
        return web.Response(text=html, content_type="text/html")

    async def _handle_pay(self, request: web.Request) -> web.Response:
        link = self._link(request)
        method = (await request.post()).get("method", "upi")
        if method not in METHODS:
            raise web.HTTPBadRequest(text="unknown method")
        try:
            payment_id = await self._pay(link.id, method=str(method))
        except NotPayableError:
            raise web.HTTPSeeOther(f"/l/{link.code}") from None
        raise web.HTTPSeeOther(self._callback(link, payment_id) or f"/l/{link.code}")

    async def _handle_fail(self, request: web.Request) -> web.Response:
        link = self._link(request)
        try:
            await self._fail(link.id)
        except NotPayableError:
            raise web.HTTPSeeOther(f"/l/{link.code}") from None
        raise web.HTTPSeeOther(f"/l/{link.code}?failed=1")

    def _link(self, request: web.Request) -> Link:
        try:
            return self._ledger.find(request.match_info["code"])
        except LookupError:
            raise web.HTTPNotFound(text=pages.unknown_page(), content_type="text/html") from None

    def _callback(self, link: Link, payment_id: str) -> str | None:
        """Return where the browser goes after paying; None without a callback URL.

        Source: Razorpay docs, "Payment Links", callback URL.
        """
        if not link.callback_url:
            return None
        message = "|".join((link.id, link.reference_id, link.status, payment_id))
        query = urlencode(
            {
                "razorpay_payment_id": payment_id,
                "razorpay_payment_link_id": link.id,
                "razorpay_payment_link_reference_id": link.reference_id,
                "razorpay_payment_link_status": link.status,
                "razorpay_signature": sign(message.encode(), self._key_secret),
            }
        )
        return f"{link.callback_url}{'&' if '?' in link.callback_url else '?'}{query}"
