"""What customers, staff and Razorpay do to one order at the same time may come in any order.

Each test plays all orders of its events: the books are right in every end, and the ends are those that are
named.
"""

from collections import Counter

import pytest

from flows.engine.model import Flow
from payments.ledger.audit import discrepancies
from payments.processing.bodies import StaffAction, staff_action_to_json
from payments.processing.changes import Outcome
from payments.processing.step_input import EventKind
from payments.shop.fulfilment import Stage
from tests.builders import InboxBody, chat
from tests.payments.plays import SKU, TOTAL, Play, ends, one_link, paid, same
from tests.payments.shops_with_staff import staffed


@pytest.fixture(scope="module")
def flow(shop_text: str) -> Flow:
    return staffed(shop_text)


def staff(key: str, verb: str, value: str = "", expected: str = "", by: str = "Meena") -> InboxBody:
    """What one of the staff does about the order."""
    return EventKind.STAFF, staff_action_to_json(StaffAction(key, by, verb, value, expected))


def played(play: Play, events: list[InboxBody], times: int = 1) -> list[Play]:
    """The ends of all orders of the events, each with right books."""
    finished = [way.play.finish() for way in ends(play, events, times)]
    for one in finished:
        for state in one.store.orders.values():
            assert discrepancies(state, 1 if state.balance.paid_in_full else None) == ()
            back = sum(refund.amount for refund in state.refunds if refund.goes_back)
            assert state.fulfilled + back + state.held == state.balance.captured
    return finished


def books(play: Play, key: str) -> tuple[str, str, int, int, int]:
    """Lifecycle and stage of the order; the paise for goods, held, and captured by hand."""
    state = play.store.orders[key]
    hands = [payment.amount for payment in state.balance.payments if payment.id.startswith("hand-")]
    return str(state.lifecycle), str(state.stage), state.fulfilled, state.held, sum(hands)


def test_cash_is_promised_while_a_payment_is_under_way(flow: Flow) -> None:
    """In all 113,400 orders of four webhooks and the word, each twice: paid online, and confirmed once."""
    play, key = one_link(flow)
    events = [*paid(play, f"{key}.1", "authorized", "captured"), chat("pay the rider")]
    finished = played(play, events, times=2)
    assert same([books(one, key) for one in finished]) == ("fulfilled", "placed", TOTAL, 0, 0)
    assert same([one.refunds for one in finished]) == {}
    assert {one.told.count("payment_successful") for one in finished} == {1}


def test_cash_is_taken_at_the_door_while_a_payment_arrives(flow: Flow) -> None:
    """The order is paid once; what Razorpay brings beside the cash goes back over Razorpay.

    Whoever presses *Cash taken* when it is paid already hears so, and nothing is recorded.
    """
    play, key = one_link(flow)
    online = paid(play, f"{key}.1", "authorized", "captured")
    play.take(chat("pay the rider"))
    play.take(staff(key, "stage", "out"))
    play.calls.clear()
    taken = [staff(key, "stage", "delivered cash", "out", by) for by in ("Meena", "Ramesh")]
    finished = played(play, [*online, *taken])
    assert {(books(one, key), one.refunds.get("pay_1", 0)) for one in finished} == {
        (("fulfilled", "out", TOTAL, 0, 0), 0),
        (("fulfilled", "delivered", TOTAL, 0, TOTAL), TOTAL),
    }


def test_the_customer_calls_off_while_a_payment_arrives(flow: Flow) -> None:
    """Called off before or after the money came, it goes back once."""
    play, key = one_link(flow)
    events = [*paid(play, f"{key}.1", "authorized", "captured"), chat("call off")]
    finished = played(play, events)
    assert {(books(one, key)[:3], one.refunds.get("pay_1", 0)) for one in finished} == {
        (("returned", "cancelled", 0), TOTAL),
    }
    for one in finished:
        assert (one.told.count("called_off"), one.told.count("too_late")) == (1, 0)
        assert one.store.left[SKU] == 12


