"""The whole shop as one state machine: every customer is answered, and the money stays right."""

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from bot.whatsapp.limits import LIMITS
from flows.engine.effects import Say
from flows.engine.model import Flow
from flows.messages import limits
from flows.messages.kinds import Buttons, Document, Image, Link, List, Message, Text, Video
from payments.processing.silence import ROUNDS, TURNS
from payments.shop import cart
from payments.shop.cart import Item
from payments.shop.catalogue import Shop
from payments.shop.orders import AttemptStatus, Lifecycle
from payments.simulator.simulated_gateway import NothingToPay
from payments.simulator.simulator import Simulator

_WORDS = [
    "hi", "menu", "help", "cart", "cancel", "hindi", "english", "checkout", "order", "empty", "change",
    "remove",
    "confirm", "yes", "no", "back", "pay", "pay now", "retry", "1", "2", "3", "0", "7", "99", "100", "हाँ",
    "मेनू", "",
    "{{ 7*7 }}", "🤷", "lorem ipsum " * 300,
]  # fmt: skip
_ITEMS = st.lists(
    st.builds(Item, st.sampled_from(["masala-250", "assam-500", "kulhad-6", "gone"]), st.integers(1, 200)),
    max_size=3,
).map(tuple)


def test_the_shop_holds_its_promises_whatever_happens(shop_flow: Flow) -> None:
    class Shopping(_Shopping):
        flow = shop_flow

    run_state_machine_as_test(
        Shopping, settings=settings(max_examples=250, stateful_step_count=40, deadline=None)
    )


