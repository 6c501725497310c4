"""Each store of steps behind one small interface: what arrives, what a step changes, what is there then."""

from abc import ABC, abstractmethod
from collections import defaultdict
from collections.abc import Mapping
from itertools import count
from typing import Any, Final, TypeAlias

from flows.engine import conversation as conversations
from flows.engine import events
from flows.engine.conversation import Conversation
from flows.engine.effects import Say, StartTimer
from flows.messages import kinds
from flows.messages.template import TemplateMessage
from payments.ledger import calls, polling
from payments.ledger.calls import Call
from payments.ledger.polling import Poll
from payments.processing.bodies import staff_action_to_json
from payments.processing.changes import Caused, EventResult, Outcome
from payments.processing.memory import MemoryStore
from payments.processing.notice import Notice, NoticeKind
from payments.processing.step_input import EventKind, InboxEvent, StepInput
from payments.shop.handover import HandoverCheck, check_from_json
from payments.shop.invoice import Buyer, Invoice, from_json
from payments.shop.staff import Staff
from storage import Store
from storage.database.encoding import dumps, loads
from storage.database.transaction import Row
from storage.inbox.arrival import Arrival
from storage.inbox.steps import Advance
from tests.builders import change_set

Told: TypeAlias = tuple[EventKind, Mapping[str, Any]]
"""What an event says: its kind and its body."""

HI: Final[Told] = (EventKind.CHAT, {"kind": "text", "text": "hi"})
ALIASES: Final = (("bsuid", "IN.1"), ("phone", "919800000001"), ("phone", "919800000002"))
"""What each customer is called. The first two may turn out to be one person."""


class StepStore(ABC):
    """A store whose steps are looked at. Every step has a moment of its own."""

    def __init__(self) -> None:
        self.now = 1_790_000_000_000
        """Milliseconds since 1970, UTC."""

    async def step(self, advance: Advance, *told: Told, customer: int = 0) -> None:
        """Step what waits, `told` by `customer` last; it is stepped in one go."""
        self.now += 1000
        for kind, body in told:
            await self.arrive(kind, body, customer)
        await self._step(advance)

    async def look(self, *told: Told, customer: int = 0) -> StepInput:
        """What the step of this one customer is given, which changes nothing."""
        seen: list[StepInput] = []

        def look(given: StepInput) -> Any:
            seen.append(given)
            return change_set(given)

        await self.step(look, *told, customer=customer)
        [given] = seen
        return given

    @abstractmethod
    async def arrive(self, kind: EventKind, body: Mapping[str, Any], customer: int = 0) -> int:
        """Store an event, which is due now. Return its number."""

    @abstractmethod
    async def hear(self, key: str) -> None:
        """Store a webhook about the order `key`, which names no customer."""

    @abstractmethod
    async def become_one(self) -> None:
        """Customers 0 and 1 are found to be one person, by something that they write."""

    @abstractmethod
    async def declare(self, counted: Mapping[str, int]) -> None:
        """Count these products."""

    @abstractmethod
    async def switch(self, sku: str, *, available: bool) -> None:
        """Switch a product on or off."""

    @abstractmethod
    async def _step(self, advance: Advance) -> None: ...

    @abstractmethod
    async def results(self) -> dict[int, EventResult]:
        """What became of each event, by its number."""

    @abstractmethod
    async def messages(self) -> list[Caused[Say]]: ...

    @abstractmethod
    async def calls(self) -> list[Caused[Call]]: ...

    @abstractmethod
    async def timers(self) -> list[StartTimer]: ...

    @abstractmethod
    async def polls(self) -> set[Poll]: ...

    @abstractmethod
    async def mirrored(self) -> dict[str, bool]:
        """The orders whose copies may have to follow, each with whether its goods are on the shelf again."""

    @abstractmethod
    async def notices(self) -> set[Notice]: ...

    @abstractmethod
    async def to_forget(self) -> list[int]:
        """Events in which customers asked to be forgotten."""

    @abstractmethod
    async def told(self) -> list[tuple[str, Caused[Say]]]:
        """What the staff were told: the conversation of who got it, and the message with its cause."""

    @abstractmethod
    async def invoices(self) -> list[Caused[Invoice]]: ...

    @abstractmethod
    async def checks(self) -> set[HandoverCheck]: ...

    @abstractmethod
    async def staffed(self, members: Mapping[int, Staff]) -> None:
        """Make these customers the shop's staff. Each is called by a phone number only."""


