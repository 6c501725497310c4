"""Time that ran out, and what came after it, in one case: the server was down meanwhile."""

from flows.engine import events
from flows.engine.effects import StartTimer
from flows.engine.events import TextReceived, TimerDue
from payments.processing.step_input import Kind
from tests.payments.memory_shop import NOW, Body, Store, chat, facts, payment

MINUTE = 60_000


def over(timer: StartTimer) -> tuple[Kind, Body]:
    return Kind.TIMER, events.to_json(TimerDue(timer.state, timer.timer, timer.visit, timer.due))


def test_that_a_link_ran_out_is_not_told_together_with_its_payment(store: Store) -> None:
    key = store.order_with_link()
    [*_, last] = store.last.timers
    before = len(store.said)
    store.take(over(last), facts(payment(key, "captured")), now=NOW + 60 * MINUTE)
    assert store.said[before:] == ["payment_successful"]
    [timer, paid] = store.last.results
    assert [entry["unsaid"] for entry in timer.trace if "unsaid" in entry] == [["link_expired"]]
    assert [entry["said"] for entry in paid.trace if "said" in entry] == [["payment_successful"]]
    assert {cause for cause, _ in store.last.changes.messages} <= {timer.number, paid.number}


def test_what_the_customer_asked_for_is_told_whatever_came_after_it(store: Store) -> None:
    key = store.order_with_link()
    before = len(store.said)
    store.take(chat(TextReceived("pay")), facts(payment(key, "captured")))
    assert store.said[before:] == ["payment_url", "payment_successful"]


def test_time_that_ran_out_where_the_customer_still_is_is_told(store: Store) -> None:
    store.order_with_link()
    reminder = store.last.timers[1]
    before = len(store.said)
    store.take(chat(TextReceived("pay")), over(reminder), now=NOW + 11 * MINUTE)
    assert store.said[before:] == ["payment_url", "payment_reminder"]
