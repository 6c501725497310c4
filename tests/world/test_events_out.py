"""Another program of the shop hears of orders: each order's events in order, at least once, whole."""

import re
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import orjson
import pytest
from pydantic import SecretStr

from bot.clock import ShiftedClock
from bot.settings import Settings
from sandbox.world import World
from tests.payments.card_shop import with_cards
from tests.world.desk_shop import TEXT, change, flow_in, ordered
from tests.world.hook_receiver import SECRETS, Receiver, receiving
from tests.world.running_bot import FLOW, ROOT, Live, Start
from tests.world.test_clock_set_back import Settable, opened
from tests.world.test_invoices import LEGAL
from tests.world.test_operators import munshi

DAY = 24 * 60


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    async with receiving() as receiver:
        yield receiver


@pytest.fixture
def settings_for(
    settings_for: Callable[[World], Settings], receiver: Receiver
) -> Callable[[World], Settings]:
    """Settings with the receiver's address, if it has one."""

    def make(world: World) -> Settings:
        more = {"munshi_hook_url": receiver.url or None, "munshi_hook_secret": SecretStr(SECRETS)}
        return settings_for(world).model_copy(update=more)

    return make


async def test_an_orders_events_come_in_order_as_stored(
    receiver: Receiver, world: World, clock: ShiftedClock, start: Start, tmp_path: Path
) -> None:
    async with start(world, clock, flow_in(tmp_path)) as live:
        key = await ordered(live, ("kaju", 2), ("thali", 1))
        await live.customer().pay()
        for stage in ("accepted", "out", "delivered"):
            status, order = await change(live, key, "stage", to=stage, by="Meena")
            assert status == 200, order
        await live.settle()
        _, shown = await live.api("GET", f"/orders/{order['number']}")
    assert receiver.types == [
        "order.placed", "payment.captured", "order.confirmed", "order.stage", "order.stage", "order.stage",
    ]  # fmt: skip
    assert receiver.by_order() == {key: [1, 2, 3, 4, 5, 6]}
    bodies = [body["data"]["order"] for _, body in receiver.taken]
    assert [body["payment"] for body in bodies] == ["unpaid", "paid", "paid", "paid", "paid", "paid"]
    assert [body["stage"] for body in bodies[2:]] == ["placed", "accepted", "out", "delivered"]
    del shown["moves"]
    assert bodies[-1] == shown


async def test_the_number_of_an_invoice_comes_with_the_goods(
    receiver: Receiver, world: World, clock: ShiftedClock, start: Start, tmp_path: Path
) -> None:
    flow = tmp_path / "tiffin.yaml"
    flow.write_text(TEXT.replace("  name: Annapurna", LEGAL), "utf-8")
    async with start(world, clock, flow) as live:
        key = await ordered(live, ("kaju", 2))
        await live.customer().pay()
        for to in ("out", "delivered"):
            assert (await change(live, key, "stage", to=to))[0] == 200
        assert (await change(live, key, "return", sku="kaju", quantity=1))[0] == 200
        await live.settle()
        numbers = await live.rows(
            "SELECT number, kind, total, issued_at FROM invoice ORDER BY issued_at, kind DESC"
        )
        _, shown = await live.api("GET", f"/orders/{key}")
    bill, note = ({**row} for row in numbers)
    assert (bill["kind"], note["kind"]) == ("tax invoice", "credit note")
    assert shown["documents"] == [bill, note]
    told = [(body["type"], body["data"]["order"]["documents"]) for _, body in receiver.taken]
    assert told[2:5] == [("order.confirmed", []), ("order.stage", [bill]), ("order.stage", [bill])]
    assert told[5] == ("order.amended", [bill, note])


async def test_money_on_metas_word_alone_is_not_told(
    receiver: Receiver, world: World, clock: ShiftedClock, start: Start, tmp_path: Path
) -> None:
    """It is said to have gone to an account that is not ours: it is held, and counts for nothing."""
    flow = tmp_path / "flows.yaml"
    flow.write_text(with_cards(FLOW.read_text()))
    async with start(world, clock, flow) as live:
        [*_, last] = await live.customer().order()
        shown = world.meta.cards.shown[str(last.card)]
        shown.order_id, shown.payment_id = "order_Elsewhere001", "pay_Elsewhere00001"
        world.meta.tell_payment(shown)
        await live.settle()
        assert await live.rows("SELECT payment FROM orders") == [{"payment": "held"}]
    assert receiver.types == ["order.placed"]


