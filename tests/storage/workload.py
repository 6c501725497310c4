"""Every statement that a shop asks of its database: the server, the workers and the operators' commands."""

from dataclasses import replace
from datetime import date
from functools import partial
from itertools import product
from typing import Any, Final

from bot.ingest import from_operator_forget, from_request
from bot.whatsapp.channel import WHATSAPP
from flows.engine.outline import Outline
from flows.messages.kinds import Text
from payments.ledger.audited import FIRST
from payments.ledger.exports import Export
from payments.ledger.state import PaymentStatus
from payments.processing.bodies import OrderRequested, StaffAction, staff_action_to_json
from payments.processing.changes import Caused, ChangeSet, Command, Told
from payments.processing.named_orders import period_to
from payments.processing.notice import Notice, NoticeKind
from payments.processing.step_input import EventKind, StepInput
from payments.shop.business_day import Period
from payments.shop.fulfilment import Stage
from payments.shop.local_time import INDIA
from payments.shop.staff import Staff
from storage.audits.chain import links
from storage.audits.examine import reread
from storage.database.encoding import loads
from storage.database.queues import InboxState, Lane
from storage.database.records import Records
from storage.database.transaction import Row, Transaction, Units
from storage.inbox import versions
from storage.inbox.arrival import Arrival
from storage.inbox.versions import FlowText
from storage.outbox.deliveries import Again, Delivery, Done, Failed
from storage.reports import chat_search, chats, open_orders, standing
from storage.reports.backlog import held, notices, parked, promised, state_of
from storage.reports.chats import ChatFilter, ChatPlace
from storage.reports.customers import find, newest
from storage.reports.desk import OrderFilter
from storage.reports.full_audit import nth
from storage.reports.ledger import books
from storage.reports.numbers import (
    ALWAYS,
    Days,
    best_sellers,
    failures,
    money,
    paid,
    replies,
    states,
    waiting,
)
from storage.reports.place import Place
from storage.reports.timeline import story, subjects
from storage.reports.traffic import traffic
from tests.builders import change_set
from tests.storage.decisions import amend, declare, raises, settle
from tests.storage.past_purchases import START
from tests.storage.purchases import LEASE, Shop, flow, names
from tests.storage.receipt_bodies import receipt_body
from tests.storage.workload_outside import copy_orders, issue_invoices, tell_other_programs

_MINUTE: Final = 60_000
_DAY: Final = 24 * 60 * _MINUTE
_CROWD: Final = range(1_000_000, 1_000_040)
"""New customers, who come together. PostgreSQL would rightly read a small table whole for more of them."""
_TOO_LATE: Final = 131047
_REASONS: Final = (_TOO_LATE, 131026, 131049, 1)
"""Codes with which WhatsApp says later that a message did not reach its customer."""


async def serve(shop: Shop, beside: Units) -> None:
    """Do what the server and its workers do. `beside` reads and writes rows as no code of ours does."""
    await _buy(shop)
    await _misdeliver(shop, beside)
    await _receive_failures(shop, beside)
    await _park_and_replay(shop)
    await _merge_conversations(shop, beside)
    await _request(shop)
    await _look(shop)
    await amend(shop, _CROWD[20:24])
    await declare(shop)
    await issue_invoices(shop)
    await settle(shop)
    await _prune(shop)
    await _forget(shop, beside)
    await _staff(shop)
    await _desk(shop)
    await _broadcast(shop, beside)
    await _reload(shop)
    await tell_other_programs(shop)
    await copy_orders(shop, beside)
    await _audit(shop, beside)
    await _count(shop, beside)


async def _count(shop: Shop, beside: Units) -> None:
    """Count what changed lately into the shop's numbers, and read them."""
    await beside.run(lambda tx: tx.fetch("UPDATE orders SET counted = 1 WHERE placed_at < $1", START))
    await beside.run(lambda tx: tx.fetch("UPDATE conversation SET counted = 1 WHERE created_at < $1", START))
    assert await shop.store.numbers.count(flow().sections["shop"], shop.now, 5)
    read, days = shop.store._units.read, Days(date(2026, 1, 3), date(2026, 1, 4))
    assert await read(lambda tx: money(tx, ALWAYS))
    assert await read(lambda tx: paid(tx, ALWAYS))
    assert await read(lambda tx: states(tx, ALWAYS))
    await read(lambda tx: best_sellers(tx, days))
    await read(lambda tx: replies(tx, ALWAYS))
    await read(lambda tx: failures(tx, days))
    await read(waiting)


