"""One `step`, against one bare trigger of the library that decides transitions.

The step does all that a customer is owed: it reads the event, lets `transitions` decide, runs the
actions, renders the messages and writes the trace. The bare trigger moves a model from one state to
another, unguarded, in a machine with as many states.
"""

from collections.abc import Iterator
from dataclasses import replace
from time import perf_counter
from typing import Any, Final

from transitions import Machine

from bench.figures import Figure
from bench.shop import flow
from flows.engine.conversation import Conversation
from flows.engine.events import Event, Happened, Tapped, TextReceived
from flows.engine.model import Flow
from flows.engine.step import step

_NOW: Final = 1_790_000_000_000
_ROUNDS: Final = 15
_CHATS: Final = 60
_TRIGGERS: Final = 2_000
_URL: Final = "https://rzp.io/rzp/bench01"


def engine_step() -> Figure:
    """The mean over the events of a chat from "hi" to the payment's confirmation, in microseconds."""
    chat = list(_chat(flow()))
    machine, model = _bare(len(flow().states))
    rounds = [(_steps(flow(), chat), _triggers(machine, model)) for _ in range(_ROUNDS + 1)][1:]
    return Figure("one step of a chat", "µs", rounds, goal=10, at_most=True)


def _chat(flow: Flow) -> Iterator[tuple[Conversation, Event]]:
    """Each event of a chat in which everything goes well, with the conversation that it meets."""
    conversation = Conversation("bench-1", customer={"name": "Asha"})
    link = {"id": "plink_bench01", "url": _URL}
    script: list[tuple[str | Event, dict[str, Any]]] = [
        (TextReceived("hi"), {}),
        ("Masala chai 250 g", {}),
        ("Proceed to Checkout", {}),
        ("Confirm order", {}),
        (Happened("payment_link.created", {"short_url": _URL}), {"link": link}),
        ("Pay Now", {}),
        (Happened("payment.captured", {"amount": 18_000, "method": "upi"}), {"status": "paid"}),
    ]
    for number, (what, learned) in enumerate(script, 1):
        conversation = _knowing(conversation, learned)
        event = Tapped(dict(conversation.choices)[what], what) if isinstance(what, str) else what
        yield conversation, event
        conversation = step(flow, conversation, event, _NOW, number).conversation


def _knowing(conversation: Conversation, learned: dict[str, Any]) -> Conversation:
    """`conversation` after the shop told it about its order, as it does before such an event."""
    if not learned:
        return conversation
    order = conversation.data["order"]
    if "link" in learned:
        learned = {"link": {**order["link"], **learned["link"]}}
    return replace(conversation, data={**conversation.data, "order": {**order, **learned}})


def _steps(flow: Flow, chat: list[tuple[Conversation, Event]]) -> float:
    start = perf_counter()
    for _ in range(_CHATS):
        for conversation, event in chat:
            step(flow, conversation, event, _NOW, 7)
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
