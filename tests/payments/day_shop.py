"""A shop with hours, delivery, slots, coupons, cash and staff, and chats that are played in it."""

from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from typing import Any, Final

from bot.whatsapp.limits import LIMITS
from flows.engine.conversation import Conversation
from flows.engine.model import Flow
from flows.language.load import load
from flows.messages.kinds import Message
from payments.ledger.facts import Detail, FactState
from payments.ledger.state import OrderState
from payments.processing.actions import SHOP
from payments.processing.bodies import OrderRequested, StaffAction, request_to_json, staff_action_to_json
from payments.processing.step_input import EventKind
from payments.shop.cart import Item
from payments.simulator.simulator import Simulator
from tests.payments.shop_yaml import ms

PUNE: Final = "Flat 4, Lake Road, Pune 411005"
FAR: Final = "Flat 9, Hill Road, Pune 411040"
NEW_YEAR: Final = "2026-01-01 10:30"
"""A Thursday. Chats begin then."""

SECTIONS: Final[Mapping[str, str]] = {
    "hours": 'hours: {mon-sun: "9:00-21:00"}',
    "minimum": "minimum_order: 100",
    "categories": "categories: [{id: tiffin, name: Tiffin}, {id: gifts, name: Gifts, gst: 18}]",
    "products": """products:
    - {sku: thali, name: {en: Veg thali, hi: थाली}, category: tiffin, price: 120}
    - {sku: kaju, name: Kaju katli, category: tiffin, price: 260, stock: 5}
    - {sku: box, name: Gift box, category: gifts, price: 149.50}""",
    "gst": "gst: {number: 27ABCDE1234F1Z0, rate: 5}",
    "areas": """areas:
      - {pincodes: [411001-411030], fee: 40, free_from: 500}
      - {pincodes: [411031-411044], fee: 80, minimum: 300, cash: false}""",
    "slots": """slots:
      - {name: {en: Lunch, hi: दोपहर}, at: "12:00-14:00", until: "11:30", orders: 2}
      - {name: Dinner, at: "19:00-21:00", until: "17:30"}""",
    "coupons": """coupons:
    - {code: FIRST10, percent: 10, up_to: 100, per_customer: 1}
    - {code: TWICE, off: 50, uses: 2}
    - {code: OLD, off: 20, until: 2026-01-01}
    - {code: GIFT, percent: 50, only: [gifts]}
    - {code: ALL, percent: 100}""",
    "cash": "cash: {up_to: 2000, refusals: 2}",
    "cancel": "cancel: {within: 10 min, before: out}",
}
"""Parts of the `shop:` section. A test replaces some of them."""

_FLOW: Final = """
flow: tiffin
languages: [en, hi]
shop:
  name: Annapurna
  HOURS
  MINIMUM
  CATEGORIES
  PRODUCTS
  GST
  delivery:
    AREAS
    SLOTS
    ahead: 1 day
    pickup: true
  COUPONS
  CASH
  CANCEL
  keeps: [greeting]
  staff: [{name: Meena, phone: "+919812345671"}, {name: Ravi, phone: "+919812345672"}]
variables: {typed: {default: ""}, greeting: {default: ""}}
messages:
  menu: {text: Menu, list: {button: See, rows: {each: shop.products, as: p, on: add, with: "{{ p.sku }}",
    title: "{{ p.name }}"}}}
  where: {text: "Where?", address: true}
  when: {text: "When?", list: {button: Times, pages: true, rows: {each: checkout.slots, as: s, on: slot,
    with: "{{ s.id }}", title: "{{ s.title }}"}}}
  summary:
    text: |-
      {{ cart.goods | money }} - {{ cart.discount | money }} + {{ cart.delivery | money }}
      {{- ' ' }}= {{ cart.total | money }}
    buttons: [{on: online, title: Pay now}, {on: cash, title: Cash, if: cart.cash}, {on: menu, title: More}]
  link: "Pay {{ order.total | money }}"
  new_order: {text: "#{{ order.number }}", buttons: [{on: stage, with: accepted, title: Accept}]}
  no: "No: {{ event.field | default('order') }}: {{ event.reason }}"
  placed: "Ordered, {{ order.due | money }} in cash"
  paid: Paid
  stage: "Stage {{ event.stage }} by {{ event.by }}{{ ', back ' ~ event.refund | money if event.refund }}"
  amended: "Missing {{ event.items }}: {{ event.amount | money }} less, {{ event.refund | money }} back"
  back: "{{ event.amount | money }} goes back"
  over: Link over
  gone: "Gone: {{ event.gone | join(', ') }}"
anywhere:
  menu: {words: [menu], interrupts: true, to: browsing}
  cancel_it: {words: [cancel order], interrupts: true, do: order.cancel}
  hindi: {words: [hindi], interrupts: true, do: {language: hi}}
  english: {words: [english], interrupts: true, do: {language: en}}
  renew: {words: [pay], interrupts: true, do: payment.request}
  repeat: {words: [repeat], interrupts: true, do: cart.repeat, to: review}
  fetch: {words: [fetch], interrupts: true, do: {checkout.set: {pickup: true}}}
  order: {do: cart.fill, to: review}
  order.requested:
    - {if: "event.pays | default('') == 'cash'", do: [cart.fill, order.place, payment.cash]}
    - {do: [cart.fill, order.place, payment.request]}
  payment_link.created: {say: link}
  payment_link.refused: {ignore: not tested}
  payment_link.expired: {say: over}
  payment.captured: {do: cart.settle, say: paid, tell: new_order}
  payment.returned: {say: back}
  order.stage: {say: stage}
  order.amended: {say: amended}
  order.refused:
    - {if: event.reason == 'changed', say: no, to: review}
    - {say: no}
  checkout.refused: {say: no}
  cart.refused: {say: no}
  cart.incomplete: {say: gone}
otherwise: {to: browsing}
start: browsing
states:
  browsing:
    enter: {say: menu}
    on:
      add: {do: {cart.add: {sku: "{{ event.value }}"}}, to: where}
  where:
    enter: {say: where}
    ask: typed
    on:
      address: {do: {checkout.set: {address: "{{ event.address }}"}}, to: when}
      answered: {do: {checkout.set: {address: "{{ typed }}"}}, to: when}
  when:
    enter: {say: when}
    on:
      slot: {do: {checkout.set: {slot: "{{ event.value }}"}}, to: review}
      next: {words: [next], to: review}
  review:
    enter: {do: cart.quote, say: summary}
    ask: typed
    on:
      answered: {do: {checkout.set: {coupon: "{{ typed }}"}}, to: review}
      online: {do: [order.place, payment.request], to: waiting}
      cash: {do: [order.place, payment.cash, cart.settle], say: placed, tell: new_order, to: waiting}
  waiting: {}
"""


