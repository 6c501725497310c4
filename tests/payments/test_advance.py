"""Waiting events, one after the other: success told once, nothing lost when a step fails."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from itertools import permutations
from typing import Any, Final

import pytest

from flows import events
from flows.conversation import Conversation
from flows.events import Event, Tapped, TextReceived, TimerDue
from flows.load import load
from flows.messages import Text
from flows.model import Flow
from payments import facts as fact_values
from payments.advance import advance
from payments.calls import CancelLink, CreateLink
from payments.case import Advanced, Arrived, Case, Kind, OrderState, Outcome
from payments.facts import Fact
from payments.ledger import Verdict
from payments.orders import AttemptStatus
from payments.shop import SHOP

NOW: Final = 1_800_000_000_000
Body = Mapping[str, Any]


class Store:
    """The database in small: what is written is what the next case loads."""

    def __init__(self, flow: Flow) -> None:
        self.flow, self.conversation = flow, Conversation("c-1", customer={"name": "Asha"})
        self.orders: dict[str, OrderState] = {}
        self.said: list[str] = []
        self.last = Advanced(self.conversation, ())
        self._number = 0

    def take(self, *arrivals: tuple[Kind, Body], now: int = NOW) -> Advanced:
        """All `arrivals` in one case."""
        arrived = []
        for kind, body in arrivals:
            self._number += 1
            arrived.append(Arrived(self._number, kind, body, now))
        self.last = done = advance(self.flow, Case(self.conversation, tuple(arrived), self.orders), now)
        self.conversation = done.conversation
        self.said += [say.name for say in done.sends]
        for order in done.orders:
            self.orders[order.key] = OrderState(order, (), Verdict.UNPAID, ())
        for fact in done.facts:
            self._change(fact.order_key, facts=(*self.orders[fact.order_key].facts, fact))
        for attempt in done.attempts:
            others = [a for a in self.orders[attempt.order_key].attempts if a.ordinal != attempt.ordinal]
            self._change(attempt.order_key, attempts=(*others, attempt))
        for key, verdict in done.verdicts.items():
            self._change(key, verdict=verdict)
        return done

    def _change(self, key: str, **changes: Any) -> None:
        self.orders[key] = replace(self.orders[key], **changes)

    def order(self) -> str:
        """Buy one packet; the key of the order, whose link is still being made."""
        self.take(chat(TextReceived("hi")), chat(Tapped("0|add|masala-250")))
        self.take(chat(TextReceived("checkout")), chat(TextReceived("yes")))
        assert self.conversation.state == "awaiting_payment"
        return str(self.conversation.data["order"]["key"])

    def order_with_link(self) -> str:
        key = self.order()
        self.take(created(f"{key}.1"))
        return key

    def order_with_link_again(self) -> str:
        """A second packet, and an order of both."""
        key = self.order()
        self.take(created(f"{key}.1"), withdrawn(f"{key[:-1]}{int(key[-1]) - 1}.1"))
        return key

    def status(self, key: str, ordinal: int = 1) -> AttemptStatus:
        return next(a.status for a in self.orders[key].attempts if a.ordinal == ordinal)

    @property
    def outcomes(self) -> list[Outcome]:
        return [handled.outcome for handled in self.last.handled]


@pytest.fixture
def store(shop_flow: Flow) -> Store:
    return Store(shop_flow)


def chat(event: Event, name: str = "Asha") -> tuple[Kind, Body]:
    return Kind.CHAT, {"event": events.to_json(event), "name": name}


def created(reference: str) -> tuple[Kind, Body]:
    fields = {
        "reference_id": reference,
        "link_id": f"plink_{reference}",
        "short_url": f"https://rzp.io/{reference}",
    }
    return Kind.RESULT, {"name": "payment_link.created", "fields": {**fields, "status": "created"}}


def refused(reference: str) -> tuple[Kind, Body]:
    return Kind.RESULT, {
        "name": "payment_link.refused",
        "fields": {"reference_id": reference, "reason": "no"},
    }


def withdrawn(reference: str, status: str = "cancelled") -> tuple[Kind, Body]:
    return Kind.RESULT, {
        "name": "payment_link.withdrawn",
        "fields": {"reference_id": reference, "status": status},
    }


def facts(*told: Fact) -> tuple[Kind, Body]:
    return Kind.FACTS, {"order_key": told[0].order_key, "facts": [fact_values.to_json(fact) for fact in told]}


def payment(key: str, state: str, amount: int = 18_000, id: str = "pay_1", currency: str = "INR") -> Fact:
    return Fact(
        key, "payment", id, state, amount, currency, 0, {"method": "upi", "error_description": "Declined"}
    )


def link(key: str, state: str, ordinal: int = 1) -> Fact:
    return Fact(key, "payment_link", f"plink_{key}.{ordinal}", state, 18_000, "INR", 0)


def success(key: str) -> list[tuple[Kind, Body]]:
    """What Razorpay sends when a link is paid: four events, which overlap in what they say."""
    authorised, captured = payment(key, "authorized"), payment(key, "captured")
    order = Fact(key, "order", "order_1", "paid", 18_000, "INR", 0)
    return [
        facts(authorised),
        facts(captured),
        facts(captured, order),
        facts(captured, order, link(key, "paid")),
    ]


def cases(order: Iterable[tuple[Kind, Body]], in_one: bool) -> list[list[tuple[Kind, Body]]]:
    doubled = [arrival for arrival in order for _ in range(2)]
    return [doubled] if in_one else [[arrival] for arrival in doubled]


@pytest.mark.parametrize("in_one", [True, False], ids=["in one case", "in eight cases"])
@pytest.mark.parametrize("order", list(permutations(range(4))), ids=str)
def test_the_four_success_events_in_any_order_and_twice_tell_once(
    store: Store, order: tuple[int, ...], in_one: bool
) -> None:
    key = store.order_with_link()
    four = success(key)
    verdicts: list[Verdict] = []
    for case in cases((four[i] for i in order), in_one):
        verdicts += store.take(*case).verdicts.values()
        assert Outcome.PARKED not in store.outcomes
    assert store.said.count("payment_successful") == 1
    assert verdicts.count(Verdict.PAID) == 1
    assert store.orders[key].verdict is Verdict.PAID
    assert len(store.orders[key].facts) == len({fact.identity for fact in store.orders[key].facts}) == 4
    assert store.status(key) is AttemptStatus.PAID
    assert store.conversation.state == "paid"
    assert store.conversation.data["order"]["status"] == "paid"
    assert store.conversation.data["cart"] == []


def test_a_repeated_fact_is_ignored(store: Store) -> None:
    key = store.order_with_link()
    store.take(facts(payment(key, "failed")), facts(payment(key, "failed")))
    assert store.outcomes == [Outcome.APPLIED, Outcome.IGNORED]
    assert store.said.count("payment_failed") == 1
    assert len(store.last.facts) == 1


@pytest.mark.parametrize("states", [("captured", "failed"), ("failed", "captured")])
def test_a_payment_that_failed_and_was_captured_is_captured(store: Store, states: tuple[str, str]) -> None:
    key = store.order_with_link()
    for state in states:
        store.take(facts(payment(key, state)))
    assert store.said.count("payment_successful") == 1
    assert store.said.count("payment_failed") == (1 if states[0] == "failed" else 0)
    assert store.said[-1] == "payment_successful"
    assert store.conversation.state == "paid"


@pytest.mark.parametrize(
    ("fact", "verdict", "said"),
    [
        ({"amount": 17_999}, Verdict.SHORT, "payment_held"),
        ({"currency": "USD"}, Verdict.UNKNOWN, "payment_held"),
        ({"amount": 18_001}, Verdict.OVERPAID, "payment_successful"),
    ],
)
def test_money_that_does_not_fit(store: Store, fact: dict[str, Any], verdict: Verdict, said: str) -> None:
    key = store.order_with_link()
    store.take(facts(payment(key, "captured", **fact)))
    assert store.last.verdicts == {key: verdict}
    assert store.said[-1] == said
    assert store.conversation.data["order"]["status"] == ("paid" if verdict.settled else "held")


def test_short_and_then_the_rest_is_success(store: Store) -> None:
    key = store.order_with_link()
    store.take(facts(payment(key, "captured", 8_000)), facts(payment(key, "captured", 10_000, "pay_2")))
    assert store.said[-2:] == ["payment_held", "payment_successful"]
    assert store.last.verdicts == {key: Verdict.PAID}
    store.take(facts(payment(key, "captured", 5, "pay_3")))
    assert store.last.verdicts == {key: Verdict.OVERPAID}
    assert store.said.count("payment_successful") == 1


# Steps that fail


@pytest.fixture
def broken(shop_text: str) -> Flow:
    """The shop, but its message of success can't be said."""
    text = shop_text.replace("✅ Payment Successful!", "{{ order.missing }}")
    return load(text, "flows.yaml", SHOP)


