"""Razorpay's webhooks may come in any order and more than once: the end is the same."""

from collections import Counter
from math import factorial
from typing import Final

import pytest

from flows.engine.model import Flow
from payments.ledger.holds import Hold, HoldReason
from payments.shop.orders import Lifecycle
from tests.builders import InboxBody, request
from tests.payments.memory_shop import MemoryShop, flow_with_repairs
from tests.payments.plays import SKU, TOTAL, Play, count, ends, one_link, paid, same, two_links
from tests.payments.razorpay_model import Razorpay

SETBACKS: Final = frozenset({"payment_failed", "link_expired"})


def test_both_links_of_an_order_are_paid_in_all_40320_orders(shop_flow: Flow) -> None:
    play, key = two_links(shop_flow)
    (cancelled,) = play.razorpay.webhooks
    events = [
        cancelled,
        *paid(play, f"{key}.1", "authorized", "captured"),
        *paid(play, f"{key}.2", "authorized", "captured"),
    ]
    assert len(events) == 8
    ways = list(ends(play, events))
    assert count(ways) == factorial(8) == 40_320
    finished = [way.play.finish() for way in ways]
    money = same([play.money for play in finished])
    assert money["refunds"] == {"pay_2": TOTAL}
    assert (money["left"], money["reserved"]) == ({SKU: 11}, 0)
    (order,) = (play.store.orders[key] for play in finished[:1])
    assert (order.lifecycle, order.fulfilled, order.held) == (Lifecycle.FULFILLED, TOTAL, 0)
    assert same([Counter(play.told) for play in finished]) == {"payment_successful": 1, "payment_surplus": 1}


def test_the_old_link_fails_ends_and_is_paid_late_beside_the_new_one(shop_flow: Flow) -> None:
    """In all 40,320 orders. Setbacks are told only if they come while nothing is paid."""
    play, key = two_links(shop_flow)
    (cancelled,) = play.razorpay.webhooks
    old = paid(play, f"{key}.1", "failed", "authorized", "captured")
    new = paid(play, f"{key}.2", "captured")
    ways = list(ends(play, [cancelled, *old, *new]))
    assert count(ways) == 40_320
    finished = [way.play.finish() for way in ways]
    assert same([play.money for play in finished])["refunds"] == {"pay_2": TOTAL}
    told = [Counter(name for name in play.told if name not in SETBACKS) for play in finished]
    assert same(told) == {"payment_successful": 1, "payment_surplus": 1}
    assert {frozenset(play.told) & SETBACKS for play in finished} == {
        frozenset(),
        frozenset({"payment_failed"}),
    }


def test_the_earlier_order_is_paid_while_a_later_one_waits_for_its_link(shop_flow: Flow) -> None:
    """In all 113,400 orders of its webhooks and the result of its cancelling, each of them twice."""
    play, old = one_link(shop_flow)
    play.store.take(request((SKU, 2)))
    new = str(play.store.current)
    (withdrawal,) = play.store.last.calls
    events = [*paid(play, f"{old}.1", "authorized", "captured"), play.razorpay.answer(withdrawal)]
    ways = list(ends(play, events, times=2))
    assert count(ways) == 113_400
    finished = [way.play.finish() for way in ways]
    orders = same([play.money["orders"] for play in finished])
    assert (orders[old][1], orders[old][-1]) == (Lifecycle.FULFILLED, ((1, "paid"),))
    assert (orders[new][1], orders[new][-1]) == (Lifecycle.LAPSED, ((1, "refused"),))
    told = same([Counter(play.told) for play in finished])
    assert told == {"payment_successful": 1, "earlier_order_paid": 1}


def late_and_refunded(play: Play, key: str) -> list[InboxBody]:
    """Webhooks: failed, expired, authorised, captured, order paid; then a refund by hand, in two steps."""
    failed, authorised, captured, order_paid, _ = paid(play, f"{key}.1", "failed", "authorized", "captured")
    link, razorpay = play.razorpay.links[f"{key}.1"], play.razorpay
    link.status = "created"
    razorpay.end(link, "expired")
    expired = razorpay.webhooks[-1]
    given = razorpay.give_back(razorpay.payments["pay_1"], 2_000)
    assert given
    started = razorpay.webhooks[-1]
    razorpay.finish(given, "processed")
    return [failed, expired, authorised, captured, order_paid, started, razorpay.webhooks[-1]]


