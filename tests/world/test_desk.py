"""Those who run the shop move orders on, over HTTP and in the shell, while the whole bot runs."""

import csv
import re
from pathlib import Path
from zoneinfo import ZoneInfo

import orjson
import pytest

from bot.clock import ShiftedClock
from payments.shop.local_time import local_date
from sandbox.world import World
from tests.world.desk_shop import change, flow_in, ordered
from tests.world.running_bot import FLOW, Start
from tests.world.test_operators import munshi


async def test_a_paid_order_goes_its_way(
    world: World, clock: ShiftedClock, start: Start, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Accepted over HTTP, one piece less, out and delivered in the shell; and every rupee is somewhere."""
    monkeypatch.setenv("TZ", "UTC")
    async with start(world, clock, flow_in(tmp_path)) as live:
        key = await ordered(live, ("kaju", 2), ("thali", 1))
        asha = live.customer()
        await asha.pay()
        status, order = await change(live, key, "stage", to="accepted", by="Meena", **{"from": "placed"})
        assert (status, order["stage"], order["stage_by"]) == (200, "accepted", "Meena")
        assert asha.texts[-1] == "Your order is accepted"
        number = order["number"]
        less = await live.until(munshi(live, "order", number, "less", "kaju", "1", "--why", "sold out"))
        assert less.exit_code == 0, less.output
        await live.settle()
        assert asha.texts[-1].startswith("Without"), asha.texts
        status, order = await live.api("GET", f"/orders/{number}")
        sums = {
            name: order[name] for name in ("goods", "delivery", "total", "owed", "due", "paid", "refunded")
        }
        assert sums == {
            "goods": 64_100, "delivery": 4_000, "total": 68_100, "owed": 42_050, "due": 0, "paid": 68_100,
            "refunded": 26_050,
        }  # fmt: skip
        for words in (("out", "--by", "Ramesh"), ("delivered", "--by", "Ramesh", "--from", "out")):
            done = await live.until(munshi(live, "order", number, *words))
            assert done.exit_code == 0, done.output
        shown = (await munshi(live, "order", number)).output
        for part in (
            f"#{number} ({key}): delivered, ₹681 paid, ₹260.50 goes back",
            "2 × Kaju katli (kaju)  ₹521  (1 of them gone)",
            "customer: +919812345601",
            "delivery: Flat 4, Lake Road, Pune 411005",
            "Meena moved it to accepted (now accepted)",
            "took 1 × kaju out of it: sold out (now accepted)",
            "Ramesh moved it to delivered (now delivered)",
        ):
            assert part in shown, shown
        assert (await munshi(live, "orders", "--todo")).output == "no such orders\n"
        assert (await munshi(live, "ledger")).output.endswith("The books balance.\n")
        why = (await munshi(live, "why", key)).output
        assert "Meena moved it to accepted, seen as placed" in why
        assert "paid, fulfilled, delivered (by Ramesh)" in why
        assert await live.parked() == []


async def test_two_desks_at_once(world: World, clock: ShiftedClock, start: Start, tmp_path: Path) -> None:
    """The first acts; the other hears who was first, and the stage that there is."""
    async with start(world, clock, flow_in(tmp_path)) as live:
        key = await ordered(live, ("thali", 1), pays="cash")
        seen = {"from": "placed"}
        first = await change(live, key, "stage", to="out", by="Meena", key="a", **seen)
        second = await change(live, key, "stage", to="accepted", by="Ramesh", key="b", **seen)
        assert first[0] == 200
        assert second[0] == 409
        assert second[1] == {
            "error": "#10001 is out (by Meena) already", "key": key, "number": "10001", "stage": "out",
            "stage_by": "Meena", "stage_at": first[1]["stage_at"],
        }  # fmt: skip
        stale = await change(live, key, "less", sku="thali", quantity=1, **seen)
        assert (stale[0], stale[1]["error"]) == (409, second[1]["error"]), "also of what is no stage"
        again = await change(live, key, "stage", to="out", by="Meena", key="a", **seen)
        assert again[0] == 200, "the same request changes nothing twice"
        other = await change(live, key, "stage", to="delivered", paid="cash", key="a")
        assert other[0] == 422
        assert len(await live.rows("SELECT id FROM inbox WHERE kind = 'staff'")) == 3
        told = await live.until(munshi(live, "order", key, "ready", "--from", "placed"))
        assert (told.exit_code, told.output.splitlines()[-1]) == (
            1,
            "not done: #10001 is out (by Meena) already",
        )


async def test_cash_from_the_door_to_the_till(
    world: World, clock: ShiftedClock, start: Start, tmp_path: Path
) -> None:
    async with start(world, clock, flow_in(tmp_path)) as live:
        key = await ordered(live, ("thali", 2), pays="cash")
        assert (await change(live, key, "stage", to="delivered"))[1]["error"].endswith("or owed")
        unsaid = await live.until(munshi(live, "order", key, "delivered"))
        assert unsaid.output == (
            "not done: #10001 is not paid: say whether by cash, by upi, or owed."
            " Here that is --cash, --upi or --owed\n"
        )
        await change(live, key, "stage", to="delivered", paid="owed")
        todo = await live.api("GET", "/orders?todo=1")
        assert [(order["key"], order["todo"], order["due"]) for order in todo[1]["orders"]] == [
            (key, ["cash"], 28_000)
        ]
        assert (await change(live, key, "hand", method="upi", amount=10_000))[0] == 200
        allowed = await change(live, key, "allowance", amount=1_050, why="waste of time")
        assert allowed[1]["due"] == 16_950
        paid = await change(live, key, "hand", method="cash", by="Meena")
        assert (paid[1]["due"], paid[1]["payment"], paid[1]["todo"]) == (0, "paid", [])
        back = await change(live, key, "return", sku="thali", quantity=1, why="cold")
        assert back[1]["todo"] == ["refund"]
        assert key in (await munshi(live, "orders", "--todo", "--json")).output
        done = await change(live, key, "refunded", by="Meena")
        assert (done[1]["todo"], done[1]["refunds"][-1]["status"]) == ([], "processed")
        assert [move["by"] for move in done[1]["moves"]][-2:] == ["operator", "Meena"]
        assert (await munshi(live, "orders", "--todo")).output == "no such orders\n"
        assert done[1]["amendments"][0]["why"] == "waste of time"
        listed = orjson.loads((await munshi(live, "orders", "--json")).output)
        assert [order["key"] for order in listed["orders"]] == [key]
        assert (await munshi(live, "ledger")).output.endswith("The books balance.\n")
        assert await live.parked() == []


async def test_an_order_says_since_when_the_customer_pays_in_cash_instead(
    world: World, clock: ShiftedClock, start: Start, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TZ", "UTC")
    file = tmp_path / "flows.yaml"
    file.write_text(FLOW.read_text("utf-8").replace("  # cash: {", "  cash: {"), "utf-8")
    async with start(world, clock, file) as live:
        asha = live.customer()
        await asha.order()
        await asha.write("can i pay cash?")
        await asha.tap("Cash on delivery")
        shown = await munshi(live, "order", "10001")
        assert re.search(
            r"  the customer pays in cash instead of online since \d{4}-\d\d-\d\d \d", shown.output
        )
        [order] = await live.rows("SELECT key FROM orders")
        await change(live, order["key"], "stage", to="accepted")
        shown = await munshi(live, "order", "10001")
        assert "  the customer pays in cash instead of online\n" in shown.output


async def test_a_slip_of_cash_is_undone(
    world: World, clock: ShiftedClock, start: Start, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By HTTP and in the shell; twice acts once; and the order, its story, the day and the export say so."""
    monkeypatch.setenv("TZ", "UTC")
    async with start(world, clock, flow_in(tmp_path)) as live:
        key = await ordered(live, ("thali", 2), pays="cash")
        paid = await change(live, key, "stage", to="delivered", paid="cash", by="Ramesh")
        assert (paid[1]["due"], paid[1]["todo"], paid[1]["paid_at"] is None) == (0, [], False)
        undone = await change(live, key, "undo", by="Meena")
        assert (undone[1]["due"], undone[1]["paid"], undone[1]["todo"]) == (28_000, 0, ["cash"])
        assert (undone[1]["paid_at"], undone[1]["payments"]) == (None, [])
        [slip] = undone[1]["undone"]
        assert (slip["id"], slip["amount"], slip["by"]) == (f"hand-{key}-1", 28_000, "Meena")
        again = await change(live, key, "undo", payment=1)
        assert (again[0], again[1]["error"]) == (409, "that payment of #10001 was undone already (by Meena)")
        told = await live.until(munshi(live, "order", key, "undo", "1"))
        assert told.output.splitlines()[-1].startswith("not done: that payment of #10001 was undone")
        shown = (await munshi(live, "order", key)).output
        for part in (
            "to do: money is owed", "Meena undid the payment, a mistake (now delivered)",
            "payment 1 of ₹280 undone: a mistake", "delivered, ₹280 to be paid",
        ):  # fmt: skip
            assert part in shown, shown
        assert "Meena undid the payment, a mistake" in (await munshi(live, "why", key)).output
        on = ("--date", str(local_date(ZoneInfo("Asia/Kolkata"), clock.now())))
        day = orjson.loads((await munshi(live, "day", "--json", *on)).output)
        assert (day["undone"], day["taken"], day["owed"], day["refunded"]) == (
            [{"number": "10001", "amount": 28_000}], [], [{"number": "10001", "amount": 28_000}], 0,
        )  # fmt: skip
        assert "Recorded by mistake: ₹280 (#10001 ₹280)" in (await munshi(live, "day", *on)).output
        await change(live, key, "hand", method="upi", by="Ramesh")
        today = "2026-01-01"
        rows = (await munshi(live, "export", "orders", "--from", today, "--to", "2099-01-01")).output
        [found] = csv.DictReader(rows[rows.index("number,") :].splitlines())
        assert (found["undone"], found["paid"], found["due"]) == ("280.00", "280.00", "0.00"), rows
        assert (await munshi(live, "ledger")).output.endswith("The books balance.\n")
        assert await live.parked() == []


async def test_a_paid_order_is_refused_and_its_delivery_kept(
    world: World, clock: ShiftedClock, start: Start, tmp_path: Path
) -> None:
    async with start(world, clock, flow_in(tmp_path)) as live:
        key = await ordered(live, ("thali", 2))
        asha = live.customer()
        await asha.pay()
        await change(live, key, "stage", to="out")
        done = await live.until(munshi(live, "order", key, "refused", "--keep-delivery", "--by", "Ramesh"))
        assert done.exit_code == 0, done.output
        await live.settle()
        assert asha.texts[-1] == "Your order is refused, ₹240 goes back"
        listed = (await live.api("GET", "/orders?todo=1"))[1]["orders"]
        assert [(one["key"], one["todo"], one["refunded"]) for one in listed] == [(key, ["delivery"], 24_000)]
        shown = (await munshi(live, "order", key)).output
        for part in (
            "to do: the delivery of refused goods: say delivery keep, or delivery refund",
            "Ramesh said that it was refused at the door: the delivery fee is held (now refused)",
            "held: delivery: the goods were refused, and a person decides about the fee",
        ):
            assert part in shown, shown
        kept = await change(live, key, "delivery", decision="keep", by="Meena")
        assert (kept[0], kept[1]["todo"]) == (200, [])
        assert (await change(live, key, "delivery", decision="keep"))[0] == 409
        back = await live.until(munshi(live, "order", key, "delivery", "refund"))
        assert back.exit_code == 0, back.output
        await live.settle()
        assert (await live.api("GET", f"/orders/{key}"))[1]["refunded"] == 28_000
        assert (await munshi(live, "ledger")).output.endswith("The books balance.\n")
        assert await live.parked() == []
