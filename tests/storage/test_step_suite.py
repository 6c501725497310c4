"""What a step changes is what the next one is given, on every store: one test for each kind of change."""

from dataclasses import fields, replace
from typing import Any

from flows.engine.conversation import Conversation, Talk
from flows.engine.effects import Say, StartTimer
from flows.messages.kinds import Text
from payments.ledger.calls import Call, CancelLink, CreateLink
from payments.ledger.facts import Detail, EntityType, Fact, FactState
from payments.ledger.holds import Hold, HoldReason
from payments.ledger.polling import Poll, to_json
from payments.ledger.refunds import Refund, RefundStatus
from payments.ledger.state import OrderState
from payments.processing.bodies import StaffAction, read, staff_action_to_json
from payments.processing.changes import Caused, ChangeSet, Command, EventResult, Outcome
from payments.processing.changes import Told as ToStaff
from payments.processing.named_orders import period_to
from payments.processing.notice import Notice, NoticeKind
from payments.processing.step_input import EventKind, StepInput, ToDo
from payments.shop import amendments
from payments.shop.amendments import Amendment, AmendmentKind
from payments.shop.business_day import Period
from payments.shop.fulfilment import Stage
from payments.shop.handover import HandoverCheck
from payments.shop.order_terms import Destination, Fulfilment
from payments.shop.orders import Attempt, AttemptStatus, Lifecycle, Line, Mode, Order
from payments.shop.quotas import Booking
from payments.shop.staff import Right, Staff
from payments.shop.stock import StockMove
from storage.inbox.steps import Advance
from tests.builders import change_set
from tests.storage.step_stores import HI, StepStore, Told

LINES = (Line("masala-250", "Masala chai", 2, 18_000), Line("cup", "Cup", 1, 14_000))


def changing(**changes: Any) -> Advance:
    """A step that changes the same, whatever it is given."""
    return lambda given: change_set(given, **changes)


def order_of(given: StepInput, n: int = 1) -> Order:
    number = given.events[0].number
    return Order(
        f"{given.conversation.id}-{n}",
        str(given.next_number + n - 1),
        given.conversation.id,
        LINES,
        50_000,
        "INR",
        number,
        number,
    )


def attempt_of(order: Order, ordinal: int = 1) -> Attempt:
    return Attempt(f"{order.key}.{ordinal}", order.key, ordinal, order.total, "INR", expires_at=900_000)


def placing(*ns: int) -> Advance:
    """A step that places these orders of its customer's, each with a link to be made."""

    def place(given: StepInput) -> ChangeSet:
        orders = [order_of(given, n) for n in ns]
        return change_set(given, placed=orders, attempts=[attempt_of(order) for order in orders])

    return place


async def placed(steps: StepStore, customer: int = 0) -> OrderState:
    """An order of the customer's, as it was placed."""
    await steps.step(placing(1), HI, customer=customer)
    id = (await steps.look(HI, customer=customer)).conversation.id
    [order] = (await steps.look(about(f"{id}-1"), customer=customer)).orders.values()
    return order


def about(key: str) -> Told:
    return EventKind.FACTS, {"event": "x", "order_key": key, "facts": []}


async def seen(steps: StepStore, key: str, customer: int = 0) -> OrderState:
    """The order as a step about it is given it."""
    return (await steps.look(about(key), customer=customer)).orders[key]


def payment(key: str, id: str = "pay_1", state: str = "captured", **rest: Any) -> Fact:
    return Fact(key, EntityType.PAYMENT, id, FactState(state), 50_000, "INR", 1, Detail(**rest))


# One for each kind of change


async def test_a_conversation_is_given_as_it_was_left(steps: StepStore) -> None:
    new = (await steps.look(HI)).conversation
    assert new == Conversation(new.id)
    left = Conversation(
        new.id,
        state="cart.quantity",
        visits=(1, 4),
        visit_count=4,
        language="hi",
        customer={"name": "Asha"},
        variables={"gift": True},
        data={"cart": [["cup", 2]], "asked_at": 5},
        choices=(("Tea", "1|tea|"),),
        paged=("menu",),
        talk=Talk(1, 2, 3, 4),
    )
    await steps.step(changing(conversation=left), HI)
    assert (await steps.look(HI)).conversation == left


async def test_each_event_has_its_result_and_is_given_once(steps: StepStore) -> None:
    numbers = [await steps.arrive(*HI) for _ in range(3)]
    results = [
        EventResult(numbers[0], Outcome.APPLIED, ({"event": "text", "said": ["hi"]},)),
        EventResult(numbers[1], Outcome.IGNORED),
        EventResult(numbers[2], Outcome.PARKED, error="nobody can read it"),
    ]
    await steps.step(lambda given: ChangeSet(given.conversation, list(results)))
    assert await steps.results() == {result.number: result for result in results}
    [event] = (await steps.look(HI)).events
    assert event.number not in numbers


