"""Authorised payments that nobody captures: customer and operator hear once; at last they are released."""

from dataclasses import replace

import pytest

from bot.whatsapp.limits import LIMITS
from flows.language.load import load
from flows.messages.kinds import Buttons
from payments.ledger.facts import Detail, Fact, FactState
from payments.ledger.holds import Hold, HoldReason
from payments.ledger.polling import Poll
from payments.processing.actions import SHOP
from payments.processing.notice import Notice
from payments.processing.updates import TOLD_CUSTOMER, TOLD_OPERATOR
from payments.shop.orders import AttemptStatus, Lifecycle
from tests.builders import (
    PACKET,
    chat,
    link_created,
    payment_link,
    payment_of,
    payments_fetched,
    poll,
    refunded,
    webhook,
)
from tests.payments.memory_shop import NOW, MemoryShop

DAY = 86_400_000


def allowed(key: str, id: str = "pay_1") -> Fact:
    """A payment of the whole total that was authorised at NOW."""
    return replace(payment_of(key, "authorized"), entity_id=id, at=NOW // 1000)


def let_go(key: str) -> Fact:
    """The refund of an authorised payment that nobody captured."""
    return refunded("processed", PACKET, order_key=key, at=NOW // 1000, captured=False)


def expired(key: str, ordinal: int = 1) -> Fact:
    return payment_link("expired", 0, f"plink_{key}.{ordinal}", order_key=key, at=NOW // 1000)


def test_of_a_capture_that_comes_in_time_only_the_success_is_told(store: MemoryShop) -> None:
    key = store.order_with_link()
    before = len(store.said)
    store.take(webhook(allowed(key)))
    store.take(payments_fetched(f"{key}.1", allowed(key)), now=NOW + TOLD_CUSTOMER - 1000)
    store.take(webhook(payment_of(key, "captured")), now=NOW + TOLD_CUSTOMER)
    assert store.said[before:] == ["payment_successful"]


def test_a_webhook_that_comes_a_day_late_tells_of_no_missing_capture(store: MemoryShop) -> None:
    """As after the server was down: the capture is the next event."""
    key = store.order_with_link()
    before = len(store.said)
    notices: list[Notice] = []
    for arrival in (webhook(allowed(key)), webhook(payment_of(key, "captured"))):
        store.take(arrival, now=NOW + DAY)
        notices += store.last.notices
    assert (store.said[before:], notices) == (["payment_successful"], [])


def test_the_customer_hears_once_and_the_operator_hours_later(store: MemoryShop) -> None:
    key = store.order_with_link()
    store.take(webhook(allowed(key)))
    before = len(store.said)
    told = []
    for minutes in (7, 15, 31, 63, 127, 247, 487, 967):
        store.take(payments_fetched(f"{key}.1", allowed(key)), now=NOW + minutes * 60_000)
        told += [(minutes, notice) for notice in store.last.notices if notice.kind == "capture"]
    assert store.said[before:] == ["bank_said_yes"]
    assert min(minutes for minutes, _ in told) == 247 > TOLD_OPERATOR // 60_000
    assert {notice.subject for _, notice in told} == {key}, "one notice for each order, however often"
    assert "Capture it in Razorpay Dashboard" in told[0][1].said
    assert store.orders[key].held_for == Hold(HoldReason.UNCAPTURED)


@pytest.mark.parametrize("minutes", [0, 15], ids=["at once", "after the customer heard of it"])
def test_let_go_by_razorpay_the_customer_hears_it_and_the_goods_are_free(
    store: MemoryShop, minutes: int
) -> None:
    key = store.order_with_link()
    store.take(webhook(allowed(key)))
    store.take(payments_fetched(f"{key}.1", allowed(key)), now=NOW + minutes * 60_000)
    store.take(webhook(expired(key)), now=NOW + 20 * 60_000)
    assert store.orders[key].lifecycle is Lifecycle.OPEN, "the payment may still be captured"
    store.take(webhook(let_go(key)), now=NOW + 5 * DAY)
    assert store.said.count("payment_released") == 1
    assert (store.orders[key].lifecycle, store.orders[key].held_for) == (Lifecycle.LAPSED, None)
    assert store.conversation.state == "failed"
    store.take(chat("retry"), now=NOW + 5 * DAY)
    assert len(store.orders[key].attempts) == 2


def test_let_go_of_an_older_order_it_is_told_aside_and_offers_no_link_of_it(shop_text: str) -> None:
    """The customer can pay what the chat is about, and nothing else."""
    text = shop_text.replace("never reached us", "never reached us [{{ order.link }}]")
    store = MemoryShop(load(text, "flows.yaml", SHOP, limits=LIMITS))
    old = store.order_with_link()
    new = store.order_with_link_again()
    still_open = replace(store.orders[old].attempts[0], status=AttemptStatus.CREATED)
    store.change(old, attempts=(still_open,), facts=(allowed(old),), lifecycle=Lifecycle.OPEN)
    store.take(webhook(let_go(old)))
    [say] = store.last.messages
    assert (say.name, store.current) == ("payment_released", new)
    assert isinstance(say.message, Buttons)
    assert "never reached us []" in say.message.body


def test_of_a_payment_that_nobody_captures_the_last_poll_lets_go(store: MemoryShop) -> None:
    key = store.order_with_link()
    store.take(webhook(allowed(key)))
    store.take(webhook(expired(key)), now=NOW + 20 * 60_000)
    polls = [Poll(f"{key}.1", NOW, 0)]
    for _ in range(40):
        if not polls:
            break
        [last] = polls
        store.take(poll(last), now=last.due)
        polls = list(store.last.polls)
    assert polls == [], "asked for ever"
    assert NOW + 5 * DAY <= last.due < NOW + 8 * DAY
    assert store.orders[key].lifecycle is Lifecycle.LAPSED
    assert store.said.count("payment_released") == 1
    assert store.orders[key].status == "unpaid"
    assert [f.state for f in store.orders[key].facts if f.entity_id == "pay_1"] == [
        "authorized",
        FactState.RELEASED,
    ]
    store.take(payments_fetched(f"{key}.1", allowed(key)), now=last.due + 1)
    assert store.said.count("payment_released") == 1, "told once, though Razorpay still says the same"


def test_captured_after_it_was_let_go_it_counts_as_late(store: MemoryShop) -> None:
    key = store.order_with_link()
    store.take(webhook(allowed(key)))
    store.take(webhook(expired(key)), now=NOW + 20 * 60_000)
    store.take(poll(Poll(f"{key}.1", NOW, 20)), now=NOW + 8 * DAY)
    assert store.orders[key].lifecycle is Lifecycle.LAPSED
    store.take(webhook(payment_of(key, "captured")), now=NOW + 9 * DAY)
    assert store.orders[key].lifecycle is Lifecycle.FULFILLED
    assert store.said[-1] == "payment_successful"


def test_a_second_payment_that_is_allowed_is_waited_for_as_well(store: MemoryShop) -> None:
    key = store.order_with_link()
    store.take(webhook(allowed(key)), webhook(allowed(key, "pay_2")), webhook(let_go(key)))
    assert store.orders[key].status == "authorised"
    assert "payment_released" not in store.said


def test_the_last_poll_of_an_earlier_link_lets_go_of_no_payment_on_a_later_one(store: MemoryShop) -> None:
    key = store.order_with_link()
    store.take(webhook(expired(key)), now=NOW + 20 * 60_000)
    later = NOW + 5 * DAY - 3_600_000
    store.take(chat("retry"), now=later)
    store.take(link_created(f"{key}.2"), now=later)
    fresh = replace(payment_of(key, "authorized", id="pay_2", ordinal=2), at=later // 1000)
    store.take(webhook(fresh), now=later + 60_000)
    store.take(webhook(expired(key, ordinal=2)), now=later + 20 * 60_000)
    last = NOW + 8 * DAY
    store.take(poll(Poll(f"{key}.1", NOW, 20)), now=last)
    assert store.last.polls == (), "it is the last one"
    assert store.orders[key].lifecycle is Lifecycle.OPEN, "the goods wait for what the bank allowed"
    assert "payment_released" not in store.said
    store.take(poll(Poll(f"{key}.2", later, 20)), now=later + 8 * DAY)
    assert store.said.count("payment_released") == 1


def test_a_payment_that_names_no_link_is_let_go_with_the_newest(store: MemoryShop) -> None:
    key = store.order_with_link()
    store.take(webhook(expired(key)), now=NOW + 20 * 60_000)
    store.take(chat("retry"), now=NOW + DAY)
    store.take(link_created(f"{key}.2"), now=NOW + DAY)
    nameless = replace(allowed(key), detail=Detail(method="upi"))
    store.take(payments_fetched(f"{key}.2", nameless), now=NOW + DAY)
    store.take(poll(Poll(f"{key}.1", NOW, 20)), now=NOW + 8 * DAY)
    assert "payment_released" not in store.said
    store.take(poll(Poll(f"{key}.2", NOW + DAY, 20)), now=NOW + 9 * DAY)
    assert store.said.count("payment_released") == 1
