"""A reload while customers chat: nobody is stranded, no tap is lost, a broken file changes nothing."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import orjson
import pytest
import structlog

from bot.app import bot, from_database
from bot.cli import reload_signal
from bot.clock import ShiftedClock
from bot.context import Context
from bot.flow_file import load_flow
from bot.serving import RELOAD
from bot.settings import Settings
from flows.engine import events
from flows.engine.events import Event, Tapped, TextReceived
from flows.engine.model import Flow
from payments.processing.step_input import EventKind
from sandbox.world import World
from storage import Store
from storage.inbox.arrival import Arrival
from storage.inbox.versions import flow_text
from tests.databases import made
from tests.world.running_bot import API_TOKEN, CONFIRMED, FLOW, Customer, Live, Start

PEOPLE: Final = 1000

RENAMED: Final = (("  cart:\n    start", "  basket:\n    start"), ("to: cart}", "to: basket}"))
MIGRATE: Final = ("start: browsing\n", "migrate: {from: cart, to: basket}\nstart: browsing\n")


def edited(file: Path, *edits: tuple[str, str]) -> Path:
    """Write the shipped flow, with these edits, into `file`."""
    text = FLOW.read_text("utf-8")
    for old, new in edits:
        assert old in text, old
        text = text.replace(old, new)
    file.write_text(text, "utf-8")
    return file


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return edited(tmp_path / "flows.yaml")


async def reload(live: Live, status: int = 200) -> Any:
    found, answer = await live.api("POST", "/operator/reload", {"by": "ravi"})
    assert found == status, answer
    return answer


async def crowd(live: Live, nth: int, said: Event | dict[int, Event]) -> None:
    """Let everybody say something, which is stored and not stepped yet."""
    for start in range(0, PEOPLE, 200):
        batch = [
            Arrival(
                f"m{nth}",
                EventKind.CHAT,
                {
                    "event": events.to_json(said[n] if isinstance(said, dict) else said),
                    "name": "",
                    "sent_at": 0,
                },
                aliases=(("phone", f"91980000{n:04}"),),
            )
            for n in range(start, start + 200)
        ]
        await live.context.store.arrive(batch, live.clock.now())


async def stepped(live: Live) -> None:
    """Step all that is due, and send nothing."""
    while await live.workers.step():
        pass


async def people(live: Live) -> list[dict[str, Any]]:
    rows = await live.rows("SELECT id, version, state, snapshot FROM conversation ORDER BY id")
    return [{**row, "snapshot": orjson.loads(row["snapshot"])} for row in rows]


async def taps(live: Live, *triggers: str) -> dict[int, Event]:
    """For each of the crowd, a tap on the first button of their last message that is one of `triggers`."""
    found: dict[int, Event] = {}
    for n, row in enumerate(await people(live)):
        offered: Iterator[str] = (id for _, id in row["snapshot"]["choices"])
        found[n] = Tapped(next(id for id in offered if id.split("|")[1] in triggers))
    return found


async def test_a_reload_with_a_thousand_customers_in_mid_chat(
    world: World, clock: ShiftedClock, start: Start, file: Path
) -> None:
    """Their states are renamed, and each has a tap on its way that is stepped after the reload."""
    async with start(world, clock, file) as live:
        await crowd(live, 1, TextReceived("hi"))
        await stepped(live)
        await crowd(live, 2, await taps(live, "add"))
        await stepped(live)
        before = await people(live)
        assert {row["state"] for row in before} == {"cart.review"}
        checkout = await taps(live, "checkout")
        await crowd(live, 3, checkout)
        edited(file, *RENAMED, MIGRATE)
        answer = await reload(live)
        assert answer["changed"]
        await stepped(live)
        after = await people(live)
        assert len(after) == PEOPLE
        assert {row["state"] for row in after} == {"checkout.review"}
        assert {row["version"] for row in after} == {max(row["version"] for row in after)}
        assert [row["snapshot"]["data"]["cart"] for row in after] == [
            row["snapshot"]["data"]["cart"] for row in before
        ]
        results = await live.rows("SELECT state, COUNT(*) AS n FROM inbox WHERE kind = 'chat' GROUP BY state")
        assert {row["state"]: row["n"] for row in results} == {"applied": 3 * PEOPLE}
        traces = await live.rows("SELECT trace FROM inbox WHERE key = 'm3'")
        for row in traces:
            version, taken, *_ = orjson.loads(row["trace"])
            assert (version["event"], version["entered"]) == ("version", ["basket.review"])
            assert taken["taken"]["rule"].endswith(": checkout")


async def test_a_broken_file_is_refused_with_its_errors_and_the_last_good_version_goes_on(
    world: World, clock: ShiftedClock, start: Start, file: Path
) -> None:
    async with start(world, clock, file) as live:
        version = live.context.flow.version
        customer = live.customer()
        await customer.checkout()
        edited(file, ("do: cart.settle", "do: cart.setle"))
        answer = await reload(live, 422)
        assert f"{file}:" in answer["error"]
        assert "there is no action 'cart.setle'" in answer["error"]
        assert live.context.flow.version == version
        assert len(await live.rows("SELECT number FROM flow_version")) == 1
        _, ready = await live.api("GET", "/readyz")
        assert f"flow: chai-counter {version}\nsystems: none\nfile: differs: broken, {file}:" in ready
        await customer.tap("Confirm order")
        assert customer.heard("💳 Complete Payment") == 1
        edited(file, ("💳 Complete Payment", "💳 Pay here"))
        assert "file: differs: " in (await live.api("GET", "/readyz"))[1]
        await reload(live)
        assert (await live.api("GET", "/readyz"))[1].endswith("file: the same\n")
        assert live.context.flow.version != version


async def test_an_open_link_whose_states_are_gone_stays_with_its_version_until_it_is_paid(
    world: World, clock: ShiftedClock, start: Start, file: Path
) -> None:
    """Its buttons, timers and payment are understood; a price that changes is everybody's at once."""
    async with start(world, clock, file) as live:
        customer, other = live.customer(), live.customer("919812345602", "Ravi")
        [*_, pay] = await customer.order()
        await other.checkout()
        waits = ("  awaiting_payment:\n", "  to_pay:\n"), ("to: awaiting_payment", "to: to_pay")
        edited(
            file,
            *waits,
            ("Click here to complete payment", "Tap here to pay"),
            ("price: 180,", "price: 200,"),
        )
        answer = await reload(live)
        assert answer["changes"] == {"prices": ["masala-250: ₹180 → ₹200"]}
        [(head, [line])] = answer["staying"].items()
        assert head == "Who stays with their version until they rest in its first state"
        assert line.startswith(f"awaiting_payment, version {answer['before']}: 'awaiting_payment' is gone")
        assert line.endswith(": 1 customer, ₹500 open")
        [told] = await customer.tap("Pay Now", pay)
        assert "Click here to complete payment" in told.text
        await live.wait(10)
        assert await state(live, customer) == "awaiting_payment"
        [confirmed] = await customer.pay()
        assert CONFIRMED in confirmed.text
        assert "₹500" in confirmed.text
        await customer.write("hi")
        await customer.write("menu")
        assert await versions_of(live) == {1, 2}, "the other one has not written since"
        [_, changed] = await other.tap("Confirm order")
        assert "₹540" in changed.text, "a price is not pinned"
        assert await versions_of(live) == {2}
        assert await live.parked() == []


