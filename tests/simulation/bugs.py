"""Planted bugs: each patches the production code. `planted` lists what they do and what catches them."""

import asyncio
import hmac
from collections.abc import Callable, Sequence
from dataclasses import replace
from hashlib import sha256
from itertools import count
from typing import Any, TypeAlias

import jinja2
import pytest

from bot import ingest
from bot.http import webhooks
from bot.whatsapp.client import Accepted
from bot.workers import executor, loop, razorpay_handler, whatsapp_handler
from flows.engine import step
from flows.engine.events import Happened, Tapped
from flows.engine.model import timer_trigger
from flows.messages import replies
from flows.templates.expressions import Template
from payments import signature
from payments.ledger import balance, matching, resolution
from payments.ledger.calls import CancelLink, link_for
from payments.ledger.facts import Fact
from payments.ledger.holds import Mismatch
from payments.ledger.polling import Poll
from payments.ledger.state import OrderState
from payments.processing import advance, cart_actions, deferred_links, notifications, updates, versions
from payments.processing import turn as turns
from payments.processing.advance import advance as advance_step
from payments.processing.changes import ChangeSet, EventResult, Outcome
from payments.processing.results import LinkWithdrawn
from payments.processing.shop_state import ShopState
from payments.processing.step_input import EventKind, StepInput
from payments.processing.turn import Turn
from payments.razorpay import refunds, webhook
from payments.shop import stock
from payments.shop.orders import AttemptStatus, Lifecycle, LinkStatus, order_key_of
from storage.database import sqlite
from storage.database.queues import Lane
from storage.inbox.arrival import Arrival
from storage.outbox.deliveries import Done
from tests.payments import test_money

Plant: TypeAlias = Callable[[pytest.MonkeyPatch], None]


def acknowledge_first(patch: pytest.MonkeyPatch) -> None:
    tasks: set[asyncio.Task[Any]] = set()

    async def store(context: Any, batch: Sequence[Any]) -> None:
        task = asyncio.get_running_loop().create_task(context.inbox.put(batch))
        tasks.add(task)
        task.add_done_callback(tasks.discard)

    patch.setattr(webhooks, "store", store)


def drop_what_is_interrupted(patch: pytest.MonkeyPatch) -> None:
    def advance_last(flow: Any, step_input: StepInput, now: int) -> ChangeSet:
        changes = advance_step(flow, step_input._replace(events=step_input.events[-1:]), now)
        dropped = [EventResult(event.number, Outcome.IGNORED, ()) for event in step_input.events[:-1]]
        return replace(changes, results=[*dropped, *changes.results])

    patch.setattr(versions, "advance", advance_last)


def ask_before_it_is_written(patch: pytest.MonkeyPatch) -> None:
    def begin(self: ShopState, state: OrderState, amount: int, *, card: bool = False) -> ShopState:
        return self.with_order(state).asking(link_for(state.order, self._attempt(state, amount, card=card)))

    patch.setattr(ShopState, "begin", begin)