async def test_a_receiver_down_for_a_day_gets_all_in_order(receiver: Receiver, live: Live) -> None:
    receiver.status = 503
    asha, bela = live.customer(), live.customer("919812345602", "Bela")
    await asha.order()
    await asha.pay()
    await bela.order()
    assert not receiver.taken
    assert asha.heard("Payment Successful") == 1
    for _ in range(24):
        await live.wait(60)
    tried = len(receiver.tries)
    receiver.status = 200
    for _ in range(24):
        await live.wait(60)
    assert tried < 40
    assert sorted(receiver.by_order().values()) == [[1], [1, 2, 3]]
    assert receiver.types.count("order.placed") == 2
    assert len({key for key, _ in receiver.taken}) == 4
    first = receiver.tries[0]
    assert [one for one in receiver.tries if one[0] == first[0]] == [first] * receiver.tries.count(first)


async def test_a_clock_that_is_set_back_holds_up_nothing(
    receiver: Receiver, world: World, start: Start
) -> None:
    base = Settable()
    async with opened(world, ShiftedClock(base), base, start) as live:
        receiver.status = 503
        for customer in (live.customer(), live.customer("919812345602", "Bela")):
            await customer.order()
        for _ in range(4):
            await live.wait(10)
        assert len(receiver.tries) > 5, "it counts as down"
        receiver.status = 204
        base.at -= 30 * 86_400_000
        await live.settle()
        await live.wait(1)
        assert receiver.types == ["order.placed", "order.placed"]


async def test_what_is_never_taken_is_given_up_and_the_later_ones_go_on(
    receiver: Receiver, live: Live
) -> None:
    receiver.status = 500
    asha = live.customer()
    await asha.order()
    await asha.pay()
    for _ in range(8):
        await live.wait(2 * DAY)
    keys = [key for key, _ in receiver.tries]
    assert keys.count(keys[0]) == 9
    receiver.status = 200
    await live.wait(DAY)
    assert receiver.types == ["payment.captured", "order.confirmed"]
    [notice] = await live.rows("SELECT subject, said FROM notice WHERE kind = 'hook'")
    assert "munshi hooks retry" in notice["said"]
    assert await live.context.store.hooks.retry(None) == 1
    await live.settle()
    assert receiver.types[-1] == "order.placed"
    assert receiver.taken[-1] == receiver.tries[0]


async def test_who_is_asked_to_wait_waits(receiver: Receiver, live: Live) -> None:
    receiver.answers, receiver.headers = [429], {"Retry-After": "3600"}
    await live.customer().order()
    await live.wait(59)
    assert not receiver.taken
    await live.wait(8)
    assert receiver.types == ["order.placed"]


async def test_a_receiver_that_wants_no_more_gets_no_more(receiver: Receiver, live: Live) -> None:
    receiver.status = 410
    asha = live.customer()
    await asha.order()
    await asha.pay()
    await live.wait(DAY)
    assert len(receiver.tries) == 1
    assert [row["subject"] for row in await live.rows("SELECT subject FROM notice WHERE kind = 'hook'")] == [
        "gone"
    ]
    asked = await live.until(munshi(live, "hooks", "retry"))
    assert "but the program answered 410: restart the server" in asked.output


async def test_what_was_kept_after_a_410_is_sent_after_a_restart(
    receiver: Receiver, world: World, clock: ShiftedClock, start: Start
) -> None:
    hook = {"MUNSHI_HOOK_URL": receiver.url, "MUNSHI_HOOK_SECRET": SECRETS}
    async with start(world, clock) as live:
        receiver.status = 503
        await live.customer().order()
        receiver.status = 410
        await live.customer("919812345602", "Bela").order()
        assert len(receiver.tries) == 2
        receiver.status = 204
        shown = await live.until(munshi(live, "hooks", **hook))
        assert "sending has ended, because the program answered 410" in shown.output
        assert "2 waiting, the oldest since 20" in shown.output
        doctor = await live.until(munshi(live, "doctor", **hook))
        assert "✗ hooks: sending has ended, because the program answered 410; 2 waiting" in doctor.output
        receiver.taken.clear()
    clock.put_forward(1000)
    async with start(world, clock) as live:
        await live.settle()
        assert receiver.types == ["order.placed"], "the other one waits for its own next try"
        await live.seconds(6)
        assert receiver.types == ["order.placed", "order.placed"]
        doctor = await live.until(munshi(live, "doctor", **hook))
        assert "✓ hooks: 0 waiting; 0 given up; last taken" in doctor.output