async def state(live: Live, customer: Customer) -> str:
    rows = await live.rows(
        "SELECT c.state FROM conversation c JOIN alias a ON a.conversation_id = c.id"
        f" WHERE a.value = '{customer.person.wa_id}'"
    )
    return str(rows[0]["state"])


async def versions_of(live: Live) -> set[int]:
    return {row["version"] for row in await live.rows("SELECT version FROM conversation")}


async def test_a_rollback_serves_the_version_before_and_takes_everybody_back(
    world: World, clock: ShiftedClock, start: Start, file: Path
) -> None:
    async with start(world, clock, file) as live:
        first = live.context.flow.version
        customer = live.customer()
        await customer.write("hi")
        assert await live.api("POST", "/operator/rollback", {}) == (
            404,
            {"error": "there is no earlier version"},
        )
        edited(file, *RENAMED, MIGRATE)
        await reload(live)
        await customer.tap("Masala chai 250 g")
        assert await state(live, customer) == "basket.review"
        status, answer = await live.api("POST", "/operator/rollback", {"by": "ravi", "version": first[:6]})
        assert (status, answer["version"]) == (200, first)
        [cart] = await customer.tap("Change cart")
        assert await state(live, customer) == "basket.choose", (
            "its state is gone: it stays until the first one"
        )
        await customer.write("menu")
        [cart] = await customer.tap("Ginger chai 250 g")
        assert "Masala" in cart.text
        assert await state(live, customer) == "cart.review"
        rows = await live.rows("SELECT version, served_by FROM flow_version ORDER BY number")
        assert [row["version"] == first for row in rows] == [True, False, True]
        assert rows[-1]["served_by"] == "ravi"