async def test_messages_are_kept_in_order_with_what_caused_them(steps: StepStore) -> None:
    _, first, second = [await steps.arrive(*HI) for _ in range(3)]
    said = [
        Caused(first, Say("welcome", Text("Hello"))),
        Caused(second, Say("menu", Text("Tea?"), reminder=True)),
        Caused(second, Say("menu", Text("Tea?"))),
    ]
    await steps.step(lambda given: replace(change_set(given), messages=list(said)))
    assert await steps.messages() == said


async def test_calls_are_kept_in_order_with_what_caused_them(steps: StepStore) -> None:
    numbers = [await steps.arrive(*HI) for _ in range(2)]
    create = CreateLink("k-1.1", "k-1", 50_000, "INR", "Order 10001", 900_000)
    asked: list[Caused[Call]] = [
        Caused(numbers[1], create),
        Caused(numbers[0], CancelLink("k-0.1", "plink_1")),
    ]
    await steps.step(lambda given: replace(change_set(given), calls=list(asked)))
    assert await steps.calls() == asked


async def test_a_timer_is_started_once_in_a_visit(steps: StepStore) -> None:
    timer, later = StartTimer("cart", "10 min", 3, due=steps.now * 2), StartTimer("cart", "10 min", 4, 9**15)
    await steps.step(changing(timers=[timer, replace(timer, due=9**14)]), HI)
    await steps.step(changing(timers=[replace(timer, due=9**14), later]), HI)
    assert await steps.timers() == [timer, later]
    await steps.step(changing(timers=[timer]), HI, customer=2)
    assert await steps.timers() == [timer, later, timer], "it is another customer's visit"


async def test_a_poll_is_planned_once(steps: StepStore) -> None:
    first = Poll("k-1.1", steps.now, 0)
    others = {
        replace(first, nth=1),
        replace(first, since=steps.now + 1),
        replace(first, reference_id="k-1.2"),
    }
    await steps.step(changing(polls=[first, first]), HI)
    await steps.step(changing(polls=[first, *others]), HI)
    assert await steps.polls() == {first, *others}


async def test_an_order_is_given_as_it_was_placed(steps: StepStore) -> None:
    given = await steps.look(HI)
    await steps.step(changing(placed=[order := order_of(given)]), HI)
    assert await seen(steps, order.key) == OrderState(order)


async def test_an_attempt_is_given_as_it_was_changed_last(steps: StepStore) -> None:
    state = await placed(steps)
    [first] = state.attempts
    second, third = attempt_of(state.order, 2), attempt_of(state.order, 3)
    made = replace(
        first,
        amount=40_000,
        currency="USD",
        expires_at=1_000_000,
        status=AttemptStatus.CREATED,
        link_id="plink_1",
        short_url="https://rzp.io/1",
        mode=Mode.TEST,
    )
    await steps.step(changing(attempts=[third, second, made]), HI)
    assert (await seen(steps, state.key)).attempts == (made, second, third)
    paid = replace(made, status=AttemptStatus.PAID)
    await steps.step(changing(attempts=[paid]), HI)
    assert (await seen(steps, state.key)).attempts == (paid, second, third)


async def test_facts_are_given_once_and_as_they_were_learned(steps: StepStore) -> None:
    key = (await placed(steps)).key
    allowed, captured = payment(key, state="authorized", method="upi"), payment(key)
    another = payment(key, "pay_2")
    link = Fact(key, EntityType.PAYMENT_LINK, "pay_1", FactState.CAPTURED, 1, "INR", 1)
    await steps.step(changing(facts=[captured, allowed, captured]), HI)
    assert (await seen(steps, key)).facts == (captured, allowed)
    await steps.step(changing(facts=[replace(allowed, amount=1), another, link, captured]), HI)
    assert (await seen(steps, key)).facts == (captured, allowed, another, link)


async def test_an_order_is_given_with_the_books_that_were_kept_of_it(steps: StepStore) -> None:
    before = await placed(steps)
    held = replace(before, lifecycle=Lifecycle.LAPSED, held=500, held_for=Hold(HoldReason.SHORT))
    await steps.step(changing(orders=[held]), HI)
    assert await seen(steps, before.key) == held
    fulfilled = replace(before, lifecycle=Lifecycle.FULFILLED, fulfilled=50_000)
    await steps.step(changing(orders=[fulfilled]), HI)
    assert await seen(steps, before.key) == fulfilled


