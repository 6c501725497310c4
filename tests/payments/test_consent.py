"""What a customer wants to hear: reminders are withheld from who wants none, answers and news are not."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flows.engine import conversation as conversations
from flows.engine.conversation import Conversation
from flows.engine.model import Flow
from payments.processing.advance import advance
from payments.processing.changes import Outcome, values
from payments.processing.memory import MemoryStore
from payments.processing.step_input import EventKind, InboxEvent
from payments.shop.consent import Hears, stricter, without_offers
from tests.builders import InboxBody, chat, timer
from tests.payments.memory_shop import NOW
from tests.payments.shops_with_staff import MEENA, flow_of, played, plays

HEARS = st.sampled_from(Hears)


def test_stop_with_order_under_way() -> None:
    """The link, its end, and the payment are news of the order, and come all the same."""
    plays(
        """
        - customer: hi
        - customer: stop
        - shop: You hear nothing from us.
        - razorpay: is slow
        - tap: Yes please
        - shop: []
        - razorpay: answers
        - shop: Order … over ₹30.
        - waits: 20 min
        - shop: Your link is over.
        - order: [{sku: glass, quantity: 1}]
        - shop: Order … over ₹30.
        - pays: true
        - shop: Paid. …
        """
    )


def test_no_reminders_after_stop_and_the_trace_says_why() -> None:
    outcome = played("- customer: stop\n- customer: wait\n- waits: 10 min\n- shop: []\n")
    assert outcome.mismatch is None, str(outcome)
    [entry] = outcome.results[-1].trace
    assert (entry["unsaid"], entry["told"]) == (["thirsty"], ["waits"])
    assert entry["because"] == "the customer wants no reminders"


def test_reminders_again() -> None:
    plays("- customer: stop\n- customer: start\n- customer: wait\n- waits: 10 min\n- shop: Still thirsty?\n")


def test_answers_are_said_after_stop() -> None:
    plays("- customer: stop\n- customer: hi\n- shop: Lemonade?\n")


def test_a_stop_in_whatsapp_takes_the_yes_to_offers_back_and_a_start_gives_none() -> None:
    plays(
        """
        - customer: offers
        - shop: You hear offers from us.
        - whatsapp: stops offers
        - shop: []
        - whatsapp: allows offers
        - customer: wait
        - waits: 10 min
        - shop: Still thirsty?
        """
    )


def set_in_whatsapp(hears: Hears, stopped: bool) -> tuple[str, Outcome]:
    asha = Conversation("c-1", data={"hears": str(hears)})
    memory = MemoryStore({}, conversations={"c-1": asha})
    event = InboxEvent(1, EventKind.PREFERENCE, {"stopped": stopped}, 1)
    changes = advance(flow_of(MEENA), memory.given("c-1", [event]), 1)
    return changes.conversation.data.get("hears", "orders"), changes.results[0].outcome


@pytest.mark.parametrize(
    ("hears", "stopped", "after"),
    [
        (Hears.OFFERS, True, "orders"),
        (Hears.ORDERS, True, "orders"),
        (Hears.NOTHING, True, "nothing"),
        (Hears.OFFERS, False, "offers"),
        (Hears.ORDERS, False, "orders"),
        (Hears.NOTHING, False, "nothing"),
    ],
)
def test_what_whatsapps_settings_mean(hears: Hears, stopped: bool, after: str) -> None:
    outcome = Outcome.APPLIED if after != str(hears) else Outcome.IGNORED
    assert set_in_whatsapp(hears, stopped) == (after, outcome)


@given(HEARS, HEARS)
def test_the_stricter_wins_when_conversations_become_one(own: Hears, other: Hears) -> None:
    memory = MemoryStore({}, conversations={"c-1": Conversation("c-1", data={"hears": str(own)})})
    snapshot = json.dumps(conversations.to_json(Conversation("c-2", data={"hears": str(other)})))
    body = {"conversation": "c-2", "heard_last": True, "snapshot": snapshot}
    changes = advance(flow_of(MEENA), memory.given("c-1", [InboxEvent(1, EventKind.JOINED, body, 1)]), 1)
    assert changes.conversation.data.get("hears", "orders") == min(own, other, key=list(Hears).index)


@given(HEARS, HEARS, HEARS)
def test_stricter_is_an_order(a: Hears, b: Hears, c: Hears) -> None:
    assert stricter(a, b) is stricter(b, a)
    assert stricter(a, stricter(b, c)) is stricter(stricter(a, b), c)
    assert without_offers(a) is not Hears.OFFERS
    assert stricter(a, without_offers(a)) is without_offers(a)


def test_a_reminder_that_a_stop_overtakes_is_not_sent() -> None:
    """Both are handled in one step: the reminder was decided, and has not left."""
    flow, store = flow_of(MEENA), MemoryStore(conversations={"c-1": Conversation("c-1")})
    step(store, flow, chat("wait"))
    [started] = store.timers.values()
    step(store, flow, timer(started), chat("stop"))
    assert [say.name for say in values(store.messages)] == ["as_you_wish"]
    assert store.results[2].trace[0]["because"] == "the customer wants no reminders"


def step(store: MemoryStore, flow: Flow, *arrivals: InboxBody) -> None:
    """Run one step with all `arrivals`."""
    first = len(store.results) + 1
    events = [InboxEvent(first + n, kind, body, NOW) for n, (kind, body) in enumerate(arrivals)]
    store.save(advance(flow, store.given("c-1", events), NOW))
