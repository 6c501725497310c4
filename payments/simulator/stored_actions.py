"""What a customer or the staff did, from a stored event, as an action of a scenario. Pure."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Final

from flows.engine.address import form_of
from flows.engine.events import Event, Received, Tapped, TextReceived
from flows.messages import replies
from flows.messages.address_form import ADDRESS
from payments.processing.bodies import Body, Chat, OrderRequested, PreferenceSet, StaffAction
from payments.processing.order_answers import STAGE
from payments.processing.staff_replies import decode
from payments.processing.verbs import LAST_REPLY, ORDER_VERBS, REPLY, WROTE
from payments.simulator.disguise import Disguise
from payments.simulator.recorder import tap_of
from payments.simulator.simulator import Simulator

_DATE: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)
_STAND_INS: Final = ("Meena", "Ramesh", "Farida", "Joseph", "Lata", "Gopal")
"""Names for the staff."""


@dataclass(frozen=True, slots=True)
class StoredOrder:
    """What must be known of an order of the customer."""

    key: str
    number: str
    links: tuple[int, ...]
    """Paise that each of its links asked for."""


class StoredActions:
    """Says what was done in the words of one simulated chat, in which the same was done before."""

    def __init__(
        self,
        simulator: Simulator,
        orders: Sequence[StoredOrder],
        disguise: Disguise,
        staff: dict[str, str],
        later: timedelta,
    ) -> None:
        """`staff`: name of a member -> the one in the scenario. `later`: from a real date to the chat's."""
        self._simulator, self._orders = simulator, orders
        self._disguise, self._staff, self._later = disguise, staff, later

    def of(self, body: Chat | OrderRequested | StaffAction | PreferenceSet) -> tuple[str, Any]:
        """Return key and value of the step. Raises LookupError if a scenario can't hold it."""
        self._disguise.orders = dict(self._numbers())
        match body:
            case Chat():
                return self._in_chat(body.event)
            case OrderRequested():
                return "order", self._order(body)
            case StaffAction():
                return self._by_staff(body)
            case PreferenceSet():
                return "whatsapp", "stops offers" if body.stopped else "allows offers"

    def _numbers(self) -> Iterator[tuple[str, str]]:
        """Yield the number of each order that was placed so far, and its number in the scenario."""
        for order in self._orders:
            if state := self._simulator.orders.get(self._key(order.key)):
                yield order.number, state.order.number

    def _key(self, order_key: str) -> str:
        """Return the key in the scenario of the order with this key: it is the customer's n-th there too."""
        return f"{self._simulator.conversation.id}-{order_key.rpartition('-')[2]}"

    def _in_chat(self, event: Event) -> tuple[str, Any]:
        match event:
            case TextReceived():
                return "customer", self._disguise.text(event.text)
            case Tapped():
                return self._tap(event)
            case Received(kind=kind, fields=fields) if kind == ADDRESS:
                return "fills", self._disguise.address(form_of(fields))
            case Received():
                return "sends", event.kind
            case _:
                return "customer", ""

    def _tap(self, event: Tapped) -> tuple[str, str]:
        """Return the tap by its title, if the newest reply of that title is meant; else by its id."""
        reply = replies.decode(event.reply_id)
        if reply is None:
            return ("customer", self._disguise.text(event.title)) if event.title else ("taps_id", "?")
        here = replies.place(self._simulator.conversation.id, reply.visit)
        if isinstance(reply, replies.PageId):
            id = replies.encode_page(here, reply.message, reply.page)
        else:
            id = replies.encode(here, reply.trigger, self._value(reply.value))
        return tap_of(self._simulator, id)

    def _value(self, value: str) -> str:
        """Return what a reply carries as the scenario's replies carry it: keys, numbers and dates differ."""
        for order in self._orders:
            value = value.replace(order.key, self._key(order.key))
        return self._shifted(dict(self._numbers()).get(value, value))

    def _shifted(self, text: str) -> str:
        return _DATE.sub(lambda found: self._shifted_date(found[0]), text)

    def _shifted_date(self, written: str) -> str:
        try:
            return (date.fromisoformat(written) + self._later).isoformat()
        except (ValueError, OverflowError):
            return written

    def _order(self, body: OrderRequested) -> Any:
        said = {name: self._said(name, value) for name, value in body.said.items()}
        items = [{"sku": item.sku, "quantity": item.quantity} for item in body.items or ()]
        if not said:
            return items or "cart"
        return {"items": items, **said} if items else said

    def _said(self, name: str, value: str | bool) -> str | bool:
        if not isinstance(value, str) or name == "pays":
            return value
        return self._shifted(value) if name == "slot" else self._disguise.text(value)

    def _by_staff(self, body: StaffAction) -> tuple[str, str]:
        name, value = self._staff.get(body.who, _STAND_INS[0]), self._disguise.text(body.value)
        if body.verb == WROTE:
            return "whatsapp", "the owner writes"
        if body.verb in (REPLY, LAST_REPLY):
            return "staff", f"{name} replies {value}"
        if title := self._button(name, body):
            return "staff", f"{name} taps {title}"
        state = self._simulator.orders.get(self._key(body.order_key)) if body.order_key else None
        if body.verb in ORDER_VERBS and state:
            verb = "" if body.verb == STAGE else f" {body.verb}"
            return "staff", f"{name} writes #{state.order.number}{verb} {value}".rstrip()
        raise LookupError(f"the staff did '{body.verb}'")

    def _button(self, name: str, action: StaffAction) -> str | None:
        """Return the newest button of this member that does the action."""
        phones = self._simulator.phones
        own = phones.conversation(name)
        for _, _, told in reversed([one for one in phones.told if one[0] == own]):
            for reply in told.message.replies:
                asked = decode(reply.id)
                if asked and (asked.verb, asked.value) == (action.verb, action.value):
                    return reply.title
        return None


def stand_ins(everything: Iterable[Body]) -> dict[str, str]:
    """Return a name for each of the staff who did something."""
    acted = [body.who for body in everything if isinstance(body, StaffAction) and body.verb != WROTE]
    return dict(zip(dict.fromkeys(acted), _STAND_INS, strict=False))
