"""WhatsApp accepts a message and fails later, or a proxy answers in its place: nothing is lost."""

import pytest

from sandbox.faults import Fault
from tests.world.late_receipts import fails
from tests.world.running_bot import CONFIRMED, Live


async def test_a_confirmation_that_failed_for_a_passing_reason_comes_after_all(live: Live) -> None:
    asha = live.customer()
    await asha.order()
    await asha.pay()
    assert asha.heard(CONFIRMED) == 1
    confirmed = next(m for m in asha.person.messages if CONFIRMED in m.text)
    assert await fails(live, asha, confirmed, 131000) == 200
    await live.seconds(2)
    assert asha.heard(CONFIRMED) == 2, "the first was never seen"
    assert await live.rows("SELECT kind FROM notice") == []
    await live.wait(60)
    assert asha.heard(CONFIRMED) == 2


async def test_an_account_that_is_refused_later_is_told_of_and_the_message_waits(live: Live) -> None:
    asha = live.customer()
    [products] = await asha.write("hi")
    await fails(live, asha, products, 131042)
    [notice] = await live.rows("SELECT kind, said FROM notice")
    assert notice["kind"] == "token"
    assert "131042" in notice["said"]
    await live.wait(5)
    assert len(asha.texts) == 2


async def test_who_cannot_be_reached_is_told_of_with_metas_reason(live: Live) -> None:
    asha = live.customer()
    [products] = await asha.write("hi")
    await fails(live, asha, products, 131026)
    await live.wait(60)
    assert len(asha.texts) == 1
    [notice] = await live.rows("SELECT kind, said FROM notice")
    assert notice["kind"] == "message"
    assert "131026" in notice["said"]


PAGES = {
    "a proxy forbids": Fault.http(403, "<html>Forbidden</html>"),
    "too large for a proxy": Fault.http(413, "<html>Request Entity Too Large</html>"),
    "a proxy wants a password": Fault.http(407, ""),
    "unauthorised, says a page": Fault.http(401, "<html>log in</html>"),
    "nothing here": Fault.http(404, "not found"),
    "a portal": Fault.http(302, "", {"Location": "http://portal.example/login"}),
    "a JSON page": Fault.http(403, '{"detail": "blocked"}'),
}


@pytest.mark.parametrize("page", PAGES)
async def test_a_page_that_is_not_metas_holds_up_one_message_only(page: str, live: Live) -> None:
    asha, ravi = live.customer(), live.customer("919812345602", "Ravi")
    live.world.meta.fail_next("send", PAGES[page])
    assert await asha.write("hi") == []
    assert len(await ravi.write("hi")) == 1, "others are answered at once"
    assert [row["kind"] for row in await live.rows("SELECT kind FROM notice")] == ["proxy"]
    await live.seconds(2)
    assert len(asha.texts) == 1
