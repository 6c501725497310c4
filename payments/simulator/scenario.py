"""Scenarios: a chat written in YAML, with what the customer does and what the shop must answer.

    scenario: A payment fails
    chat:
      - customer: hi
      - shop: Namaste Asha! … What would you like today?
        rows: [Masala chai 250 g, …]
      - tap: Masala chai 250 g
      - shop: ["🛒 Your cart…"]
        state: cart

`…` matches any text. `payments.simulator.runner` runs the scenario.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Final, TypeAlias

from flows.document import durations
from flows.document.errors import FlowInvalid, Issue, close
from flows.document.reader import Document, Path, read
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
from payments.simulator.simulator import Razorpay, Simulator

PROVIDER: Final = "razorpay"
"""The action under which it is written what the payment provider does."""
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
    "refuses the refund": lambda simulator: simulator.razorpay_once(Razorpay.REFUSES_REFUNDS),
    "tells nothing": lambda simulator: simulator.hold_news(),
    "tells everything": lambda simulator: simulator.tell_news(),
}
"""Values of `razorpay:` that make something happen there. The other values are those of `Razorpay`."""


@dataclass(frozen=True, slots=True)
class ScenarioAction:
    """One step of the customer or of the outside."""

    line: int
    said: str
    """Its line in a transcript."""
    perform: Performance
    """Raises NothingToTap, NothingToPay or NobodyThere."""


@dataclass(frozen=True, slots=True)
class Expectation:
    """What must be true after the previous action. None is not checked."""

    line: int
    shop: tuple[str, ...] | None = None
    """All messages of the shop since that action; `…` matches any text."""
    buttons: tuple[str, ...] | None = None
    """Titles of the last message's buttons."""
    rows: tuple[str, ...] | None = None
    """Titles of the last message's list rows."""
    told: tuple[str, ...] | None = None
    """All messages to the staff since that action."""
    state: str | None = None
    """The state of the conversation, or a state that contains it."""
    reaches: str | None = None
    """A state that the customer can come to, or `the link`, by a few taps and words."""
    breaks: str | None = None
    """`nothing`: all that `munshi prove` looks at has held since the chat began."""


Step: TypeAlias = ScenarioAction | Expectation


@dataclass(frozen=True, slots=True)
class Scenario:
    """One scenario."""

    file: str
    name: str
    steps: tuple[Step, ...]
    flow: str | None = None
    """Path of its flow file, as written; None for the shop's own."""
    language: str | None = None
    """The customer's language at the start; None for the flow's first."""
    staff: tuple[str, ...] | None = None
    """Names of the shop's staff, who may do all; None for those of the flow file."""
    lines: Mapping[str, int] = field(default_factory=dict)
    """Line of each of its keys."""


def parse(text: str, file: str) -> Scenario:
    """Return the scenario in `text`. Raises FlowInvalid, with every issue, if there are any."""
    document = read(text, file)
    reader = _Reader(document)
    scenario = reader.scenario()
    if reader.issues:
        raise FlowInvalid(tuple(sorted(reader.issues)))
    return scenario


class _Reader:
    """Reads a whole document even if there are issues, so that one run reports all of them."""

    def __init__(self, document: Document) -> None:
        self.issues: list[Issue] = []
        self._document = document

    def scenario(self) -> Scenario:
        data = self._mapping(self._document.data, (), _KEYS)
        if self.issues and not data:
            return Scenario(self._document.file, "", ())
        for key in ("scenario", "chat"):
            if key not in data:
                self._report((), f"'{key}' is missing", _KEYS[key])
        return Scenario(
            file=self._document.file,
            name=self._optional(data, "scenario", ()) or "",
            steps=tuple(step for step in self._steps(data.get("chat", [])) if step),
            flow=self._optional(data, "flow", ()),
            language=self._optional(data, "language", ()),
            staff=self._texts(data, "staff", ()),
            lines={key: self._document.line((key,)) for key in data},
        )

    def _steps(self, chat: Any) -> list[Step | None]:
        if not isinstance(chat, list) or not chat:
            self._report(("chat",), "the chat has no steps", _KEYS["chat"])
            return []
        return [self._step(value, ("chat", index)) for index, value in enumerate(chat)]

    def _step(self, value: Any, where: Path) -> Step | None:
        known = {**_EXPECTATIONS, **_ACTIONS}
        step = self._mapping(value, where, known)
        names = [key for key in step if key in _ACTIONS]
        if not step or (names and len(step) > 1):
            if len(step) > 1:
                mend = "begin a new step with '-' for each"
                self._report(where, f"one step holds {' and '.join(step)}", mend)
            return None
        return self._action(names[0], step[names[0]], where) if names else self._expectation(step, where)

    def _action(self, key: str, value: Any, where: Path) -> ScenarioAction | None:
        try:
            perform = _ACTIONS[key](value)
        except (ValueError, KeyError, TypeError) as error:
            self._report((*where, key), str(error))
            return None
        return ScenarioAction(self._document.line((*where, key)), f"{key}: {_shown(value)}", perform)

    def _expectation(self, step: Mapping[str, Any], where: Path) -> Expectation:
        return Expectation(
            line=self._document.line(where),
            shop=self._texts(step, "shop", where),
            buttons=self._texts(step, "buttons", where),
            rows=self._texts(step, "rows", where),
            told=self._texts(step, "told", where),
            state=self._optional(step, "state", where),
            reaches=self._optional(step, "reaches", where),
            breaks=self._breaks(step, where),
        )

    def _breaks(self, step: Mapping[str, Any], where: Path) -> str | None:
        said = self._optional(step, "breaks", where)
        if said not in (None, "nothing"):
            self._report((*where, "breaks"), f"'{said}' cannot be expected", "write 'breaks: nothing'")
        return said

    def _texts(self, step: Mapping[str, Any], key: str, where: Path) -> tuple[str, ...] | None:
        if key not in step:
            return None
        values = step[key] if isinstance(step[key], list) else [step[key]]
        texts = [self._text(value, (*where, key, index)) for index, value in enumerate(values)]
        return tuple(text for text in texts if text is not None)

    def _optional(self, data: Mapping[str, Any], key: str, where: Path) -> str | None:
        return self._text(data[key], (*where, key)) if key in data else None

    def _text(self, value: Any, where: Path) -> str | None:
        try:
            return _text(value)
        except ValueError as error:
            self._report(where, str(error))
            return None

    def _mapping(self, value: Any, where: Path, known: Mapping[str, Any]) -> Mapping[str, Any]:
        if not isinstance(value, dict) or not value:
            self._report(where, "nothing that can be read here", f"there are {', '.join(known)}")
            return {}
        for key in value:
            if key not in known:
                mend = close(key, known) or f"there are {', '.join(known)}"
                self._report((*where, key), f"unknown key '{key}'", mend)
        return {key: value[key] for key in value if key in known}

    def _report(self, where: Path, message: str, mend: str = "") -> None:
        self.issues.append(self._document.issue(where, message, mend))


