"""Shops with staff, in memory: one whose staff change orders, one whose chats are played.

`StaffShop` is the shop of a flow file, such as the shipped one, with one customer. `plays` plays a chat in a
small shop of its own.
"""

import re
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import cache
from textwrap import dedent, indent
from typing import Final

from bot.whatsapp.limits import LIMITS
from flows.engine.model import Flow
from flows.language.load import load
from payments.ledger import order_sums
from payments.ledger.audit import discrepancies, miscounted, sums
from payments.ledger.calls import RefundPayment
from payments.ledger.state import OrderState
from payments.processing import views
from payments.processing.actions import SHOP
from payments.processing.changes import ChangeSet, EventResult, Outcome
from payments.processing.deferred_links import follow
from payments.processing.order_changes import NotPossible
from payments.processing.step_input import EventKind, InboxEvent
from payments.processing.turn import Trace, Turn, begin, following
from payments.shop import quotas
from payments.shop.order_terms import Destination, Fulfilment, Terms
from payments.shop.orders import CURRENCY, Line, Order, order_key
from payments.simulator.runner import Played, play
from payments.simulator.scenario import parse
from payments.simulator.simulator import Simulator
from tests.builders import attempt, payment_of, refunded, webhook
from tests.payments.change_set_view import ChangeSetView
from tests.payments.memory_shop import NOW, MemoryShop

CUP, TEA, COUPON, SLOT = "kulhad-6", "masala-250", "FIRST10", "2027-01-16.lunch"
"""Cups are counted: there are 12."""
LINES: Final = (
    Line(CUP, "Kulhad cups (6)", 3, 32_000, discount=9_601, delivery=2_000),
    Line(TEA, "Masala chai 250 g", 2, 18_000, discount=3_600, delivery=999),
)
TOTAL: Final = sum(line.charged + line.delivery for line in LINES)
_TERMS: Final = """  stages: [accepted, preparing, ready, out, delivered]
  cash: {up_to: 20000, refusals: 2}
  cancel: {before: preparing}
"""
_RULES: Final = """  cash: {words: [pay the rider], interrupts: true, do: payment.cash}
  call_off: {words: [call off], interrupts: true, do: order.cancel}
"""

Change = Callable[[Turn, OrderState], Trace]


def staffed(text: str, terms: str = _TERMS) -> Flow:
    """The flow of the file `text`, with stages, cash and cancelling, and words for the latter two."""
    text = re.sub(r"^  cancel: .*\n", "", text, count=1, flags=re.MULTILINE)
    text = text.replace("  products:\n", f"{terms}  products:\n", 1)
    return load(text.replace("anywhere: ", f"anywhere:\n{_RULES}  # ", 1), "flows.yaml", SHOP, limits=LIMITS)


