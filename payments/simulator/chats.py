"""The chats of a simulated shop: a customer's and those of the staff, on simulated time.

It runs the same `advance` as the live bot; only the store is in memory.
"""

import heapq
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any, Final

from flows.engine import events
from flows.engine.conversation import Conversation
from flows.engine.effects import Say
from flows.engine.model import Flow
from flows.messages.kinds import AddressForm, Message
from payments.ledger.calls import Call
from payments.processing.advance import advance
from payments.processing.bodies import StaffAction, staff_action_to_json
from payments.processing.changes import ChangeSet, EventResult, Outcome, values
from payments.processing.memory import MemoryStore
from payments.processing.notice import Notice
from payments.processing.step_input import EventKind, InboxEvent
from payments.processing.verbs import WROTE
from payments.shop.catalogue import Shop
from payments.shop.handover import check_to_json
from payments.shop.staff import Staff
from payments.simulator import people
from payments.truths.witness import Witness

_PHONE: Final = "919800000001"
"""The customer's."""


class NothingToTap(LookupError):
    """No message in the chat offers the reply to tap, or shows a form to fill in."""


class Chats(ABC):
    """Everybody who writes to one shop. Every action returns what the customer hears, in order."""

    def __init__(
        self,
        flow: Flow,
        name: str,
        now: int,
        id: str,
        staff: Sequence[Staff] | None,
    ) -> None:
        """`staff` stand in for those of the flow file."""
        self._flow, self._name, self._id = flow, name, id
        self.now = now
        shop: Shop = flow.sections["shop"]
        members = [member.staff for member in shop.staff] if staff is None else staff
        self.phones = people.phones_of(members, id.rpartition("-")[0])
        everybody = {one: Conversation(one) for one in (id, *self.phones.staff)}
        self.store = MemoryStore(
            shop.counted, conversations=everybody, staff=self.phones.staff, phones={id: _PHONE}
        )
        self._later: list[tuple[int, int, str, EventKind, dict[str, Any]]] = []
        """(due, number, conversation, kind, body) of each event that is due later."""
        self._number = 0
        self.witness: Witness | None = None
        self._said: list[tuple[str, Say]] = []
        """Everything that was said, with the conversation that it was said in, oldest first."""

    def watch(self) -> Witness:
        """Have every later step of the customer's judged."""
        self.witness = Witness(self._id, self._flow)
        self._flow = self.witness.flow
        return self.witness

    @property
    def conversation(self) -> Conversation:
        """The conversation of the customer."""
        return self.store.conversations[self._id]

    @conversation.setter
    def conversation(self, conversation: Conversation) -> None:
        self.store.conversations[self._id] = conversation

    @property
    def said(self) -> list[Say]:
        """All messages to the customer, oldest first."""
        return self.said_to(self._id)

    def said_to(self, conversation: str) -> list[Say]:
        """Return all messages that the bot said in this conversation, oldest first."""
        return [say for id, say in self._said if id == conversation]

    @property
    def results(self) -> list[EventResult]:
        """The result of every event, oldest first."""
        return list(self.store.results.values())

    @property
    def notices(self) -> list[Notice]:
        """All notices to the operator, oldest first."""
        return list(self.store.notices.values())

    @property
    def parked(self) -> list[EventResult]:
        """The results of events that could not be handled."""
        return [handled for handled in self.results if handled.outcome is Outcome.PARKED]

    # What the customer does

    def write(self, text: str) -> list[Message]:
        """The customer writes `text`."""
        return self._chat(events.TextReceived(text))

    def tap(self, title: str) -> list[Message]:
        """The customer taps the reply called `title`, on the newest message that offers it.

        Raises NothingToTap, which names the replies that can be tapped, if none has this title.
        """
        offered = [reply for say in reversed(self.said) for reply in say.message.replies]
        reply = next((reply for reply in offered if reply.title == title), None)
        if reply is None:
            names = ", ".join(dict.fromkeys(reply.title for reply in offered)) or "nothing yet"
            raise NothingToTap(f"nothing is called '{title}'; the chat offers {names}")
        return self.tap_reply(reply.id, reply.title)

    def tap_reply(self, reply_id: str, title: str = "") -> list[Message]:
        """The customer taps the reply with this id, which the shop need not have offered."""
        return self._chat(events.Tapped(reply_id, title))

    def send(self, kind: str) -> list[Message]:
        """The customer sends something that is not text (`sticker`, `image`, `location`, …)."""
        return self._chat(events.Received(kind))

    def fill(self, answer: events.Received) -> list[Message]:
        """The customer sends the address form back. Raises NothingToTap if they were shown none."""
        if not any(isinstance(say.message, AddressForm) for say in self.said):
            raise NothingToTap("the chat shows no address form to fill in")
        return self._chat(answer)

    # What the staff do, in chats of their own

    def staff_taps(self, name: str, title: str) -> list[Message]:
        """A member of the staff taps a button of what they were told. Raises NobodyThere."""
        id = self.phones.conversation(name)
        return self._chat(events.Tapped(self.phones.reply(id, title), title), id)

    def staff_replies(self, name: str, text: str) -> list[Message]:
        """A member of the staff replies to the newest message about a customer. Raises NobodyThere."""
        id = self.phones.conversation(name)
        return self._chat(events.TextReceived(text), id, quote=self.phones.newest(id))

    def staff_writes(self, name: str, text: str) -> list[Message]:
        """A member of the staff writes to the shop, as any customer does. Raises NobodyThere."""
        return self._chat(events.TextReceived(text), self.phones.conversation(name))

    def owner_writes(self) -> list[Message]:
        """The owner writes to the customer by another program."""
        action = StaffAction("", "another program", WROTE)
        return self._take(EventKind.STAFF, staff_action_to_json(action))

    def prefer(self, *, stopped: bool) -> list[Message]:
        """The customer says in the channel's settings whether they want offers."""
        return self._take(EventKind.PREFERENCE, {"stopped": stopped})

    def _chat(self, event: events.Event, id: str | None = None, quote: str | None = None) -> list[Message]:
        name = self.phones.staff[id].name if id else self._name
        body = {"event": events.to_json(event), "name": name, "quote": quote}
        answer = self._take(EventKind.CHAT, body, id)
        self.store.heard[id or self._id] = self.now
        return answer

    # The store and the workers, in a simple form

    def _take(self, kind: EventKind, body: Mapping[str, Any], id: str | None = None) -> list[Message]:
        """Handle an event of the customer's conversation, or of `id`. Return what the customer hears."""
        id = id or self._id
        self._number += 1
        event = InboxEvent(self._number, kind, body, self.now)
        self.store.quoted = self.phones.quoted
        given = self.store.given(id, [event])
        changes = advance(self._flow, given, self.now)
        self._keep(changes)
        if self.witness:
            orders = {key: one for key, one in self.store.orders.items() if one.order.conversation == id}
            self.witness.see(given, changes, orders, self.now)
            self.witness.rest(self.store.given(id, [event]), self.now)
        answer = self._cards([say.message for say in values(changes.messages)]) if id == self._id else []
        for command in values(changes.commands):
            action = staff_action_to_json(command.action)
            answer += self._take(EventKind.STAFF, action, command.conversation)
        for call in values(changes.calls):
            answer += self._perform(call)
        return answer

    def _keep(self, changes: ChangeSet) -> None:
        self.store.save(changes)
        id = changes.conversation.id
        self._said += [(id, say) for say in values(changes.messages)]
        self.phones.receive(id, changes.told)
        for timer in changes.timers:
            body = events.to_json(events.TimerDue(timer.state, timer.timer, timer.visit, timer.due))
            self._put_off(timer.due, id, EventKind.TIMER, body)
        for check in changes.checks:
            self._put_off(check.due, id, EventKind.HANDOVER, check_to_json(check))

    def _put_off(self, due: int, id: str, kind: EventKind, body: dict[str, Any]) -> None:
        self._number += 1
        heapq.heappush(self._later, (due, self._number, id, kind, body))

    def _take_due(self) -> list[Message]:
        answer: list[Message] = []
        while self._later and self._later[0][0] <= self.now:
            _, _, id, kind, body = heapq.heappop(self._later)
            answer += self._take(kind, body, id)
        return answer

    @abstractmethod
    def _cards(self, answer: list[Message]) -> list[Message]:
        """Show the customer the cards in `answer`. Return what they see."""

    @abstractmethod
    def _perform(self, call: Call) -> list[Message]:
        """Make a call to the payment provider. Return what the customer hears of it."""
