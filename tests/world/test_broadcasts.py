"""An offer to everybody who asked for offers, over HTTP and in the shell, while the whole bot runs."""

from pathlib import Path

import pytest

from bot.clock import ShiftedClock
from sandbox.faults import Fault
from sandbox.world import World
from tests.world.offers_shop import desk, flow_in, offered
from tests.world.running_bot import Customer, Live, Start
from tests.world.test_operators import munshi

SALE = "Half price today"
TEXTS = {"text": "Half price today, {{ customer.name }}!", "buttons.0.title": "Buy one"}
WITHHELD = Fault.http(
    400, '{"error": {"code": 131049, "message": "To maintain healthy ecosystem engagement"}}'
)


async def people(live: Live, count: int) -> list[Customer]:
    """Customers who asked for offers."""
    found = [live.customer(f"9198123456{n:02}", f"Asha {n}") for n in range(1, count + 1)]
    for one in found:
        await one.write("offers")
    return found


async def test_it_reaches_who_asked_once(
    world: World, clock: ShiftedClock, start: Start, tmp_path: Path
) -> None:
    async with start(world, clock, flow_in(tmp_path)) as live:
        asha, bina = await people(live, 2)
        carl = live.customer("919812345699", "Carl")
        await carl.write("hi")
        status, dry = await desk(live, "/broadcasts", {"message": "sale", "dry_run": True})
        assert (status, dry) == (
            200,
            {
                "id": "sale-2026-09-21", "message": "sale", "texts": TEXTS, "would_get": 2, "as_template": 0,
                "left_out": {"no_template": 0, "with_a_person": 0, "did_not_ask": 3},
            },
        )  # fmt: skip
        assert asha.heard(SALE) == 0
        status, begun = await offered(live, "sale", by="Meena")
        assert (status, begun["given"], begun["finished"], begun["by"]) == (202, 0, False, "Meena")
        assert [one.heard(SALE) for one in (asha, bina, carl)] == [1, 1, 0]
        status, again = await offered(live, "sale")
        assert (status, again["given"], again["finished"]) == (200, 2, True)
        assert await live.api("GET", "/broadcasts/sale-2026-09-21") == (200, again)
        assert [one.heard(SALE) for one in (asha, bina, carl)] == [1, 1, 0]
        assert [m.text for m in await asha.tap("Buy one")] == ["Order #10001 over ₹30."]
        why = (await munshi(live, "why", bina.person.wa_id)).output
        assert "the offer 'sale' came to this customer (broadcast sale-2026-09-21)" in why
        assert 'said sale "Half price today, Asha 2!": delivered' in why
        assert await live.parked() == []


async def test_broadcast_after_stop(world: World, clock: ShiftedClock, start: Start, tmp_path: Path) -> None:
    """Not sent to who stopped, in the chat or at WhatsApp, is forgotten, or talks to a person."""
    async with start(world, clock, flow_in(tmp_path)) as live:
        stopped, settings, forgotten, talks, desk_stopped, gets = everybody = await people(live, 6)
        await stopped.write("stop")
        world.meta.prefer(settings.person, "stop")
        await live.settle()
        assert (await desk(live, f"/customers/{forgotten.person.wa_id}/forget", {}))[0] == 200
        await talks.write("agent")
        assert (await desk(live, f"/customers/{desk_stopped.person.wa_id}/hears", {"hears": "nothing"}))[
            0
        ] == 200
        assert (await offered(live, "sale"))[0] == 202
        assert [one.heard(SALE) for one in everybody] == [0, 0, 0, 0, 0, 1]
        assert gets.texts[-1] == "Half price today, Asha 6!"


async def test_a_stop_that_arrives_first_wins(
    world: World, clock: ShiftedClock, start: Start, tmp_path: Path
) -> None:
    """The stop is stored, and not stepped, when the customer's turn of the broadcast comes."""
    async with start(world, clock, flow_in(tmp_path)) as live:
        asha, bina = await people(live, 2)
        assert (await live.api("POST", "/broadcasts", {"message": "sale", "at_most": 2}))[0] == 202
        await asha.person.write("stop")
        await world.tick()
        await live.context.store.broadcasts.go_on(clock.now())
        await live.settle()
        assert (asha.heard(SALE), bina.heard(SALE)) == (0, 1)
        why = (await munshi(live, "why", asha.person.wa_id)).output
        assert "not taken: the customer did not ask for offers" in why