def test_a_step_that_fails_keeps_the_facts_and_the_next_event_tells_the_customer(
    store: Store, broken: Flow, shop_flow: Flow
) -> None:
    key = store.order_with_link()
    before, told = store.conversation, list(store.said)
    store.flow = broken
    store.take(facts(payment(key, "captured")))
    assert store.outcomes == [Outcome.PARKED]
    error = store.last.handled[0].error
    assert error is not None
    assert "order.missing" in error
    assert store.conversation == before
    assert store.said == told
    assert store.last.verdicts == {}
    assert (store.last.sends, store.last.timers, store.last.calls) == ((), (), ())
    assert store.last.facts == (payment(key, "captured"),)
    assert store.orders[key].verdict is Verdict.UNPAID
    store.flow = shop_flow
    store.take(facts(payment(key, "captured"), link(key, "paid")))
    assert store.said == [*told, "payment_successful"]
    assert store.orders[key].verdict is Verdict.PAID
    store.take(*success(key))
    assert store.said.count("payment_successful") == 1


def test_the_same_event_replayed_tells_the_customer_too(store: Store, broken: Flow, shop_flow: Flow) -> None:
    key = store.order_with_link()
    store.flow = broken
    store.take(facts(payment(key, "captured")), facts(payment(key, "captured")))
    assert store.outcomes == [Outcome.PARKED, Outcome.PARKED]
    assert len(store.orders[key].facts) == 1
    store.flow = shop_flow
    store.take(facts(payment(key, "captured")))
    assert store.said[-1] == "payment_successful"