async def _audit(shop: Shop, beside: Units) -> None:
    """Audit new orders, and read them and their audit again, which a command does."""
    await beside.run(lambda tx: tx.fetch("UPDATE orders SET audited = 0 WHERE placed_at < $1", START))
    for _ in range(2):
        assert await shop.store.audits.audit("", shop.now, 5)
    units, key = shop.store._units, next(reversed(shop.razorpay.links.values())).key
    assert await units.read(lambda tx: reread(tx, key[:-1], key, 25))
    assert (await units.read(lambda tx: links(tx, FIRST, 25))).count >= 2
    assert await units.read(lambda tx: nth(tx, 7))


async def _buy(shop: Shop) -> None:
    """New and earlier customers buy; then some go on while their reminder waits."""
    shop.account = "acc_1"  # is learned now
    await shop.order([0, 1, 2, *_CROWD])
    await shop.pay(times=2)
    await shop.finish()
    await shop.order([*_CROWD[:5]])
    shop.now += 10 * _MINUTE
    await shop.step()
    await shop.write([*_CROWD[:2]], "cancel")
    await shop.step()
    shop.now += 40 * _DAY
    await shop.finish()


async def _misdeliver(shop: Shop, beside: Units) -> None:
    """Messages that are released, retried, failed, ambiguous, too many at once, or unreadable."""
    for word in ("hindi", "english") * 30:  # something moves each time: else the bot would fall silent
        await shop.write([2_000_000], word)
    await shop.write([0, *range(2_000_001, 2_000_006)], "hi")
    await shop.step()
    await beside.run(lambda tx: tx.fetch(_MUCH_NEWS))
    one, two, three, four, *_ = await shop.store.claim_due(shop.now, 256, LEASE, tuple(Lane))
    await shop.store.release([one.claim])
    notice = Notice(NoticeKind.WINDOW, "hello", "It was not sent.")
    again = Again(two.claim, shop.now, "busy", notice=notice)
    await shop.store.record([again, Failed(three.claim, "refused", notice=notice)], shop.now)
    # Nobody says what became of the others: their leases end.
    shop.now += LEASE + _MINUTE
    await shop.store.claim_due(shop.now, 256, LEASE, tuple(Lane))
    shop.now += _MINUTE
    await beside.run(lambda tx: tx.fetch("UPDATE outbox SET payload = '7' WHERE id = $1", four.id))
    await shop.deliver()


_MUCH_NEWS: Final = """
INSERT INTO outbox
    (conversation_id, lane, urgency, name, payload, state, due_at, attempts, caused_by, created_at)
SELECT o.conversation_id, o.lane, o.urgency, o.name, o.payload, o.state, o.due_at, 0, o.caused_by,
    o.created_at
FROM (SELECT * FROM outbox WHERE finished_at IS NULL AND lane = 'chat' ORDER BY id LIMIT 1) AS o
CROSS JOIN (SELECT id FROM inbox ORDER BY id LIMIT 60) AS n"""
"""One customer is told more at once than WhatsApp takes. Answers would supersede each other."""


async def _receive_failures(shop: Shop, beside: Units) -> None:
    """Receipts of failures after acceptance, and of unknown messages."""
    await shop.order([*_CROWD[5:9]], statuses=())
    sent = [row for row in await beside.read(_finished) if loads(row["payload"]).get("fallback")][:4]
    await shop.write([*_CROWD[5:9]], "hi")
    await shop.step()
    delivered = await shop.deliver()
    told = [
        *_failures(sent, delivered),
        receipt_body("read", "wamid.of.others"),
        # It names another conversation than the message's: the two may have been merged.
        receipt_body("read", opaque=f"{await shop.store.installation()}-1.{delivered[0].claim.id}"),
        {"error": {"code": 1}},
    ]
    arrivals = [Arrival(f"told.{n}", EventKind.RECEIPT, body) for n, body in enumerate(told)]
    await shop.store.arrive([*arrivals, Arrival("told.odd", EventKind.RECEIPT, {"error": [{}]})], shop.now)
    await shop.store.apply_receipts(shop.now)


