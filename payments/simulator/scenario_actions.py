"""What a scenario may let happen: how the value of each action is read, and what it does. Pure."""

import re
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any, Final, TypeAlias

from flows.document import durations
from flows.engine import address
from flows.engine.model import RECEIVED
from flows.messages.address_form import ADDRESS
from flows.messages.kinds import Message
from payments.ledger.facts import FactState
from payments.processing.checkout_changes import REQUESTED
from payments.shop.cart import items_from_json
from payments.shop.money import paise
from payments.shop.orders import CURRENCY
from payments.simulator.first_product import FIRST_PRODUCT
from payments.simulator.simulated_gateway import Razorpay
from payments.simulator.simulator import Simulator

PROVIDER: Final = "razorpay"
"""The action under which it is written what the payment provider does."""
SLOW: Final = Razorpay.SLOW.value
"""Its value from which on the provider answers call by call."""
Performance: TypeAlias = Callable[[Simulator], list[Message]]

EVENTS: Final[Mapping[str, Performance]] = {
    "cancels the link": lambda simulator: simulator.cancel_link(),
    "settles late": lambda simulator: simulator.settle_late(),
    "allows the payment": lambda simulator: simulator.allow(),
    "lets the payment go": lambda simulator: simulator.let_go(),
    "captures it": lambda simulator: simulator.capture(),
    "is asked": lambda simulator: simulator.poll(),
    "pays the refund": lambda simulator: simulator.refund(FactState.PROCESSED),
    "fails the refund": lambda simulator: simulator.refund(FactState.FAILED),
    "refunds by hand": lambda simulator: simulator.refund_in_dashboard(),
    "answers once": lambda simulator: simulator.razorpay_once(Razorpay.ANSWERS),
    "refuses once": lambda simulator: simulator.razorpay_once(Razorpay.REFUSES),
    "fails once": lambda simulator: simulator.razorpay_once(Razorpay.FAILS),
    "keeps once": lambda simulator: simulator.razorpay_once(Razorpay.KEEPS),
    "refuses the card": lambda simulator: simulator.refuse_card(),
    "refuses the refund": lambda simulator: simulator.razorpay_once(Razorpay.REFUSES_REFUNDS),
    "tells nothing": lambda simulator: simulator.hold_news(),
    "tells everything": lambda simulator: simulator.tell_news(),
}
"""Values of `razorpay:` that make something happen there. The other values are those of `Razorpay`."""


def text(value: Any) -> str:
    """Return a value of a scenario as text. Raises ValueError if it is none."""
    if isinstance(value, bool) or not isinstance(value, (str, int, Decimal)):
        raise ValueError(f"{shown(value)} is not text: put it in quotes")  # noqa: TRY004 - an issue, not a bug
    return str(value)


def shown(value: Any) -> str:
    """Return a value as a person would write it."""
    match value:
        case None | True | False:
            return {None: "nothing", True: "true", False: "false"}[value]
        case list():
            return ", ".join(shown(item) for item in value)
        case dict():
            return " ".join(shown(item) for item in value.values())
        case _:
            return str(value)


def _customer(value: Any) -> Performance:
    written = text(value)
    return lambda simulator: simulator.write(written)


def _tap(value: Any) -> Performance:
    title = text(value)
    return lambda simulator: simulator.tap(title)


def _taps_id(value: Any) -> Performance:
    reply_id = text(value)
    return lambda simulator: simulator.tap_reply(reply_id)


def _sends(value: Any) -> Performance:
    kind = text(value)
    if kind == ADDRESS:
        raise ValueError("an address is sent with its fields: write 'fills: {address: …}'")
    if kind not in RECEIVED:
        raise ValueError(f"WhatsApp has no '{kind}': there are {', '.join(sorted(RECEIVED - {ADDRESS}))}")
    return lambda simulator: simulator.send(kind)


def _fills(value: Any) -> Performance:
    """Read the fields of an address form."""
    if not isinstance(value, dict) or not value:
        raise ValueError("write 'fills: {address: 4 Lake Road, city: Kochi, pincode: 682001}'")
    answer = address.filled_in({name: text(written) for name, written in value.items()})
    return lambda simulator: simulator.fill(answer)


def _pays(value: Any) -> Performance:
    """Read `true`, an amount in rupees, or an amount and a currency."""
    if value is True:
        return lambda simulator: simulator.pay()
    if value in ("yes", "no"):
        raise ValueError(f"'{value}' is not an amount in rupees: write 'pays: true' for all that is due")
    amount, _, currency = text(value).partition(" ")
    due = paise(amount)
    if currency and not (len(currency) == len(CURRENCY) and currency.isascii() and currency.isupper()):
        raise ValueError(f"'{currency}' is no currency: write for example 'pays: 180', or 'pays: 180 USD'")
    return lambda simulator: simulator.pay(due, currency or CURRENCY)


