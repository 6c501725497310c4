"""Payment links of orders: made, refused, expired, superseded, withdrawn."""

from dataclasses import replace

from flows.engine.model import Flow
from flows.messages.kinds import Text
from payments.ledger.calls import CancelLink, CreateLink, RefundPayment
from payments.processing.changes import Outcome
from payments.shop.orders import AttemptStatus, Lifecycle
from tests.builders import (
    cart_request,
    chat,
    link_created,
    link_of,
    link_refused,
    link_withdrawn,
    payment_of,
    request,
    webhook,
)
from tests.payments.memory_shop import NOW, MemoryShop


def test_an_order_asks_for_one_link_of_its_total(store: MemoryShop) -> None:
    key = store.order()
    (order,) = store.last.placed
    (call,) = store.last.calls
    assert (order.key, order.total, order.placed_by, order.conversation) == (key, 18_000, 4, "c-1")
    assert call == CreateLink(f"{key}.1", key, 18_000, "INR", f"Order #{order.number}", NOW + 1_200_000)
    assert store.status(key) is AttemptStatus.CREATING
    store.take(link_created(f"{key}.1"))
    assert store.status(key) is AttemptStatus.CREATED
    assert store.said[-1] == "complete_payment"
    assert store.link.short_url == f"https://rzp.io/{key}.1"


def test_the_same_order_after_a_restore_has_another_key(shop_flow: Flow) -> None:
    """Razorpay remembers the keys and reference ids of the lost books."""
    keys, references = set(), set()
    for nonce in ("abcdefghij", "klmnopqrst"):
        store = MemoryShop(shop_flow)
        store.nonce = nonce
        keys.add(key := store.order())
        references |= {call.reference_id for call in store.last.calls if isinstance(call, CreateLink)}
        store.take(link_refused(f"{key}.1{nonce[6:]}"))
        store.take(chat("retry"))
        references |= {call.reference_id for call in store.last.calls if isinstance(call, CreateLink)}
    assert keys == {"c-1-1abcdef", "c-1-1klmnop"}
    assert references == {
        "c-1-1abcdef.1ghij", "c-1-1abcdef.2ghij", "c-1-1klmnop.1qrst", "c-1-1klmnop.2qrst",
    }  # fmt: skip


def test_a_refused_link_is_told_and_can_be_tried_again(store: MemoryShop) -> None:
    key = store.order()
    store.take(link_refused(f"{key}.1"))
    assert (store.said[-1], store.status(key)) == ("link_refused", AttemptStatus.REFUSED)
    store.take(chat("retry"))
    (call,) = store.last.calls
    assert isinstance(call, CreateLink)
    assert call.reference_id == f"{key}.2"


def test_a_link_that_is_made_too_late_is_cancelled_and_not_told(store: MemoryShop) -> None:
    key = store.order()
    store.take(chat("cancel"))
    assert store.last.calls == (CancelLink(f"{key}.1", None),)
    said = list(store.said)
    store.take(link_created(f"{key}.1"))
    assert store.last.calls == (CancelLink(f"{key}.1", f"plink_{key}.1"),)
    assert store.said == said
    store.take(link_withdrawn(f"{key}.1"))
    assert store.status(key) is AttemptStatus.CANCELLED


def test_a_refusal_of_a_superseded_link_is_not_told(store: MemoryShop) -> None:
    key = store.order()
    store.take(chat("cancel"))
    said = list(store.said)
    store.take(link_refused(f"{key}.1"))
    assert store.said == said
    assert store.status(key) is AttemptStatus.REFUSED


def test_an_order_asked_for_over_the_api_moves_the_chat_on(store: MemoryShop) -> None:
    store.take(request(("ginger-250", 2), ("ginger-250", 1)))
    (order,) = store.last.placed
    assert [(line.sku, line.quantity) for line in order.lines] == [("ginger-250", 3)]
    assert (order.total, store.conversation.state) == (42_000, "awaiting_payment")
    store.take(cart_request())
    assert store.last.placed[0].total == 42_000
    assert isinstance(store.last.calls[0], CancelLink)


def test_an_order_of_nothing_over_the_api_is_ignored(store: MemoryShop) -> None:
    store.take(cart_request())
    assert store.outcomes == [Outcome.IGNORED]
    assert store.last.placed == ()


def test_an_expired_link_is_told_once_and_replaced_on_demand(store: MemoryShop) -> None:
    key = store.order_with_link()
    store.take(webhook(link_of(key, "expired")), webhook(link_of(key, "expired")))
    assert (store.said[-1], store.said.count("link_expired")) == ("link_expired", 1)
    assert store.status(key) is AttemptStatus.EXPIRED
    store.take(chat("retry"), now=NOW + 1_300_000)
    assert [type(call) for call in store.last.calls] == [CreateLink]
    assert store.orders[key].attempts[-1].reference_id == f"{key}.2"


def test_the_end_of_an_older_attempt_is_noted_and_not_told(store: MemoryShop) -> None:
    key = store.order()
    store.take(link_refused(f"{key}.1"), chat("retry"))
    store.take(link_created(f"{key}.2"))
    old = store.orders[key].attempts[0]
    store.change(key, attempts=(replace(old, link_id=f"plink_{key}.1"), *store.orders[key].attempts[1:]))
    said = list(store.said)
    store.take(webhook(link_of(key, "expired")))
    assert store.said == said
    assert store.status(key, 1) is AttemptStatus.EXPIRED
    assert store.status(key, 2) is AttemptStatus.CREATED
    assert store.conversation.state == "awaiting_payment"


