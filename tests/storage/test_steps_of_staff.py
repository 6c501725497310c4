"""What a step is given of the staff, and what it has them told and done, on every store."""

from dataclasses import replace

from flows.engine.effects import Say
from flows.messages.kinds import Text
from payments.ledger.state import OrderState
from payments.processing.bodies import StaffAction, read, staff_action_to_json
from payments.processing.changes import Caused, Command
from payments.processing.changes import Told as ToStaff
from payments.processing.named_orders import period_to
from payments.processing.step_input import EventKind, ToDo
from payments.shop.business_day import Period
from payments.shop.fulfilment import Stage
from payments.shop.handover import HandoverCheck
from payments.shop.orders import Lifecycle
from tests.storage.step_changes import MEENA, RAMESH, changing, payment, placed, placing, seen
from tests.storage.step_stores import HI, StepStore, Told


async def test_every_step_is_given_the_staff_and_the_customers_number(steps: StepStore) -> None:
    assert (await steps.look(HI)).staff == {}
    await steps.staffed({1: MEENA, 2: RAMESH})
    staff = (await steps.look(HI)).staff
    assert set(staff.values()) == {MEENA, RAMESH}
    given = await steps.look(HI, customer=2)
    assert (staff[given.conversation.id], given.phone) == (RAMESH, "919800000002")
    await steps.staffed({2: RAMESH})
    assert (await steps.look(HI)).staff == {given.conversation.id: RAMESH}


async def test_the_staff_are_told_each_in_their_own_chat(steps: StepStore) -> None:
    await steps.staffed({1: MEENA, 2: RAMESH})
    given = await steps.look(HI)
    everybody, number = tuple(given.staff), await steps.arrive(*HI)
    told = [ToStaff(everybody, "new_order", Text("#1")), ToStaff(everybody[1:], "answer", Text("Done"))]
    await steps.step(changing(told=told))
    first, second = (Say("new_order", Text("#1")), Say("answer", Text("Done")))
    one, other = everybody
    expected = [(one, Caused(number, first)), (other, Caused(number, first)), (other, Caused(number, second))]
    assert sorted(await steps.told(), key=str) == sorted(expected, key=str)


async def test_a_command_is_an_event_of_the_customer_whom_it_is_about(steps: StepStore) -> None:
    order = (await placed(steps, customer=1)).order
    await steps.become_one()
    survivor = (await steps.look()).conversation.id
    action = StaffAction(order.key, "Ramesh", "stage", "out", "preparing", answer_to="x-9")
    command = Command(order.conversation, action)
    await steps.step(changing(commands=[command]), HI, customer=2)
    given = await steps.look()
    assert given.conversation.id == survivor, "its conversation was merged meanwhile"
    [event] = given.events
    assert (event.kind, read(event.kind, event.body)) == (EventKind.STAFF, action)
    assert [*given.orders] == [order.key]


async def test_a_check_of_a_handover_waits_until_it_is_due(steps: StepStore) -> None:
    first, later = HandoverCheck(1, 9**15), HandoverCheck(1, 9**15 + 1)
    await steps.step(changing(checks=[first]), HI)
    await steps.step(changing(checks=[first, later]), HI)
    assert await steps.checks() == {first, later}
    assert [event.kind for event in (await steps.look(HI)).events] == [EventKind.CHAT]


def writes(text: str) -> Told:
    return EventKind.CHAT, {"event": {"kind": "text", "text": text}, "name": "Meena", "sent_at": 0}


def asks(verb: str, value: str = "") -> Told:
    return EventKind.STAFF, staff_action_to_json(StaffAction("", "Meena", verb, value))


async def staged(steps: StepStore, *stages: Stage) -> list[OrderState]:
    """Orders of customer 0 in these stages. Those that are delivered are still to be paid."""
    await steps.step(placing(*range(1, len(stages) + 1)), HI)
    id = (await steps.look(HI)).conversation.id
    found = []
    for n, stage in enumerate(stages, start=1):
        order = await seen(steps, f"{id}-{n}")
        found.append(replace(order, lifecycle=Lifecycle.PROMISED, stage=stage, stage_by="Meena", stage_at=5))
    await steps.step(changing(orders=found), HI)
    return found


