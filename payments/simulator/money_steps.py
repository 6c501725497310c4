"""What the payment provider told about money, as actions of a scenario. Pure."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from decimal import Decimal
from typing import Final, TypeAlias

from payments.ledger.facts import EntityType, Fact, FactState
from payments.processing.bodies import Body
from payments.processing.results import LinkWithdrawn, RefundMade
from payments.shop.orders import CURRENCY
from payments.simulator.scenario_actions import PROVIDER

Action: TypeAlias = tuple[str, str | bool]
"""Key and value of a step."""

_PAISE: Final = 100


class MoneySteps:
    """Follows the facts of one customer in the order in which they came. A fact is played once."""

    def __init__(self, all_bodies: Iterable[Body], due: Mapping[str, Collection[int]]) -> None:
        """`due`: key of an order -> paise of each of its links."""
        listed = list(all_bodies)
        self._due = due
        self._we_ended = {one.link_id for one in listed if isinstance(one, LinkWithdrawn)}
        made = [one for one in listed if isinstance(one, RefundMade)]
        self._we_refunded = {fact.entity_id for one in made for fact in one.facts}
        self._seen: set[tuple[str, str, str]] = set()
        self._failed: set[str] = set()
        self._allowed: set[str] = set()
        self._waiting: set[str] = set()
        """Payments that the bank allowed: most are captured by the next word about them."""

    def told(self, facts: Iterable[Fact]) -> Iterator[Action]:
        """Yield what happened for the provider to tell these facts."""
        for fact in facts:
            if fact.identity not in self._seen:
                self._seen.add(fact.identity)
                yield from self._action(fact)

    def allowed(self) -> Iterator[Action]:
        """Yield the payments that were allowed and, before something else happened, not captured."""
        for payment in sorted(self._waiting):
            self._allowed.add(payment)
            yield PROVIDER, "allows the payment"
        self._waiting.clear()

    def _action(self, fact: Fact) -> Iterator[Action]:
        match fact.entity, fact.state:
            case EntityType.PAYMENT, FactState.AUTHORIZED:
                self._waiting.add(fact.entity_id)
            case EntityType.PAYMENT, FactState.CAPTURED:
                yield self._captured(fact)
            case EntityType.PAYMENT, FactState.FAILED:
                self._failed.add(fact.entity_id)
                # Without the provider's words: they may name the account of the payer.
                yield "payment_fails", True
            case EntityType.PAYMENT_LINK, FactState.CANCELLED if fact.entity_id not in self._we_ended:
                yield PROVIDER, "cancels the link"
            case EntityType.REFUND, _:
                yield from self._refund(fact)

    def _captured(self, fact: Fact) -> Action:
        payment = fact.entity_id
        self._waiting.discard(payment)
        if payment in self._failed:
            return PROVIDER, "settles late"
        if payment in self._allowed:
            return PROVIDER, "captures it"
        paid = fact.amount - fact.detail.on_top
        if fact.currency == CURRENCY and paid in self._due.get(fact.order_key, ()):
            return "pays", True
        rupees = f"{Decimal(paid) / _PAISE:f}"
        return "pays", rupees if fact.currency == CURRENCY else f"{rupees} {fact.currency}"

    def _refund(self, fact: Fact) -> Iterator[Action]:
        if not fact.detail.captured:
            yield PROVIDER, "lets the payment go"
            return
        if fact.entity_id not in self._we_refunded:
            self._we_refunded.add(fact.entity_id)
            yield PROVIDER, "refunds by hand"
        if fact.state is FactState.PROCESSED:
            yield PROVIDER, "pays the refund"
        elif fact.state is FactState.FAILED:
            yield PROVIDER, "fails the refund"