def test_events_after_a_parked_one_go_on(store: Store) -> None:
    store.take(chat(TextReceived("hi")), facts(payment("c-9-1", "captured")), chat(TextReceived("help")))
    assert store.outcomes == [Outcome.APPLIED, Outcome.PARKED, Outcome.APPLIED]
    assert store.said == ["products", "help"]


@pytest.mark.parametrize("language", ["en", "hi", "ta", ""])
def test_a_chat_that_is_parked_is_answered_with_an_apology_in_the_customers_language(
    store: Store, language: str
) -> None:
    store.take(chat(TextReceived("hi")))
    store.conversation = replace(store.conversation, language=language, data={"cart": "broken"})
    before = store.conversation
    store.take(chat(TextReceived("hi"), name="Someone else"))
    assert store.outcomes == [Outcome.PARKED]
    (say,) = store.last.sends
    flow = store.flow
    assert say.message == Text(flow.apologies[language if language in flow.languages else "en"])
    assert (flow.apologies["hi"][:4], flow.apologies["en"][:5]) == ("माफ़"[:4], "Sorry")
    assert store.conversation == before


@pytest.mark.parametrize(
    ("arrival", "said"),
    [
        (facts(payment("c-1-99", "captured")), "c-1-99, which this database doesn't have"),
        (facts(payment("", "captured")), "names order"),
        (created("c-1-99.1"), "c-1-99.1, which this database doesn't have"),
        (created("c-1-1.7"), "c-1-1.7, which this database doesn't have"),
        (created("nonsense"), "nonsense, which"),
        ((Kind.RESULT, {"name": "x", "fields": {"reference_id": "c-1-1.1"}}), "unknown answer 'x'"),
        ((Kind.RECEIPT, {}), "RECEIPT"),
        ((Kind.OTHER, {}), "OTHER"),
        ((Kind.FACTS, {}), "order_key"),
        ((Kind.RESULT, {}), "fields"),
        ((Kind.REQUEST, {}), "items"),
        ((Kind.TIMER, {"kind": "x"}), "unknown event kind 'x'"),
        ((Kind.CHAT, {"event": {"kind": "x"}}), "unknown event kind 'x'"),
        ((Kind.CHAT, {}), "event"),
    ],
)  # fmt: skip
def test_what_makes_no_sense_is_parked_with_its_reason(
    store: Store, arrival: tuple[Kind, Body], said: str
) -> None:
    store.order_with_link()
    before = store.conversation
    store.take(arrival)
    assert store.outcomes == [Outcome.PARKED]
    assert said in (store.last.handled[0].error or "")
    assert store.conversation == before
    assert (store.last.calls, store.last.attempts, store.last.facts, store.last.verdicts) == ((), (), (), {})
    assert [say.name for say in store.last.sends] == (["apology"] if arrival[0] is Kind.CHAT else [])