async def test_the_staff_are_given_the_orders_that_they_name(steps: StepStore) -> None:
    order = (await placed(steps)).order
    await steps.staffed({1: MEENA})
    given = await steps.look(writes(f"#{order.number} out"), writes("# 99999"), writes("10001"), customer=1)
    assert given.numbered == {order.number: order.key}
    assert (given.to_do, given.days, given.orders) == (None, {}, {})
    assert (await steps.look(writes("#10001"))).numbered == {}, "a customer's text is none"


async def test_the_staff_are_given_what_is_to_do(steps: StepStore) -> None:
    owed, *goods, _ = await staged(steps, Stage.DELIVERED, Stage.PLACED, Stage.OUT, Stage.CANCELLED)
    await steps.staffed({1: MEENA})
    goods_first = ToDo((*goods, owed), 3)
    assert (await steps.look(asks("orders"), customer=1)).to_do == goods_first
    assert (await steps.look(asks("show"), customer=1)).to_do is None
    assert (await steps.look(asks("orders"))).to_do is None, "it is no member who asks"


async def test_the_staff_are_given_the_figures_of_a_day(steps: StepStore) -> None:
    first, delivered = await staged(steps, Stage.PLACED, Stage.DELIVERED)
    taken = replace(payment(first.key, by="Meena", method="cash"), entity_id=f"hand-{first.key}-1", at=70)
    late = replace(payment(delivered.key), at=80)
    await steps.step(changing(facts=[taken, late]), HI)
    await steps.staffed({1: MEENA})
    both, moment, before = Period(0, 9**15), Period(70_000, 71_000), Period(-5000, 0)
    given = await steps.look(*(asks("day", period_to(one)) for one in (both, moment, before)), customer=1)
    assert set(given.days) == {both, moment, before}
    day = given.days[both]
    assert (day.orders, day.paid_online, day.taken) == (2, 50_000, {("cash", "Meena"): 50_000})
    assert day.to_do == {Stage.PLACED: 1}
    assert (given.days[moment].taken, given.days[moment].paid_online) == ({("cash", "Meena"): 50_000}, 0)
    assert (given.days[before].orders, given.days[before].to_do) == (0, {Stage.PLACED: 1})
    assert (await steps.look(asks("day", period_to(both)))).days == {}, "it is no member who asks"


async def test_what_is_owed_is_among_the_figures_of_every_day(steps: StepStore) -> None:
    await staged(steps, Stage.DELIVERED)
    await steps.staffed({1: MEENA})
    later = Period(9**15, 9**15 + 5)
    given = await steps.look(asks("day", period_to(later)), customer=1)
    assert (given.days[later].orders, given.days[later].owed) == (0, {"10001": 50_000})


async def test_a_member_who_writes_is_given_whether_a_person_has_a_chat(steps: StepStore) -> None:
    await steps.staffed({1: MEENA})
    given = await steps.look(HI, customer=2)
    held = replace(given.conversation, customer={"name": "Ravi"}, data={"handover": [1, 1, "", 1]})
    await steps.step(changing(conversation=held), HI, customer=2)
    assert (await steps.look(writes("on my way"), customer=1)).in_hand
    tapped = EventKind.CHAT, {"event": {"kind": "tap", "id": "s|c-1||done|", "title": "Done"}}
    assert not (await steps.look(tapped, customer=1)).in_hand, "a tap says itself what it is about"
    assert not (await steps.look(writes("hm"))).in_hand, "it is no member who writes"
    back = replace(held, data={})
    await steps.step(changing(conversation=back), HI, customer=2)
    assert not (await steps.look(writes("on my way"), customer=1)).in_hand