class StaffShop(MemoryShop):
    """One customer, and people who change the orders."""

    now: int = NOW

    def change_order(self, change: Change, key: str = "") -> ChangeSetView:
        """Let a person change the order `key`, or the current one. A refusal changes nothing."""
        key = key or self.current
        return self._run(lambda turn: change(turn, turn.shop.known(key)), {"order_key": key})

    def _run(self, work: Callable[[Turn], Trace], body: Mapping[str, str]) -> ChangeSetView:
        self._number += 1
        event = InboxEvent(self._number, EventKind.FACTS, body, self.now)
        given = self.given("c-1", [event], self.nonce)
        turn = following(begin(self.flow, given, self.now), event)
        trace = work(turn)
        trace += follow(turn)
        changes = ChangeSet(given.conversation, [EventResult(event.number, Outcome.APPLIED, trace)])
        changes.add(turn.changes())
        self.save(changes)
        for move in changes.moves:
            self.reserved[move.sku] += move.reserved
        self.last = ChangeSetView(changes)
        self.prove()
        return self.last

    def refused(self, change: Change, key: str = "") -> str:
        """What a person hears whose change is not possible. It has changed nothing."""
        before = (dict(self.orders), dict(self.left), dict(self.taken), self.conversation)
        try:
            self.change_order(change, key)
        except NotPossible as error:
            assert (dict(self.orders), dict(self.left), dict(self.taken), self.conversation) == before
            return str(error)
        raise AssertionError("it was possible")

    def buys(self, lines: tuple[Line, ...] = LINES, *, coupon: str = COUPON, slot: str = SLOT) -> str:
        """Place an order of these lines, for delivery. Return its key."""
        ordinal = len(self.orders) + 1
        order = Order(
            key=order_key("c-1", ordinal, self.nonce),
            number=str(self.next_number),
            conversation="c-1",
            lines=lines,
            total=sum(line.charged + line.delivery for line in lines),
            currency=CURRENCY,
            placed_at=self.now,
            placed_by=self._number + 1,
            to=Destination(Fulfilment.DELIVERY, "Asha", slot=slot, slot_starts=9**15 if slot else 0),
            terms=Terms(coupon=coupon),
        )

        def place(turn: Turn) -> Trace:
            turn.shop = turn.shop.place(order)
            link = attempt(amount=order.total, order_key=order.key, expires_at=9**15)
            made = replace(link, link_id=f"plink_{link.reference_id}")
            turn.shop = turn.shop.with_order(turn.shop.known(order.key).with_attempt(made))
            return ()

        self._run(place, {})
        return order.key

    def promises(self, **order: str) -> str:
        """Place an order for which cash is promised."""
        key = self.buys(**order)  # type: ignore[arg-type]
        self.change_order(promise, key)
        return key

    def buys_and_pays(self, **order: str) -> str:
        """Place an order that is paid online."""
        key = self.buys(**order)  # type: ignore[arg-type]
        self.pays(key)
        return key

    def pays(self, key: str, amount: int | None = None) -> None:
        """Razorpay reports a captured payment for the order."""
        id = f"pay_{sum(f.entity_id.startswith('pay_') for o in self.orders.values() for f in o.facts) + 1}"
        paid = payment_of(key, "captured", amount or self.orders[key].due or 100, id)
        self.take(webhook(paid), now=self.now)
        assert self.outcomes == [Outcome.APPLIED]
        self.prove()

    def razorpay_refunds(self, key: str, state: str = "processed") -> None:
        """Razorpay reports the end of each refund that it was asked for."""
        asked = [r for r in self.orders[key].refunds if r.open and r.payment_id.startswith("pay_")]
        facts = [
            refunded(state, r.amount, f"rfnd_{r.key}", r.payment_id, order_key=key, key=r.key) for r in asked
        ]
        if facts:
            self.take(webhook(*facts), now=self.now)
            self.prove()

    def asked_back(self) -> list[tuple[str, int]]:
        """The refunds that the last change asks Razorpay for: (payment, paise)."""
        return [(call.payment_id, call.amount) for call in self.last.calls if isinstance(call, RefundPayment)]

    def prove(self) -> None:
        """Check both identities of the ledger, the stock, the quotas, and what must never happen."""
        held, slots, used = Counter[str](), Counter[str](), Counter[str]()
        for state in self.orders.values():
            assert discrepancies(state, 1 if state.balance.paid_in_full else None) == (), state
            money = sums(state)[CURRENCY]
            assert money.captured == money.fulfilled + money.refunded + money.held
            assert money.goods == money.fulfilled + money.owed + money.given
            assert min(money.fulfilled, money.owed, money.given, money.held, state.owed) >= 0
            said = (state.due, order_sums.sums(state)["due"], views.order(state, self.now)["due"])
            assert not state.goods_due or said == (money.owed,) * 3, "all say one sum"
            assert state.owed <= state.order.total
            if state.reserves:
                held.update({line.sku: line.quantity for line in state.lines if line.sku in self.left})
            if state.reserves or state.goods_due:
                slots.update(booking.name for booking in quotas.bookings(state.order, 1))
                used[state.order.terms.coupon] += bool(state.order.terms.coupon)
        assert miscounted({sku: self.reserved[sku] for sku in self.left}, held) == ()
        assert {name: n for name, n in self.taken.items() if n} == dict(slots)
        assert self.conversation.data.get("coupons", {}) == {c: n for c, n in used.items() if n}
        assert all(pieces >= 0 for pieces in self.left.values())


def promise(turn: Turn, state: OrderState) -> Trace:
    """The customer promises cash."""
    turn.shop = turn.shop.promise(state.key)
    return ()


def back(state: OrderState) -> int:
    """Paise that went back, or are on their way."""
    return sum(refund.amount for refund in state.refunds if refund.goes_back)


MEENA: Final = '{name: Meena, phone: "+919812345671"}'
RAMESH: Final = '{name: Ramesh, phone: "+919812345672", may: [orders]}'