async def test_refunds_are_given_as_they_were_seen_last(steps: StepStore) -> None:
    key = (await placed(steps)).key
    second, first = (
        Refund("pay_1-2", key, "pay_1", 500, "late"),
        Refund("pay_1-1", key, "pay_1", 100, "surplus"),
    )
    fact = payment(key)
    await steps.step(changing(facts=[fact], refunds=[second, first]), HI)
    assert (await seen(steps, key)).refunds == (first, second)
    made = replace(
        first, payment_id="pay_2", amount=200, reason="x", status=RefundStatus.CREATED, refund_id="rfnd_1"
    )
    await steps.step(changing(refunds=[made]), HI)
    assert (await seen(steps, key)).refunds == (made, second)


async def test_stock_is_what_the_customers_before_have_left(steps: StepStore) -> None:
    await steps.declare({"cup": 7, "tea": 4})
    seen: list[int] = []

    def take(given: StepInput) -> ChangeSet:
        seen.append(given.left["cup"])
        return change_set(given, moves=[StockMove("cup", 2, 0), StockMove("cup", -1, 1)])

    await steps.arrive(*HI, customer=2)
    await steps.step(take, HI)
    assert seen == [7, 5], "also in one batch"
    assert (await steps.look(HI, customer=1)).left == {"cup": 3, "tea": 4}
    await steps.step(changing(moves=[StockMove("cup", -1, 0), StockMove("tea", 0, 4)]), HI)
    assert (await steps.look(HI)).left == {"cup": 4, "tea": 0}


async def test_amendments_are_given_oldest_first(steps: StepStore) -> None:
    state = await placed(steps)
    due = replace(state, lifecycle=Lifecycle.PROMISED, stage=Stage.ACCEPTED, stage_by="ravi", stage_at=7)
    to = Destination(Fulfilment.DELIVERY, name="Asha", address="1 Lane", pincode="560001")
    less = Amendment(
        amendments.key_of(due.key, 1), due.key, AmendmentKind.LESS, "ravi", 8, 18_000, "masala-250", 1, "gone"
    )
    allowance, address = (
        Amendment(amendments.key_of(due.key, n), due.key, kind, "mina", 9, **rest)  # type: ignore[arg-type]
        for n, (kind, rest) in enumerate(
            ((AmendmentKind.ALLOWANCE, {"amount": 500}), (AmendmentKind.ADDRESS, {"to": to})), start=2
        )
    )
    await steps.step(changing(orders=[due], amendments=[less]), HI)
    await steps.step(changing(amendments=[allowance, address]), HI)
    assert await seen(steps, due.key) == replace(due, amendments=(less, allowance, address))


async def test_places_are_what_the_customers_before_have_left(steps: StepStore) -> None:
    later = steps.now * 2
    given: list[dict[str, int]] = []

    def take(one: StepInput) -> ChangeSet:
        given.append(dict(one.taken))
        return change_set(one, bookings=[Booking("slot:a", 1, 2, later), Booking("coupon:X", 1)])

    await steps.arrive(*HI, customer=2)
    await steps.step(take, HI)
    assert given == [{}, {"slot:a": 1, "coupon:X": 1}], "also in one batch"
    assert (await steps.look(HI, customer=1)).taken == {"slot:a": 2, "coupon:X": 2}
    moves = [Booking("slot:a", -1, ends=later), Booking("coupon:X", 1), Booking("coupon:X", -1)]
    await steps.step(changing(bookings=moves), HI)
    assert (await steps.look(HI)).taken == {"slot:a": 1, "coupon:X": 2}


async def test_the_next_order_takes_the_next_number(steps: StepStore) -> None:
    first = (await steps.look(HI)).next_number
    seen: list[int] = []

    def place(given: StepInput) -> ChangeSet:
        seen.append(given.next_number)
        return placing(1, 2)(given)

    await steps.arrive(*HI, customer=2)
    await steps.step(place, HI)
    assert seen == [first, first + 2], "also in one batch"
    assert (await steps.look(HI)).next_number == first + 4


async def test_what_is_switched_off_is_given_until_it_is_on_again(steps: StepStore) -> None:
    assert (await steps.look(HI)).off == frozenset()
    for sku in ("cup", "tea", "cup"):
        await steps.switch(sku, available=False)
    await steps.declare({"jar": 1})
    assert (await steps.look(HI)).off == {"cup", "tea"}, "whatever the flow file counts"
    await steps.arrive(*HI, customer=2)
    assert (await steps.look(HI, customer=2)).off == {"cup", "tea"}
    for sku in ("cup", "cup"):
        await steps.switch(sku, available=True)
    assert (await steps.look(HI)).off == {"tea"}


