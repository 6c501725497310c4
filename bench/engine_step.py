"""Cost of one `step`, compared with one bare trigger of the library that decides transitions.

The step does its whole work: it reads the event, lets `transitions` decide, runs the actions, renders the
messages and writes the trace. The bare trigger moves a model from one state to another, unguarded, in a
machine with as many states.
"""

from collections.abc import Callable, Iterator
from dataclasses import replace
from time import perf_counter
from typing import Final, TypeAlias

from transitions import Machine

from bench.figures import Figure
from bench.shop import flow
from flows.engine.conversation import Conversation
from flows.engine.events import Event, Happened, Tapped, TextReceived
from flows.engine.model import Flow
from flows.engine.step import step
from payments.ledger.facts import EntityType, Fact, FactState
from payments.processing.shop_state import ShopState
from payments.processing.step_context import StepContext
from payments.shop.orders import AttemptStatus, Lifecycle

_NOW: Final = 1_790_000_000_000
_ROUNDS: Final = 15
_CHATS: Final = 60
_TRIGGERS: Final = 2_000
_URL: Final = "https://rzp.io/rzp/bench01"


def engine_step() -> Figure:
    """Measure the mean over the events of a chat from "hi" to the payment's confirmation, in microseconds."""
    chat = list(_chat(flow()))
    machine, model = _bare(len(flow().states))
    rounds = [(_steps(flow(), chat), _triggers(machine, model)) for _ in range(_ROUNDS + 1)][1:]
    return Figure("one step of a chat", "µs", rounds, goal=10, at_most=True)


Meeting: TypeAlias = tuple[Conversation, Event, ShopState]
"""(conversation, event, shop): the input of one step."""


def _chat(flow: Flow) -> Iterator[Meeting]:
    """Yield each event of a chat in which everything goes well."""
    conversation = Conversation("bench-1", customer={"name": "Asha"})
    shop = ShopState(StepContext(flow.sections["shop"], _NOW, "bench-1"))
    script: list[tuple[str | Event, Callable[[ShopState], ShopState]]] = [
        (TextReceived("hi"), _unchanged),
        ("Masala chai 250 g", _unchanged),
        ("Proceed to Checkout", _unchanged),
        ("Confirm order", _unchanged),
        (Happened("payment_link.created", {"short_url": _URL}), _linked),
        ("Pay Now", _unchanged),
        (Happened("payment.captured", {"amount": 18_000, "method": "upi", "by": ""}), _paid),
    ]
    for number, (act, change) in enumerate(script, 1):
        shop = change(shop)
        event = Tapped(dict(conversation.choices)[act], act) if isinstance(act, str) else act
        yield conversation, event, shop
        done = step(flow, conversation, event, _NOW, number, shop)
        conversation, shop = done.conversation, done.host


def _unchanged(shop: ShopState) -> ShopState:
    return shop


def _linked(shop: ShopState) -> ShopState:
    """Return the shop after the link of its order is made."""
    assert shop.order
    assert shop.order.link
    link = replace(shop.order.link, status=AttemptStatus.CREATED, link_id="plink_bench01", short_url=_URL)
    return shop.with_order(shop.order.with_attempt(link))


def _paid(shop: ShopState) -> ShopState:
    """Return the shop after its order is paid."""
    assert shop.order
    total = shop.order.order.total
    captured = Fact(
        shop.order.key, EntityType.PAYMENT, "pay_bench01", FactState.CAPTURED, total, "INR", _NOW // 1000
    )
    done = replace(shop.order, lifecycle=Lifecycle.FULFILLED, fulfilled=total)
    return shop.with_order(done.with_facts([captured]))


def _steps(flow: Flow, chat: list[Meeting]) -> float:
    start = perf_counter()
    for _ in range(_CHATS):
        for conversation, event, shop in chat:
            step(flow, conversation, event, _NOW, 7, shop)
    return (perf_counter() - start) / (_CHATS * len(chat)) * 1e6


class _Model:
    state = "0"


def _bare(states: int) -> tuple[Machine, _Model]:
    names = [str(number) for number in range(states)]
    machine = Machine(model=None, states=names, initial=None, auto_transitions=False)
    machine.add_transition("go", names[0], names[1])
    return machine, _Model()


def _triggers(machine: Machine, model: _Model) -> float:
    start = perf_counter()
    for _ in range(_TRIGGERS):
        model.state = "0"
        machine.events["go"].trigger(model)
    return (perf_counter() - start) / _TRIGGERS * 1e6