def never_ask_again(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(updates, "_polls", lambda *_: [])


def new_reference_after_a_doubt(patch: pytest.MonkeyPatch) -> None:
    create = razorpay_handler._create

    async def create_with_new_reference(gateway: Any, call: Any, *, may_exist: bool) -> Any:
        call = replace(call, reference_id=f"{call.reference_id}0") if may_exist else call
        return await create(gateway, call, may_exist=False)

    patch.setattr(razorpay_handler, "_create", create_with_new_reference)


def create_without_looking(patch: pytest.MonkeyPatch) -> None:
    async def create_link(gateway: Any, call: Any, *, may_exist: bool) -> Any:
        return await gateway.create_link(call)

    patch.setattr(razorpay_handler, "ensure_link", create_link)


def empty_secret_signs(patch: pytest.MonkeyPatch) -> None:
    matches = signature.matches

    def matches_or_empty(body: bytes, given: str | None, *secrets: str) -> bool:
        return matches(body, given, *secrets) or given == hmac.new(b"", body, sha256).hexdigest()

    patch.setattr(signature, "matches", matches_or_empty)


def missing_signature_passes(patch: pytest.MonkeyPatch) -> None:
    matches = signature.matches
    patch.setattr(signature, "matches", lambda body, given, *s: given is None or matches(body, given, *s))


def any_currency_counts(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(balance.Balance, "own", property(lambda self: self.payments))


def any_account_counts(patch: pytest.MonkeyPatch) -> None:
    def judged(facts: Any, state: Any, *, ours: Any, account: Any, mode: Any) -> list[Fact]:
        return matching.judged(facts, state, ours=None, account=account, mode=mode)

    patch.setattr(updates, "judged", judged)


def no_link_need_be_named(patch: pytest.MonkeyPatch) -> None:
    mismatch = matching._mismatch

    def trusting(*args: Any) -> Mismatch | None:
        found = mismatch(*args)
        return None if found is Mismatch.UNVERIFIED else found

    patch.setattr(matching, "_mismatch", trusting)


def _drop_facts(patch: pytest.MonkeyPatch, drops: Callable[[Fact, OrderState], bool]) -> None:
    new = updates._new

    def new_but_dropped(facts: list[Fact], state: OrderState) -> tuple[Fact, ...]:
        return tuple(fact for fact in new(facts, state) if not drops(fact, state))

    patch.setattr(updates, "_new", new_but_dropped)


def ended_orders_hear_nothing(patch: pytest.MonkeyPatch) -> None:
    _drop_facts(patch, lambda fact, state: fact.state == "captured" and state.lifecycle is Lifecycle.LAPSED)


def failed_is_final(patch: pytest.MonkeyPatch) -> None:
    def failed_before(fact: Fact, state: OrderState) -> bool:
        failed = {known.entity_id for known in state.facts if known.state == "failed"}
        return fact.entity == "payment" and fact.entity_id in failed

    _drop_facts(patch, failed_before)


def returned_is_not_final(patch: pytest.MonkeyPatch) -> None:
    decide = resolution._lifecycle

    def lifecycle(state: OrderState, balance: Any, *rest: Any) -> Lifecycle:
        again = state.lifecycle is Lifecycle.RETURNED and balance.paid_in_full
        return Lifecycle.FULFILLED if again else decide(state, balance, *rest)

    patch.setattr(resolution, "_lifecycle", lifecycle)


def ended_orders_are_not_asked_about(patch: pytest.MonkeyPatch) -> None:
    poll = advance._poll

    def poll_unless_ended(turn: Turn, body: Poll) -> advance.Done:
        key = order_key_of(body.reference_id)
        ended = turn.shop.known(key).lifecycle is Lifecycle.LAPSED
        return ((), False) if ended else poll(turn, body)

    patch.setattr(advance, "_poll", poll_unless_ended)


def known_by_delivery(patch: pytest.MonkeyPatch) -> None:
    digest, serial = webhook.digest, count()
    patch.setattr(webhook, "digest", lambda raw: digest(raw + str(next(serial)).encode()))


def each_event_confirms(patch: pytest.MonkeyPatch) -> None:
    def events_with_repeats(
        before: OrderState, after: OrderState, new: Sequence[Fact], *rest: Any, **options: Any
    ) -> list[Happened]:
        events = notifications.events_for(before, after, tuple(new), *rest, **options)
        paid = after.lifecycle is Lifecycle.FULFILLED and any(f.state in ("captured", "paid") for f in new)
        again = paid and before.lifecycle is Lifecycle.FULFILLED
        return [*events, Happened("payment.captured", {"late": False, "by": ""})] if again else events

    patch.setattr(updates, "events_for", events_with_repeats)


def polls_trust_what_they_saw(patch: pytest.MonkeyPatch) -> None:
    def apply_as_if_open(turn: Turn, before: OrderState, *facts: Any, **options: Any) -> Any:
        # "asked" is in the options of polls only.
        seen = replace(before, lifecycle=Lifecycle.OPEN) if "asked" in options else before
        return updates.apply(turn, seen, *facts, **options)

    patch.setattr(advance, "apply", apply_as_if_open)


def sent_is_sent_again(patch: pytest.MonkeyPatch) -> None:
    async def send_twice(*args: Any) -> Accepted:
        await whatsapp_handler.send(*args)
        return await whatsapp_handler.send(*args)

    patch.setattr(executor, "send", send_twice)


def surplus_stays(patch: pytest.MonkeyPatch) -> None:
    refunds_for = resolution._asked

    def no_refunds_if_fulfilled(state: OrderState, lifecycle: Lifecycle, *rest: Any) -> Any:
        return () if lifecycle is Lifecycle.FULFILLED else refunds_for(state, lifecycle, *rest)

    patch.setattr(resolution, "_asked", no_refunds_if_fulfilled)


def _patch_paid(patch: pytest.MonkeyPatch, paid: Callable[[balance.Balance], int]) -> None:
    patch.setattr(balance.Balance, "paid", property(paid))


def one_partial_wins(patch: pytest.MonkeyPatch) -> None:
    _patch_paid(patch, lambda balance: max((payment.amount for payment in balance.fitting), default=0))


def short_is_paid(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(balance.Balance, "paid_in_full", property(lambda balance: balance.paid > 0))


def too_much_is_not_seen(patch: pytest.MonkeyPatch) -> None:
    def capped(balance: balance.Balance) -> int:
        return min(balance.total, sum(payment.amount for payment in balance.fitting))

    _patch_paid(patch, capped)
    patch.setattr(balance.Balance, "captured", property(capped))


def refund_key_per_try(patch: pytest.MonkeyPatch) -> None:
    serial = count()

    async def ensure_with_new_key(gateway: Any, call: Any) -> Any:
        facts = await refunds.ensure_refund(gateway, replace(call, key=f"{call.key}{next(serial)}"))
        return tuple(replace(fact, detail=replace(fact.detail, key=call.key)) for fact in facts)

    patch.setattr(razorpay_handler, "ensure_refund", ensure_with_new_key)


def failed_refund_is_not_heard(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(balance, "_REFUND_RANK", {"created": 0, "processed": 1})


def failed_beats_captured(patch: pytest.MonkeyPatch) -> None:
    fold = balance._payments

    def payments_without_failed(facts: Sequence[Fact]) -> Any:
        failed = {fact.entity_id for fact in facts if fact.entity == "payment" and fact.state == "failed"}
        return tuple(payment for payment in fold(facts) if payment.id not in failed)

    patch.setattr(balance, "_payments", payments_without_failed)


def orders_reserve_nothing(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(stock, "reserve", lambda stock, lines: ())


def stock_is_not_looked_at(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(cart_actions, "left_for_new", lambda state: {})


def done_before_it_is_sent(patch: pytest.MonkeyPatch) -> None:
    perform_run = loop.Workers._perform_run

    async def record_then_perform(self: Any, lane: Lane, run: Sequence[Any]) -> None:
        if lane == Lane.CHAT:
            await self._context.store.record([Done(d.claim, None) for d in run], self._context.clock.now())
        await perform_run(self, lane, run)

    patch.setattr(loop.Workers, "_perform_run", record_then_perform)


def messages_known_by_delivery(patch: pytest.MonkeyPatch) -> None:
    serial = count()

    def from_whatsapp(*args: Any) -> list[Arrival]:
        arrivals = ingest.from_whatsapp(*args)
        return [
            replace(a, key=f"{a.key}.{next(serial)}") if a.kind is EventKind.CHAT else a for a in arrivals
        ]

    patch.setattr(webhooks, "from_whatsapp", from_whatsapp)


def events_see_the_same_state(patch: pytest.MonkeyPatch) -> None:
    following = turns.following
    first: list[Turn] = []

    def following_the_first(last: Turn, event: Any) -> Turn:
        if last.event.number == 0:
            first[:] = [last]
        turn = following(last, event)
        turn.conversation = first[0].conversation
        turn.shop = turn.shop._replace(cart=first[0].shop.cart, current=first[0].shop.current)
        return turn

    patch.setattr(advance, "following", following_the_first)


def old_buttons_are_new(patch: pytest.MonkeyPatch) -> None:
    tap = step._tap

    def tap_as_fresh(performance: Any, event: Tapped) -> None:
        reply = replies.decode(event.reply_id)
        if isinstance(reply, replies.ReplyId):
            place = replies.place(performance.conversation().id, performance.visits[-1])
            event = replace(event, reply_id=replies.encode(place, reply.trigger, reply.value))
        tap(performance, event)

    patch.setattr(step, "_tap", tap_as_fresh)


def old_links_stay_open(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(OrderState, "payable", property(lambda state: ()))


def links_do_not_wait(patch: pytest.MonkeyPatch) -> None:
    begin = ShopState.begin

    def at_once(self: ShopState, state: OrderState, amount: int, *, card: bool = False) -> ShopState:
        begun = begin(self, state, amount, card=card)
        planned = begun.known(state.key).planned
        if planned is None:
            return begun
        attempt = replace(planned, status=AttemptStatus.CREATING)
        changed = begun.known(state.key).with_attempt(attempt)
        return begun.with_order(changed).asking(link_for(state.order, attempt))

    patch.setattr(ShopState, "begin", at_once)


def any_refusal_is_a_cancellation(patch: pytest.MonkeyPatch) -> None:
    refused = razorpay_handler.event_for_refusal

    def event_as_if_cancelled(call: Any, error: Any) -> Any:
        if isinstance(call, CancelLink):
            return LinkWithdrawn(call.reference_id, call.link_id, LinkStatus.CANCELLED)
        return refused(call, error)

    patch.setattr(executor, "event_for_refusal", event_as_if_cancelled)


def plans_are_forgotten(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(advance, "follow", lambda turn: ())


def paid_is_only_over(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(deferred_links, "ENDED_UNPAID", frozenset(AttemptStatus))


def newest_first(patch: pytest.MonkeyPatch) -> None:
    def advance_reversed(flow: Any, step_input: StepInput, now: int) -> ChangeSet:
        return advance_step(flow, step_input._replace(events=step_input.events[::-1]), now)

    patch.setattr(versions, "advance", advance_reversed)


def timers_of_any_visit(patch: pytest.MonkeyPatch) -> None:
    def timer(performance: Any, event: Any) -> None:
        step._answer(performance, timer_trigger(event.state, event.timer), {"timer": event.timer})

    patch.setattr(step, "_timer", timer)


def weak_disk_is_accepted(patch: pytest.MonkeyPatch) -> None:
    async def accept_any(_: Any) -> None:
        return None

    patch.setattr(sqlite, "require_durable", accept_any)


def what_fails_stays_open(patch: pytest.MonkeyPatch) -> None:
    execute = sqlite._execute

    def execute_no_rollback(connection: Any, sql: str, values: Any = ()) -> Any:
        return execute(connection, sql if sql != "ROLLBACK" else "SELECT 1", values)

    patch.setattr(sqlite, "_execute", execute_no_rollback)


def rupees_are_floats(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(test_money, "paise", lambda rupees: int(float(rupees) * 100))


def text_is_rendered_again(patch: pytest.MonkeyPatch) -> None:
    render = Template.render
    patch.setattr(Template, "render", lambda self, values: jinja2.Template(render(self, values)).render())
