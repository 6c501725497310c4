"""The world's side of the search: what it may do next, and what is asked of it.

A world is a value of small tuples. `moves` names all that it may do next; how often each misfortune may come
is bounded by its `budget`, so that a search ends.
"""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any, Final

from payments.ledger import facts as fact_values
from payments.ledger.calls import CancelLink, CloseCard, CreateLink, FetchCard, FetchPayments, RefundPayment
from payments.ledger.facts import Detail, EntityType, Fact, FactState
from payments.processing import results
from payments.processing.bodies import OrderRequested, StaffAction, request_to_json, staff_action_to_json
from payments.processing.results import (
    LinkKept,
    LinkRefused,
    LinkWithdrawn,
    PaymentsFetched,
    RefundMade,
    RefundRefused,
    Result,
)
from payments.processing.step_input import EventKind
from payments.prover.clock import NOW, less
from payments.prover.munshi import Effect, Event
from payments.prover.outside import (
    REFUSED,
    Budget,
    Kind,
    Link,
    Move,
    Payment,
    Refund,
    World,
    payment_fact,
    refund_fact,
)
from payments.prover.standing import ID
from payments.shop.orders import CURRENCY, FIRST_NUMBER, LinkStatus, is_card, order_key_of
from payments.simulator.scenario_actions import PROVIDER
from payments.simulator.simulated_gateway import as_told, link_made


def moves(world: World) -> list[Move]:
    """Return everything that may happen next, apart from the customer's doing and the passing of time."""
    return [
        *(move._replace(kind=Kind.ANSWER) for move in _answers(world)),
        *(move._replace(kind=Kind.NEWS) for move in _deliveries(world)),
        *_payments(world),
        *_ends(world),
        *_unseen(world),
        *_refunds(world),
        *_asked(world),
        *_others(world),
    ]


def later(world: World, passed: int) -> World:
    """Return the world `passed` milliseconds later."""
    links = tuple(
        one._replace(expires=less(one.expires, passed)) if one.status is LinkStatus.CREATED else one
        for one in world.links
    )
    calls = tuple(
        replace(call, expires_at=call.expires_at - passed) if isinstance(call, CreateLink) else call
        for call in world.calls
    )
    return world._replace(links=links, calls=calls)


def next_due(world: World) -> int | None:
    """Return the milliseconds until something is due by itself; None if nothing is."""
    dues = [one.expires for one in world.links if one.status is LinkStatus.CREATED]
    return min(dues, default=None)


def has(budget: Budget, name: str) -> bool:
    """Return whether this misfortune may still come."""
    return any(known == name and left for known, left in budget)


def _spent(world: World, name: str) -> World:
    budget = tuple((known, left - 1 if known == name else left) for known, left in world.budget)
    return world._replace(budget=tuple(one for one in budget if one[1]))


# Answers to what Munshi asked


def _answers(world: World) -> Iterator[Move]:
    if not world.calls:
        return
    call, rest = world.calls[0], world._replace(calls=world.calls[1:])
    match call:
        case CreateLink():
            yield from _created(call, rest)
        case CancelLink() | CloseCard():
            yield from _cancelled(call, rest)
        case FetchCard():
            yield _fetched(call.reference_id, rest, asked=call.asked, label=f"{PROVIDER}: answers once")
        case FetchPayments():
            yield _fetched(call.reference_id, rest, asked=call.asked, label=f"{PROVIDER}: answers once")
        case RefundPayment():
            yield from _refunded(call, rest)


def _created(call: CreateLink, rest: World) -> Iterator[Move]:
    made = link_made(call)
    link = Link(
        call.reference_id, made.link_id, call.amount, max(0, call.expires_at - NOW), LinkStatus.CREATED
    )
    known = rest._replace(links=(*rest.links, link))
    yield Move(f"{PROVIDER}: answers once", _result(made), known)
    for name, again in (("refuses", False), ("fails", True)):
        if has(rest.budget, name):
            refused = LinkRefused(call.reference_id, REFUSED, again)
            yield Move(f"{PROVIDER}: {name} once", _result(refused), _spent(rest, name))


