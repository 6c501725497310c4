"""Which orders a step is given, on every store: those that it names, and one person's."""

from dataclasses import replace

from payments.ledger.polling import Poll, to_json
from payments.ledger.refunds import Refund
from payments.processing.step_input import EventKind
from payments.shop.orders import AttemptStatus, Lifecycle
from tests.storage.step_changes import about, changing, payment, placed, placing
from tests.storage.step_stores import HI, StepStore


async def test_a_step_is_given_the_orders_that_it_names(steps: StepStore) -> None:
    await steps.step(placing(1, 2, 3, 4, 5), HI)
    assert (await steps.look(HI)).orders == {}
    conversation = (await steps.look(HI)).conversation
    keys = {n: f"{conversation.id}-{n}" for n in range(1, 7)}
    fact = {"order_key": keys[3], "entity": "payment", "state": "captured"}
    told = {
        (2,): about(keys[2]),
        (2, 3): (EventKind.FACTS, {"order_key": keys[2], "facts": [fact]}),
        (4,): (EventKind.RESULT, {"name": "x", "fields": {"reference_id": f"{keys[4]}.1"}}),
        (5,): (EventKind.RESULT, {"name": "x", "fields": {"order_key": keys[5]}}),
        (3,): (EventKind.POLL, to_json(Poll(f"{keys[3]}.1", steps.now, 0))),
        (): about(keys[6]),
    }
    for ns, event in told.items():
        assert sorted((await steps.look(event)).orders) == [keys[n] for n in ns]
    await steps.step(changing(conversation=replace(conversation, data={"order": keys[1]})), HI)
    for ns, event in told.items():
        assert sorted((await steps.look(event)).orders) == [keys[n] for n in (1, *ns)]
    for event in told.values():
        await steps.arrive(*event)
    assert sorted((await steps.look()).orders) == [keys[n] for n in range(1, 6)], "of all that wait"


async def test_no_step_is_given_the_order_of_somebody_else(steps: StepStore) -> None:
    key = (await placed(steps)).key
    assert (await steps.look(about(key), customer=2)).orders == {}
    assert [*(await steps.look(about(key))).orders] == [key]


async def test_who_turns_out_to_be_one_person_has_the_orders_of_both(steps: StepStore) -> None:
    theirs = await placed(steps, customer=1)
    fact, refund = payment(theirs.key), Refund("pay_1-1", theirs.key, "pay_1", 100, "surplus")
    data = {"order": theirs.key}
    other = (await steps.look(HI, customer=1)).conversation
    other = replace(other, language="hi", data=data)
    await steps.step(changing(conversation=other, facts=[fact], refunds=[refund]), HI, customer=1)
    mine = await placed(steps)
    await steps.become_one()
    given = await steps.look()
    survivor = given.conversation.id
    assert survivor == mine.order.conversation
    assert [event.kind for event in given.events] == [EventKind.JOINED, EventKind.CHAT]
    joined = replace(
        theirs, order=replace(theirs.order, conversation=survivor), facts=(fact,), refunds=(refund,)
    )
    assert given.orders == {theirs.key: joined}, "the event names the other's"
    moved = replace(joined, lifecycle=Lifecycle.FULFILLED, fulfilled=50_000)
    another = payment(theirs.key, "pay_2")
    paid = replace(joined.attempts[0], status=AttemptStatus.PAID)
    await steps.step(changing(orders=[moved], facts=[another], attempts=[paid]), HI, customer=1)
    after = await steps.look(about(theirs.key), about(mine.key))
    assert after.conversation.id == survivor
    expected = replace(moved, attempts=(paid,), facts=(fact, another))
    assert after.orders == {theirs.key: expected, mine.key: mine}