def text_of(**changed: str) -> str:
    """The flow file with these parts of the shop in place of its own. An empty text takes a part out."""
    parts = {name.upper(): written for name, written in {**SECTIONS, **changed}.items()}
    lines = []
    for line in _FLOW.split("\n"):
        name = line.strip()
        if name not in parts:
            lines.append(line)
        elif parts[name]:
            lines.append(line.replace(name, parts[name]))
    return "\n".join(lines)


@cache
def flow_of(**changed: str) -> Flow:
    """The flow with these parts of the shop in place of its own."""
    return load(text_of(**changed), "day.yaml", SHOP, limits=LIMITS)


class Day(Simulator):
    """One customer of the shop."""

    def __init__(self, now: str = NEW_YEAR, **changed: str) -> None:
        super().__init__(flow_of(**changed), now=ms(now))

    def beside(self) -> "Day":
        """Another customer of the same shop."""
        other = Day()
        other._flow, other._id, other.store, other.now = self._flow, "sim-9", self.store, self.now
        other.phones, other._number = self.phones, 1000
        self.store.conversations["sim-9"] = Conversation("sim-9")
        return other

    def becomes(self, **changed: str) -> None:
        """The flow file is changed, and the server starts again."""
        self._flow = flow_of(**changed)

    def at(self, now: str) -> list[str]:
        """Time passes until then."""
        return words(self.wait(ms(now) - self.now))

    def review(self, *titles: str, address: str = PUNE, slot: str = "Today, Lunch") -> list[str]:
        """Fill the cart, say where and when, and see the summary. Without a slot, none is chosen."""
        for title in titles:
            self.write("menu")
            self.tap(title)
        self.write(address)
        return words(self.tap(slot) if slot else self.write("next"))

    def holds(self, *items: tuple[str, int]) -> None:
        """The cart holds exactly these items."""
        cart = [list(item) for item in items]
        self.conversation = replace(self.conversation, data={**self.conversation.data, "cart": cart})

    def api(self, *items: tuple[str, int], **said: Any) -> list[str]:
        """A program orders."""
        wanted = tuple(Item(*item) for item in items) or None
        return words(self._take(EventKind.REQUEST, request_to_json(OrderRequested(wanted, said))))

    def staff(self, verb: str, value: str = "", key: str = "") -> list[str]:
        """Meena does something with an order: the current one if no other is named."""
        assert key or self.order
        action = StaffAction(key or self.state.key, "Meena", verb, value)
        return words(self._take(EventKind.STAFF, staff_action_to_json(action)))

    def typed(self, text: str) -> list[str]:
        """The customer writes; return the words of the answer."""
        return words(self.write(text))

    def taps(self, title: str) -> list[str]:
        """The customer taps; return the words of the answer."""
        return words(self.tap(title))

    def lapses(self) -> list[str]:
        """The payment link runs out."""
        return words(self.wait(21 * 60_000))

    def pays_late(self, key: str = "") -> list[str]:
        """The newest link of an order is paid after all, although it is over."""
        attempt = self.orders[key or self.state.key].attempts[-1]
        detail = Detail(method="upi")
        fact = self._payment(attempt, FactState.CAPTURED, attempt.amount, attempt.currency, detail)
        return words(self._facts(attempt.order_key, fact))

    def offered(self) -> list[str]:
        """The slots that are offered to the customer."""
        self.write("menu")
        self.tap("Veg thali")
        return [reply.title for message in self.write(PUNE) for reply in message.replies]

    @property
    def taken(self) -> dict[str, int]:
        """How often slots and coupons are taken, without those that are free."""
        return {name: count for name, count in self.store.taken.items() if count}

    @property
    def state(self) -> OrderState:
        """The current order."""
        assert self.order is not None
        return self.order

    @property
    def refusal(self) -> Any:
        """The reason of the newest refusal in the trace of the last event."""
        entries = [entry for entry in self.results[-1].trace if "reason" in entry]
        return entries[-1]["reason"] if entries else None


def words(messages: list[Message]) -> list[str]:
    """What the messages say."""
    return [message.words for message in messages]