def _payment_fails(value: Any) -> Performance:
    if value is True:
        return lambda simulator: simulator.fail()
    reason = text(value)
    return lambda simulator: simulator.fail(reason)


def _order(value: Any) -> Performance:
    if value == "cart":
        return lambda simulator: simulator.request(None)
    if value == FIRST_PRODUCT:
        return lambda simulator: simulator.request_first_product()
    said = dict(value) if isinstance(value, dict) else {"items": value}
    written = said.pop("items", None) or []
    if not (isinstance(written, list) and all(_is_item(item) for item in written)):
        raise ValueError(
            f"write 'order: [{{sku: …, quantity: 1}}]', 'order: {FIRST_PRODUCT}' or 'order: cart'"
        )
    if not (written or said) or not said.keys() <= _SAID:
        raise ValueError(f"beside its items, an order may say {', '.join(sorted(_SAID))}")
    items = items_from_json(written) if written else None
    return lambda simulator: simulator.request(items, **said)


_SAID: Final = frozenset({*REQUESTED, "pays"})


def _is_item(item: Any) -> bool:
    if not isinstance(item, dict) or item.keys() != {"sku", "quantity"}:
        return False
    quantity = item["quantity"]
    return isinstance(item["sku"], str) and type(quantity) is int and quantity > 0


def _waits(value: Any) -> Performance:
    milliseconds = durations.parse(text(value))
    return lambda simulator: simulator.wait(milliseconds)


def _down(value: Any) -> Performance:
    milliseconds = durations.parse(text(value))
    return lambda simulator: simulator.be_down(milliseconds)


def _razorpay(value: Any) -> Performance:
    if isinstance(value, str) and value in EVENTS:
        return EVENTS[value]
    if isinstance(value, str) and value.startswith(_TELLS):
        return lambda simulator: simulator.tell_news(value.removeprefix(_TELLS))
    if value not in list(Razorpay):
        raise ValueError(f"write 'razorpay: …' with {', '.join([*Razorpay, *EVENTS])}")
    how = Razorpay(value)
    return lambda simulator: simulator.razorpay(how)


_TELLS: Final = "tells "


def _switched(*, available: bool) -> Callable[[Any], Performance]:
    """Return the reader of a sku that the shop switches on or off."""

    def read_sku(value: Any) -> Performance:
        sku = text(value)

        def perform(simulator: Simulator) -> list[Message]:
            off = simulator.store.off
            simulator.store.off = off - {sku} if available else off | {sku}
            return []

        return perform

    return read_sku


def _others(value: Any) -> Performance:
    if value != "buy everything":
        raise ValueError("write 'others: buy everything'")
    return lambda simulator: simulator.sell_out()


def _staff(value: Any) -> Performance:
    match = _STAFF.fullmatch(text(value))
    if not match:
        raise ValueError("write 'staff: Meena taps Accept', or 'replies …', or 'writes …'")
    name, does, what = match["name"], match["does"], match["what"]
    match does:
        case "taps":
            return lambda simulator: simulator.staff_taps(name, what)
        case "replies":
            return lambda simulator: simulator.staff_replies(name, what)
        case _:
            return lambda simulator: simulator.staff_writes(name, what)


_STAFF: Final = re.compile(r"(?P<name>\S.*?) (?P<does>taps|replies|writes) (?P<what>.+)", re.DOTALL)

WHATSAPP: Final[Mapping[str, Performance]] = {
    "the owner writes": lambda simulator: simulator.owner_writes(),
    "stops offers": lambda simulator: simulator.prefer(stopped=True),
    "allows offers": lambda simulator: simulator.prefer(stopped=False),
}
"""Values of `whatsapp:`: what happens in WhatsApp, but not in the chat with the bot."""


def _whatsapp(value: Any) -> Performance:
    if not isinstance(value, str) or value not in WHATSAPP:
        raise ValueError(f"write 'whatsapp: …' with {', '.join(WHATSAPP)}")
    return WHATSAPP[value]


ACTIONS: Final[Mapping[str, Callable[[Any], Performance]]] = {
    "customer": _customer,
    "tap": _tap,
    "taps_id": _taps_id,
    "sends": _sends,
    "fills": _fills,
    "pays": _pays,
    "payment_fails": _payment_fails,
    "order": _order,
    "waits": _waits,
    "down": _down,
    PROVIDER: _razorpay,
    "others": _others,
    "switched_off": _switched(available=False),
    "switched_on": _switched(available=True),
    "staff": _staff,
    "whatsapp": _whatsapp,
}
"""The reader of each action's value. It raises ValueError, with words for people, on a wrong value."""
