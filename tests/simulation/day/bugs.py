"""The planted bugs of the day: small errors about cash, amendments, slots, coupons, stages and staff.

Each must show in one of the days that the test plays. See `tests.simulation.bugs`.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import count
from typing import Any, Final

import pytest

from flows.engine import step
from payments.ledger import balance, resolution
from payments.ledger.state import OrderState, Task
from payments.processing import (
    advance,
    answers,
    broadcasts,
    chat,
    hand_money,
    handover,
    notifications,
    order_actions,
    order_changes,
    order_verbs,
    payment_actions,
    shop_state,
    staff_commands,
    updates,
)
from payments.processing import turn as turns
from payments.processing.order_changes import Settlement
from payments.processing.quoting import SOLD_OUT, cannot_come
from payments.processing.shop_state import ShopState
from payments.processing.step_input import EventKind
from payments.processing.turn import Trace, Turn
from payments.shop import amendments, coupons, quotas, slots, stock
from payments.shop.amendments import AmendmentKind
from payments.shop.catalogue import Shop
from payments.shop.consent import Hears
from payments.shop.fulfilment import Stage
from payments.shop.orders import Lifecycle
from payments.shop.staff import ALL, Staff
from storage.inbox import broadcasts as given_out
from storage.inbox import order_numbers
from tests.simulation.bugs import Plant
from tests.simulation.day import erasure_bugs, invoice_bugs


def a_cancelled_order_keeps_its_slot(patch: pytest.MonkeyPatch) -> None:
    holds = shop_state._holds

    def holds_also_returned(order: OrderState | None) -> int:
        return 1 if order and order.lifecycle is Lifecycle.RETURNED else holds(order)

    patch.setattr(shop_state, "_holds", holds_also_returned)


def a_coupon_is_not_booked(patch: pytest.MonkeyPatch) -> None:
    bookings = quotas.bookings

    def without_coupon(order: Any, places: int) -> Any:
        return tuple(one for one in bookings(order, places) if one.name.startswith("slot:"))

    patch.setattr(quotas, "bookings", without_coupon)


def each_customer_uses_a_coupon_again(patch: pytest.MonkeyPatch) -> None:
    refusal: Any = coupons.refusal

    def refusal_of_a_new_customer(*args: Any) -> Any:
        *others, _ = args
        return refusal(*others, 0)

    patch.setattr(coupons, "refusal", refusal_of_a_new_customer)


def full_slots_take_more(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Shop, "places", lambda *_: None)
    over = slots.fault_of
    patch.setattr(slots, "fault_of", lambda choice, now: over(replace(choice, left=None), now))


def late_money_does_not_look_at_the_slot(patch: pytest.MonkeyPatch) -> None:
    cannot = cannot_come

    def cannot_but_for_the_slot(*args: Any) -> str | None:
        return SOLD_OUT if cannot(*args) == SOLD_OUT else None

    patch.setattr(updates, "cannot_come", cannot_but_for_the_slot)


def what_the_staff_saw_does_not_matter(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(order_changes, "require_stage", lambda *_: None)


def stages_go_back(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(order_changes, "is_forward", lambda stage, to: stage is not to)


def an_amendment_counts_twice(patch: pytest.MonkeyPatch) -> None:
    owed = amendments.owed
    patch.setattr(amendments, "owed", lambda order, made: owed(order, (*made, *made)))


def an_allowance_is_forgotten(patch: pytest.MonkeyPatch) -> None:
    owed = amendments.owed

    def without_allowances(order: Any, made: Any) -> int:
        return owed(order, [one for one in made if one.kind is not AmendmentKind.ALLOWANCE])

    patch.setattr(amendments, "owed", without_allowances)


def cash_counts_at_each_press(patch: pytest.MonkeyPatch) -> None:
    move = order_changes.move

    def move_again(turn: Turn, order: OrderState, to: Stage, by: str, **rest: Any) -> Trace:
        taken = rest.get("settlement") in (Settlement.CASH, Settlement.UPI)
        if taken and to is order.stage is Stage.DELIVERED:
            fact = order_changes.payment_by_hand(order, order.owed, rest["settlement"], by, turn.now)
            return order_changes.applied(turn, order, order, (fact,))
        return move(turn, order, to, by, **rest)

    taken = order_verbs._sum_taken
    patch.setattr(order_changes, "move", move_again)
    patch.setattr(order_verbs, "_sum_taken", lambda *args: args[0].state.owed or taken(*args))


def whoever_delivers_need_not_say_how_it_is_paid(patch: pytest.MonkeyPatch) -> None:
    move = order_changes.move

    def move_as_owed(*args: Any, **rest: Any) -> Trace:
        return move(*args, **{**rest, "settlement": rest.get("settlement") or Settlement.OWED})

    patch.setattr(order_changes, "move", move_as_owed)


def a_missing_piece_is_worth_its_line(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(order_changes, "worth_of_last", lambda charged, *_: charged)


def what_is_called_off_keeps_its_goods(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(stock, "give_back", lambda *_, **__: ())


def what_is_called_off_keeps_its_money(patch: pytest.MonkeyPatch) -> None:
    asked = resolution._asked

    def asked_unless_returned(order: OrderState, lifecycle: Lifecycle, *rest: Any) -> Any:
        return () if lifecycle is Lifecycle.RETURNED else asked(order, lifecycle, *rest)

    patch.setattr(resolution, "_asked", asked_unless_returned)


def a_customer_calls_off_at_any_time(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(ShopState, "may_cancel", lambda *_: True)


def any_amount_is_paid_in_cash(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(ShopState, "takes_cash", lambda *_: True)


def numbers_are_drawn_outside(patch: pytest.MonkeyPatch) -> None:
    following, drawn = order_numbers.following, [0]

    async def drawn_before(tx: Any, *, locked: bool) -> int:
        drawn[0] = max(drawn[0] + 1, await following(tx, locked=locked))
        return drawn[0]

    async def take(tx: Any, numbers: Any) -> None:
        await tx.fetch("UPDATE installation SET next_order = $1", max(numbers) + 1)

    patch.setattr(order_numbers, "following", drawn_before)
    patch.setattr(order_numbers, "take", take)


def a_strangers_press_counts(patch: pytest.MonkeyPatch) -> None:
    tap = chat._staff_tap

    def tap_of_anybody(turn: Turn, member: Staff | None, reply: Any) -> Any:
        return tap(turn, member or Staff("somebody", "", ALL), reply)

    patch.setattr(chat, "_staff_tap", tap_of_anybody)


def the_staff_may_do_all(patch: pytest.MonkeyPatch) -> None:
    for module in (chat, staff_commands):
        patch.setattr(module, "may_do", lambda *_: True)


def who_stopped_is_reminded(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Turn, "unwanted_reminders", None)


def who_stopped_hears_that_the_bot_is_back(patch: pytest.MonkeyPatch) -> None:
    by_timers = property(lambda turn: turn.event.kind is EventKind.TIMER)
    patch.setattr(Turn, "reminding", by_timers)


def the_bot_answers_for_the_person(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(handover, "is_for_person", lambda _: False)


def nobody_gives_a_chat_back(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(handover, "check", lambda *_: ((), False))


def a_stage_is_told_twice(patch: pytest.MonkeyPatch) -> None:
    changes = notifications._changes_by_people

    def changes_twice(*args: Any) -> Iterator[Any]:
        yield from changes(*args)
        yield from (event for event in changes(*args) if event.name == "order.stage")

    patch.setattr(notifications, "_changes_by_people", changes_twice)


def the_staff_do_not_hear_of_other_orders(patch: pytest.MonkeyPatch) -> None:
    tell = Turn._tell

    def tell_unless_aside(self: Turn, effects: Any, trace: Trace, because: str | None) -> Trace:
        aside = any(entry.get("aside") for entry in trace)
        return tell(self, effects, trace, "it is about another order" if aside else because)

    patch.setattr(Turn, "_tell", tell_unless_aside)


def what_is_owed_is_not_to_do(patch: pytest.MonkeyPatch) -> None:
    tasks = vars(OrderState)["tasks"].fget
    without = property(lambda order: tuple(task for task in tasks(order) if task is not Task.CASH))
    patch.setattr(OrderState, "tasks", without)


def an_undone_payment_still_pays(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(balance, "undone", lambda _: ())


def a_slip_leaves_the_order_paid(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(hand_money, "_owed_again", lambda _, state: state)


def a_kept_delivery_goes_back(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(OrderState, "delivery_kept_back", property(lambda _: 0))


def nobody_is_asked_about_a_delivery(patch: pytest.MonkeyPatch) -> None:
    tasks = vars(OrderState)["tasks"].fget
    without = property(lambda order: tuple(task for task in tasks(order) if task is not Task.DELIVERY))
    patch.setattr(OrderState, "tasks", without)


def a_delivery_is_decided_twice(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(OrderState, "delivery_decided", property(lambda _: False))


def everybody_gets_an_offer(patch: pytest.MonkeyPatch) -> None:
    everybody = given_out._NEXT.replace("hears = 'offers' AND ", "")
    assert everybody != given_out._NEXT
    patch.setattr(given_out, "_NEXT", everybody)
    announce = step.announce

    def announce_to_all(flow: Any, conversation: Any, message: str, now: int, shop: ShopState) -> Any:
        return announce(flow, conversation, message, now, shop._replace(hears=Hears.OFFERS))

    patch.setattr(broadcasts, "announce", announce_to_all)


def an_offer_comes_twice(patch: pytest.MonkeyPatch) -> None:
    offer = broadcasts.offer

    def offer_twice(turn: Turn, body: Any) -> tuple[Trace, bool]:
        done = offer(turn, body)
        turn.messages *= 2
        return done

    patch.setattr(advance, "offer", offer_twice)


def a_customer_is_in_two_batches(patch: pytest.MonkeyPatch) -> None:
    """A batch begins with the last customer of the one before, and no key keeps their second event out."""
    again, numbers = given_out._NEXT.replace("id > $1", "id >= $1"), count()
    assert again != given_out._NEXT
    patch.setattr(given_out, "_NEXT", again)
    patch.setattr(given_out, "BATCH", 2)
    patch.setattr(given_out, "key", lambda id: f"broadcast:{id}:{next(numbers)}")


def orders_are_not_counted(patch: pytest.MonkeyPatch) -> None:
    for actions in (order_actions, payment_actions):
        patch.setattr(actions, "possible_at", lambda times, limit, now: now)


def news_is_taken_for_an_answer(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(turns, "topic", lambda *_, **__: answers.ANY)


@dataclass(frozen=True, slots=True)
class DayRow:
    """A planted bug that shows in a day."""

    bug: str
    plant: Plant
    caught_in: str
    """The plot in which it shows."""
    message: str
    """Text with which some violation must begin."""


DAY_ROWS: Final = (
    DayRow("orders are not counted", orders_are_not_counted, "too many orders", "budget:"),
    DayRow("news is taken for an answer", news_is_taken_for_an_answer, "a flood", "answers:"),
    DayRow(
        "a cancelled order keeps its slot", a_cancelled_order_keeps_its_slot, "refused at the door", "quota:"
    ),
    DayRow("a coupon's use is not taken", a_coupon_is_not_booked, "the last places", "quota:"),
    DayRow("a customer uses a coupon again", each_customer_uses_a_coupon_again, "the last places", "places:"),
    DayRow("full slots take more", full_slots_take_more, "the last places", "places:"),
    DayRow("late money overbooks", late_money_does_not_look_at_the_slot, "the slot is over", "late:"),
    DayRow("stale presses count", what_the_staff_saw_does_not_matter, "owed", "deeds:"),
    DayRow("stages go back", stages_go_back, "cash to the door", "stage:"),
    DayRow("an amendment refunds twice", an_amendment_counts_twice, "paid and amended", "goods:"),
    DayRow("what is owed forgets an allowance", an_allowance_is_forgotten, "paid and amended", "goods:"),
    DayRow("cash counts at each press", cash_counts_at_each_press, "cash to the door", "deeds:"),
    DayRow(
        "delivered, and nobody says how it is paid",
        whoever_delivers_need_not_say_how_it_is_paid,
        "cash to the door",
        "deeds:",
    ),
    DayRow(
        "a missing piece is worth its line", a_missing_piece_is_worth_its_line, "paid and amended", "deeds:"
    ),
    DayRow(
        "a refused order keeps its goods", what_is_called_off_keeps_its_goods, "refused at the door", "stock:"
    ),
    DayRow("a cancelled order keeps its money", what_is_called_off_keeps_its_money, "called off", "INV1"),
    DayRow("customers call off at any time", a_customer_calls_off_at_any_time, "called off", "deeds:"),
    DayRow("any amount is paid in cash", any_amount_is_paid_in_cash, "refused at the door", "cash:"),
    DayRow("numbers are drawn outside the transaction", numbers_are_drawn_outside, "owed", "number:"),
    DayRow("a stranger's press counts", a_strangers_press_counts, "pressed by strangers", "staff:"),
    DayRow("rights do not matter", the_staff_may_do_all, "cash to the door", "staff:"),
    DayRow("who stopped is reminded", who_stopped_is_reminded, "stopped", "quiet:"),
    DayRow("the bot comes back unasked", who_stopped_hears_that_the_bot_is_back, "a person", "quiet:"),
    DayRow("the bot answers for a person", the_bot_answers_for_the_person, "a person", "handover:"),
    DayRow("a person keeps a chat for ever", nobody_gives_a_chat_back, "a person", "handover:"),
    DayRow("a stage is told twice", a_stage_is_told_twice, "owed", "INV4"),
    DayRow(
        "the staff hear of the chat's order only",
        the_staff_do_not_hear_of_other_orders,
        "paid aside",
        "told:",
    ),
    DayRow("what is owed is not to do", what_is_owed_is_not_to_do, "owed", "to do:"),
    DayRow("an undone payment still pays", an_undone_payment_still_pays, "slips", "INV1"),
    DayRow("a slip leaves the order paid", a_slip_leaves_the_order_paid, "slips", "goods:"),
    DayRow("a kept delivery goes back", a_kept_delivery_goes_back, "an undecided delivery", "delivery:"),
    DayRow(
        "nobody is asked about a delivery",
        nobody_is_asked_about_a_delivery,
        "an undecided delivery",
        "to do:",
    ),
    DayRow(
        "a delivery is decided twice",
        a_delivery_is_decided_twice,
        "the delivery of refused goods",
        "deeds:",
    ),
    DayRow("everybody gets an offer", everybody_gets_an_offer, "an offer", "offers:"),
    DayRow("an offer comes twice", an_offer_comes_twice, "an offer", "offers:"),
    DayRow("a customer is in two batches of an offer", a_customer_is_in_two_batches, "an offer", "offers:"),
    DayRow(
        "who waits for goods is forgotten",
        erasure_bugs.who_waits_for_goods_is_forgotten,
        "forgotten",
        "forgotten:",
    ),
    DayRow(
        "the staff's messages keep the name",
        erasure_bugs.the_staffs_messages_keep_the_name,
        "forgotten",
        "forgotten:",
    ),
    DayRow("an order keeps its address", erasure_bugs.an_order_keeps_its_address, "forgotten", "forgotten:"),
    DayRow("what waits is pruned", erasure_bugs.what_waits_is_pruned, "pruned", "pruned:"),
    DayRow("what is said is kept for ever", erasure_bugs.what_is_said_is_kept_for_ever, "pruned", "pruned:"),
    DayRow(
        "numbers of lost books come again",
        invoice_bugs.numbers_of_lost_books_come_again,
        "the books are lost",
        "invoice:",
    ),
    DayRow(
        "each change has an invoice",
        invoice_bugs.goods_on_their_way_have_an_invoice_at_each_change,
        "pruned",
        "invoice:",
    ),
    DayRow(
        "each credit note is rounded anew",
        invoice_bugs.each_credit_note_is_rounded_anew,
        "cash to the door",
        "invoice: with",
    ),
    DayRow("no credit note", invoice_bugs.what_is_taken_back_has_no_credit_note, "pruned", "invoice:"),
)