class _Shopping(RuleBasedStateMachine):
    flow: Flow

    def __init__(self) -> None:
        super().__init__()
        self.chat = Simulator(self.flow)
        self.seen = 0

    def _answered(self, answer: list[Message]) -> None:
        talk = self.chat.conversation.talk
        loops = talk.turns > TURNS or talk.rounds > ROUNDS
        assert bool(answer) != loops, f"silence in {self.chat.conversation.state}: {self.chat.results[-1]}"

    # What the customer does

    @initialize()
    def greets(self) -> None:
        self._answered(self.chat.write("hi"))

    @rule(text=st.one_of(st.sampled_from(_WORDS), st.text(max_size=30)))
    def writes(self, text: str) -> None:
        self._answered(self.chat.write(text))

    @precondition(lambda self: self.chat.said)
    @rule(dice=st.data())
    def taps_something_old_or_new(self, dice: st.DataObject) -> None:
        titles = {reply.title for said in self.chat.said for reply in said.message.replies}
        self._answered(self.chat.tap(dice.draw(st.sampled_from(sorted(titles)))))

    @rule(dice=st.data())
    def taps_the_newest_message(self, dice: st.DataObject) -> None:
        offered = next((r for said in reversed(self.chat.said) if (r := said.message.replies)), ())
        titles = [reply.title for reply in offered]
        self._answered(self.chat.tap(dice.draw(st.sampled_from(titles))))

    @rule(title=st.sampled_from(["Masala chai 250 g", "Assam leaf 500 g"]))  # there is always enough of
    def orders(self, title: str) -> None:
        self._answered(self.chat.write("english"))
        self._answered(self.chat.tap(title))
        self._answered(self.chat.write("checkout"))
        self._answered(self.chat.write("yes"))
        assert self.chat.conversation.state == "awaiting_payment"

    @rule(kind=st.sampled_from(["sticker", "image", "location", "order", "unsupported", "payment.captured"]))
    def sends(self, kind: str) -> None:
        self._answered(self.chat.send(kind))

    # What the outside does

    @precondition(lambda self: self._payable())
    @rule()
    def pays(self) -> None:
        told = self._successes()
        self._answered(self.chat.pay())
        assert self._successes() == told + 1

    @rule()
    def pays_only_when_there_is_a_link(self) -> None:
        if not self._payable():
            try:
                self.chat.pay()
            except NothingToPay:
                return
            raise AssertionError("paid without a link")

    @precondition(lambda self: self._payable())
    @rule()
    def fails_to_pay(self) -> None:
        self.chat.fail("Payment was declined by the bank " * 40)

    @rule(minutes=st.sampled_from([0, 1, 10, 19, 20, 25, 60, 10_000]))
    def waits(self, minutes: int) -> None:
        self.chat.wait(minutes * 60_000)

    @rule(items=st.none() | _ITEMS)
    def is_ordered_for(self, items: tuple[Item, ...] | None) -> None:
        self.chat.request(items)

    # What must always hold

    def _payable(self) -> list[str]:
        return [
            attempt.reference_id
            for state in self.chat.orders.values()
            for attempt in state.attempts
            if attempt.status in (AttemptStatus.CREATED, AttemptStatus.CREATING)
        ]

    def _successes(self) -> int:
        return sum(1 for said in self.chat.said if said.name == "payment_successful")

    @invariant()
    def nothing_is_parked(self) -> None:
        assert self.chat.parked == []

    @invariant()
    def at_most_one_link_can_be_paid(self) -> None:
        assert len(self._payable()) <= 1

    @invariant()
    def orders_are_paid_once_and_said_so_once(self) -> None:
        orders = self.chat.orders.values()
        settled = [state for state in orders if state.lifecycle is Lifecycle.FULFILLED]
        assert self._successes() == len(settled)
        for state in orders:
            assert state.balance.paid == (state.order.total if state in settled else 0)
            assert (state.fulfilled, state.held) == (state.balance.paid, 0)

    @invariant()
    def totals_add_up(self) -> None:
        for state in self.chat.orders.values():
            order = state.order
            assert order.total == sum(line.price * line.quantity for line in order.lines) > 0
            assert {attempt.amount for attempt in state.attempts} <= {order.total}
            assert len({attempt.reference_id for attempt in state.attempts}) == len(state.attempts)
        numbers = [state.order.number for state in self.chat.orders.values()]
        assert len(set(numbers)) == len(numbers)

    @invariant()
    def the_cart_holds_what_may_be_ordered(self) -> None:
        shop: Shop = self.flow.sections["shop"]
        held = cart.from_json(self.chat.conversation.data.get("cart", ()))
        assert len({item.sku for item in held}) == len(held)
        for item in held:
            product = shop.article(item.sku)
            assert product is not None
            assert 1 <= item.quantity <= shop.limit(product, shop.counted)

    @invariant()
    def messages_are_what_whatsapp_takes(self) -> None:
        for said in self.chat.said[self.seen :]:
            _fits(said)
        self.seen = len(self.chat.said)


def _fits(said: Say) -> None:
    match said.message:
        case Text(body=body):
            _within(body, LIMITS.text_body)
        case Image(caption=caption) | Video(caption=caption) | Document(caption=caption):
            _within(caption or "x", LIMITS.caption)
        case Link(body=body, title=title):
            _within(body, LIMITS.interactive_body)
            _within(title, LIMITS.link_title)
        case Buttons(body=body, buttons=buttons):
            _within(body, LIMITS.interactive_body)
            assert 1 <= len(buttons) <= LIMITS.buttons
            assert len({b.title for b in buttons}) == len({b.id for b in buttons}) == len(buttons)
            for button in buttons:
                _within(button.title, LIMITS.button_title)
                _within(button.id, LIMITS.reply_id)
        case List(body=body, button=opener, sections=sections):
            _within(body, LIMITS.interactive_body)
            _within(opener, LIMITS.list_button)
            rows = [row for section in sections for row in section.rows]
            assert 1 <= len(rows) <= LIMITS.list_rows
            assert len({row.id for row in rows}) == len(rows)
            for row in rows:
                _within(row.title, LIMITS.row_title)
                _within(row.id, LIMITS.row_id)
                _within(row.description or "x", LIMITS.row_description)


def _within(text: str, limit: int) -> None:
    assert text.strip()
    assert limits.length(text) <= limit