def test_the_customer_calls_off_as_the_shop_begins(flow: Flow) -> None:
    """What is stored first wins, and the other changes nothing."""
    play, key = one_link(flow)
    for event in paid(play, f"{key}.1", "captured"):
        play.take(event)
    play.calls.clear()
    play.told.clear()
    presses = [staff(key, "stage", "preparing", "placed", by) for by in ("Meena", "Ramesh")]
    finished = played(play, [chat("call off"), *presses, chat("status")])
    assert {(books(one, key)[:3], one.refunds.get("pay_1", 0)) for one in finished} == {
        (("returned", "cancelled", 0), TOTAL),
        (("fulfilled", "preparing", TOTAL), 0),
    }


def test_two_phones_press_at_once(flow: Flow) -> None:
    """Of presses on what they saw, one counts, whoever is first; each customer hears of one stage."""
    play, key = one_link(flow)
    for event in paid(play, f"{key}.1", "captured"):
        play.take(event)
    play.calls.clear()
    play.told.clear()
    presses = [
        staff(key, "stage", "accepted", "placed", "Meena"),
        staff(key, "stage", "accepted", "placed", "Ramesh"),
        staff(key, "stage", "out", "placed", "Meena"),
        staff(key, "stage", "cancelled", "placed", "Ramesh"),
    ]
    before = len(play.store.results)
    finished = played(play, presses)
    heard = {"accepted": "accepted", "on_its_way": "out", "paid_order_off": "cancelled"}
    for one in finished:
        made = [one.store.results[number].outcome for number in range(before + 1, before + 5)]
        assert Counter(made) == {Outcome.APPLIED: 1, Outcome.IGNORED: 3}
        [stage] = {heard[name] for name in one.told if name in heard}
        assert stage == str(one.store.orders[key].stage)
    assert {books(one, key)[1] for one in finished} == {"accepted", "out", "cancelled"}


@pytest.mark.parametrize("end", ["processed", "failed"])
def test_amendments_race_the_webhooks_of_a_refund(flow: Flow, end: str) -> None:
    """In all orders, each webhook twice: every amendment is refunded once, and a failed refund is held."""
    play, key = one_link(flow)
    for event in paid(play, f"{key}.1", "captured"):
        play.take(event)
    play.take(staff(key, "allowance", "20 late"))
    [call] = play.store.last.calls
    play.calls.clear()
    play.take(play.razorpay.answer(call))
    refund = next(iter(play.razorpay.refunds.values()))
    play.razorpay.finish(refund, end)
    started, ended = play.razorpay.webhooks[-2:]
    amendments = [staff(key, "allowance", "30.50 late"), staff(key, "allowance", "5 late")]
    finished = played(play, [started, ended, *amendments, started, ended])
    back, held = (5_550, 0) if end == "processed" else (3_550, 2_000)
    assert same([one.refunds for one in finished]) == {"pay_1": back}
    assert same([books(one, key)[:4] for one in finished]) == ("fulfilled", "placed", TOTAL - 5_550, held)
    assert same([one.told.count("amended") for one in finished]) == 3


def test_cash_is_given_back_while_the_order_is_amended(flow: Flow) -> None:
    """In all 720 orders of six events: what a person has to give back is given back once."""
    play, key = one_link(flow)
    play.take(chat("pay the rider"))
    play.take(staff(key, "stage", "delivered cash"))
    play.calls.clear()
    events = [
        staff(key, "allowance", "20 late"),
        staff(key, "allowance", "30 late"),
        *(staff(key, "refunded", by=by) for by in ("Meena", "Ramesh")),
        staff(key, "cash", "10 surplus"),
        staff(key, "return", f"{SKU} 1 broken"),
    ]
    for one in played(play, events):
        state = one.store.orders[key]
        assert (state.stage, state.fulfilled, state.held) == (Stage.RETURNED, 0, 0)
        back = sum(refund.amount for refund in state.refunds)
        assert back == state.balance.captured == TOTAL + 1_000
        assert state.to_give_back == sum(refund.amount for refund in state.refunds if refund.open)