def test_a_late_payment_that_somebody_refunds_in_part(shop_flow: Flow) -> None:
    """In all 40,320 orders, among them a failed payment on the same link."""
    play, key = one_link(shop_flow)
    events = late_and_refunded(play, key)
    events += paid(play, f"{key}.1", "failed")
    ways = list(ends(play, events))
    assert count(ways) == 40_320
    finished = [way.play.finish() for way in ways]
    money = same([play.money for play in finished])
    assert money["refunds"] == {"pay_1": 2_000}
    assert (money["left"], money["reserved"]) == ({SKU: 11}, 0)
    state = finished[0].store.orders[key]
    assert (state.lifecycle, state.fulfilled, state.held) == (Lifecycle.FULFILLED, TOTAL - 2_000, 0)
    # Setbacks are told while nothing is paid; that a refund began, unless its end is known by then.
    ways_to_tell = SETBACKS | {"refund_started"}
    told = [Counter(name for name in play.told if name not in ways_to_tell) for play in finished]
    assert same(told) == {"payment_successful": 1, "refund_done": 1}


def test_where_late_money_goes_back_it_matters_what_is_heard_first(shop_text: str) -> None:
    """An order lapses with its link: it is fulfilled if the payment is heard of first, else returned.

    What was given back by hand meanwhile may leave too little for what we asked for. Razorpay refuses
    that then, and what is left waits for a person.
    """
    play, key = one_link(flow_with_repairs(shop_text, "late: refund"))
    ways = list(ends(play, late_and_refunded(play, key)))
    assert count(ways) == factorial(7)
    finished = [way.play.finish().store.orders[key] for way in ways]
    found = {(state.lifecycle, state.fulfilled, state.held, state.held_for) for state in finished}
    assert found == {
        (Lifecycle.FULFILLED, TOTAL - 2_000, 0, None),
        (Lifecycle.RETURNED, 0, 0, None),
        (Lifecycle.RETURNED, 0, TOTAL - 2_000, Hold(HoldReason.REFUND_REFUSED)),
    }
    for state in finished:
        back = sum(refund.amount for refund in state.refunds if refund.goes_back)
        assert state.fulfilled + back + state.held == TOTAL


@pytest.mark.parametrize(
    ("count_of_events", "orders"), [(5, 113_400), (6, 7_484_400)], ids=["5 events", "6 events"]
)
def test_every_event_comes_twice(shop_flow: Flow, count_of_events: int, orders: int) -> None:
    """All orders in which each event comes twice: the messages and the end are the same."""
    play, key = two_links(shop_flow)
    first = paid(play, f"{key}.1", "failed", "authorized", "captured")
    second = paid(play, f"{key}.2", "captured")
    events = [*first[:3], second[0], second[2], first[3]][:count_of_events]
    twice = list(ends(play, events, times=2))
    assert count(twice) == orders == factorial(2 * count_of_events) // 2**count_of_events
    once = [way.play.finish() for way in ends(play, events)]
    finished = [way.play.finish() for way in twice]
    assert same([play.money for play in finished]) == same([play.money for play in once])
    assert {frozenset(Counter(play.told).items()) for play in finished} == {
        frozenset(Counter(play.told).items()) for play in once
    }


def test_the_link_is_known_only_after_its_payment(shop_flow: Flow) -> None:
    """Webhooks overtake the answer to the call that made their link, in all 720 orders."""
    store, razorpay = MemoryShop(shop_flow), Razorpay()
    store.take(request((SKU, 1)))
    call = store.last.calls[0]
    key = store.current
    answer = razorpay.answer(call)
    play = Play(store, razorpay, [], [])
    events = [*paid(play, f"{key}.1", "failed", "authorized", "captured"), answer]
    ways = list(ends(play, events))
    assert count(ways) == 720
    finished = [way.play.finish() for way in ways]
    money = same([play.money for play in finished])
    assert money["orders"][key][1:3] == (Lifecycle.FULFILLED, TOTAL)
    assert {play.told.count("payment_successful") for play in finished} == {1}


def test_a_play_that_goes_its_own_way_leaves_the_other_alone(shop_flow: Flow) -> None:
    play, key = one_link(shop_flow)
    before = play.key
    (captured, *_) = paid(play, f"{key}.1", "captured")
    other = play.after(captured).finish()
    assert play.key == before != other.key
    assert play.after(captured).finish().money == other.money != play.money