async def _finished(tx: Transaction) -> list[Row]:
    """The newest messages, of which those with a `fallback` have a template too."""
    return await tx.fetch(
        "SELECT id, provider_id, payload FROM outbox WHERE state = 'done' ORDER BY id DESC LIMIT 500"
    )


def _failures(sent: list[Row], delivered: list[Delivery]) -> list[dict[str, Any]]:
    late = [receipt_body("failed", row["provider_id"], error={"code": _TOO_LATE}) for row in sent]
    return late + [
        receipt_body("failed", opaque=one.opaque, error={"code": code})
        for one, code in zip(delivered, _REASONS, strict=False)
    ]


async def _park_and_replay(shop: Shop) -> None:
    """Events that no step can handle, one of which is tried again; and a number that moved."""
    await shop.write([3_000_000, 3_000_001], "hi")
    await shop.store.advance_due(raises, shop.now)
    moved = Arrival("moved", EventKind.CHAT, {}, aliases=(("bsuid", "IN.moved"), *names(3_000_000)[1:]))
    [first] = await shop.store.arrive([moved], shop.now)
    [again] = await shop.store.arrive([moved], shop.now)
    assert first.number == again.number
    await shop.store.advance_due(raises, shop.now)
    await shop.order([3_000_002])
    shop.take_money()
    await shop.receive()
    await shop.store.advance_due(raises, shop.now)
    assert await shop.store.replay(first.number)
    assert await shop.store.seen(1)


async def _merge_conversations(shop: Shop, beside: Units) -> None:
    """Conversations merge, by a message and by a recipient's names; and one event comes late."""
    await shop.order([5_000, 5_001, 5_002])
    sent = {names(n): await _message_to(shop, n) for n in (5_003, 5_004)}
    for n, (first, last) in enumerate(((5_000, 5_001), (5_001, 5_002))):
        both = (*names(first)[:1], ("parent_bsuid", f"IN.ENT.{n}"))
        await shop.store.arrive([Arrival(f"one.{n}", EventKind.CHAT, {}, aliases=both)], shop.now)
        changed = Arrival(
            f"two.{n}", EventKind.CHAT, {}, aliases=names(last), formerly=both, told_at=shop.now
        )
        await shop.store.arrive([changed], shop.now)
    (third, message), (fourth, answered) = sent.items()
    told = receipt_body("read", opaque=message.opaque)
    receipt = Arrival("who", EventKind.RECEIPT, told, opaque=message.opaque, recipient=fourth)
    await shop.store.arrive([receipt], shop.now)
    await shop.store.record([Done(answered.claim, "wamid.who", recipient=third)], shop.now)
    await shop.store.apply_receipts(shop.now)
    [dead, *_] = await beside.read(lambda tx: tx.fetch(_ENDED))
    await beside.run(lambda tx: tx.fetch(_CAME_LATE, dead["id"], shop.now))
    await shop.step()


async def _message_to(shop: Shop, customer: int) -> Delivery:
    """A claimed message to `customer`."""
    await shop.write([customer], "hi")
    await shop.step()
    [one, *_] = await shop.store.claim_due(shop.now, 256, LEASE, tuple(Lane))
    return one


_ENDED: Final = "SELECT id FROM conversation WHERE merged_into IS NOT NULL"
_CAME_LATE: Final = """
INSERT INTO inbox (conversation_id, key, kind, state, due_at, body, received_at)
VALUES ($1, 'came late', 'chat', 'pending', $2, '{}', $2)"""


async def _request(shop: Shop) -> None:
    """A request over the API comes twice."""
    request = from_request(names(6_000_000)[1][1], OrderRequested(None), "monday")
    [first] = await shop.store.arrive([request], shop.now)
    [again] = await shop.store.arrive([request], shop.now)
    assert (again.number, again.new) == (first.number, False)
    await shop.step()


async def _look(shop: Shop) -> None:
    """Look up what is due, how much waits, and single orders, links and events."""
    store, now = shop.store, shop.now
    await store.ping()
    await store.probe(now, 100)
    await store.rewind(now)
    await store.rewind(now, 60_000)
    await store.due(now)
    await store.due_lanes(now)
    await store.counts(now)
    await store.recent(20)
    assert await store.known_names("phone", ["919800000001", "919899999999"]) == ["919800000001"]
    link = next(iter(shop.razorpay.links.values()))
    view = await store.order(link.key)
    assert view is not None
    assert await store.order_of_link(link.id) == link.key
    assert await store.order_of_payment("pay_of_nobody") is None
    assert await store.order_placed_by(view.order.placed_by) == view
    assert await store.event(1) is not None
    assert await store.is_customer(f"{await store.installation()}-1")


