"""The sandbox Meta: the WhatsApp Cloud API as far as a shop uses it, with its webhooks."""

import secrets
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, Final, Literal, TypeAlias

import aiohttp
import orjson
from aiohttp import web

from sandbox import meta_media, meta_webhooks
from sandbox.answers import json_answer
from sandbox.delivery import Courier, SignedEvent
from sandbox.faults import Fault, Faults, perform
from sandbox.ids import Ids
from sandbox.meta_account import ACCOUNT_ID, Account
from sandbox.meta_cards import Card, Cards, interactive
from sandbox.meta_errors import (
    Refused,
    body_for_status,
    error_body,
    expired_body,
    status_error,
    token_body,
    unknown_object_body,
)
from sandbox.meta_media import Upload, checked
from sandbox.meta_rules import check
from sandbox.people import Json, Person, ReceivedMessage, SentMessage, words_of
from sandbox.wa_ids import wa_id

Window: TypeAlias = Literal["open", "refuse", "fail"]
"""How the 24-hour window is enforced: not at all; by refusing the call; by a `failed` status afterwards."""

BUSINESS_PHONE: Final = "918000000001"
_DAY: Final = 24 * 3600 * 1000
_PAIR_BURST: Final = 45
_PAIR_REFILL: Final = 6000
"""Milliseconds until one more message may be sent to the same person."""


class HandshakeRefusedError(Exception):
    """The bot did not answer Meta's verification request with the challenge."""