async def test_a_rollback_and_the_same_file_after_it_count_no_stock(
    world: World, clock: ShiftedClock, start: Start, file: Path
) -> None:
    def with_stock(number: int) -> None:
        edited(file, ("sku: masala-250, ", f"sku: masala-250, stock: {number}, "))

    async def left(live: Live) -> int:
        rows = await live.rows("SELECT declared - sold - reserved AS n FROM stock WHERE sku = 'masala-250'")
        return int(rows[0]["n"])

    with_stock(12)
    async with start(world, clock, file) as live:
        with_stock(24)
        line = "masala-250: 24 from now on, 12 declared before (12 left)"
        assert (await reload(live))["changes"] == {"stock": [line]}
        customer = live.customer()
        await customer.order()
        await customer.pay()
        pieces = await left(live)
        assert pieces < 24
        _, answer = await live.api("POST", "/operator/rollback", {})
        line = f"masala-250: {pieces} left, as before: a rollback counts nothing anew"
        assert answer["changes"] == {"stock": [line]}
        assert await left(live) == pieces
    async with start(world, clock, file) as live:
        assert await left(live) == pieces, "a start serves the file, as a reload does"
        with_stock(30)
        await reload(live)
        assert await left(live) == 30


async def test_migrate_must_lead_on_everybody_who_stands_in_a_state_that_is_gone(
    world: World, clock: ShiftedClock, start: Start, file: Path
) -> None:
    async with start(world, clock, file) as live:
        customer = live.customer()
        await customer.checkout()
        await customer.tap("Confirm order")
        waits = ("  awaiting_payment:\n", "  to_pay:\n"), ("to: awaiting_payment", "to: to_pay")
        edited(
            file,
            *waits,
            ("start: browsing\n", "migrate: {from: awaiting_payment, to: browsing}\nstart: browsing\n"),
        )
        answer = await reload(live, 422)
        assert (
            "who waits for a payment in 'awaiting_payment' would lose the way to their link"
            in answer["error"]
        )
        edited(file, *waits, ("start: browsing\n", "migrate: {from: x, to: browsing}\nstart: browsing\n"))
        said = (await reload(live, 422))["error"]
        assert "'migrate' says nothing of 'awaiting_payment'" in said
        version = live.context.flow.version
        with structlog.testing.capture_logs() as logged:
            await reload_signal._reload(live.context)
        assert logged == [{"log_level": "error", "event": "flow refused", "served": version, "mend": said}]
        edited(
            file,
            *waits,
            ("start: browsing\n", "migrate: {from: awaiting_payment, to: to_pay}\nstart: browsing\n"),
        )
        await reload(live)
        [told] = await customer.tap("Pay Now")
        assert "Click here to complete payment" in told.text
        assert await state(live, customer) == "to_pay"


async def test_a_reload_by_a_signal_logs_how_many_stay_with_their_version(
    world: World, clock: ShiftedClock, start: Start, file: Path
) -> None:
    async with start(world, clock, file) as live:
        await live.customer().order()
        edited(file, ("  awaiting_payment:\n", "  to_pay:\n"), ("to: awaiting_payment", "to: to_pay"))
        with structlog.testing.capture_logs() as logged:
            await reload_signal._reload(live.context)
        assert logged[-1] == {
            "log_level": "info", "event": "flow reloaded", "served": live.context.flow.version, "staying": 1,
        }  # fmt: skip