class InMemory(StepStore):
    """The store in memory, with what waits handed to it by hand."""

    def __init__(self) -> None:
        super().__init__()
        self._memory = MemoryStore()
        self._ids = {customer: f"memory-{customer}" for customer in range(len(ALIASES))}
        self._waiting: defaultdict[str, list[InboxEvent]] = defaultdict(list)
        self._numbers = count(1)
        self._joined: dict[str, str] = {}

    async def arrive(self, kind: EventKind, body: Mapping[str, Any], customer: int = 0) -> int:
        id = self._ids[customer]
        self._memory.conversations.setdefault(id, Conversation(id))
        self._waiting[id].append(InboxEvent(next(self._numbers), kind, body, self.now))
        return self._waiting[id][-1].number

    async def hear(self, key: str) -> None:
        id = key.rpartition("-")[0]
        event = InboxEvent(next(self._numbers), EventKind.FACTS, _about(key), self.now)
        self._waiting[id].append(event)

    async def become_one(self) -> None:
        survivor, other = self._ids[0], self._ids[1]
        self._memory.join(other, survivor)
        self._joined[other] = survivor
        snapshot = dumps(conversations.to_json(self._memory.conversations[other]))
        self._ids[1] = survivor
        await self.arrive(
            EventKind.JOINED, {"conversation": other, "heard_last": False, "snapshot": snapshot}
        )
        await self.arrive(*HI)

    async def declare(self, counted: Mapping[str, int]) -> None:
        self._memory.left = counted

    async def switch(self, sku: str, *, available: bool) -> None:
        self._memory.off = self._memory.off - {sku} if available else self._memory.off | {sku}

    async def _step(self, advance: Advance) -> None:
        waits, self._waiting = self._waiting, defaultdict(list)
        for id, waiting in waits.items():
            changes = advance(self._memory.given(id, waiting, "abcdefghij"))
            self._memory.save(changes)
            for _, command in changes.commands:
                to = self._joined.get(command.conversation, command.conversation)
                body = staff_action_to_json(command.action)
                self._waiting[to].append(InboxEvent(next(self._numbers), EventKind.STAFF, body, self.now))

    async def results(self) -> dict[int, EventResult]:
        return self._memory.results

    async def messages(self) -> list[Caused[Say]]:
        return self._memory.messages

    async def calls(self) -> list[Caused[Call]]:
        return self._memory.calls

    async def timers(self) -> list[StartTimer]:
        return list(self._memory.timers.values())

    async def polls(self) -> set[Poll]:
        return self._memory.polls

    async def mirrored(self) -> dict[str, bool]:
        return {key: one.restock for key, one in self._memory.mirrored.items()}

    async def notices(self) -> set[Notice]:
        return set(self._memory.notices.values())

    async def to_forget(self) -> list[int]:
        return self._memory.to_forget

    async def told(self) -> list[tuple[str, Caused[Say]]]:
        told = self._memory.told
        return [(to, Caused(cause, Say(one.name, one.message))) for cause, one in told for to in one.to]

    async def invoices(self) -> list[Caused[Invoice]]:
        return self._memory.invoices

    async def checks(self) -> set[HandoverCheck]:
        return set(self._memory.checks.values())

    async def staffed(self, members: Mapping[int, Staff]) -> None:
        self._memory.staff = {self._ids[customer]: member for customer, member in members.items()}
        for id, member in self._memory.staff.items():
            self._memory.conversations.setdefault(id, Conversation(id))
            self._memory.phones[id] = member.phone.removeprefix("+")