class Meta:
    """The WhatsApp Cloud API over HTTP, and its customers."""

    def __init__(
        self,
        *,
        phone_number_id: str,
        access_token: str,
        app_secret: str,
        verify_token: str,
        now: Callable[[], int],
        courier: Courier | None = None,
        ids: Ids | None = None,
        statuses: tuple[str, ...] = ("sent", "delivered"),
        pair_rate: bool = False,
        window: Window = "open",
    ) -> None:
        """`now` gives milliseconds UTC. `statuses` are the webhooks that follow each accepted send."""
        self.phone_number_id = phone_number_id
        self.verify_token = verify_token
        self.people: dict[str, Person] = {}
        self.marked_read: list[str] = []
        """Wamids of customers' messages that the business marked as read."""
        self.takes_offers = True
        """Whether the account may use the endpoint for offers."""
        self.offers: list[str] = []
        """Wamids of the messages that came by that endpoint."""
        self.cards = Cards()
        self.uploads: dict[str, Upload] = {}
        """Files that were uploaded, by media id. Whoever removes one makes it expire."""
        self.account = Account(phone_number_id, BUSINESS_PHONE)
        self.faults = Faults("send", "upload")
        self.courier = courier or Courier(now)
        self.app = web.Application(client_max_size=1 << 20)
        self.app.router.add_post(r"/{version:v\d+\.\d+}/{object_id}/messages", self._send)
        self.app.router.add_post(r"/{version:v\d+\.\d+}/{object_id}/marketing_messages", self._send_offer)
        self.app.router.add_post(r"/{version:v\d+\.\d+}/{object_id}/media", self._upload)
        self.app.router.add_get(r"/{version:v\d+\.\d+}/{object_id}", self._describe)
        self.app.router.add_get(r"/{version:v\d+\.\d+}/{object_id}/subscribed_apps", self._subscribed)
        self.app.router.add_get(
            r"/{version:v\d+\.\d+}/{object_id}/payments/{configuration}/{reference}", self._look_up
        )
        self._authorization = f"Bearer {access_token}"
        self._token_expired = False
        self._app_secret = app_secret
        self._now = now
        self._ids = ids or Ids()
        self._statuses = statuses
        self._pair_rate = pair_rate
        self._window = window
        self._pair_until: dict[str, int] = {}
        self._by_user_id: dict[str, Person] = {}
        self._inbound_ids: set[str] = set()

    def person(self, wa_id: str, name: str = "Asha") -> Person:
        """Return the customer with the phone number `wa_id` (digits only), created as `name` on first use."""
        person = self.people.get(wa_id)
        if person is None:
            person = Person(wa_id, name, f"IN.1000{wa_id:0>15}", BUSINESS_PHONE, self)
            self.people[wa_id] = person
            self._by_user_id[person.user_id] = person
        return person

    def fail_next(self, operation: str, *faults: Fault) -> None:
        """Queue `faults` for the next calls of `operation` (`send`), one for each call."""
        self.faults.next(operation, *faults)

    def expire_token(self) -> None:
        """Answer every call with a 401 (code 190) from now on, as for an expired access token."""
        self._token_expired = True

    def renew_token(self) -> None:
        """Accept the access token again."""
        self._token_expired = False

    async def handshake(self, session: aiohttp.ClientSession, url: str) -> None:
        """Verify the webhook at `url` as Meta does when an operator sets it. Raises HandshakeRefusedError.

        Source: Meta, WhatsApp Cloud API, "Create a webhook endpoint".
        """
        challenge = str(secrets.randbelow(10**9) + 10**9)
        query = {"hub.mode": "subscribe", "hub.challenge": challenge, "hub.verify_token": self.verify_token}
        async with session.get(url, params=query, allow_redirects=False) as response:
            answer = await response.read()
            if response.status != 200 or answer != challenge.encode():
                raise HandshakeRefusedError(f"GET {url} answered {response.status}, not the challenge")
        self.account.webhook = url

    def signed(self, name: str, value: Json, field: str = "messages") -> SignedEvent:
        """Return a signed webhook with `value` (`messages`, `statuses`, …), without delivering it."""
        metadata = {"display_phone_number": BUSINESS_PHONE, "phone_number_id": self.phone_number_id}
        payload = meta_webhooks.envelope(ACCOUNT_ID, {"metadata": metadata, **value}, field)
        return meta_webhooks.signed(name, payload, self._app_secret)

    def inbound(self, person: Person, message: Json) -> str:
        """Post a message from `person` to the business and return its wamid."""
        wamid, now = self._ids.wamid(person.wa_id), self._now()
        self._inbound_ids.add(wamid)
        if message["type"] != "reaction":
            person.last_wrote_at = now
        person.sent.append(SentMessage(words_of(message), len(person.messages), wamid, message, now))
        messages = [meta_webhooks.inbound(person, wamid, now, message)]
        event = self.signed("message", {"contacts": [meta_webhooks.contact(person)], "messages": messages})
        self.courier.emit("meta", [replace(event, about=wamid)])
        return wamid

    def owner_writes(self, person: Person, text: str) -> str:
        """Post a text that the owner wrote to `person` in the WhatsApp Business app, and return its wamid."""
        wamid = self._ids.wamid(person.wa_id)
        echo = meta_webhooks.echo(BUSINESS_PHONE, person, wamid, self._now(), text)
        event = self.signed("echo", {"message_echoes": [echo]}, "smb_message_echoes")
        self.courier.emit("meta", [event])
        return wamid

    def prefer(self, person: Person, value: str) -> None:
        """Post that `person` said `stop` or `resume` to offers in WhatsApp's settings."""
        entry = meta_webhooks.preference(person, self._now(), value)
        value_of = {"contacts": [meta_webhooks.contact(person)], "user_preferences": [entry]}
        self.courier.emit("meta", [self.signed("preference", value_of, "user_preferences")])

    def configure(self, name: str, status: str) -> None:
        """Post that a payment configuration is `Active`, or `Needs Connecting`, or `Needs Testing`."""
        news = {"configuration_name": name, "provider_name": "razorpay", "status": status}
        field = "payment_configuration_update"
        self.courier.emit("meta", [self.signed("configuration", news, field)])

    def tell_payment(self, card: Card) -> None:
        """Post what became of the last try to pay a card."""
        head = {"id": card.message.wamid, "recipient_id": card.person.wa_id, "type": "payment"}
        said = {"status": "captured" if card.paid else "pending", "payment": card.payment()}
        entry = {**head, **said, "timestamp": str(self._now() // 1000)}
        contacts = [meta_webhooks.contact(card.person)]
        self.courier.emit("meta", [self.signed("payment", {"contacts": contacts, "statuses": [entry]})])

    def status(self, person: Person, message: ReceivedMessage, status: str) -> None:
        """Post a status of `message` to the business."""
        self.courier.emit("meta", [self._status_event(person, message, status)])

    def _status_event(
        self, person: Person, message: ReceivedMessage, status: str, failure: tuple[int, str] | None = None
    ) -> SignedEvent:
        person.statuses[message.wamid] = status
        errors = [status_error(*failure)] if failure else []
        entry = meta_webhooks.status(person, message, status, self._now(), errors)
        contacts = {} if status == "failed" else {"contacts": [meta_webhooks.contact(person)]}
        return self.signed(f"status.{status}", {**contacts, "statuses": [entry]})

    async def _send(self, request: web.Request) -> web.Response:
        raw = await request.read()
        fault = self.faults.take("send")
        return await perform(fault, request, lambda: self._answer_send(request, raw), self._body_for_status)

    def _answer_send(self, request: web.Request, raw: bytes) -> web.Response:
        return self._refuse_caller(request) or self._answer(lambda: self._accept(_parse(raw)))

    async def _send_offer(self, request: web.Request) -> web.Response:
        """Take a template as `_send` does, and nothing else, if the account has joined.

        Source: Meta, WhatsApp Business Platform, "Marketing Messages API for WhatsApp", 2026.
        """
        raw = await request.read()
        fault = self.faults.take("send")
        return await perform(
            fault, request, lambda: self._answer_send_offer(request, raw), self._body_for_status
        )

    def _answer_send_offer(self, request: web.Request, raw: bytes) -> web.Response:
        return self._refuse_caller(request) or self._answer(lambda: self._accept_offer(_parse(raw)))

    def _accept_offer(self, message: Json) -> Json:
        if not self.takes_offers:
            raise Refused(134100, "The account has not accepted the terms of the Marketing Messages API.")
        if message.get("type") != "template" or message.get("to") is None:
            raise Refused(131055, "Only templates to a phone number may be sent by this endpoint.")
        answer = self._accept(message)
        self.offers.append(answer["messages"][0]["id"])
        return answer

    async def _upload(self, request: web.Request) -> web.Response:
        """Take a file of a kind and size that documents may have.

        Source: Meta, WhatsApp Cloud API, "Media", 2026.
        """
        fields, file = await meta_media.read(request)
        fault = self.faults.take("upload")
        return await perform(
            fault, request, lambda: self._answer_upload(request, fields, file), self._body_for_status
        )

    def _answer_upload(
        self, request: web.Request, fields: Mapping[str, str], file: Upload | None
    ) -> web.Response:
        return self._refuse_caller(request) or self._answer(lambda: self._keep(checked(fields, file)))

    def _keep(self, upload: Upload) -> Json:
        id = self._ids.digits(15)
        self.uploads[id] = upload
        return {"id": id}

    async def _describe(self, request: web.Request) -> web.Response:
        fields = request.query.get("fields")
        return self._refuse_caller(request) or self._answer(lambda: self.account.number(fields))

    async def _look_up(self, request: web.Request) -> web.Response:
        return self._refuse_caller(request) or self._answer(lambda: self.cards.looked_up(request.match_info))

    async def _subscribed(self, request: web.Request) -> web.Response:
        refusal = self._refuse_token(request) or self._refuse_object(request, ACCOUNT_ID)
        return refusal or self._answer(self.account.subscribed_apps)

    def _answer(self, body: Callable[[], Json]) -> web.Response:
        """Return a response with `body()`, or with the error body if it raises Refused."""
        try:
            return json_answer(body())
        except Refused as refused:
            return json_answer(error_body(refused.code, refused.details, self._trace()), 400)

    def _refuse_token(self, request: web.Request) -> web.Response | None:
        if request.headers.get("Authorization") != self._authorization:
            return json_answer(token_body(self._trace()), 401)
        if self._token_expired:
            return json_answer(expired_body(self._trace()), 401)
        return None

    def _refuse_caller(self, request: web.Request) -> web.Response | None:
        return self._refuse_token(request) or self._refuse_object(request, self.phone_number_id)

    def _refuse_object(self, request: web.Request, visible: str) -> web.Response | None:
        """Return a refusal unless the path names `visible`, the only object that the token may see here."""
        object_id = request.match_info["object_id"]
        if object_id == visible:
            return None
        return json_answer(unknown_object_body(object_id, self._trace()), 400)

    def _accept(self, message: Json) -> Json:
        if message.get("status") == "read":
            return self._mark_read(message)
        check(message)
        self._require_upload(message)
        person, contacts = self._recipient(message)
        _check_country(person, message)
        now = self._now()
        self.cards.check(message, now)
        failure = self._later_failure(person, message, now) or self.cards.changed(message)
        if self._pair_rate:
            self._spend_pair_budget(person, now)
        received = ReceivedMessage(self._ids.wamid(person.wa_id), message, now)
        if failure is None:
            person.messages.append(received)
            self.cards.show(person, received)
            events = [self._status_event(person, received, status) for status in self._statuses]
        else:
            events = [self._status_event(person, received, "failed", failure)]
        self.courier.emit("meta", events)
        return {"messaging_product": "whatsapp", "contacts": [contacts], "messages": [{"id": received.wamid}]}

    def _require_upload(self, message: Json) -> None:
        """Refuse a document whose media id is of no upload, or of one that has expired."""
        components = (message.get("template") or {}).get("components", [])
        headers = [part["parameters"][0]["document"] for part in components if part["type"] == "header"]
        for document in (message.get("document") or {}, *headers):
            if "id" in document and document["id"] not in self.uploads:
                raise Refused(131009, "Parameter document.id is not the id of an uploaded file.")

    def _mark_read(self, message: Json) -> Json:
        if message.get("messaging_product") != "whatsapp":
            raise Refused(100, "The parameter messaging_product is required and must be whatsapp.")
        wamid = message.get("message_id")
        if not isinstance(wamid, str) or wamid not in self._inbound_ids:
            raise Refused(131009, "Parameter message_id is not a message that was received.")
        self.marked_read.append(wamid)
        return {"success": True}

    def _recipient(self, message: Json) -> tuple[Person, Json]:
        """Return a checked message's recipient, and the contact for the answer. The phone number wins."""
        to: str | None = message.get("to")
        if to is None:
            recipient = message["recipient"]
            person = self._by_user_id.get(recipient)
            if person is None:
                raise Refused(131026, "The user id is not known to this business.")
            return person, {"input": recipient, "user_id": recipient}
        number = to.removeprefix("+")
        if number == BUSINESS_PHONE:
            raise Refused(131021, "The recipient is the sender's own number.")
        known = wa_id(number, self.people)
        return self.person(known), {"input": to, "wa_id": known}

    def _later_failure(self, person: Person, message: Json, now: int) -> tuple[int, str] | None:
        """Return why an accepted message will fail; None if it will not.

        Raises Refused for a closed window, if the window is set to refuse.
        """
        if person.unreachable or (person.has_old_app and _is_new(message)):
            return 131026, "The recipient cannot receive this message."
        wrote_at = person.last_wrote_at
        free = self._window == "open" or message.get("type") == "template"
        if free or (wrote_at is not None and now - wrote_at < _DAY):
            return None
        details = "More than 24 hours have passed since the customer last wrote."
        if self._window == "refuse":
            raise Refused(131047, details)
        return 131047, details

    def _spend_pair_budget(self, person: Person, now: int) -> None:
        """Count one message: one in 6 seconds per person, in bursts of up to 45. Raises Refused if spent."""
        until = max(self._pair_until.get(person.wa_id, now), now) + _PAIR_REFILL
        if until - now > _PAIR_BURST * _PAIR_REFILL:
            raise Refused(131056, "Too many messages to this person in a short time.")
        self._pair_until[person.wa_id] = until

    def _trace(self) -> str:
        return "A" + self._ids.base62(22)

    def _body_for_status(self, status: int) -> Json:
        return body_for_status(status, self._trace())


def _is_address_form(message: Json) -> bool:
    return bool(message.get("interactive", {}).get("type") == "address_message")


def _is_new(message: Json) -> bool:
    """Whether an old app cannot show the message."""
    return _is_address_form(message) or interactive(message) == "order_details"


def _check_country(person: Person, message: Json) -> None:
    """Raise Refused for what only Indian numbers get to a customer who has none. The code is a guess."""
    if _is_new(message) and not person.wa_id.startswith("91"):
        raise Refused(131009, "The recipient's number does not belong to India.")


def _parse(raw: bytes) -> Json:
    try:
        message: Any = orjson.loads(raw)
    except orjson.JSONDecodeError:
        raise Refused(100, "The body is not valid JSON.") from None
    if not isinstance(message, dict):
        raise Refused(100, "The body must be a JSON object.")
    return message
