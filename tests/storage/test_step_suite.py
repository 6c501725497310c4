"""What a step changes is what the next one is given, on every store: one test for each kind of change."""

from collections.abc import Collection
from dataclasses import fields, replace

from flows.engine.conversation import Conversation, Talk
from flows.engine.effects import Say, StartTimer
from flows.messages.kinds import Text
from payments.ledger.calls import Call, CancelLink, CreateLink
from payments.ledger.facts import EntityType, Fact, FactState
from payments.ledger.holds import Hold, HoldReason
from payments.ledger.polling import Poll
from payments.ledger.refunds import Refund, RefundStatus
from payments.ledger.state import OrderState
from payments.processing.changes import Caused, ChangeSet, EventResult, Outcome
from payments.processing.notice import Notice, NoticeKind
from payments.processing.step_input import EventKind, StepInput
from payments.shop import amendments
from payments.shop.amendments import Amendment, AmendmentKind
from payments.shop.fulfilment import Stage
from payments.shop.order_terms import Destination, Fulfilment
from payments.shop.orders import AttemptStatus, Lifecycle, Mode
from payments.shop.quotas import Booking
from payments.shop.stock import StockMove
from payments.shop.switches import Switch
from tests.builders import change_set
from tests.storage import test_hooks, test_steps_of_staff, test_steps_outside
from tests.storage.step_changes import (
    about,
    attempt_of,
    changing,
    order_of,
    payment,
    placed,
    placing,
    seen,
)
from tests.storage.step_stores import HI, StepStore


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


async def test_what_a_step_switches_is_so_for_the_steps_after_it(steps: StepStore) -> None:
    off = Switch("cup", available=False, by="Meena")
    on = replace(off, available=True)
    seen: list[Collection[str]] = []

    def switch(given: StepInput) -> ChangeSet:
        seen.append(given.off)
        return changing(switches=[off, on, replace(off, sku="tea"), off])(given)

    await steps.arrive(*HI, customer=2)
    await steps.step(switch, HI)
    assert seen == [frozenset(), {"cup", "tea"}], "also in one batch"
    assert (await steps.look(HI)).off == {"cup", "tea"}
    await steps.step(changing(switches=[on]), HI)
    assert (await steps.look(HI, customer=2)).off == {"tea"}


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


async def test_a_rating_is_kept_with_its_order(steps: StepStore) -> None:
    before = await placed(steps)
    rated = replace(before, rating=4)
    await steps.step(changing(orders=[rated]), HI)
    assert await seen(steps, before.key) == rated


async def test_a_conversation_stands_on_the_version_that_it_went_over_to(steps: StepStore) -> None:
    assert (await steps.look(HI)).version is None
    await steps.step(changing(version=7), HI)
    assert (await steps.look(HI)).version == 7, "a step that goes over to none leaves it there"
    assert (await steps.look(HI, customer=2)).version is None


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
    "invoices": test_steps_outside.test_an_invoice_is_kept_as_it_was_issued,
    "switches": test_what_a_step_switches_is_so_for_the_steps_after_it,
    "bookings": test_places_are_what_the_customers_before_have_left,
    "moves": test_stock_is_what_the_customers_before_have_left,
    "shelved": test_steps_outside.test_an_order_whose_copy_may_have_to_follow_waits_once,
    "mirrored": test_steps_outside.test_an_order_whose_copy_may_have_to_follow_waits_once,
    "polls": test_a_poll_is_planned_once,
    "notices": test_operators_are_told_once,
    "to_forget": test_a_wish_to_be_forgotten_follows_its_event,
    "forgotten": test_a_forgotten_customer_is_given_as_forgotten_with_their_orders,
    "told": test_steps_of_staff.test_the_staff_are_told_each_in_their_own_chat,
    "commands": test_steps_of_staff.test_a_command_is_an_event_of_the_customer_whom_it_is_about,
    "happened": test_hooks.test_each_stream_is_numbered_and_sent_in_order,
    "hooks": test_hooks.test_each_stream_is_numbered_and_sent_in_order,
    "checks": test_steps_of_staff.test_a_check_of_a_handover_waits_until_it_is_due,
    "version": test_a_conversation_stands_on_the_version_that_it_went_over_to,
    "account": test_our_account_is_learned_once_and_goes_with_orders,
}


def test_each_kind_of_change_has_its_test() -> None:
    assert set(TESTED) == {field.name for field in fields(ChangeSet)}
