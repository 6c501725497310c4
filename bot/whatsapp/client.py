"""Client of the Graph API: send a message, read the state of our number."""

from collections.abc import Mapping
from typing import Any, Final, NamedTuple

import aiohttp
import orjson
from yarl import URL

from bot.json_text import Unreadable, read_object, storable
from bot.retry import Failure
from bot.whatsapp.errors import SendError, classify
from bot.whatsapp.identity import Alias, called
from bot.whatsapp.loose import items, mapping
from payments.razorpay.redaction import blot_bytes

ANSWER_CAP: Final = 64 * 1024
"""Maximum bytes read of an answer. A genuine one has a few hundred."""

CALL_SECONDS: Final = 10.0
"""Maximum duration of one call, including its wait for a connection."""

_NUMBER_FIELDS: Final = "display_phone_number,verified_name,quality_rating"


class Accepted(NamedTuple):
    """Meta's answer to a message that it accepted."""

    wamid: str
    """The id (`wamid…`) of the message."""
    recipient: tuple[Alias, ...] = ()
    """WhatsApp's names of the recipient, which may differ from the number that we sent to.

    Source: Meta, WhatsApp Cloud API, "Send messages" (`contacts` of the answer).
    """


class File(NamedTuple):
    """A file to upload."""

    name: str
    kind: str
    """Its media type, as `application/pdf`."""
    content: bytes


