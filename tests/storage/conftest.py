"""A migrated, open store on each database, and a step that only echoes."""

from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

from bot.whatsapp.channel import WHATSAPP
from flows.engine.effects import Say
from flows.messages.kinds import Text
from payments.processing.changes import Caused, ChangeSet, EventResult, Outcome
from payments.processing.step_input import EventKind, InboxEvent, StepInput
from storage import Store
from storage.inbox.arrival import Arrival
from tests.databases import made
from tests.storage.handwritten_rows import open_store
from tests.storage.step_stores import InMemory, OnDatabase, StepStore

Chat = Callable[..., Arrival]


@pytest.fixture
async def store(database_url: str) -> AsyncIterator[Store]:
    await made(database_url)
    store = await Store.open(database_url, WHATSAPP)
    yield store
    await store.close()


@pytest.fixture(params=["memory", "sqlite", "postgres"])
async def steps(request: pytest.FixtureRequest) -> AsyncIterator[StepStore]:
    """Each store that gives steps what earlier ones changed."""
    if request.param == "memory":
        yield InMemory()
        return
    url: str = request.getfixturevalue(f"{request.param}_url")
    await made(url)
    async with open_store(url) as store:
        yield OnDatabase(store)


@pytest.fixture
async def rival(store: Store, database_url: str) -> AsyncIterator[Store]:
    """A second process' store on the same database; PostgreSQL only."""
    if database_url.startswith("sqlite"):
        pytest.skip("SQLite serves one process")
    rival = await Store.open(database_url, WHATSAPP)
    yield rival
    await rival.close()


@pytest.fixture
def chat() -> Chat:
    def make(key: str, phone: str = "919800000001", text: str = "hi", **rest: Any) -> Arrival:
        rest.setdefault("aliases", (("phone", phone),))
        return Arrival(key=key, kind=EventKind.CHAT, body={"kind": "text", "text": text}, **rest)

    return make


@pytest.fixture
def echo() -> Callable[[StepInput], ChangeSet]:
    """Says each event's text back, in order; timers say their name."""

    def advance(case: StepInput) -> ChangeSet:
        return ChangeSet(
            case.conversation,
            [EventResult(e.number, Outcome.APPLIED, ({"seen": e.number},)) for e in case.events],
            [Caused(e.number, Say("echo", Text(_words(e)))) for e in case.events],
        )

    return advance


def _words(event: InboxEvent) -> str:
    return str(event.body.get("text") or event.body.get("timer") or event.body.get("name"))