def test_a_payment_of_an_older_order_is_told_aside_and_the_newer_one_stays_the_chats_own(
    store: MemoryShop,
) -> None:
    old = store.order_with_link()
    new = store.order_with_link_again()
    before = store.conversation
    assert store.orders[old].lifecycle is Lifecycle.LAPSED
    store.take(webhook(payment_of(old, "captured")))
    assert store.said[-1] == "payment_successful"
    (say,) = store.last.messages
    assert isinstance(say.message, Text)
    assert f"#{store.orders[old].order.number}" in say.message.body
    data = {**before.data, "running": [old]}
    noted = replace(before, data=data, sent_since=True)
    assert store.conversation == noted, "the order is under way, and news came behind the buttons"
    assert store.current == new
    assert (store.last.calls, store.status(new)) == ((), AttemptStatus.CREATED)
    store.take(webhook(payment_of(new, "captured", 36_000, "pay_2")))
    assert store.said.count("payment_successful") == 2
    assert {state.lifecycle for state in store.orders.values()} == {Lifecycle.FULFILLED}


def test_too_little_for_an_older_order_goes_back_because_nobody_waits_for_its_rest(store: MemoryShop) -> None:
    old = store.order_with_link()
    new = store.order_with_link_again()
    store.take(webhook(payment_of(old, "captured", 8_000)))
    assert store.said[-1] == "payment_returned"
    assert store.last.calls == (RefundPayment("pay_1-1", "pay_1", old, 8_000),)
    assert store.current == new
    assert store.conversation.state == "awaiting_payment"


def test_too_little_for_an_older_order_that_the_bank_had_said_yes_to_goes_back_too(store: MemoryShop) -> None:
    old = store.order_with_link()
    store.take(webhook(payment_of(old, "authorized")))
    store.take(request(("ginger-250", 1)))
    assert store.current != old
    assert store.orders[old].lifecycle is Lifecycle.OPEN
    store.take(webhook(payment_of(old, "captured", 8_000)))
    assert RefundPayment("pay_1-1", "pay_1", old, 8_000) in store.last.calls
    assert not any(isinstance(call, CreateLink) for call in store.last.calls)
    assert (store.said[-1], store.orders[old].lifecycle) == ("payment_returned", Lifecycle.RETURNED)


def test_a_displaced_order_lapses_at_once_and_its_goods_are_left_again(store: MemoryShop) -> None:
    store.take(request(("kulhad-6", 12)))
    assert store.left == {"kulhad-6": 0}
    store.take(request(("kulhad-6", 12)))
    old, new = store.orders.values()
    assert (old.lifecycle, new.lifecycle) == (Lifecycle.LAPSED, Lifecycle.OPEN)
    assert (store.left, store.reserved["kulhad-6"]) == ({"kulhad-6": 0}, 12)
    assert old.attempts[0].status is AttemptStatus.WITHDRAWING


def test_our_own_cancelling_is_a_fact_so_that_a_payment_after_it_is_late(store: MemoryShop) -> None:
    key = store.order_with_link()
    store.take(chat("cancel"))
    (fact,) = store.take(link_withdrawn(f"{key}.1")).facts
    assert (fact.entity, fact.entity_id, fact.state) == ("payment_link", f"plink_{key}.1", "cancelled")
    assert store.orders[key].lifecycle is Lifecycle.LAPSED
    store.take(webhook(payment_of(key, "captured")))
    assert store.orders[key].status == "paid"
    assert store.orders[key].lifecycle is Lifecycle.FULFILLED
    store.take(webhook(link_of(key, "cancelled")))
    assert store.outcomes == [Outcome.IGNORED]


def test_cancelled_twice_and_wanted_after_all_the_order_lives_again(store: MemoryShop) -> None:
    store.take(request(("kulhad-6", 12)))
    key = store.current
    store.take(link_created(f"{key}.1"), chat("cancel"), chat("cancel"))
    assert store.orders[key].lifecycle is Lifecycle.LAPSED
    assert store.left == {"kulhad-6": 12}
    store.take(chat("retry"))
    assert store.orders[key].lifecycle is Lifecycle.OPEN
    assert store.left == {"kulhad-6": 0}
    store.take(link_created(f"{key}.2"))
    assert store.said[-1] == "complete_payment"
    assert store.status(key, 2) is AttemptStatus.CREATED


def test_setbacks_of_an_older_order_are_not_told(store: MemoryShop) -> None:
    old = store.order_with_link()
    store.order_with_link_again()
    said = list(store.said)
    store.take(webhook(payment_of(old, "failed")), webhook(link_of(old, "cancelled")))
    assert store.said == said
    assert store.outcomes == [Outcome.APPLIED, Outcome.IGNORED]  # we cancelled it ourselves


def test_a_link_that_is_made_after_its_order_is_paid_is_cancelled(store: MemoryShop) -> None:
    key = store.order_with_link()
    store.take(webhook(link_of(key, "expired")), chat("retry"))
    store.take(webhook(payment_of(key, "captured")))
    assert store.said[-1] == "payment_successful"
    assert store.last.calls == (CancelLink(f"{key}.2", None),)
    store.take(link_created(f"{key}.2"))
    assert store.last.calls == (CancelLink(f"{key}.2", f"plink_{key}.2"),)
    assert store.said[-1] == "payment_successful"