def _cancelled(call: CancelLink | CloseCard, rest: World) -> Iterator[Move]:
    link = next((one for one in rest.links if one.reference == call.reference_id), None)
    if link is None or link.status is not LinkStatus.CREATED:
        status = link.status if link else LinkStatus.CANCELLED
        known = link.id if link else call.link_id if isinstance(call, CancelLink) else None
        over = LinkWithdrawn(call.reference_id, known, status)
        yield Move(f"{PROVIDER}: answers once", _result(over), rest)
        return
    gone = LinkWithdrawn(call.reference_id, link.id, LinkStatus.CANCELLED)
    yield Move(
        f"{PROVIDER}: answers once", _result(gone), _with(rest, link._replace(status=LinkStatus.CANCELLED))
    )
    if has(rest.budget, "keeps"):
        yield Move(
            f"{PROVIDER}: keeps once", _result(LinkKept(call.reference_id, REFUSED)), _spent(rest, "keeps")
        )


def _fetched(reference: str, world: World, *, asked: bool, label: str) -> Move:
    """The provider tells all that is true of a link's payments. News of them is none any more."""
    link = next((one for one in world.links if one.reference == reference), None)
    own = [one for one in world.payments if link and one.link == link.id]
    facts = tuple(payment_fact(one) for one in own)
    if link and is_card(reference) and link.status is not LinkStatus.CREATED:
        facts += (_end_of(link),)
    told = {fact.identity for fact in facts}
    news = tuple(one for one in world.news if one[1].identity not in told)
    event = _result(PaymentsFetched(reference, facts, asked=asked))
    return Move(label, event, world._replace(news=news))


def _refunded(call: RefundPayment, rest: World) -> Iterator[Move]:
    id = call.key.replace("pay_", "rfnd_")
    refund = Refund(id, call.key, call.payment_id, call.order_key, call.amount)
    made = RefundMade(call.order_key, (refund_fact(refund, FactState.CREATED),))
    yield Move(f"{PROVIDER}: answers once", _result(made), rest._replace(refunds=(*rest.refunds, refund)))
    if has(rest.budget, "refuses refunds"):
        refused = RefundRefused(call.order_key, call.key)
        yield Move(f"{PROVIDER}: refuses the refund", _result(refused), _spent(rest, "refuses refunds"))


# What happens there by itself


def _deliveries(world: World) -> Iterator[Move]:
    for name, fact in world.news:
        rest = tuple(one for one in world.news if one != (name, fact))
        yield Move(f"{PROVIDER}: tells {name}", told(fact), world._replace(news=rest))


def _payments(world: World) -> Iterator[Move]:
    open_links = [one for one in world.links if one.status is LinkStatus.CREATED and one.expires]
    for link in open_links[-1:]:
        rupees = link.amount // 100
        yield from _paid(world, link, "pays", link.amount, CURRENCY, "pays: true")
        part, more = rupees // 2, rupees + 100
        yield from _paid(world, link, "pays a part", part * 100, CURRENCY, f"pays: {part}")
        yield from _paid(world, link, "pays too much", more * 100, CURRENCY, f"pays: {more}")
        yield from _paid(world, link, "pays in dollars", rupees * 100, "USD", f"pays: {rupees} USD")
        if has(world.budget, "a payment fails"):
            yield _tried(world, link, FactState.FAILED, "a payment fails", "payment_fails: true")
        if has(world.budget, "the bank says yes"):
            yield _tried(
                world, link, FactState.AUTHORIZED, "the bank says yes", f"{PROVIDER}: allows the payment"
            )
    for payment in world.payments:
        yield from _settled(world, payment)


