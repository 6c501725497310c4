"""Offers: only who asked for them gets them, from a rule as from a broadcast, and the trace says why not."""

from typing import Any

import pytest

from flows.engine.conversation import Conversation
from payments.processing.advance import advance
from payments.processing.broadcasts import is_silent
from payments.processing.changes import ChangeSet, Outcome
from payments.processing.memory import MemoryStore
from payments.processing.silence import withheld
from payments.processing.step_input import EventKind, InboxEvent
from payments.shop.consent import Hears
from payments.shop.handover import Handover, to_json
from tests.payments.shops_with_staff import MEENA, flow_of, played, plays

DAY = 86_400_000
NOW = 100 * DAY


def offered(
    message: str = "sale", hears: Hears = Hears.OFFERS, heard: int | None = NOW - 1, **more: Any
) -> ChangeSet:
    """What the step of a broadcast's event changes."""
    conversation = Conversation("c-1", customer={"name": "Asha"}, data={"hears": str(hears), **more})
    forgotten = {"c-1"} if message == "forgotten" else set()
    memory = MemoryStore(conversations={"c-1": conversation}, heard={"c-1": heard}, forgotten=forgotten)
    body = {"broadcast": "b", "message": message}
    return advance(flow_of(MEENA), memory.given("c-1", [InboxEvent(1, EventKind.OFFER, body, NOW)]), NOW)


def ignored(changes: ChangeSet) -> str:
    [result] = changes.results
    assert (result.outcome, changes.messages) == (Outcome.IGNORED, [])
    return str(result.trace[0]["ignored"])


def test_who_asked_for_offers_gets_it_where_they_stand_and_moves_nowhere() -> None:
    changes = offered()
    [(event, say)] = changes.messages
    assert (event, say.name, say.offer, say.message.words) == (1, "sale", True, "Half price today, Asha!")
    assert changes.results[0].trace == ({"event": "offer", "broadcast": "b", "said": ["sale"]},)
    assert changes.conversation.state == "counter"
    assert [title for title, _ in changes.conversation.choices] == ["Buy one"]


@pytest.mark.parametrize("hears", [Hears.NOTHING, Hears.ORDERS])
def test_nobody_else_does(hears: Hears) -> None:
    assert ignored(offered(hears=hears)) == "the customer did not ask for offers"


def test_not_while_a_person_has_the_chat() -> None:
    because = ignored(offered(handover=to_json(Handover(1, NOW))))
    assert because == "a person has the chat, and an offer would disturb it"


@pytest.mark.parametrize(
    ("message", "why"),
    [("forgotten", "the customer was forgotten"), ("hello", "the flow file has no offer 'hello' any more")],
)
def test_nor_where_there_is_nobody_or_no_offer(message: str, why: str) -> None:
    assert ignored(offered(message)) == why


@pytest.mark.parametrize(("ago", "said"), [(DAY - 1, True), (DAY, False), (None, False)])
def test_after_24_hours_only_what_has_a_template(ago: int | None, said: bool) -> None:
    heard = None if ago is None else NOW - ago
    assert is_silent(flow_of(MEENA).limits, heard, NOW) is not said
    assert len(offered("sale", heard=heard).messages) == 1
    changes = offered("flash_sale", heard=heard)
    assert [say.name for _, say in changes.messages] == (["flash_sale"] if said else [])
    assert said or ignored(changes) == "they wrote over 24 hours ago, and the offer has no template"


def test_a_stop_that_is_stored_first_wins() -> None:
    memory = MemoryStore(
        conversations={"c-1": Conversation("c-1", data={"hears": "offers"})}, heard={"c-1": NOW - 1}
    )
    stop = {"event": {"kind": "text", "text": "stop"}}
    events = [
        InboxEvent(1, EventKind.CHAT, stop, NOW),
        InboxEvent(2, EventKind.OFFER, {"broadcast": "b", "message": "sale"}, NOW),
    ]
    changes = advance(flow_of(MEENA), memory.given("c-1", events), NOW)
    assert [say.name for _, say in changes.messages] == ["as_you_wish"]


def test_an_offer_that_a_rule_says_is_withheld_and_the_rest_is_said() -> None:
    outcome = played("- customer: deals\n- shop: Lemonade?\n")
    assert outcome.mismatch is None, str(outcome)
    [entry] = outcome.results[-1].trace
    assert (entry["said"], entry["unsaid"]) == (["hello"], ["sale"])
    assert entry["because"] == "the customer did not ask for offers"


def test_what_is_withheld_as_a_whole_is_added_to_the_offers_that_were() -> None:
    trace = withheld(({"said": ["thirsty"], "unsaid": ["sale"], "because": "x"},), "no reminders")
    assert trace == ({"unsaid": ["sale", "thirsty"], "because": "no reminders"},)


def test_it_is_said_to_who_asked_and_what_is_withheld_cannot_be_chosen() -> None:
    plays("- customer: offers\n- customer: deals\n- shop: ['Lemonade?', 'Half price today, …']\n")
    # "1" is the first choice of the message that they see.
    plays("- customer: deals\n- customer: '1'\n- shop: Order … over ₹30.\n")
    plays("- customer: deals\n- customer: Buy one\n- shop: Lemonade?\n")
