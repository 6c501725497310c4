"""Puts a plan into words: what another flow would change, and what that means to those who are chatting."""

from collections.abc import Iterator, Sequence
from datetime import datetime

from bot.customer_names import named as named_people
from bot.own_actions import vocabulary
from bot.planning import ChangedCart, Group, Plan, changed_carts, listed, named, planned, staying, stranded
from bot.sections import SHOWN, sections
from flows.document.errors import FlowInvalid
from flows.engine.model import Flow
from flows.language import changes as flow_changes
from flows.language.load import load_spec
from payments.processing.flow_types import guards_read_sums
from payments.shop import changes as shop_changes
from payments.shop.catalogue import Shop
from payments.shop.money import money
from storage.database.records import Records
from storage.inbox import stock, versions
from storage.inbox.versions import Serving


async def told(records: Records, flow: Flow, now: int) -> tuple[Plan, list[str]]:
    """Return what it would mean to serve `flow` at `now`, and the lines that say so."""
    served = await versions.newest(records.reads)
    if served is None:
        return Plan(), [f"Nothing is served yet: {flow.file} would be the first version."]
    plan = await planned(records, flow, now)
    changes = await _changes(records, flow, served, plan, now)
    carts = await _carts(records, plan)
    return plan, [*_head(flow, served), *changes, *_customers(plan, carts)]


def _head(flow: Flow, served: Serving) -> Iterator[str]:
    shop: Shop = flow.sections["shop"]
    since = datetime.fromtimestamp(served.since / 1000, shop.timezone)
    what = f"version {served.version}, served since {since:%Y-%m-%d %H:%M %Z} by {served.by}"
    yield f"{flow.file} (version {flow.version}) beside {what}"


async def _changes(records: Records, flow: Flow, served: Serving, plan: Plan, now: int) -> Iterator[str]:
    texts = await versions.texts(records.reads, served.number)
    try:
        old, new = load_spec(texts, vocabulary())[1], load_spec(flow.texts, vocabulary())[1]
    except FlowInvalid:
        return iter(["", "What is served was written for another Munshi: no changes can be told."])
    before, after = old.shop, new.shop  # type: ignore[attr-defined]  # the host's section
    plan.carts = [one async for one in changed_carts(records, before, after, now)]
    if flow_changes.same_behaviour(old, new) and shop_changes.only_prices(before, after):
        plan.unsearched = _unsearched(flow, any(shop_changes.prices(before, after)))
    found = {
        "messages": flow_changes.messages(old, new),
        "states": flow_changes.states(old, new),
        "rules": flow_changes.rules(old, new),
        "flow": flow_changes.rest(old, new),
        "prices": shop_changes.prices(before, after),
        "products": shop_changes.descriptions(before, after),
        "stock": shop_changes.stock(after, await stock.counts(records.reads)),
        "repairs": shop_changes.repairs(before, after),
        "shop": shop_changes.rest(before, after),
    }
    told = {name: listing for name, lines in found.items() if (listing := list(lines))}
    return sections("What changes", told) if told else iter(["", _nothing(served, flow)])


def _unsearched(flow: Flow, prices: bool) -> str:
    """Return why a flow that changes `prices` at most needs no search; empty if they may decide."""
    if not prices:
        return "No rule, state or message changes"
    if guards_read_sums(flow):
        return ""
    return "Only prices change, and no guard, 'never' or 'always' reads a sum"


def _nothing(served: Serving, flow: Flow) -> str:
    if served.version == flow.version:
        return "Nothing changes but comments and blanks"
    return (
        "Something changes that has no line here: compare the files ('munshi history --into' writes the old)"
    )


def _customers(plan: Plan, carts: Sequence[str]) -> Iterator[str]:
    standing = {state: one for state, one in plan.standing.items() if one.people}
    yield from listed("Who stands where", named(standing))
    moves = {
        f"{move.state} → {move.to}" + (f", by {move.by}" if move.by else ""): group
        for move, group in plan.moves.items()
        if move.state != move.to
    }
    still = [group for move, group in plan.moves.items() if move.state == move.to]
    if people := sum(group.people for group in still):
        moves = {"in their state": Group(people, sum(group.due for group in still)), **moves}
    yield from listed("Who goes over, with their next message", named(moves))
    yield from staying(plan)
    if plan.unknown:
        yield ""
        yield "States under 'migrate: from' that no version had which was served here"
        yield from (f"  {one}" for one in plan.unknown)
    yield from carts
    yield from stranded(plan)


async def _carts(records: Records, plan: Plan) -> list[str]:
    shown = plan.carts[:SHOWN]
    people = await named_people(records, [one.owner for one in shown])
    lines = [f"  {who}: {_price(one)}" for who, one in zip(people, shown, strict=True)]
    if len(plan.carts) > SHOWN:
        lines.append(f"  … and {len(plan.carts) - SHOWN} more")
    head = f"Carts that change price, of those who wrote in the last 7 days: {len(plan.carts)}"
    return ["", head, *lines] if shown else []


def _price(one: ChangedCart) -> str:
    after = "something is no longer sold" if one.after is None else money(one.after)
    return f"{money(one.before)} → {after}"