async def test_operators_are_told_once(steps: StepStore) -> None:
    first, other = (Notice(NoticeKind.LINK, subject, "look at it") for subject in "ab")
    kind = replace(first, kind=NoticeKind.WEBHOOK)
    await steps.step(changing(notices=[first, first, other]), HI)
    await steps.step(changing(notices=[replace(first, said="again"), kind]), HI, customer=2)
    assert await steps.notices() == {first, other, kind}


async def test_a_wish_to_be_forgotten_follows_its_event(steps: StepStore) -> None:
    number = await steps.arrive(*HI)
    await steps.step(changing(to_forget=[number]))
    assert await steps.to_forget() == [number]


async def test_a_forgotten_customer_is_given_as_forgotten_with_their_orders(steps: StepStore) -> None:
    state = await placed(steps)
    assert not (await steps.look(HI)).forgotten
    blank = Conversation(state.order.conversation)
    number = await steps.arrive(EventKind.FORGET, {"by": "operator"})
    given: list[StepInput] = []

    def forget(one: StepInput) -> ChangeSet:
        given.append(one)
        return change_set(one, conversation=blank, forgotten=[number])

    await steps.step(forget)
    assert given[0].orders == {state.key: state}, "all of them, to see whether one is under way"
    await steps.hear(state.key)
    after = await steps.look()
    assert after.forgotten
    assert after.conversation == blank
    assert after.orders == {state.key: state}


async def test_our_account_is_learned_once_and_goes_with_orders(steps: StepStore) -> None:
    state = await placed(steps)
    assert (await steps.look(about(state.key))).account is None
    for account in ("acc_1", None, "acc_2"):
        await steps.step(changing(account=account), HI)
    assert (await steps.look(about(state.key))).account == "acc_1"
    await steps.arrive(*HI, customer=2)
    given: list[tuple[int, str | None]] = []

    def look(one: StepInput) -> ChangeSet:
        given.append((len(one.orders), one.account))
        return change_set(one)

    await steps.step(look, about(state.key))
    assert sorted(given, key=str) == [(0, None), (1, "acc_1")], "whoever else is in the batch"


# Which orders a step is given


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


# One person in two conversations


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


# The staff

MEENA, RAMESH = Staff("Meena", "+919800000001"), Staff("Ramesh", "+919800000002", frozenset({Right.CHAT}))


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


# What the staff ask for


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
    found = await staged(steps, Stage.PLACED, Stage.OUT, Stage.DELIVERED, Stage.CANCELLED)
    await steps.staffed({1: MEENA})
    assert (await steps.look(asks("orders"), customer=1)).to_do == ToDo(tuple(found[:3]), 3)
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


async def test_a_rating_is_kept_with_its_order(steps: StepStore) -> None:
    before = await placed(steps)
    rated = replace(before, rating=4)
    await steps.step(changing(orders=[rated]), HI)
    assert await seen(steps, before.key) == rated


TESTED = {
    "conversation": test_a_conversation_is_given_as_it_was_left,
    "results": test_each_event_has_its_result_and_is_given_once,
    "messages": test_messages_are_kept_in_order_with_what_caused_them,
    "timers": test_a_timer_is_started_once_in_a_visit,
    "calls": test_calls_are_kept_in_order_with_what_caused_them,
    "placed": test_an_order_is_given_as_it_was_placed,
    "attempts": test_an_attempt_is_given_as_it_was_changed_last,
    "facts": test_facts_are_given_once_and_as_they_were_learned,
    "orders": test_an_order_is_given_with_the_books_that_were_kept_of_it,
    "refunds": test_refunds_are_given_as_they_were_seen_last,
    "amendments": test_amendments_are_given_oldest_first,
    "bookings": test_places_are_what_the_customers_before_have_left,
    "moves": test_stock_is_what_the_customers_before_have_left,
    "polls": test_a_poll_is_planned_once,
    "notices": test_operators_are_told_once,
    "to_forget": test_a_wish_to_be_forgotten_follows_its_event,
    "forgotten": test_a_forgotten_customer_is_given_as_forgotten_with_their_orders,
    "told": test_the_staff_are_told_each_in_their_own_chat,
    "commands": test_a_command_is_an_event_of_the_customer_whom_it_is_about,
    "checks": test_a_check_of_a_handover_waits_until_it_is_due,
    "account": test_our_account_is_learned_once_and_goes_with_orders,
}


def test_each_kind_of_change_has_its_test() -> None:
    assert set(TESTED) == {field.name for field in fields(ChangeSet)}