async def test_who_is_told_that_customers_are_stranded_may_reload_anyway(
    world: World, clock: ShiftedClock, start: Start, file: Path
) -> None:
    """They stay with their version; the next start is not refused for them."""
    async with start(world, clock, file) as live:
        customer = live.customer()
        await customer.checkout()
        await customer.tap("Confirm order")
        edited(
            file,
            *(("  awaiting_payment:\n", "  to_pay:\n"), ("to: awaiting_payment", "to: to_pay")),
            ("start: browsing\n", "migrate: {from: x, to: browsing}\nstart: browsing\n"),
        )
        await reload(live, 422)
        status, answer = await live.api("POST", "/operator/reload", {"anyway": True})
        assert (status, answer["changed"]) == (200, True)
        [told] = await customer.tap("Pay Now")
        assert "Click here to complete payment" in told.text
        assert await state(live, customer) == "awaiting_payment"
    async with start(world, clock, file) as live:
        assert live.context.flow.version == answer["version"]


async def test_every_process_serves_what_one_of_them_reloads(
    postgres_url: str, world: World, clock: ShiftedClock, file: Path
) -> None:
    """A step for which a process does not know the version yet waits, and is not lost."""
    values: dict[str, Any] = {name.lower(): value for name, value in world.settings().items()}
    values |= {"database_url": postgres_url, "munshi_flow": file, "munshi_api_token": API_TOKEN}
    settings = Settings(**{"_env_file": None, **values})
    await made(postgres_url)
    async with bot(settings, clock) as (one, working), bot(settings, clock, from_database) as (two, late):
        await arrive(one, 1, "hi")
        while await working.step():
            pass
        edited(file, *RENAMED, MIGRATE)
        await RELOAD.serve(one.store.versions, load_flow(file), "ravi", clock.now())
        assert await one.follow_flow()
        await arrive(one, 2, "menu")
        while await working.step():
            pass
        assert (one.flow.version == two.flow.version) is False
        await arrive(two, 3, "help")
        assert await late.step() == 1, "it had to learn of the version first"
        assert one.flow.version == two.flow.version
        rows = await two.store._units.read(lambda tx: tx.fetch("SELECT state, error FROM inbox ORDER BY id"))
        assert [(row["state"], row["error"]) for row in rows] == [("applied", None)] * 3


async def arrive(context: Context, nth: int, text: str) -> None:
    body = {"event": events.to_json(TextReceived(text)), "name": "", "sent_at": 0}
    wrote = Arrival(f"m{nth}", EventKind.CHAT, body, aliases=(("phone", "919800000001"),))
    await context.store.arrive([wrote], context.clock.now())


async def test_who_cannot_be_forgotten_is_told_so_also_behind_a_reload(
    world: World, clock: ShiftedClock, start: Start, file: Path
) -> None:
    async with start(world, clock, file) as live:
        asha = live.customer()
        await asha.order()
        edited(file, ("Proceed to Checkout", "Check out"))
        await reload(live)
        path = f"/customers/{asha.person.wa_id}/forget"
        status, answer = await live.until(live.api("POST", path))
        assert (status, answer.get("reason")) == (409, "open order"), answer


async def test_a_start_counts_as_its_own_version_what_it_served_itself(
    world: World, clock: ShiftedClock, start: Start, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another process has something else served between the serving and the look at what is served."""
    other = load_flow(edited(file.with_name("other.yaml"), ("Proceed to Checkout", "Check out")))

    async def declare_and_lose_the_race(store: Store, flow: Flow, now: int) -> None:
        await store.versions.serve(flow_text(other), {}, "another process", now)

    monkeypatch.setattr("bot.app.declare_staff", declare_and_lose_the_race)
    async with start(world, clock, file) as live:
        flows = live.context.versions
        assert flows.flow.version == load_flow(file).version
        assert await live.context.follow_flow()
        assert flows.flow.version == other.version
