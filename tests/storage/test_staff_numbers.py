"""The shop's staff at the channel, on both databases: declared, found, recycled, quoted."""

from dataclasses import replace

import pytest

from flows.engine.effects import Say
from flows.messages.kinds import Text
from payments.processing.bodies import StaffAction, staff_action_to_json
from payments.processing.changes import ChangeSet, Told
from payments.processing.step_input import EventKind, Quoted, StepInput
from payments.shop.staff import Right, Staff
from storage import Store
from storage.inbox.arrival import Arrival
from storage.outbox.deliveries import Done
from tests.builders import change_set

NOW = 1_790_000_000_000
MEENA = Staff("Meena", "+919812345671")
NUMBER = "919812345671"


async def given_to(store: Store, arrival: Arrival, **changes: object) -> StepInput:
    seen: list[StepInput] = []

    def step(given: StepInput) -> ChangeSet:
        seen.append(given)
        return change_set(given, **changes)

    await store.arrive([arrival], NOW)
    await store.advance_due(step, NOW)
    [given] = [one for one in seen if arrival.body in [event.body for event in one.events]]
    return given


def by(key: str, phone: str, bsuid: str | None = None, **rest: object) -> Arrival:
    names = ((("bsuid", bsuid),) if bsuid else ()) + (("phone", phone),)
    return Arrival(key, EventKind.CHAT, {"n": key, **rest}, aliases=names, told_at=NOW)


async def test_a_member_who_never_wrote_has_a_conversation(store: Store) -> None:
    await store.declare_staff({NUMBER: MEENA}, NOW)
    [(conversation, member)] = (await given_to(store, by("a", "919800000001"))).staff.items()
    assert member == MEENA
    given = await given_to(store, by("b", NUMBER, "IN.1"))
    assert (given.conversation.id, given.heard_at) == (conversation, None)
    assert given.conversation.customer == {}, "they tell their name when they write"


async def test_a_customer_who_becomes_staff_keeps_their_conversation(store: Store) -> None:
    bought = await given_to(store, by("a", NUMBER, "IN.1"))
    await store.declare_staff({NUMBER: MEENA}, NOW)
    given = await given_to(store, by("b", NUMBER, "IN.1"))
    assert [*given.staff] == [bought.conversation.id] == [given.conversation.id]
    assert given.heard_at == NOW


async def test_rights_and_names_are_those_declared_last(store: Store) -> None:
    await store.declare_staff({NUMBER: MEENA, "919812345672": Staff("Ramesh", "+919812345672")}, NOW)
    only = Staff("Meena R", MEENA.phone, frozenset({Right.ORDERS, Right.CHAT}))
    await store.declare_staff({NUMBER: only}, NOW)
    assert [*(await given_to(store, by("a", "919800000001"))).staff.values()] == [only]
    await store.declare_staff({}, NOW)
    assert (await given_to(store, by("b", "919800000001"))).staff == {}


async def notices(store: Store) -> list[str]:
    return [row["subject"] for row in await store._units.read(lambda tx: tx.fetch("SELECT * FROM notice"))]


async def test_staff_number_recycled(store: Store) -> None:
    """The number comes with another lasting name: it is nobody's, until it is declared anew."""
    await store.declare_staff({NUMBER: MEENA}, NOW)
    assert (await given_to(store, by("a", NUMBER, "IN.1"))).staff
    assert (await given_to(store, by("b", NUMBER, "IN.1"))).staff, "the same person"
    stranger = await given_to(store, by("c", NUMBER, "IN.2"))
    assert stranger.staff == {}
    assert await notices(store) == ["Meena"]
    await store.declare_staff({NUMBER: MEENA}, NOW)
    assert (await given_to(store, by("d", NUMBER, "IN.2"))).staff == {}, "a restart trusts nobody"
    await store.declare_staff({}, NOW)
    await store.declare_staff({NUMBER: MEENA}, NOW)
    assert [*(await given_to(store, by("e", NUMBER, "IN.2"))).staff] == [stranger.conversation.id]


async def test_a_number_that_comes_without_a_lasting_name_is_nobody_elses(store: Store) -> None:
    """A member's aliases may be gone, or come without the lasting name: that accuses nobody."""
    await store.declare_staff({NUMBER: MEENA}, NOW)
    assert (await given_to(store, by("a", NUMBER, "IN.1"))).staff
    await store._units.run(lambda tx: tx.fetch("DELETE FROM alias"))
    await store.declare_staff({NUMBER: MEENA}, NOW)
    assert [*(await given_to(store, by("b", "919800000001"))).staff.values()] == [MEENA]
    assert [*(await given_to(store, by("c", NUMBER, "IN.1"))).staff.values()] == [MEENA]
    assert await notices(store) == []
    assert (await given_to(store, by("d", NUMBER, "IN.2"))).staff == {}


async def test_what_the_staff_quote_names_the_customer(store: Store) -> None:
    await store.declare_staff({NUMBER: MEENA}, NOW)
    look = await given_to(store, by("a", "919800000001", "IN.1"))
    [meena] = look.staff
    await given_to(store, by("b", "919800000001", "IN.1"), told=[Told((meena,), "asks", Text("hello?"))])
    [delivery] = await store.claim_due(NOW, 10, 60_000)
    assert (delivery.conversation, delivery.to) == (meena, (("phone", NUMBER),))
    await store.record([Done(delivery.claim, "wamid.1")], NOW)
    given = await given_to(store, by("c", NUMBER, "IN.9", quote="wamid.1"))
    assert given.quoted == {"wamid.1": Quoted(look.conversation.id, "asks")}
    assert (await given_to(store, by("d", NUMBER, "IN.9", quote="wamid.2"))).quoted == {}
    stranger = await given_to(store, by("e", "919800000001", "IN.1", quote="wamid.1"))
    assert stranger.quoted == {}, "only the staff's quotes are looked up"


@pytest.mark.parametrize("quote", [7, None, ["x"], ""])
async def test_a_quote_of_another_shape_quotes_nothing(store: Store, quote: object) -> None:
    await store.declare_staff({NUMBER: MEENA}, NOW)
    assert (await given_to(store, by("a", NUMBER, "IN.1", quote=quote))).quoted == {}


async def test_reminders_that_wait_are_dropped_once_they_are_not_wanted(store: Store) -> None:
    given = await given_to(store, by("a", "919800000001"), messages=[Say("late", Text("?"), reminder=True)])
    quiet = replace(given.conversation, data={"hears": "nothing"})
    await given_to(store, by("b", "919800000001"), conversation=quiet)
    assert await store.claim_due(NOW, 10, 60_000) == []


async def test_an_echo_opens_no_window(store: Store) -> None:
    body = staff_action_to_json(StaffAction("", "an app", "handover"))
    echo = Arrival("echo:1", EventKind.STAFF, body, aliases=(("phone", "919800000001"),))
    await given_to(store, echo)
    assert (await given_to(store, by("a", "919800000001"))).heard_at is None


async def test_a_step_is_given_when_each_member_last_wrote(store: Store) -> None:
    await store.declare_staff({NUMBER: MEENA}, NOW)
    [(conversation, heard)] = (await given_to(store, by("a", "919800000001"))).staff_heard.items()
    assert heard is None, "they never wrote"
    await given_to(store, by("b", NUMBER))
    assert (await given_to(store, by("c", "919800000001"))).staff_heard == {conversation: NOW}
