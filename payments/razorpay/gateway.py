"""Razorpay's API for payment links and refunds, through the official SDK with its dangers removed.

The SDK is synchronous, has no time-outs, prints to stdout when a connection fails, hides the HTTP
status, shares one session between threads and brings CA certificates of 2015. So each thread of a
small pool has its own client and session. The session uses our own transport (`transport.py`), which sets
limits and CAs, and raises every failure as a `GatewayError` before the SDK can see it.

Source: Razorpay docs, "Payment Links APIs" and "Refunds APIs", 2026; SDK `razorpay` 2.0.1, `client.py`.
"""

import asyncio
import re
import threading
from base64 import b64encode
from collections.abc import AsyncIterator, Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlsplit

import razorpay
import requests

from payments.ledger.calls import CreateLink, RefundPayment
from payments.razorpay.entities import MAX_INTEGER, ORDER_NOTE, REFUND_NOTE
from payments.razorpay.errors import GatewayError, Reason
from payments.razorpay.transport import session
from payments.shop.orders import LinkStatus, Mode, is_card, order_key_of

CONNECT_SECONDS: Final = 5.0
ANSWER_SECONDS: Final = 10.0
"""Time-out from the last byte of a request to the last byte of its answer."""
CALL_SECONDS: Final = CONNECT_SECONDS + ANSWER_SECONDS
"""Longest duration of one call, once a thread has it."""

_PAGE: Final = 20
"""Links in one page: each may have 15 notes of 256 characters, in any script."""
MAX_LISTED: Final = 100
"""Most entities in one answer. Razorpay's limit."""

_LINK_ID = re.compile(r"plink_[A-Za-z0-9]{1,64}", re.ASCII)
_ORDER_ID = re.compile(r"order_[A-Za-z0-9]{1,64}", re.ASCII)
_PAYMENT_ID = re.compile(r"pay_[A-Za-z0-9]{1,64}", re.ASCII)
_REFUND_ID = re.compile(r"rfnd_[A-Za-z0-9]{1,64}", re.ASCII)
_IDEMPOTENCY_KEY = re.compile(r"[A-Za-z0-9_-]{10,40}", re.ASCII)
"""Razorpay's rule for the header. 40 is its limit for a receipt."""

_Ask = Callable[[Any], object]


@dataclass(frozen=True, slots=True)
class Link:
    """A payment link at Razorpay."""

    id: str
    """`plink_…`"""
    reference_id: str
    status: LinkStatus
    amount: int
    """Paise."""
    amount_paid: int
    """Paise."""
    currency: str
    short_url: str
    order_id: str | None
    """`order_…`; None until the customer opens the page."""
    notes: Mapping[str, Any]
    created_at: int
    """Seconds since 1970, UTC; 0 if Razorpay does not give it."""


