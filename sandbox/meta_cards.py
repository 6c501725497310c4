"""Order cards of the sandbox Meta: what an order_details message must hold, and what becomes of its card.

Source: Meta, Payments API India, "Payment gateway" (order_details, order_status, payment lookup), 2026.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from sandbox.meta_errors import Refused
from sandbox.people import Json, Person, ReceivedMessage

_REFERENCE: Final = re.compile(r"[A-Za-z0-9_.-]{1,35}", re.ASCII)
_SOONEST: Final = 300
"""Seconds that a card must have to be paid."""
_ACTION: Final = "interactive.action.parameters."
_MIDDLE: Final = frozenset({"processing", "partially_shipped", "shipped"})
_STATUSES: Final = _MIDDLE | {"completed", "canceled"}
_LAST: Final = frozenset({"completed", "canceled"})


@dataclass(slots=True)
class Card:
    """An order card that a person was shown."""

    person: Person
    message: ReceivedMessage
    parameters: Json
    status: str = "pending"
    """What its order shows."""
    order_id: str = ""
    """Razorpay's order; empty until somebody tries to pay."""
    payment_id: str = ""
    """Razorpay's payment that succeeded; empty until then."""

    @property
    def reference(self) -> str:
        """Its reference id."""
        return str(self.parameters["reference_id"])

    @property
    def amount(self) -> int:
        """Paise."""
        return int(self.parameters["total_amount"]["value"])

    @property
    def gateway(self) -> Json:
        """The settings of the payment gateway."""
        settings: Json = self.parameters["payment_settings"][0]["payment_gateway"]
        return settings

    @property
    def expires_at(self) -> int:
        """Seconds since 1970, UTC."""
        return int(self.parameters["order"]["expiration"]["timestamp"])

    @property
    def paid(self) -> bool:
        """Whether it was paid."""
        return bool(self.payment_id)

    def move(self, status: str) -> tuple[int, str] | None:
        """Change what it shows. Return the code and words of the error that follows if that cannot be."""
        if status == "canceled" and self.paid:
            return 2047, "Order cannot be canceled after the payment"
        if status == self.status or self.status in _LAST:
            return 2046, f"Invalid status transition from {self.status} to {status}"
        self.status = status
        return None

    def payment(self) -> Json:
        """Return the payment as the webhook tells it."""
        razorpay = self.gateway["razorpay"]
        return {
            "reference_id": self.reference,
            "amount": {"value": self.amount, "offset": 100},
            "currency": "INR",
            "transaction": self.transaction(),
            "receipt": razorpay["receipt"],
            "notes": razorpay["notes"],
        }

    def transaction(self) -> Json:
        """Return the last try to pay."""
        transaction: Json = {"id": self.order_id, "type": "razorpay", "method": {"type": "upi"}}
        if self.paid:
            return {**transaction, "pg_transaction_id": self.payment_id, "status": "success"}
        return {
            **transaction,
            "status": "failed",
            "error": {"code": "BAD_REQUEST_ERROR", "reason": "declined"},
        }

    def looked_up(self) -> Json:
        """Return the answer to a look-up of its payment."""
        head = {"reference_id": self.reference, "status": "captured" if self.paid else "pending"}
        money = {"currency": "INR", "amount": {"value": self.amount, "offset": 100}}
        tried = {"transactions": [self.transaction()]} if self.order_id else {}
        return {"payments": [{**head, **money, **tried}]}