_KEYS: Final[Mapping[str, str]] = {
    "scenario": "begin with 'scenario: what it shows'",
    "flow": "the flow file, if it isn't the shop's own",
    "language": "the customer's language",
    "staff": "the names of the staff, if they aren't those of the flow file",
    "chat": "write 'chat:' and under it '- customer: hi', '- shop: …'",
}
_EXPECTATIONS: Final = dict.fromkeys(("shop", "buttons", "rows", "told", "state", "reaches", "breaks"))


def _text(value: Any) -> str:
    if isinstance(value, bool) or not isinstance(value, (str, int, Decimal)):
        raise ValueError(f"{_shown(value)} is not text: put it in quotes")  # noqa: TRY004 - an issue, not a bug
    return str(value)


def _shown(value: Any) -> str:
    match value:
        case None | True | False:
            return {None: "nothing", True: "true", False: "false"}[value]
        case list():
            return ", ".join(_shown(item) for item in value)
        case dict():
            return " ".join(_shown(item) for item in value.values())
        case _:
            return str(value)


def _customer(value: Any) -> Performance:
    text = _text(value)
    return lambda simulator: simulator.write(text)


def _tap(value: Any) -> Performance:
    title = _text(value)
    return lambda simulator: simulator.tap(title)


def _taps_id(value: Any) -> Performance:
    reply_id = _text(value)
    return lambda simulator: simulator.tap_reply(reply_id)


def _sends(value: Any) -> Performance:
    kind = _text(value)
    if kind == ADDRESS:
        raise ValueError("an address is sent with its fields: write 'fills: {address: …}'")
    if kind not in RECEIVED:
        raise ValueError(f"WhatsApp has no '{kind}': there are {', '.join(sorted(RECEIVED - {ADDRESS}))}")
    return lambda simulator: simulator.send(kind)


def _fills(value: Any) -> Performance:
    """Read the fields of an address form."""
    if not isinstance(value, dict) or not value:
        raise ValueError("write 'fills: {address: 4 Lake Road, city: Kochi, pincode: 682001}'")
    answer = address.filled_in({name: _text(written) for name, written in value.items()})
    return lambda simulator: simulator.fill(answer)


def _pays(value: Any) -> Performance:
    """Read `true`, an amount in rupees, or an amount and a currency."""
    if value is True:
        return lambda simulator: simulator.pay()
    amount, _, currency = _text(value).partition(" ")
    due = paise(amount)
    if currency and not (len(currency) == len(CURRENCY) and currency.isascii() and currency.isupper()):
        raise ValueError(f"'{currency}' is no currency: write for example 'pays: 180', or 'pays: 180 USD'")
    return lambda simulator: simulator.pay(due, currency or CURRENCY)


def _payment_fails(value: Any) -> Performance:
    if value is True:
        return lambda simulator: simulator.fail()
    reason = _text(value)
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
    milliseconds = durations.parse(_text(value))
    return lambda simulator: simulator.wait(milliseconds)


def _down(value: Any) -> Performance:
    milliseconds = durations.parse(_text(value))
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
        sku = _text(value)

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
    match = _STAFF.fullmatch(_text(value))
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


_ACTIONS: Final[Mapping[str, Callable[[Any], Performance]]] = {
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