def test_a_late_timer_is_ignored_and_not_parked(store: Store) -> None:
    store.take(chat(TextReceived("hi")), (Kind.TIMER, events.to_json(TimerDue("cart", "1 h", 1))))
    assert store.outcomes == [Outcome.APPLIED, Outcome.IGNORED]


def test_the_customers_name_is_kept_and_used(store: Store) -> None:
    store.take(chat(TextReceived("hi"), name="Ravi"))
    assert store.conversation.customer == {"name": "Ravi"}
    store.take(chat(TextReceived("hi"), name=""))
    assert store.conversation.customer == {"name": "Ravi"}


# Links


def test_an_order_asks_for_one_link_of_its_total(store: Store) -> None:
    key = store.order()
    (order,) = store.last.orders
    (call,) = store.last.calls
    assert (order.key, order.total, order.placed_by, order.conversation) == (key, 18_000, 4, "c-1")
    assert call == CreateLink(f"{key}.1", key, 18_000, "INR", f"Order #{order.number}", NOW + 1_200_000)
    assert store.status(key) is AttemptStatus.CREATING
    store.take(created(f"{key}.1"))
    assert store.status(key) is AttemptStatus.CREATED
    assert store.said[-1] == "complete_payment"
    assert store.conversation.data["order"]["link"]["url"] == f"https://rzp.io/{key}.1"


def test_a_refused_link_is_told_and_can_be_tried_again(store: Store) -> None:
    key = store.order()
    store.take(refused(f"{key}.1"))
    assert (store.said[-1], store.status(key)) == ("link_refused", AttemptStatus.REFUSED)
    store.take(chat(TextReceived("retry")))
    (call,) = store.last.calls
    assert isinstance(call, CreateLink)
    assert call.reference_id == f"{key}.2"


def test_a_link_that_is_made_too_late_is_cancelled_and_not_told(store: Store) -> None:
    key = store.order()
    store.take(chat(TextReceived("cancel")))
    assert store.last.calls == (CancelLink(f"{key}.1", None),)
    said = list(store.said)
    store.take(created(f"{key}.1"))
    assert store.last.calls == (CancelLink(f"{key}.1", f"plink_{key}.1"),)
    assert store.said == said
    store.take(withdrawn(f"{key}.1"))
    assert store.status(key) is AttemptStatus.CANCELLED


def test_a_refusal_of_a_superseded_link_is_not_told(store: Store) -> None:
    key = store.order()
    store.take(chat(TextReceived("cancel")))
    said = list(store.said)
    store.take(refused(f"{key}.1"))
    assert store.said == said
    assert store.status(key) is AttemptStatus.REFUSED


def test_a_new_order_cancels_the_open_link_of_the_old_one(store: Store) -> None:
    old = store.order_with_link()
    new = store.order()
    assert new != old
    assert store.last.calls[0] == CancelLink(f"{old}.1", f"plink_{old}.1")
    assert isinstance(store.last.calls[1], CreateLink)


