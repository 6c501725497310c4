"""Where a customer can get by what they tap and type, tried on copies of a simulated chat."""

import copy
from collections.abc import Callable, Iterator
from dataclasses import fields, replace

from flows.engine.model import Flow
from flows.messages.kinds import Link, Message, Payment
from payments.simulator.simulator import Simulator

LINK = "the link"
"""What is reached when a message shows the address at which the chat's order can be paid, or its card."""


def reaches(flow: Flow, simulator: Simulator, goal: str, inputs: int = 3) -> bool:
    """Return whether at most so many inputs of the customer lead to `goal`: a state, or LINK."""
    if goal != LINK and _is_in(simulator, goal):
        return True
    chats = [simulator]
    for _ in range(inputs):
        chats = [
            twin
            for chat in chats
            for act in _inputs(flow, chat)
            if (twin := _twin(chat)) and act(twin) is None
        ]
        if any(_arrived(chat, goal) for chat in chats):
            return True
        chats = list({_place(chat): chat for chat in chats}.values())
    return False


def _inputs(flow: Flow, chat: Simulator) -> Iterator[Callable[[Simulator], None]]:
    """Yield what the customer can do: type a word of each trigger, tap what the last message offers."""
    words = {trigger: word for word, trigger in flow.states[chat.conversation.state].words.items()}
    yield from (_typing(word) for word in words.values())
    yield from (_tapping(reply) for _, reply in chat.conversation.choices)


def _typing(word: str) -> Callable[[Simulator], None]:
    def act(chat: Simulator) -> None:
        chat.answer = chat.write(word)

    return act


def _tapping(reply: str) -> Callable[[Simulator], None]:
    def act(chat: Simulator) -> None:
        chat.answer = chat.tap_reply(reply)

    return act


def _arrived(chat: Simulator, goal: str) -> bool:
    return any(map(_shows_link(chat), chat.answer)) if goal == LINK else _is_in(chat, goal)


def _shows_link(chat: Simulator) -> Callable[[Message], bool]:
    link = chat.order.link if chat.order else None
    url = (link.short_url if link else None) or "\0"
    return lambda message: (
        url in message.words
        or (isinstance(message, Link) and url in message.url)
        or (isinstance(message, Payment) and link is not None and message.card == link.reference_id)
    )


def _is_in(chat: Simulator, state: str) -> bool:
    return f"{chat.conversation.state}.".startswith(f"{state}.")


def _place(chat: Simulator) -> str:
    one = replace(chat.conversation, visits=(), visit_count=0)
    return repr((one.state, one.language, one.variables, one.data, [title for title, _ in one.choices]))


def _twin(simulator: Simulator) -> Simulator:
    twin = copy.copy(simulator)
    twin.store = copy.copy(simulator.store)
    twin.witness = None
    for kept in fields(simulator.store):
        setattr(twin.store, kept.name, copy.copy(getattr(simulator.store, kept.name)))
    for name, value in vars(simulator).items():
        if isinstance(value, list):
            setattr(twin, name, [*value])
    return twin