def _paid(world: World, link: Link, name: str, amount: int, currency: str, label: str) -> Iterator[Move]:
    if not has(world.budget, name):
        return
    payment = _new(world, link, amount, currency, FactState.CAPTURED)
    after = _spent(world, name)._replace(payments=(*world.payments, payment))
    after = _telling(after, "payment.captured", payment_fact(payment))
    if (amount, currency) == (link.amount, CURRENCY):
        after = _ended(after, link, LinkStatus.PAID)
    yield Move(label, None, after)


def _tried(world: World, link: Link, state: FactState, name: str, label: str) -> Move:
    payment = _new(world, link, link.amount, CURRENCY, state)
    after = _spent(world, name)._replace(payments=(*world.payments, payment))
    return Move(label, None, _telling(after, f"payment.{state}", payment_fact(payment)))


def _settled(world: World, payment: Payment) -> Iterator[Move]:
    """A payment that failed or waits is captured after all; one that waits may also go back."""
    link = next(one for one in world.links if one.id == payment.link)
    waits = payment.state is FactState.AUTHORIZED
    if waits or (payment.state is FactState.FAILED and has(world.budget, "settles late")):
        spent = world if waits else _spent(world, "settles late")
        captured = payment._replace(state=FactState.CAPTURED)
        after = _telling(_with_payment(spent, captured), "payment.captured", payment_fact(captured))
        if link.status is LinkStatus.CREATED:
            after = _ended(after, link, LinkStatus.PAID)
        yield Move(f"{PROVIDER}: captures it" if waits else f"{PROVIDER}: settles late", None, after)
    if waits:
        gone = world._replace(payments=tuple(one for one in world.payments if one != payment))
        detail = Detail(payment_id=payment.id, captured=False)
        back = Fact(
            payment.order_key, EntityType.REFUND, payment.id.replace("pay_", "rfnd_"), FactState.PROCESSED,
            payment.amount, payment.currency, NOW // 1000, detail,
        )  # fmt: skip
        yield Move(f"{PROVIDER}: lets the payment go", None, _telling(gone, "refund.processed", back))


def _ends(world: World) -> Iterator[Move]:
    for link in world.links:
        if link.status is not LinkStatus.CREATED:
            continue
        if not link.expires:
            over = _ended(world, link, LinkStatus.EXPIRED)
            if is_card(link.reference):
                # Only a look-up shows that nobody has paid it.
                yield _fetched(link.reference, over, asked=False, label="")._replace(urgent=True)
            else:
                yield Move("", None, over, urgent=True)
        elif is_card(link.reference):
            continue
        elif has(world.budget, "cancels the link"):
            after = _ended(_spent(world, "cancels the link"), link, LinkStatus.CANCELLED)
            yield Move(f"{PROVIDER}: cancels the link", None, after)


def _unseen(world: World) -> Iterator[Move]:
    """A card that was sent turns out not to have reached the customer, who has paid nothing on it."""
    begun = {one.link for one in world.payments}
    for card in world.links if has(world.budget, "refuses cards") else ():
        if is_card(card.reference) and card.status is LinkStatus.CREATED and card.id not in begun:
            rest = world._replace(links=tuple(one for one in world.links if one != card))
            refused = _result(LinkRefused(card.reference, REFUSED))
            yield Move(f"{PROVIDER}: refuses the card", refused, _spent(rest, "refuses cards"))


def _refunds(world: World) -> Iterator[Move]:
    for refund in world.refunds:
        rest = world._replace(refunds=tuple(one for one in world.refunds if one != refund))
        done = refund_fact(refund, FactState.PROCESSED)
        yield Move(f"{PROVIDER}: pays the refund", None, _telling(rest, "refund.processed", done))
        if has(world.budget, "fails refunds"):
            failed = refund_fact(refund, FactState.FAILED)
            after = _telling(_spent(rest, "fails refunds"), "refund.failed", failed)
            yield Move(f"{PROVIDER}: fails the refund", None, after)