TEXT: Final = """
flow: lemonade
languages: [en, hi]
shop:
  name: Lemonade
  staff: [STAFF]
  handover: {quiet: 2 h, back: [menu, bot]}
  products:
    - {sku: glass, price: 30, name: {en: A glass, hi: गिलास}}
variables: {told: {default: ""}}
messages:
  hello:
    text: {en: "Lemonade?", hi: "नींबू पानी?"}
    buttons: [{on: buy, title: {en: "Yes please", hi: "हाँ"}}]
  pay:
    text: "Order #{{ order.number }} over {{ order.total | money }}."
    link: {title: Pay, url: "{{ order.link }}"}
  paid: Paid. Your lemonade is coming!
  gone: Your link is over.
  sorry: That did not work.
  thirsty: Still thirsty?
  a_person: A person will write to you.
  one_of_us: One of us will write.
  bye: Bye
  no_person: "The bot talks ({{ event.because }})."
  as_you_wish: "You hear {{ customer.hears }} from us."
  new_order:
    text:
      en: |-
        #{{ order.number }} {{ order.total | money }}: {{ order.lines[0].name }} for {{ customer.name }}
        {{- ' ' }}{{ customer.phone }}
      hi: नया
    buttons:
      - {on: stage, with: accepted, title: Accept}
      - {on: handover, title: I call them}
      - {on: call, title: Call}
    template: {name: new_order, values: ["{{ order.number }}"], buttons: true}
  asks:
    text: "{{ customer.name }} asks for a person."
    template: {name: asks, values: ["{{ customer.name }}"]}
  waits: "{{ customer.name }} waits."
  sale:
    offer: true
    text: "Half price today, {{ customer.name }}!"
    buttons: [{on: buy, title: Buy one}]
    template: {name: sale, values: ["{{ customer.name }}"]}
  flash_sale: {offer: true, text: "Half price this hour!"}
anywhere:
  order.requested: {do: [cart.fill, order.place, payment.request]}
  payment_link.created: {say: pay}
  payment_link.expired: {say: gone}
  payment_link.refused: {say: sorry}
  payment.captured: {do: cart.settle, say: paid, tell: new_order}
  order.refused: {say: sorry}
  cart.refused: {say: sorry}
  person: {words: [agent], interrupts: true, do: handover, say: a_person, tell: asks}
  handover.opened: {say: one_of_us}
  handover.ended: {say: no_person}
  menu: {words: [menu], say: hello}
  forget: {words: [delete it], interrupts: true, do: customer.forget, say: bye}
  customer.refused: {say: sorry}
  ask_me: {words: [ask me], to: asking}
  stop: {words: [stop], interrupts: true, do: {customer.hears: nothing}, say: as_you_wish}
  start: {words: [start], do: {customer.hears: orders}, say: as_you_wish}
  offers: {words: [offers], do: {customer.hears: offers}, say: as_you_wish}
  deals: {words: [deals], say: [hello, sale]}
  hindi: {words: [hindi], do: {language: hi}, say: hello}
  wait: {words: [wait], to: waiting}
  buy: {do: [{cart.set: {sku: glass, quantity: 1}}, order.place, payment.request]}
otherwise: {say: hello}
start: counter
states:
  counter: {}
  asking:
    ask: told
    on: {answered: {to: counter}}
  waiting:
    after: {10 min: {say: thirsty, tell: waits}}
"""


@cache
def flow_of(*staff: str) -> Flow:
    """The flow with these `staff`, as written in the file."""
    return load(TEXT.replace("STAFF", ", ".join(staff)), "flows.yaml", SHOP, limits=LIMITS)


def played(chat: str, *staff: str) -> Played:
    """The outcome of `chat`, the steps of a scenario."""
    steps = indent(dedent(chat).strip(), "  ")
    return play(flow_of(*(staff or (MEENA, RAMESH))), parse(f"scenario: x\nchat:\n{steps}\n", "chat.yaml"))


def plays(chat: str, *staff: str) -> None:
    """Assert that `chat` goes as written."""
    outcome = played(chat, *staff)
    assert outcome.mismatch is None, str(outcome)


def paid() -> Simulator:
    """The shop, whose staff hear of a paid order."""
    simulator = Simulator(flow_of(MEENA))
    simulator.write("hi")
    simulator.tap("Yes please")
    simulator.pay()
    return simulator


def two_who_chat() -> Simulator:
    """The shop, in which Meena and Ramesh both may talk to Asha, who waits for one of them."""
    simulator = Simulator(flow_of(MEENA, RAMESH.replace("orders", "chat")))
    simulator.write("agent")
    simulator.write("is it cold?")
    return simulator