class OnDatabase(StepStore):
    """A database, whose rows are read as a second reader would."""

    def __init__(self, store: Store) -> None:
        super().__init__()
        self._store = store
        self._keys = count(1)

    async def arrive(self, kind: EventKind, body: Mapping[str, Any], customer: int = 0) -> int:
        return await self._arrive(Arrival(f"k{next(self._keys)}", kind, body, aliases=(ALIASES[customer],)))

    async def hear(self, key: str) -> None:
        await self._arrive(Arrival(f"k{next(self._keys)}", EventKind.FACTS, _about(key), order_key=key))

    async def become_one(self) -> None:
        await self._arrive(Arrival(f"k{next(self._keys)}", *HI, aliases=ALIASES[:2]))

    async def _arrive(self, arrival: Arrival) -> int:
        [stored] = await self._store.arrive([arrival], self.now)
        return stored.number

    async def declare(self, counted: Mapping[str, int]) -> None:
        await self._store.declare(counted)

    async def switch(self, sku: str, *, available: bool) -> None:
        await self._store.switch(sku, available=available, by="test", now=self.now)

    async def _step(self, advance: Advance) -> None:
        assert await self._store.advance_due(advance, self.now)
        assert not await self._rows("SELECT error FROM inbox WHERE error LIKE 'Traceback%'")

    async def results(self) -> dict[int, EventResult]:
        rows = await self._rows("SELECT id, state, trace, error FROM inbox WHERE handled_at IS NOT NULL")
        return {row["id"]: _result(row) for row in rows}

    async def messages(self) -> list[Caused[Say]]:
        rows = await self._rows("SELECT * FROM outbox WHERE lane = 'chat' ORDER BY id")
        return [Caused(row["caused_by"], _say(row)) for row in rows]

    async def calls(self) -> list[Caused[Call]]:
        rows = await self._rows("SELECT * FROM outbox WHERE lane <> 'chat' ORDER BY id")
        return [Caused(row["caused_by"], calls.from_json(loads(row["payload"]))) for row in rows]

    async def timers(self) -> list[StartTimer]:
        rows = await self._rows("SELECT body, due_at FROM inbox WHERE kind = 'timer' ORDER BY id")
        return [_timer(row) for row in rows]

    async def polls(self) -> set[Poll]:
        rows = await self._rows("SELECT body FROM inbox WHERE kind = 'poll'")
        return {polling.from_json(loads(row["body"])) for row in rows}

    async def mirrored(self) -> dict[str, bool]:
        rows = await self._rows("SELECT order_key, restock FROM mirror WHERE due_at IS NOT NULL")
        return {row["order_key"]: bool(row["restock"]) for row in rows}

    async def notices(self) -> set[Notice]:
        rows = await self._rows("SELECT kind, subject, said FROM notice")
        assert (await self._store.counts(self.now)).notices == len(rows)
        return {Notice(NoticeKind(row["kind"]), row["subject"], row["said"]) for row in rows}

    async def to_forget(self) -> list[int]:
        rows = await self._rows("SELECT key FROM inbox WHERE kind = 'forget' ORDER BY id")
        return [int(row["key"].removeprefix("forget:")) for row in rows]

    async def told(self) -> list[tuple[str, Caused[Say]]]:
        key = await self._store.installation()
        rows = await self._rows(
            "SELECT o.* FROM outbox o JOIN inbox i ON i.id = o.caused_by"
            " WHERE o.conversation_id <> i.conversation_id ORDER BY o.id"
        )
        return [(f"{key}-{row['conversation_id']}", Caused(row["caused_by"], _say(row))) for row in rows]

    async def invoices(self) -> list[Caused[Invoice]]:
        rows = await self._rows("SELECT * FROM invoice ORDER BY caused_by, number")
        assert [row["number"] for row in rows] == [f"M/70-71/{n + 1:06}" for n in range(len(rows))]
        return [
            Caused(row["caused_by"], from_json(loads(row["body"]), Buyer(**loads(row["buyer"]))))
            for row in rows
        ]

    async def checks(self) -> set[HandoverCheck]:
        rows = await self._rows("SELECT body, due_at FROM inbox WHERE kind = 'handover'")
        checks = {check_from_json(loads(row["body"])) for row in rows}
        assert {check.due for check in checks} == {row["due_at"] for row in rows}
        return checks

    async def staffed(self, members: Mapping[int, Staff]) -> None:
        numbers = {ALIASES[customer][1]: member for customer, member in members.items()}
        await self._store.declare_staff(numbers, self.now)

    async def _rows(self, sql: str) -> list[Row]:
        return await self._store._units.read(lambda tx: tx.fetch(sql))


def _about(key: str) -> dict[str, Any]:
    return {"event": "x", "order_key": key, "facts": []}


def _result(row: Row) -> EventResult:
    trace = tuple(loads(row["trace"])) if row["trace"] else ()
    return EventResult(row["id"], Outcome(row["state"]), trace, row["error"])


def _say(row: Row) -> Say:
    message = kinds.from_json(loads(row["payload"]))
    assert not isinstance(message, TemplateMessage), "no step says one"
    return Say(row["name"], message, reminder=bool(row["urgency"]))


def _timer(row: Row) -> StartTimer:
    due = events.from_json(loads(row["body"]))
    assert isinstance(due, events.TimerDue)
    assert due.due == row["due_at"]
    return StartTimer(due.state, due.timer, due.visit, due.due)