class WhatsAppClient:
    """One business number at the Graph API.

    The session is the caller's: its connector limits how many calls run at once, and it must not be made
    with `trust_env` (the token would go through a proxy that the environment names).
    Nothing is retried here. A message has no idempotency key, so `bot.retry` decides on retries.
    """

    def __init__(
        self,
        session: aiohttp.ClientSession,
        *,
        base_url: str,
        version: str,
        phone_number_id: str,
        access_token: str,
        timeout: float = CALL_SECONDS,
    ) -> None:
        """`timeout` is in seconds, for a whole call. Raises ValueError if `base_url` is no http(s) URL."""
        base = URL(base_url)
        if base.scheme not in ("http", "https") or not base.host:
            raise ValueError(f"the WhatsApp API address must be an http(s) URL, not {base_url!r}")
        self._session = session
        self._version_url = base / version
        self._number_url = self._version_url / phone_number_id
        self._messages_url = self._number_url / "messages"
        self._offers_url = self._number_url / "marketing_messages"
        self._media_url = self._number_url / "media"
        self._token = access_token
        self._headers = {
            "Authorization": f"Bearer {access_token}",
            "Content-Type": "application/json",
            "Accept-Encoding": "identity",
        }
        # The form says its own type, with the boundary of its parts.
        self._form_headers = {k: v for k, v in self._headers.items() if k != "Content-Type"}
        # Connecting may take half of the time. So a later timeout always means that the request was sent.
        self._timeout = aiohttp.ClientTimeout(total=timeout, connect=timeout / 2)

    async def send(self, payload: Mapping[str, Any]) -> Accepted:
        """Send a payload of `payloads.build`. Accepted is not delivered: status webhooks report delivery.

        Raises SendError.
        """
        return await self._send(self._messages_url, payload)

    async def send_offer(self, payload: Mapping[str, Any]) -> Accepted:
        """Send a payload of `payloads.build` that is a template for offers, as Meta asks.

        Raises SendError. An account that has not joined, or a version of the API without this endpoint, may
        still `send` it.

        Source: Meta, WhatsApp Business Platform, "Marketing Messages API for WhatsApp", 2026.
        """
        return await self._send(self._offers_url, payload)

    async def upload(self, file: File) -> str:
        """Upload a file and return its media id, which messages may name for 30 days.

        Raises SendError. Nothing has been sent to anybody then, so that a call of unknown outcome may be
        retried.

        Source: Meta, WhatsApp Cloud API, "Media", 2026.
        """
        form = aiohttp.FormData()
        form.add_field("messaging_product", "whatsapp")
        form.add_field("type", file.kind)
        form.add_field("file", file.content, filename=file.name, content_type=file.kind)
        try:
            status, body, headers = await self._exchange("POST", self._media_url, form)
        except SendError as error:
            raise SendError(Failure.RETRY, error.details) from None
        id = _object(body).get("id") if status == 200 else None
        if isinstance(id, str) and id:
            return id
        refused = self._refused(status, body, headers)
        if refused.failure is Failure.UNKNOWN:
            raise SendError(Failure.RETRY, refused.details, status=status)
        raise refused

    async def _send(self, url: URL, payload: Mapping[str, Any]) -> Accepted:
        status, body, headers = await self._exchange("POST", url, orjson.dumps(payload))
        accepted = _accepted(body) if status == 200 else None
        if accepted is None:
            raise self._refused(status, body, headers)
        return accepted

    async def phone_number(self) -> dict[str, Any]:
        """Return the fields `_NUMBER_FIELDS` of our number. Raises SendError."""
        return await self.number(_NUMBER_FIELDS)

    async def number(self, fields: str) -> dict[str, Any]:
        """Return those of `fields` (separated by commas) that Meta gives for our number. Raises SendError."""
        return await self._read(self._number_url.with_query(fields=fields))

    async def payment(self, configuration: str, reference: str) -> dict[str, Any]:
        """Return what Meta knows of the payment of a card. Raises SendError.

        Source: Meta, Payments API India, "Payment lookup".
        """
        return await self._read(self._number_url / "payments" / configuration / reference)

    async def subscribed_apps(self, account: str) -> dict[str, Any]:
        """Return the apps subscribed to the WhatsApp business account with id `account`. Raises SendError.

        Needs a token with `whatsapp_business_management`. Source: Meta, Graph API, WhatsApp Business Account.
        """
        return await self._read(URL(self.subscriptions_url(account)))

    def subscriptions_url(self, account: str) -> str:
        """Return the URL that subscribes the app to an account (POST) and lists the subscribed apps (GET)."""
        return str(self._version_url / account / "subscribed_apps")

    async def _read(self, url: URL) -> dict[str, Any]:
        status, body, headers = await self._exchange("GET", url)
        answer = _object(body) if status == 200 else {}
        if not answer or "error" in answer:
            raise self._refused(status, body, headers)
        return answer

    async def _exchange(
        self, method: str, url: URL, body: bytes | aiohttp.FormData | None = None
    ) -> tuple[int, bytes, Mapping[str, str]]:
        """Return (status, body up to the cap, headers) of the answer. Raises SendError if there was none."""
        own = self._form_headers if isinstance(body, aiohttp.FormData) else self._headers
        try:
            async with self._session.request(
                method, url, data=body, headers=own, timeout=self._timeout, allow_redirects=False
            ) as response:
                return response.status, await _capped(response.content), response.headers
        except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError) as error:
            failure = SendError(Failure.RETRY, f"no connection ({type(error).__name__})")
        except (aiohttp.ClientError, OSError) as error:
            failure = SendError(Failure.UNKNOWN, f"no answer ({type(error).__name__})")
        # Raised outside `except`: some of aiohttp's errors carry the request's headers, token included.
        raise failure

    def _refused(self, status: int, body: bytes, headers: Mapping[str, str]) -> SendError:
        """Return the error of an answer. Meta may quote a malformed token in it, so it is blotted first."""
        return classify(status, blot_bytes(body, (self._token,)), headers)


async def _capped(content: aiohttp.StreamReader) -> bytes:
    """Return the body, or its first bytes if it exceeds the cap, which are then not valid JSON."""
    body = b""
    while len(body) <= ANSWER_CAP and (chunk := await content.read(ANSWER_CAP)):
        body += chunk
    return body


def _object(body: bytes) -> dict[str, Any]:
    try:
        return storable(read_object(body))
    except Unreadable:
        return {}


def _accepted(body: bytes) -> Accepted | None:
    """Read the answer to an accepted send: `messages[0].id` and `contacts[0]`. None if there is no id."""
    answer = _object(body)
    wamid = mapping(_first(answer.get("messages"))).get("id")
    if not isinstance(wamid, str) or not wamid:
        return None
    return Accepted(wamid, called(mapping(_first(answer.get("contacts")))))


def _first(values: object) -> object:
    return next(iter(items(values)), None)