class Gateway:
    """Razorpay's payment links and refunds. Its methods raise `GatewayError` and nothing else.

    `base_url` may end in a slash or in `/v1`. Time-outs are in seconds; `read_timeout` covers the whole
    answer, head and body. At most `threads` calls run at once; others wait. Raises ValueError if the URL or
    a key cannot be used.
    """

    def __init__(
        self,
        key_id: str,
        key_secret: str,
        base_url: str,
        *,
        threads: int = 8,
        connect_timeout: float = CONNECT_SECONDS,
        read_timeout: float = ANSWER_SECONDS,
    ) -> None:
        if not (key_id and key_secret and key_id.isascii() and key_secret.isascii()):
            raise ValueError("Razorpay's key id and key secret must be given, in ASCII")
        self._auth = (key_id, key_secret)
        self._secrets = (key_secret, b64encode(f"{key_id}:{key_secret}".encode()).decode())
        self._base_url = _base_url(base_url)
        self._timeouts = (connect_timeout, read_timeout)
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="razorpay")
        self._thread = threading.local()
        self._sessions: list[requests.Session] = []

    @property
    def mode(self) -> Mode:
        """The mode of the key."""
        return Mode.of_key(self._auth[0])

    async def create_link(self, call: CreateLink) -> Link:
        """Create a payment link. Razorpay does not send it to anybody: we send it ourselves."""
        body = {
            "amount": call.amount,
            "currency": call.currency,
            "accept_partial": False,
            "reference_id": call.reference_id,
            "description": call.description,
            "expire_by": -(-call.expires_at // 1000),
            "notify": {"sms": False, "email": False},
            "reminder_enable": False,
            "notes": {ORDER_NOTE: call.order_key, "attempt": call.reference_id.rpartition(".")[2]},
        }
        return _link(await self._answer(lambda client: client.payment_link.create(body)))

    async def find_link(self, reference_id: str) -> Link | None:
        """Return the link with this reference id, in any status, or None if Razorpay shows none."""
        query = {"reference_id": reference_id}
        answer = await self._answer(lambda client: client.payment_link.all(query))
        for payload in _listed(answer):
            # A server that ignores the filter answers with all links.
            if isinstance(payload, dict) and payload.get("reference_id") == reference_id:
                return _link(payload)
        return None

    async def links_of(self, installation: str) -> AsyncIterator[list[Link]]:
        """Yield every link whose notes name an order of `installation`, newest first, in pages.

        Source: "Fetch All Payment Links".
        """
        skip, seen = 0, set[str]()
        while listed := await self._page(skip):
            links = [
                _link(payload) for payload in listed if _order_key(payload).startswith(f"{installation}-")
            ]
            yield [link for link in links if link.id not in seen]
            ids = {str(payload.get("id")) for payload in listed if isinstance(payload, Mapping)}
            if ids <= seen:  # a server that ignores `skip` repeats the same page for ever
                return
            seen |= ids
            skip += len(listed)

    async def _page(self, skip: int) -> list[Any]:
        query = {"count": _PAGE, "skip": skip}
        return _listed(await self._answer(lambda client: client.payment_link.all(query)))

    async def fetch_link(self, link_id: str) -> Link:
        """Return the link in its current state."""
        _check(_LINK_ID, link_id, "the id of a payment link")
        return _link(await self._answer(lambda client: client.payment_link.fetch(link_id, data={})))

    async def cancel_link(self, link_id: str) -> Link:
        """Cancel the link. Razorpay refuses one that is not `created`, with an ALREADY_… reason."""
        _check(_LINK_ID, link_id, "the id of a payment link")
        return _link(await self._answer(lambda client: client.payment_link.cancel(link_id)))

    async def order_payments(self, order_id: str) -> list[Any]:
        """Return every payment tried on Razorpay's order. Source: Fetch Payments for an Order."""
        _check(_ORDER_ID, order_id, "the id of an order")
        return _items(await self._answer(lambda client: client.order.payments(order_id, data={})))

    async def orders_of(self, receipt: str) -> list[Any]:
        """Return the newest orders with this receipt. Source: Fetch All Orders."""
        query = {"receipt": receipt, "count": MAX_LISTED}
        answer = await self._answer(lambda client: client.order.all(query))
        return [order for order in _items(answer) if _is_of(order, receipt)]

    async def card_orders(self, installation: str) -> AsyncIterator[list[Link]]:
        """Yield every order that was made for a card of `installation`, newest first, in pages.

        Each is given as a link, with its own id, and CREATED until it is paid. Source: "Fetch All Orders".
        """
        skip, seen = 0, set[str]()
        while listed := await self._page_of_orders(skip):
            ids = {str(order.get("id")) for order in listed if isinstance(order, Mapping)}
            cards = [order for order in listed if _is_card_of(order, installation)]
            yield [_card(order) for order in cards if order.get("id") not in seen]
            if ids <= seen:  # as in `links_of`
                return
            seen |= ids
            skip += len(listed)

    async def _page_of_orders(self, skip: int) -> list[Any]:
        query = {"count": MAX_LISTED, "skip": skip}
        return _items(await self._answer(lambda client: client.order.all(query)))

    async def order_of(self, order_id: str, receipt: str) -> Any | None:
        """Return Razorpay's order, or None if it has another receipt. Source: Fetch an Order With ID."""
        _check(_ORDER_ID, order_id, "the id of an order")
        order = await self._answer(lambda client: client.order.fetch(order_id, data={}))
        return order if _is_of(order, receipt) else None

    async def refund(self, call: RefundPayment) -> Mapping[str, Any]:
        """Return the refund entity of this call, made now or by an earlier try with the same key.

        The body depends on the call alone, because Razorpay refuses another body under the same key.
        Source: "Create a Normal Refund", "Idempotent Requests".
        """
        _check(_PAYMENT_ID, call.payment_id, "the id of a payment")
        _check(_IDEMPOTENCY_KEY, call.key, "an idempotency key of 10 to 40 letters, digits, - and _")
        body = {
            "amount": call.amount,
            "speed": "normal",
            "receipt": call.key,
            "notes": {ORDER_NOTE: call.order_key, REFUND_NOTE: call.key},
        }
        headers = {"X-Refund-Idempotency": call.key}
        answer = await self._answer(lambda c: c.payment.refund(call.payment_id, body, headers=headers))
        if not isinstance(answer.get("id"), str) or not _REFUND_ID.fullmatch(answer["id"]):
            raise _unintelligible("the answer is not a refund")
        return answer

    async def payment_refunds(self, payment_id: str) -> list[Any]:
        """Return at most `MAX_LISTED` refunds of a payment. Source: Fetch Multiple Refunds for a Payment."""
        _check(_PAYMENT_ID, payment_id, "the id of a payment")
        query = {"count": MAX_LISTED}
        return _items(await self._answer(lambda c: c.payment.fetch_multiple_refund(payment_id, data=query)))

    async def ping(self) -> None:
        """Make a cheap call, to check that Razorpay can be reached and accepts our key."""
        _listed(await self._answer(lambda client: client.payment_link.all({"count": 1})))

    async def close(self) -> None:
        """Wait for the calls under way and close the connections. No call may be made afterwards."""
        await asyncio.to_thread(self._pool.shutdown)
        for http_session in self._sessions:
            http_session.close()

    async def _answer(self, ask: _Ask) -> Mapping[str, Any]:
        loop = asyncio.get_running_loop()
        answer = await loop.run_in_executor(self._pool, lambda: ask(self._client()))
        assert isinstance(answer, dict)  # the transport lets nothing else through
        return answer

    def _client(self) -> Any:
        """Return this thread's own client: the SDK's client is not thread-safe."""
        client = getattr(self._thread, "client", None)
        if client is None:
            http_session = session(self._timeouts, self._secrets)
            self._sessions.append(http_session)
            client = razorpay.Client(session=http_session, auth=self._auth, base_url=self._base_url)
            self._thread.client = client
        return client


def _base_url(url: str) -> str:
    """Return `url` without `/v1`, because the SDK adds that. Raises ValueError if it cannot be used."""
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment:
        raise ValueError(f"not the address of an API: {url!r}")
    if parts.username is not None or parts.password is not None:
        raise ValueError("the address of Razorpay's API must not hold a user name or password")
    return url.rstrip("/").removesuffix("/v1").rstrip("/")


def _unintelligible(what: str) -> GatewayError:
    return GatewayError(Reason.UNINTELLIGIBLE, what)


def _check(pattern: re.Pattern[str], value: str, what: str) -> None:
    """Raise GatewayError unless `value` matches, so that it cannot become another path or header."""
    if not pattern.fullmatch(value):
        raise GatewayError(Reason.REFUSED, f"not {what}: {value[:80]!r}")


def _items(answer: Mapping[str, Any]) -> list[Any]:
    items = answer.get("items")
    if not isinstance(items, list):
        raise _unintelligible("the answer is not a collection: it has no list of items")
    return items


def _listed(answer: Mapping[str, Any]) -> list[Any]:
    listed = answer.get("payment_links", ())
    if listed is None:  # Razorpay writes other empty lists as null
        return []
    if not isinstance(listed, list):
        raise _unintelligible("the answer is not a list of payment links")
    return listed


def _is_of(order: Any, receipt: str) -> bool:
    """Return whether it is an order with this receipt. A server may ignore a filter."""
    return isinstance(order, Mapping) and order.get("receipt") == receipt


def _is_card_of(order: Any, installation: str) -> bool:
    receipt = order.get("receipt") if isinstance(order, Mapping) else None
    return isinstance(receipt, str) and receipt.startswith(f"{installation}-") and is_card(receipt)


def _card(order: Mapping[str, Any]) -> Link:
    """Return the order of a card as a link. Raises GatewayError if it is unreadable."""
    receipt, created_at = _text(order, "receipt"), order.get("created_at")
    return Link(
        id=_text(order, "id"),
        reference_id=receipt,
        status=LinkStatus.PAID if order.get("status") == "paid" else LinkStatus.CREATED,
        amount=_paise(order, "amount"),
        amount_paid=_paise(order, "amount_paid"),
        currency=_text(order, "currency"),
        short_url="",
        order_id=_text(order, "id"),
        notes={ORDER_NOTE: order_key_of(receipt)},
        created_at=created_at if type(created_at) is int else 0,
    )


def _order_key(payload: object) -> str:
    """Return the key of our order in a link's notes; empty if there is none."""
    notes = payload.get("notes") if isinstance(payload, Mapping) else None
    key = notes.get(ORDER_NOTE) if isinstance(notes, Mapping) else None
    return key if isinstance(key, str) else ""


def _link(payload: Mapping[str, Any]) -> Link:
    reference_id, order_id, notes = (payload.get(name) for name in ("reference_id", "order_id", "notes"))
    created_at = payload.get("created_at")
    link = Link(
        id=_text(payload, "id"),
        reference_id=reference_id if isinstance(reference_id, str) and reference_id.isprintable() else "",
        status=_status(payload),
        amount=_paise(payload, "amount"),
        amount_paid=_paise(payload, "amount_paid"),
        currency=_text(payload, "currency"),
        short_url=_text(payload, "short_url"),
        order_id=order_id if isinstance(order_id, str) and order_id else None,
        notes=notes if isinstance(notes, dict) else {},  # null or [] when there are none
        created_at=created_at if type(created_at) is int else 0,
    )
    if not _LINK_ID.fullmatch(link.id):
        raise _unintelligible(_UNKNOWN)
    return link


def _status(payload: Mapping[str, Any]) -> LinkStatus:
    try:
        return LinkStatus(_text(payload, "status"))
    except ValueError:
        raise _unintelligible(_UNKNOWN) from None


_UNKNOWN: Final = "the answer is not a payment link: its id or status is unknown"


def _text(payload: Mapping[str, Any], name: str) -> str:
    value = payload.get(name)
    # No database stores NUL or half a surrogate pair, and neither is printable.
    if not isinstance(value, str) or not value or not value.isprintable():
        raise _unintelligible(f"the answer is not a payment link: no {name}")
    return value


def _paise(payload: Mapping[str, Any], name: str) -> int:
    value = payload.get(name)
    if type(value) is not int or not 0 <= value <= MAX_INTEGER:  # a bool is an int to isinstance
        raise _unintelligible(f"the answer is not a payment link: {name} is not whole paise")
    return value
