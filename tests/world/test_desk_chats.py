"""The desk's chats, over HTTP and in the shell, while the whole bot runs."""

from pathlib import Path

import orjson
import pytest

from bot.clock import ShiftedClock
from bot.ingest import from_desk_chat
from payments.processing.bodies import StaffAction
from payments.processing.verbs import HANDOVER
from sandbox.world import World
from tests.world.offers_shop import desk, flow_in
from tests.world.running_bot import Start
from tests.world.test_operators import munshi

NUMBER = "919812345601"


async def test_an_operator_answers_and_gives_the_chat_back(
    world: World, clock: ShiftedClock, start: Start, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TZ", "UTC")
    async with start(world, clock, flow_in(tmp_path)) as live:
        asha, bina = live.customer(), live.customer("919812345602", "Bina")
        await asha.write("agent")
        await asha.write("is it cold?")
        await live.wait(1)
        await bina.write("hi")
        status, page = await live.api("GET", "/chats")
        assert (status, page["next"]) == (200, None)
        assert [(chat["name"], chat["in_hand"], chat["unread"]) for chat in page["chats"]] == [
            ("Bina", None, 0), ("Asha", "waits", 2),
        ]  # fmt: skip
        assert (await munshi(live, "chats", "--waiting")).output == (
            '+919812345601  Asha  21 Sep 19:43 IST  nobody yet, since 21 Sep 19:43, 2 unread  "is it cold?"\n'
        )
        assert (await desk(live, f"/customers/{NUMBER}/reply", {"text": " As ice. ", "by": "Meena"}))[
            0
        ] == 200
        assert asha.texts[-1] == "As ice."
        assert await asha.write("good") == [], "the bot is silent"
        said = await live.until(munshi(live, "reply", NUMBER, "Enjoy!", "--done", "--by", "Meena"))
        assert (said.exit_code, said.output) == (0, "said to Asha; the bot has the chat again\n")
        assert asha.texts[-2:] == ["Enjoy!", "The bot talks (done)."]
        assert (await munshi(live, "chats", "--in-hand")).output == "no such chats\n"
        assert [m.text for m in await asha.write("hi")] == ["Lemonade?"]
        why = (await munshi(live, "why", NUMBER)).output
        assert "Meena wrote: As ice." in why
        assert "Meena gave the chat back and wrote: Enjoy!" in why
        assert await live.parked() == []


async def test_a_chat_is_taken_over_before_a_word_and_given_back_without_one(
    world: World, clock: ShiftedClock, start: Start, tmp_path: Path
) -> None:
    async with start(world, clock, flow_in(tmp_path)) as live:
        asha = live.customer()
        await asha.write("hi")
        assert (await desk(live, f"/customers/{NUMBER}/take-over", {"by": "Meena"}))[0] == 200
        [chat] = (await live.api("GET", "/chats?in_hand=1"))[1]["chats"]
        assert chat["name"] == "Asha"
        assert await asha.write("hi") == [], "the bot is silent"
        assert (await desk(live, f"/customers/{NUMBER}/give-back", {"by": "Meena"}))[0] == 200
        assert asha.texts[-1] == "The bot talks (done)."
        heard = len(asha.texts)
        assert (await desk(live, f"/customers/{NUMBER}/give-back", {"by": "Leela"}))[0] == 200
        assert len(asha.texts) == heard, "the bot had it already"
        assert (await desk(live, f"/customers/{NUMBER}/take-over", {"text": "hi"}))[0] == 422
        assert (await live.api("POST", f"/customers/{NUMBER}/take-over", {}, token="wrong"))[0] == 401


async def test_the_staff_see_on_their_phones_what_the_desk_answers(
    world: World, clock: ShiftedClock, start: Start, tmp_path: Path
) -> None:
    async with start(world, clock, flow_in(tmp_path)) as live:
        asha, meena = live.customer(), live.customer("919812345671", "Meena Rao")
        ramesh = live.customer("919812345672", "Ramesh")
        await meena.write("hi")
        await ramesh.write("hi")
        await asha.write("agent")
        await asha.write("is it cold?")
        await desk(live, f"/customers/{NUMBER}/reply", {"text": "As ice.", "by": "Leela"})
        assert meena.texts[-1] == "Asha (+919812345601) was answered by Leela (desk): As ice."
        assert ramesh.heard("As ice.") == 0, "Ramesh may not talk to customers"
        before = len(meena.texts)
        await desk(live, f"/customers/{NUMBER}/reply", {"text": "Enjoy!", "by": "Meena", "done": True})
        assert asha.texts[-2] == "Enjoy!"
        assert len(meena.texts) == before, "she wrote it herself"
        assert await live.rows("SELECT id FROM notice WHERE kind = 'window'") == []


async def test_the_list_says_who_has_a_chat_and_goes_on_page_by_page(
    world: World, clock: ShiftedClock, start: Start, tmp_path: Path
) -> None:
    async with start(world, clock, flow_in(tmp_path)) as live:
        for n in range(1, 4):
            await live.customer(f"91981234560{n}", f"Asha {n}").write("hi")
            await live.wait(1)
        await desk(live, "/customers/+91 98123-45602/reply", {"text": "Hello", "by": "Meena"})
        [held] = (await live.api("GET", "/chats?in_hand=1"))[1]["chats"]
        assert (held["by"], held["in_hand"], held["unread"], held["last"]) == ("Meena", "answered", 0, "hi")
        assert (await live.api("GET", "/chats?waiting=1"))[1]["chats"] == []
        first = (await live.api("GET", "/chats?limit=2"))[1]
        rest = (await live.api("GET", f"/chats?limit=2&after={first['next']}"))[1]
        assert [c["name"] for c in (*first["chats"], *rest["chats"])] == ["Asha 3", "Asha 2", "Asha 1"]
        listed = orjson.loads((await munshi(live, "chats", "--json", "--limit", "2")).output)
        assert listed == first
        assert (await live.api("GET", "/chats?after=x"))[0] == 422
        assert (await live.api("GET", "/chats", token="wrong"))[0] == 401


async def test_the_same_request_says_nothing_twice(
    world: World, clock: ShiftedClock, start: Start, tmp_path: Path
) -> None:
    async with start(world, clock, flow_in(tmp_path)) as live:
        asha = live.customer()
        await asha.write("hi")
        path, key = f"/customers/{NUMBER}/reply", {"Idempotency-Key": "a"}
        first = await desk(live, path, {"text": "Hello"}, **key)
        assert await desk(live, path, {"text": "Hello"}, **key) == first
        assert asha.heard("Hello") == 1
        assert (await desk(live, path, {"text": "Other"}, **key))[0] == 422
        assert (await desk(live, f"/customers/{NUMBER}/hears", {"hears": "nothing"}, **key))[0] == 422


async def test_who_never_wrote_gets_no_text_and_is_listed_once_a_person_has_the_chat(
    world: World, clock: ShiftedClock, start: Start
) -> None:
    async with start(world, clock) as live:
        body = {"phone": NUMBER, "items": [{"sku": "masala-250"}]}
        assert (await live.until(live.api("POST", "/payments/create", body)))[0] == 200
        status, answer = await live.until(desk(live, f"/customers/{NUMBER}/reply", {"text": "At six?"}))
        why = "the customer has never written here, and no text can be sent then: call them"
        assert (status, answer["error"]) == (409, why)
        assert await live.rows("SELECT id FROM outbox WHERE name = 'reply of the staff'") == []
        action = StaffAction("", "Meena", HANDOVER, "")
        await live.context.inbox.put([from_desk_chat(action, NUMBER, "taken over")])
        await live.settle()
        [held] = (await live.api("GET", "/chats?in_hand=1"))[1]["chats"]
        assert (held["phone"], held["heard_at"]) == (f"+{NUMBER}", None)
        assert "  never wrote  " in (await munshi(live, "chats", "--in-hand")).output


async def test_after_24_hours_it_is_refused_with_the_mend(
    world: World, clock: ShiftedClock, start: Start, tmp_path: Path
) -> None:
    async with start(world, clock, flow_in(tmp_path)) as live:
        asha = live.customer()
        await asha.write("hi")
        await live.wait(24 * 60)
        status, answer = await desk(live, f"/customers/{NUMBER}/reply", {"text": "Hello", "done": True})
        why = "the customer last wrote over 24 hours ago, and no text can be sent then: call them"
        assert (status, answer["error"]) == (409, why)
        said = await live.until(munshi(live, "reply", NUMBER, "Hello"))
        assert (said.exit_code, said.output.splitlines()[-1]) == (1, f"not said: {why}")
        assert asha.texts == ["Lemonade?"]


@pytest.mark.parametrize(
    ("body", "error"),
    [
        ({"text": " "}, "text: Value error, is empty"),
        ({"text": "a\0"}, "text: Value error, has a NUL character"),
        ({"text": "x" * 4097}, "text: Value error, is 4097 characters, and WhatsApp takes 4096"),
        ({}, "text: Field required"),
        ({"text": "a", "by": "a\0"}, "by: "),
        ({"text": "a", "done": "yes"}, "done: "),
    ],
)
async def test_what_cannot_be_said(
    world: World, clock: ShiftedClock, start: Start, tmp_path: Path, body: dict[str, object], error: str
) -> None:
    async with start(world, clock, flow_in(tmp_path)) as live:
        await live.customer().write("hi")
        status, answer = await desk(live, f"/customers/{NUMBER}/reply", body)
        assert (status, answer["error"][: len(error)]) == (422, error)
        assert (await desk(live, "/customers/919800000009/reply", {"text": "a"}))[0] == 404
        assert await live.rows("SELECT id FROM inbox WHERE kind = 'staff'") == []


async def test_what_a_customer_hears(world: World, clock: ShiftedClock, start: Start, tmp_path: Path) -> None:
    async with start(world, clock, flow_in(tmp_path)) as live:
        await live.customer().write("hi")
        done = await live.until(munshi(live, "customers", "hears", NUMBER, "offers", "--by", "Meena"))
        assert done.exit_code == 0, done.output
        assert done.output.endswith(" hears offers from now on\n")
        assert (await live.rows("SELECT hears FROM conversation WHERE state <> ''")) == [{"hears": "offers"}]
        assert (await desk(live, f"/customers/{NUMBER}/hears", {"hears": "nothing"}))[0] == 200
        assert (await live.api("GET", "/chats"))[1]["chats"][0]["hears"] == "nothing"
        why = (await munshi(live, "why", NUMBER)).output
        assert "Meena set what the customer hears to: offers" in why
        assert (await desk(live, f"/customers/{NUMBER}/hears", {"hears": "all"}))[0] == 422
        asked = await munshi(live, "customers", "hears", NUMBER)
        assert asked.output == "say: munshi customers hears <phone> nothing|orders|offers\n"
        assert (await munshi(live, "customers", "show", NUMBER, "offers")).exit_code == 1