def _asked(world: World) -> Iterator[Move]:
    """The provider is asked about each link from time to time: it matters while something was not told."""
    untold = {fact.entity_id for _, fact in world.news if fact.entity is EntityType.PAYMENT}
    waiting = {one.id for one in world.payments if one.state is FactState.AUTHORIZED}
    for link in world.links:
        if any(one.link == link.id and one.id in untold | waiting for one in world.payments):
            yield _fetched(link.reference, world, asked=False, label=f"{PROVIDER}: is asked")


SOLD_OUT: Final = "others: buy everything"
ORDERS: Final = "order: cart"
MEENA: Final = "Meena"
STAFF: Final = f"staff: {MEENA} writes #{FIRST_NUMBER} "
"""What a member of the staff types about the first order begins so."""


def _others(world: World) -> Iterator[Move]:
    if has(world.budget, SOLD_OUT):
        yield Move(SOLD_OUT, None, _spent(world, SOLD_OUT))
    if has(world.budget, ORDERS):
        request = Event(ORDERS, EventKind.REQUEST, request_to_json(OrderRequested(None)))
        yield Move(ORDERS, request, _spent(world, ORDERS))
    for name, _ in world.budget:
        if name.startswith(STAFF):
            yield Move(name, _by_staff(name.removeprefix(STAFF)), _spent(world, name))


def _by_staff(words: str) -> Event:
    """Return the event of what one of the staff does about the first order: `out`, `delivered cash`."""
    verb = "" if words.partition(" ")[0] in _VERBS else "stage"
    verb, value = (verb, words) if verb else (words.partition(" ")[0], words.partition(" ")[2])
    action = StaffAction(f"{ID}-1", MEENA, verb, value)
    return Event(f"staff {words}", EventKind.STAFF, staff_action_to_json(action))


_VERBS: Final = frozenset({"allowance", "refunded", "cancel"})


# Parts


def _with(world: World, link: Link) -> World:
    return world._replace(links=tuple(link if one.id == link.id else one for one in world.links))


def _with_payment(world: World, payment: Payment) -> World:
    return world._replace(payments=tuple(payment if one.id == payment.id else one for one in world.payments))


def _ended(world: World, link: Link, status: LinkStatus) -> World:
    ended = link._replace(status=status, expires=0)
    return _telling(_with(world, ended), f"payment_link.{status}", _end_of(ended))


def _end_of(link: Link) -> Fact:
    paid = link.amount if link.status is LinkStatus.PAID else 0
    key, state = order_key_of(link.reference), FactState(link.status)
    return Fact(key, EntityType.PAYMENT_LINK, link.id, state, paid, CURRENCY, NOW // 1000)


def _telling(world: World, name: str, fact: Fact) -> World:
    """Return the world in which a webhook tells the fact, if one does."""
    told = as_told(fact)
    if told is None:
        return world
    named = name if told.entity is fact.entity else f"{told.entity}.{told.state}"
    return world._replace(news=tuple(sorted((*world.news, (named, told)), key=lambda one: one[1].identity)))


def _new(world: World, link: Link, amount: int, currency: str, state: FactState) -> Payment:
    number = 1 + len(world.payments)
    return Payment(f"pay_sim{number}", link.id, order_key_of(link.reference), amount, currency, state)


def told(fact: Fact) -> Event:
    """Return the event of a webhook that tells this fact."""
    body = {"order_key": fact.order_key, "facts": [fact_values.to_json(fact)]}
    return Event(repr(fact), EventKind.FACTS, body)


def _result(result: Result) -> Event:
    body: dict[str, Any] = results.to_json(result)
    return Event(repr(result), EventKind.RESULT, body)


def asked_for(world: World, effect: Effect, *, by_customer: bool) -> World:
    """Return the world after a step that made calls to the provider, and showed cards."""
    asked = (*world.calls, *effect.calls)
    shown = tuple(
        Link(one.reference, one.reference, one.amount, one.expires, LinkStatus.CREATED)
        for one in effect.cards
    )
    silent = world.silent and not by_customer
    return world._replace(calls=asked, links=(*world.links, *shown), silent=silent)