async def _prune(shop: Shop) -> None:
    """Delete a few of the oldest rows."""
    lease = await shop.store.begin_pruning(shop.now)
    assert lease is not None
    pruned = await shop.store.prune(lease, shop.now, shop.now, 5)
    assert pruned is not None
    assert (pruned.events, pruned.entries) == (5, 5)
    await shop.store.finish_pruning(pruned.lease, shop.now)


async def _forget(shop: Shop, beside: Units) -> None:
    """An earlier customer, of whom nothing is under way, is forgotten."""
    await beside.run(lambda tx: tx.fetch("UPDATE orders SET stage = 'delivered' WHERE number = '10001-11'"))
    [stored] = await shop.store.arrive([from_operator_forget(names(11)[1][1], "1")], shop.now)
    await shop.write([11], "hi")
    await shop.step()
    event = await shop.store.event(stored.number)
    assert event is not None
    assert event.state == InboxState.APPLIED, event.trace


async def _staff(shop: Shop) -> None:
    """The staff: declared, told of a customer, quoting, commanding; and a number that is another's."""
    meena, ramesh = "919812345671", "919812345672"
    members = {meena: Staff("Meena", f"+{meena}"), ramesh: Staff("Ramesh", f"+{ramesh}")}
    await shop.store.declare_staff(members, shop.now)
    await shop.store.declare_staff({meena: members[meena]}, shop.now)
    for n, bsuid in enumerate(("IN.meena", "IN.meena", "IN.another")):
        aliases = (("bsuid", bsuid), ("phone", meena))
        wrote = Arrival(f"staff.{n}", EventKind.CHAT, {"quote": "wamid.told"}, aliases=aliases)
        await shop.store.arrive([wrote], shop.now)
        await shop.store.advance_due(_commands, shop.now)
    await _ask(shop, ramesh)


async def _ask(shop: Shop, phone: str) -> None:
    """A member of the staff names orders, and asks for what is to do and for a day."""
    await shop.store.declare_staff({phone: Staff("Ramesh", f"+{phone}")}, shop.now)
    period = Period(START - 20_000, START + 20_000)
    actions = [StaffAction("", "Meena", "orders"), StaffAction("", "Meena", "day", period_to(period))]
    asked = [(EventKind.STAFF, staff_action_to_json(action)) for action in actions]
    asked.append((EventKind.CHAT, {"event": {"kind": "text", "text": "#10013"}}))
    for n, (kind, body) in enumerate(asked):
        await shop.store.arrive([Arrival(f"ask.{n}", kind, body, aliases=(("phone", phone),))], shop.now)
    seen: list[StepInput] = []

    def look(given: StepInput) -> ChangeSet:
        seen.append(given)
        return change_set(given)

    while not any(one.days for one in seen):  # it is counted beside the steps
        await shop.store.advance_due(look, shop.now)
    assert any(one.to_do is not None for one in seen)
    assert {number for one in seen for number in one.numbered} == {"10013"}
    assert {period for one in seen for period in one.days} == {period}
    await shop.store.day(period)
    await shop.store.article_counts()
    for what in (Export.ORDERS, Export.CUSTOMERS, Export.INVOICES):
        first = await shop.store.export(what, Period(0, shop.now), None, INDIA, 20)
        assert first.last is not None
        await shop.store.export(what, Period(0, shop.now), first.last, INDIA, 20)
    for part in range(3):
        await shop.store.export(Export.GST, Period(0, shop.now), Place(0, f"{part}:"), INDIA, 20)


def _commands(given: StepInput) -> ChangeSet:
    """Tell the staff, and command something in the conversation."""
    changes, event = change_set(given), given.events[0].number
    changes.told = [Caused(event, Told(tuple(given.staff), "told", Text("Hello")))]
    if given.events[0].kind is EventKind.CHAT:
        changes.commands = [Caused(event, Command(given.conversation.id, StaffAction("", "Meena", "done")))]
    return changes