async def test_a_day_later_it_comes_as_its_template_by_the_road_for_offers(
    world: World, clock: ShiftedClock, start: Start, tmp_path: Path
) -> None:
    async with start(world, clock, flow_in(tmp_path)) as live:
        [asha] = await people(live, 1)
        await live.wait(24 * 60)
        counts = (await desk(live, "/broadcasts", {"message": "flash_sale", "dry_run": True}))[1]
        assert (counts["would_get"], counts["left_out"]["no_template"]) == (0, 1)
        assert (await offered(live, "flash_sale"))[0] == 409, "it has no template"
        counts = (await desk(live, "/broadcasts", {"message": "sale", "dry_run": True}))[1]
        assert (counts["would_get"], counts["as_template"]) == (1, 1)
        await offered(live, "sale")
        assert asha.person.messages[-1].kind == "template"
        assert world.meta.offers == [asha.person.messages[-1].wamid]
        world.meta.takes_offers = False
        await offered(live, "sale", id="again")
        assert [message.kind for message in asha.person.messages[-2:]] == ["template", "template"]
        assert len(world.meta.offers) == 1, "the account has not joined: it goes as any template"


async def test_one_notice_tells_of_all_offers_that_whatsapp_withheld(
    world: World, clock: ShiftedClock, start: Start, tmp_path: Path
) -> None:
    async with start(world, clock, flow_in(tmp_path)) as live:
        await people(live, 3)
        world.meta.fail_next("send", *[WITHHELD] * 3)
        await offered(live, "sale")
        subjects = [row["subject"] for row in await live.rows("SELECT subject FROM notice")]
        assert subjects == ["offer sale"]


@pytest.mark.parametrize(
    ("body", "status", "error"),
    [
        ({"message": "sail", "at_most": 1}, 404, "there is no message 'sail'; did you mean 'sale'?"),
        ({"message": "hello", "at_most": 1}, 422, "message: 'hello' is no offer: give it 'offer: true'"),
        ({"message": "sale"}, 422, "at_most: give the 'would_get' of a dry run"),
        ({"message": "sale", "at_most": 0}, 422, "at_most: "),
        ({"message": "sale", "at_most": 1}, 409, "2 customers would get it by now, more than 1"),
        ({"message": "sale", "at_most": 2, "id": "Ä"}, 422, "id: "),
        ({"message": "sale", "at_most": 2, "extra": 1}, 422, "extra: "),
        ({"message": "sale", "at_most": 2, "by": ""}, 422, "by: "),
    ],
)
async def test_what_is_refused(
    world: World,
    clock: ShiftedClock,
    start: Start,
    tmp_path: Path,
    body: dict[str, object],
    status: int,
    error: str,
) -> None:
    async with start(world, clock, flow_in(tmp_path)) as live:
        await people(live, 2)
        answer = await desk(live, "/broadcasts", body)
        assert (answer[0], answer[1]["error"][: len(error)]) == (status, error)
        assert await live.rows("SELECT id FROM broadcast") == []


async def test_in_the_shell(world: World, clock: ShiftedClock, start: Start, tmp_path: Path) -> None:
    async with start(world, clock, flow_in(tmp_path)) as live:
        asha, _ = await people(live, 2)
        await live.customer("919812345699").write("hi")
        dry = await live.until(munshi(live, "broadcast", "sale", "--dry-run"))
        assert dry.output.splitlines() == [
            *(f"{place}: {text}" for place, text in TEXTS.items()),
            "2 customers would get 'sale'", "  not 3: they did not ask for offers",
        ]  # fmt: skip
        asked = await live.until(munshi(live, "broadcast", "sale"))
        assert (asked.exit_code, asha.heard(SALE)) == (1, 0), "nobody said yes"
        sent = await live.until(munshi(live, "broadcast", "sale", "--yes", "--by", "Meena"))
        assert sent.exit_code == 0, sent.output
        assert sent.output.splitlines()[-1].startswith("'sale-2026-09-21' is on its way")
        await live.seconds(2)
        again = await live.until(munshi(live, "broadcast", "sale", "--yes"))
        assert again.output.splitlines()[-1].startswith(
            "'sale-2026-09-21' is finished already, after 2 customers: nobody gets it twice."
        )
        other = await live.until(munshi(live, "broadcast", "flash_sale", "--yes", "--id", "sale-2026-09-21"))
        assert other.exit_code == 1
        assert "was used for the offer 'sale'" in other.output
        wrong = await live.until(munshi(live, "broadcast", "hello", "--dry-run"))
        assert wrong.exit_code == 1
        assert wrong.output == (
            "message: 'hello' is no offer: give it 'offer: true' in the flow file, then munshi reload\n"
        )
        none = await live.until(munshi(live, "broadcast", "diwali", "--dry-run"))
        assert none.output == "there is no message 'diwali'. If the flow file has it: munshi reload\n"
        assert asha.heard(SALE) == 1