async def test_a_redirect_is_a_failure(receiver: Receiver, live: Live) -> None:
    receiver.answers, receiver.headers = [307], {"Location": receiver.url}
    await live.customer().order()
    assert len(receiver.tries) == 1
    assert not receiver.taken


async def test_a_try_whose_end_was_not_recorded_is_made_again_under_the_same_id(
    receiver: Receiver, live: Live, world: World, clock: ShiftedClock, start: Start
) -> None:
    """As after a kill between the answer and its recording."""
    receiver.answers = [500]
    await live.customer().order()
    clock.put_forward(10_000)
    hooks = live.context.store.hooks
    [lost] = await hooks.claim(clock.now(), 10, 60_000)
    assert live.context.hooks is not None
    assert (await live.context.hooks.post(lost.key, lost.body, clock.now())).taken
    await live.wait(2)
    assert receiver.taken == [receiver.taken[0]] * 2


async def test_a_forgotten_customers_events_name_nobody(receiver: Receiver, live: Live) -> None:
    asha = live.customer()
    await asha.write("hi")
    await asha.order()
    receiver.status = 503
    await asha.write("cancel")
    await live.wait(60 * 24 * 20)
    status, _ = await live.until(live.api("POST", "/customers/919812345601/forget"))
    assert status == 200
    rows = await live.rows("SELECT type, data FROM hook")
    assert "customer.forgotten" in {row["type"] for row in rows}
    for row in rows:
        assert "919812345601" not in row["data"]
        assert "Asha" not in row["data"]


async def test_without_a_url_nothing_is_stored(
    world: World, clock: ShiftedClock, start: Start, receiver: Receiver
) -> None:
    receiver.url = ""
    async with start(world, clock) as live:
        await live.customer().order()
        assert await live.rows("SELECT id FROM hook") == []


async def test_a_restart_that_was_forgotten_is_noticed(
    world: World, clock: ShiftedClock, start: Start, receiver: Receiver
) -> None:
    hook = {"MUNSHI_HOOK_URL": receiver.url, "MUNSHI_HOOK_SECRET": SECRETS}
    receiver.url = ""
    async with start(world, clock) as live:
        tried = await live.until(munshi(live, "hooks", "test", **hook))
        assert "but the server was started without MUNSHI_HOOK_URL" in tried.output, tried.output
        assert tried.exit_code == 1
        doctor = await live.until(munshi(live, "doctor", **hook))
        assert "✗ server: it was started without MUNSHI_HOOK_URL, which is set here" in doctor.output
        assert doctor.exit_code == 1
    receiver.url = hook["MUNSHI_HOOK_URL"]
    async with start(world, clock) as live:
        assert "systems: hooks\n" in (await live.api("GET", "/readyz"))[1]
        doctor = await live.until(munshi(live, "doctor", **hook))
        assert "✗ server" not in doctor.output
        doctor = await live.until(munshi(live, "doctor"))
        assert "✗ server: it was started with MUNSHI_HOOK_URL, which is not set here" in doctor.output


async def test_two_orders_do_not_wait_for_each_other(receiver: Receiver, live: Live) -> None:
    receiver.answers = [500]
    await live.customer().order()
    await live.customer("919812345602", "Bela").order()
    assert [body["data"]["order"]["customer"]["name"] for _, body in receiver.taken] == ["Bela"]


async def test_a_handover_is_told(
    receiver: Receiver, world: World, clock: ShiftedClock, start: Start, tmp_path: Path
) -> None:
    async with start(world, clock, flow_in(tmp_path)) as live:
        await live.customer().write("hi")
        for words in (("reply", "919812345601", "Hello!"), ("reply", "919812345601", "Bye!", "--done")):
            done = await live.until(munshi(live, *words))
            assert done.exit_code == 0, done.output
            await live.settle()
    assert receiver.types == ["handover.opened", "handover.ended"]
    [(_, opened), (_, ended)] = receiver.taken
    assert opened["data"]["customer"]["phone"] == "+919812345601"
    assert [one["data"]["sequence"] for one in (opened, ended)] == [1, 2]


