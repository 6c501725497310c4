"""Changes that the tests of the stores of steps make: orders, attempts, facts, and a shop's staff."""

from typing import Any

from payments.ledger.facts import Detail, EntityType, Fact, FactState
from payments.ledger.state import OrderState
from payments.processing.changes import ChangeSet
from payments.processing.step_input import EventKind, StepInput
from payments.shop.orders import Attempt, Line, Order
from payments.shop.staff import Right, Staff
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


MEENA, RAMESH = Staff("Meena", "+919800000001"), Staff("Ramesh", "+919800000002", frozenset({Right.CHAT}))