def test_an_order_asked_for_over_the_api_moves_the_chat_on(store: Store) -> None:
    items = [
        {"sku": "ginger-250", "quantity": 2},
        {"sku": "gone", "quantity": 1},
        {"sku": "ginger-250", "quantity": 1},
    ]
    store.take((Kind.REQUEST, {"items": items}))
    (order,) = store.last.orders
    assert [(line.sku, line.quantity) for line in order.lines] == [("ginger-250", 3)]
    assert (order.total, store.conversation.state) == (42_000, "awaiting_payment")
    store.take((Kind.REQUEST, {"items": None}))
    assert store.last.orders[0].total == 42_000
    assert isinstance(store.last.calls[0], CancelLink)


def test_an_order_of_nothing_over_the_api_is_ignored(store: Store) -> None:
    store.take((Kind.REQUEST, {"items": None}))
    assert store.outcomes == [Outcome.IGNORED]
    assert store.last.orders == ()


def test_an_expired_link_is_told_once_and_replaced_on_demand(store: Store) -> None:
    key = store.order_with_link()
    store.take(facts(link(key, "expired")), facts(link(key, "expired")))
    assert (store.said[-1], store.said.count("link_expired")) == ("link_expired", 1)
    assert store.status(key) is AttemptStatus.EXPIRED
    store.take(chat(TextReceived("retry")), now=NOW + 1_300_000)
    assert [type(call) for call in store.last.calls] == [CreateLink]
    assert store.orders[key].attempts[-1].reference_id == f"{key}.2"


def test_the_end_of_an_older_attempt_is_noted_and_not_told(store: Store) -> None:
    key = store.order()
    store.take(refused(f"{key}.1"), chat(TextReceived("retry")))
    store.take(created(f"{key}.2"))
    old = store.orders[key].attempts[0]
    store._change(key, attempts=(replace(old, link_id=f"plink_{key}.1"), *store.orders[key].attempts[1:]))
    said = list(store.said)
    store.take(facts(link(key, "expired")))
    assert store.said == said
    assert store.status(key, 1) is AttemptStatus.EXPIRED
    assert store.status(key, 2) is AttemptStatus.CREATED
    assert store.conversation.state == "awaiting_payment"


def test_a_payment_of_an_older_order_is_told_and_the_newer_ones_link_is_withdrawn(store: Store) -> None:
    old = store.order_with_link()
    new = store.order_with_link_again()
    store.take(facts(payment(old, "captured")))
    assert store.said[-1] == "payment_successful"
    (say,) = store.last.sends
    assert isinstance(say.message, Text)
    assert f"#{store.orders[old].order.number}" in say.message.body
    assert store.conversation.data["order"]["key"] == old
    assert store.last.calls == (CancelLink(f"{new}.1", f"plink_{new}.1"),)
    store.take(facts(payment(new, "captured", 36_000, "pay_2")))
    assert store.said.count("payment_successful") == 2
    assert {state.verdict for state in store.orders.values()} == {Verdict.PAID}


def test_setbacks_of_an_older_order_are_not_told(store: Store) -> None:
    old = store.order_with_link()
    store.order_with_link_again()
    said = list(store.said)
    store.take(facts(payment(old, "failed")), facts(link(old, "cancelled")))
    assert store.said == said
    assert store.outcomes == [Outcome.APPLIED, Outcome.APPLIED]


def test_a_link_that_is_made_after_its_order_is_paid_is_cancelled(store: Store) -> None:
    key = store.order_with_link()
    store.take(facts(link(key, "expired")), chat(TextReceived("retry")))
    store.take(facts(payment(key, "captured")))
    assert store.said[-1] == "payment_successful"
    store.take(created(f"{key}.2"))
    assert store.last.calls == (CancelLink(f"{key}.2", f"plink_{key}.2"),)
    assert store.said[-1] == "payment_successful"


def test_no_event_changes_nothing(store: Store) -> None:
    assert advance(store.flow, Case(Conversation("c-1"), ()), NOW) == Advanced(Conversation("c-1"), ())