FILTERS: Final = tuple(
    OrderFilter(limit=10, todo=todo, stage=stage, payment=payment, phones=phones, since=since, after=after)
    for todo, stage, payment, phones, since, after in product(
        (False, True),
        (None, Stage.DELIVERED),
        (None, PaymentStatus.PAID),
        (None, ("919800000001", "919800000002")),
        (0, 1),
        (None, Place(2**60, "z"), Place(1_790_000_100_000, "a")),
    )
)
"""Every kind of list, with every combination of conditions: first pages and later ones."""


async def _reload(shop: Shop) -> None:
    """Serve two versions of a flow, and ask who stands on the first."""
    for version in ("one", "two"):
        served = FlowText(version, {"flows.yaml": version}, Outline(version, "cart", {}))
        await shop.store.versions.serve(served, {"cup": 3, "pot": 2}, "ravi", shop.now)
    await shop.store.versions.serve_earlier(served, {"cup": 5, "pot": None, "tea": 4}, "ravi", shop.now)
    await shop.store.versions.serve(served, {"cup": 3, "pot": 2}, "ravi", shop.now)
    newest = await shop.store.versions.newest()
    assert newest is not None
    assert [one.version for one in await shop.store.versions.since(newest.number - 1)] == ["two"]
    await shop.store.versions.texts(newest.number)
    await shop.store._units.read(_look_at_standing)


async def _look_at_standing(tx: Transaction) -> None:
    """Ask who stands where, as `munshi plan` does."""
    await versions.counted(tx, 1)
    for asked in (
        standing.standing(tx, 1, "cart"),
        standing.with_open_orders(tx),
        standing.heard_since(tx, START),
    ):
        async for _ in asked:
            pass


async def _desk(shop: Shop) -> None:
    """List the orders in every way, and look at one."""
    for wanted in FILTERS:
        await shop.store.orders(wanted)
    link = next(iter(shop.razorpay.links.values()))
    assert await shop.store.detailed_orders(link.key)
    for chats_wanted in CHATS:
        await shop.store.chats(chats_wanted)
    await shop.store._units.read(lambda tx: chat_search._called(tx, "nobody", 10))


async def _broadcast(shop: Shop, beside: Units) -> None:
    """An offer to those who asked for it; then they want none any more, also one that waits."""
    await beside.run(lambda tx: tx.fetch("UPDATE conversation SET hears = 'offers' WHERE id <= 20"))
    await shop.store.broadcasts.audience(shop.now)
    await shop.store.broadcasts.begin("sale", "sale", "ravi", shop.now)
    assert await shop.store.broadcasts.find("sale") is not None
    assert await shop.store.broadcasts.go_on(shop.now)
    await shop.store.advance_due(partial(_hears, level="offers"), shop.now)
    assert await shop.store.broadcasts.go_on(shop.now + 60_000) is None
    await shop.write([0], "stop")
    await shop.store.advance_due(partial(_hears, level="orders"), shop.now)


def _hears(given: StepInput, level: str) -> ChangeSet:
    changes = change_set(given)
    changes.conversation = replace(given.conversation, data={**given.conversation.data, "hears": level})
    return changes


CHATS: Final = tuple(
    ChatFilter(in_hand, waiting, after, 10)
    for in_hand, waiting in ((False, False), (True, False), (False, True))
    for after in (None, ChatPlace(2**60, 7))
)


async def look_after(records: Records, order: str) -> None:
    """Ask what `munshi why`, `munshi doctor` and `munshi ledger` ask; `order` is an order's key."""
    for words in (order, "#10013", "+919801000000", f"{records.installation}-1"):
        [one, *_] = await subjects(records, words, [words.removeprefix("+")])
        await story(records, one)
    await traffic(records.reads)
    await parked(records)
    await notices(records)
    await held(records)
    await promised(records)
    await state_of(records, 1)
    await books(records, page=25)
    for chats_wanted in CHATS:
        await chats.listed(records, chats_wanted, WHATSAPP.naming)
    await chats.of(records, [1, 2, 3], WHATSAPP.naming)
    await open_orders.newest(records, [1, 2, 3])
    await chat_search.find(records, "nobody", [])
    for words in ("#10013", "nobody"):
        await find(records, words, [])
    await newest(records, 2, None)
    await newest(records, 2, 100)