async def test_the_shell_shows_the_queue_tests_the_receiver_and_sends_again(
    receiver: Receiver, live: Live
) -> None:
    hook = {"MUNSHI_HOOK_URL": receiver.url, "MUNSHI_HOOK_SECRET": SECRETS}
    receiver.status = 500
    asha = live.customer()
    await asha.order()
    for _ in range(8):
        await live.wait(2 * DAY)
    shown = await munshi(live, "hooks", **hook)
    assert "1 given up; none was taken yet" in shown.output, shown.output
    assert "order.placed: 9 tries, given up: 500: so be it" in shown.output
    failed = await live.until(munshi(live, "hooks", "test", **hook))
    assert failed.exit_code == 1, failed.output
    assert failed.output.startswith("500: so be it (")
    doctor = await live.until(munshi(live, "doctor", **hook))
    assert "✗ hooks: the program at MUNSHI_HOOK_URL answers a test event with 500: so be it" in doctor.output
    assert "1 given up" in doctor.output
    receiver.status = 200
    tried = await live.until(munshi(live, "hooks", "test", **hook))
    assert (tried.exit_code, receiver.types) == (0, ["test"]), tried.output
    doctor = await live.until(munshi(live, "doctor", **hook))
    assert "✓ hooks: the program at MUNSHI_HOOK_URL answers a test event with 200: so be it" in doctor.output
    assert receiver.types == ["test", "test"]
    number = f"#{receiver.tries[0][1]['data']['order']['number']}"
    assert f"{number} 1 order.placed" in shown.output
    again = await live.until(munshi(live, "hooks", "retry", number, **hook))
    assert again.exit_code == 0, again.output
    await live.wait(1)
    assert "order.placed" in receiver.types
    exported = await munshi(live, "export", "events", **hook)
    lines = [orjson.loads(line) for line in exported.stdout.splitlines()]
    assert {"order.placed"} <= {line["type"] for line in lines}
    told = dict(receiver.taken)
    assert all(told[line.pop("id")] == line for line in lines if line["id"] in told)
    nothing = await live.until(munshi(live, "hooks", "retry", **hook))
    assert nothing.exit_code == 1
    assert "nothing was given up or waits for a later try" in nothing.output


async def test_the_manuals_examples_are_what_is_sent(
    receiver: Receiver, world: World, clock: ShiftedClock, start: Start, tmp_path: Path
) -> None:
    async with start(world, clock, flow_in(tmp_path)) as live:
        key = await ordered(live, ("kaju", 2), ("thali", 1))
        await live.customer().pay()
        await change(live, key, "stage", to="accepted", by="Meena")
        less = await change(live, key, "less", sku="kaju", quantity=1, by="Meena", why="sold out")
        assert less[0] == 200, less
        await live.settle()
        await live.customer().write("hi")
        await live.until(munshi(live, "reply", "919812345601", "Hello!"))
        await live.until(munshi(live, "reply", "919812345601", "Bye!", "--done"))
        for stage in ("out", "delivered"):
            await change(live, key, "stage", to=stage, by="Meena")
        await live.wait(60 * 24 * 40)
        await live.until(live.api("POST", "/customers/919812345601/forget"))
        await live.settle()
    page = (ROOT / "docs" / "hooks.md").read_text("utf-8")
    [amended] = [body["data"] for _, body in receiver.taken if body["type"] == "order.amended"]
    assert [one["key"] for one in amended["order"]["amendments"]] == [amended["amendment"]]
    examples: dict[str, Any] = {}
    for _, body in receiver.taken:
        if body["data"].get("order") and examples:
            body["data"]["order"] = "as above"
        examples.setdefault(body["type"], body)
    for kind, body in examples.items():
        text = orjson.dumps(body, option=orjson.OPT_INDENT_2).decode()
        text = re.sub(rf"{key}\.(\d)\w*", r"k3f9x2ab-1-q7m2.\1njxi", text)
        text = text.replace(key, "k3f9x2ab-1-q7m2").replace(key.partition("-")[0], "k3f9x2ab")
        assert f"```json\n{text}\n```" in page, f"{kind}: the page must say\n{text}"
    assert len(examples) == 9