class Cards:
    """The order cards of all people, and what the business needs to send them."""

    def __init__(self) -> None:
        self.shown: dict[str, Card] = {}
        """By reference id."""
        self.configurations = {"razorpay-main"}
        """Payment configurations that the business has."""
        self.accepted = True
        """Whether the terms of payment in the chat are accepted."""

    def check(self, message: Json, now: int) -> None:
        """Raise Refused for an order card that cannot be. Of one reference id there is one."""
        parameters = _parameters(message)
        match interactive(message):
            case "order_details":
                if not self.accepted:
                    raise Refused(134011, "The business has not accepted the terms of payment in the chat.")
                check_card(parameters, now // 1000)
                if parameters["reference_id"] in self.shown:
                    raise Refused(131009, "Parameter reference_id was used before.")
            case "order_status":
                check_update(parameters)
                if parameters["reference_id"] not in self.shown:
                    raise Refused(131009, "Parameter reference_id is of no order_details message.")

    def show(self, person: Person, received: ReceivedMessage) -> None:
        """Show the card in a message, if it has one."""
        if received.card is not None:
            self.shown[received.card] = Card(person, received, _parameters(dict(received.payload)))

    def changed(self, message: Json) -> tuple[int, str] | None:
        """Change what a card shows. Return why the message will fail if that cannot be; None if it can."""
        if interactive(message) != "order_status":
            return None
        parameters = _parameters(message)
        return self.shown[parameters["reference_id"]].move(parameters["order"]["status"])

    def looked_up(self, path: Mapping[str, str]) -> Json:
        """Return the payment of `reference` under `configuration`. Raises Refused."""
        if not self.accepted:
            raise Refused(134011, "The business has not accepted the terms of payment in the chat.")
        if path["configuration"] not in self.configurations:
            raise Refused(134009, "The business has no such payment configuration.")
        card = self.shown.get(path["reference"])
        if card is None:
            raise Refused(134006, "No order_details message has this reference id.")
        return card.looked_up()


def interactive(message: Json) -> str:
    """Return the kind of an interactive message; empty if it is none."""
    return str(message.get("interactive", {}).get("type", ""))


def _parameters(message: Json) -> Json:
    action = message.get("interactive", {}).get("action", {})
    parameters: Json = action.get("parameters", {})
    return parameters


def check_card(parameters: Mapping[str, Any], now: int) -> None:
    """Raise Refused unless Meta would take these parameters of an order card at `now` (seconds)."""
    reference = parameters.get("reference_id")
    if not isinstance(reference, str) or not _REFERENCE.fullmatch(reference):
        raise Refused(131009, f"{_ACTION}reference_id must have 1 to 35 letters, digits, '_', '-' or '.'.")
    if (
        parameters.get("type") not in ("physical-goods", "digital-goods")
        or parameters.get("currency") != "INR"
    ):
        raise Refused(131009, f"{_ACTION}type or currency is not valid.")
    _check_gateway(parameters)
    for person in parameters.get("beneficiaries", ()):
        _check_beneficiary(person)
    order = _part(parameters, "order")
    if order.get("status") != "pending":
        raise Refused(131009, f"{_ACTION}order.status must be pending.")
    timestamp = str(_part(order, "expiration").get("timestamp"))
    if not timestamp.isdigit() or int(timestamp) < now + _SOONEST:
        raise Refused(131009, f"{_ACTION}order.expiration must lie at least 300 seconds ahead.")
    _check_sums(parameters, order)


def _check_gateway(parameters: Mapping[str, Any]) -> None:
    settings = parameters.get("payment_settings")
    if not isinstance(settings, list) or len(settings) != 1 or settings[0].get("type") != "payment_gateway":
        raise Refused(131009, f"{_ACTION}payment_settings must hold one payment_gateway.")
    gateway = _part(settings[0], "payment_gateway")
    razorpay = _part(gateway, "razorpay")
    if gateway.get("type") != "razorpay" or not 1 <= len(str(gateway.get("configuration_name", ""))) <= 60:
        raise Refused(131009, f"{_ACTION}payment_gateway needs a type and a configuration_name.")
    if not 1 <= len(str(razorpay.get("receipt", ""))) <= 40 or len(razorpay.get("notes", {})) > 15:
        raise Refused(131009, f"{_ACTION}razorpay needs a receipt of 1 to 40 characters.")


def _check_beneficiary(person: Mapping[str, Any]) -> None:
    if any(
        not person.get(key) for key in ("name", "address_line1", "city", "state", "country", "postal_code")
    ):
        raise Refused(131008, f"Parameter {_ACTION}beneficiaries lacks a part of the address.")
    lines = [str(person.get(line, "")) for line in ("address_line1", "address_line2")]
    if person["country"] != "India" or not re.fullmatch(r"[1-9][0-9]{5}", str(person["postal_code"])):
        raise Refused(131009, f"{_ACTION}beneficiaries must live in India.")
    if len(str(person["name"])) > 200 or any(len(line) > 100 for line in lines):
        raise Refused(131009, f"{_ACTION}beneficiaries has a line that is too long.")


def _check_sums(parameters: Mapping[str, Any], order: Mapping[str, Any]) -> None:
    """Check that the items make the subtotal, and the parts the total."""
    items = order.get("items")
    if not isinstance(items, list) or not items:
        raise Refused(131008, f"Parameter {_ACTION}order.items is required.")
    subtotal = sum(_check_item(item, order) for item in items)
    if _sum(order, "subtotal") != subtotal:
        raise Refused(131009, f"{_ACTION}order.subtotal is not the sum of the items.")
    parts = {name: _sum(order, name) if name in order else 0 for name in ("shipping", "discount")}
    total = subtotal + _sum(order, "tax") + parts["shipping"] - parts["discount"]
    if _sum(parameters, "total_amount") != total:
        raise Refused(131009, f"{_ACTION}total_amount is not the sum of its parts.")


def _check_item(item: Mapping[str, Any], order: Mapping[str, Any]) -> int:
    name, quantity = item.get("name"), item.get("quantity")
    if not isinstance(name, str) or not 1 <= len(name) <= 60 or type(quantity) is not int or quantity < 1:
        raise Refused(131009, f"{_ACTION}order.items needs a name of 1 to 60 characters and a quantity.")
    if "catalog_id" not in order:
        _part(item, "importer_address")
        if not item.get("country_of_origin") or not item.get("importer_name"):
            raise Refused(131008, f"Parameter {_ACTION}order.items.importer_name is required.")
    return _sum(item, "amount") * quantity


def check_update(parameters: Mapping[str, Any]) -> None:
    """Raise Refused unless Meta would take these parameters of an order_status message."""
    status = _part(parameters, "order").get("status")
    if status not in _STATUSES or not isinstance(parameters.get("reference_id"), str):
        raise Refused(131009, f"{_ACTION}order.status must be one of {', '.join(sorted(_STATUSES))}.")


def _part(holder: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    value = holder.get(key)
    if not isinstance(value, dict):
        raise Refused(131008, f"Parameter {_ACTION}{key} is required.")
    return value


def _sum(holder: Mapping[str, Any], key: str) -> int:
    amount = _part(holder, key)
    value = amount.get("value")
    if type(value) is not int or value < 0 or amount.get("offset") != 100:
        raise Refused(131009, f"{_ACTION}{key} must be whole paise with the offset 100.")
    return value
