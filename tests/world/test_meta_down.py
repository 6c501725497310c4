"""Meta refuses, fails or loses the answer: every message arrives, in order, and once if possible."""

from structlog.testing import capture_logs

from bot.clock import ShiftedClock
from bot.whatsapp.channel import WHATSAPP
from payments.processing.answers import KEPT
from sandbox.faults import Fault
from sandbox.world import World
from tests.world.running_bot import Live, Start

PAIR_RATE = '{"error": {"message": "(#131056)", "code": 131056, "type": "OAuthException"}}'
EXPIRED = '{"error": {"message": "Session has expired", "code": 190, "type": "OAuthException"}}'

PASSING = {
    "500": (Fault.http(500), 1, 1.25),
    "429": (Fault.http(429), 1, 1.25),
    "429 that asks for 20 s": (Fault.http(429, headers={"Retry-After": "20"}), 20, 25),
    "131056": (Fault.http(400, PAIR_RATE), 1, 1.25),
    "html": (Fault.html(502), 30, 37.5),
    "no connection": (Fault.refuse_connection(), 30, 37.5),
    "not an answer": (Fault.http(200, "{}"), 30, 37.5),
}
"""Failures, and after how many seconds at least and at most they are retried."""


async def due_in(live: Live) -> float:
    """Seconds until the waiting message is retried."""
    sql = "SELECT MAX(due_at) AS due_at FROM outbox WHERE lane = 'chat' AND state = 'pending'"
    [row] = await live.rows(sql)
    return float(row["due_at"] - live.clock.now()) / 1000


async def test_it_arrives_once_and_in_order(live: Live) -> None:
    for index, (name, (fault, least, most)) in enumerate(PASSING.items()):
        asha, ravi = live.customer(f"9198123456{index:02}"), live.customer(f"9198123457{index:02}", "Ravi")
        live.world.meta.fail_next("send", fault)
        assert await asha.write("hi") == [], name
        due = await due_in(live)
        assert least <= due <= most + 0.1, name

        assert await asha.write("help") == [], f"{name}: the second message waits for the first"
        assert len(await ravi.write("hi")) == 1, f"{name}: other customers do not"
        await live.seconds(due - 0.002)
        assert asha.texts == [], name
        await live.seconds(0.004)
        assert [text[:9] for text in asha.texts] == ["Namaste A", "How it wo"], name
    await live.wait(10)
    assert len(asha.texts) == 2


async def test_gaps_grow_while_meta_is_down(live: Live) -> None:
    asha = live.customer()
    live.world.meta.fail_next("send", *[Fault.http(500)] * 6)
    await asha.write("hi")
    gaps = []
    for _ in range(6):
        gaps.append(await due_in(live))
        await live.seconds(gaps[-1] + 0.002)
    assert all(base <= gap <= base * 1.26 for gap, base in zip(gaps, (1, 2, 4, 8, 16, 32), strict=True))
    assert len(asha.texts) == 1


async def test_an_expired_token_loses_nothing(live: Live) -> None:
    """One try each half minute for all customers together; once one succeeds, all leave, in order."""
    customers = [live.customer(f"9198123456{n:02}") for n in range(5)]
    live.world.meta.fail_next("send", *[Fault.http(status, EXPIRED) for status in (401, 400, 401, 401)])
    for customer in customers:
        await customer.write("hi")
        await customer.write("help")
    [tried] = await live.rows("SELECT SUM(attempts) AS tries FROM outbox WHERE state = 'sending'")
    assert tried["tries"] is None, "no lease runs out meanwhile"
    assert b'munshi_circuit_open{lane="chat"} 1.0' in live.context.metrics.text()
    assert [row["kind"] for row in await live.rows("SELECT kind FROM notice")] == ["token"]
    for _ in range(4):
        assert [customer.texts for customer in customers] == [[]] * 5
        await live.seconds(38)
    for customer in customers:
        assert [text[:9] for text in customer.texts] == ["Namaste A", "How it wo"]
    assert b'munshi_circuit_open{lane="chat"} 0.0' in live.context.metrics.text()
    [row] = await live.rows("SELECT MAX(attempts) AS most FROM outbox")
    assert row["most"] == 1, "nothing is held against a message"


async def test_in_doubt_and_settled_by_the_status_webhook(live: Live) -> None:
    asha = live.customer()
    live.world.meta.fail_next("send", Fault.drop_after_accepting())
    [products] = await asha.write("hi")
    [row] = await live.rows("SELECT state, provider_id, receipt FROM outbox")
    assert row == {"state": "done", "provider_id": products.wamid, "receipt": "delivered"}
    assert len(await asha.write("help")) == 1, "the next one need not wait"
    await live.wait(10)
    assert len(asha.texts) == 2


async def test_in_doubt_and_never_settled(silent: Live) -> None:
    """It is sent again rather than lost, but only after its receipt had time to come."""
    asha = silent.customer()
    silent.world.meta.fail_next("send", Fault.drop_after_accepting())
    assert len(await asha.write("hi")) == 1
    assert await asha.write("help") == []
    await silent.seconds(29.9)
    assert len(asha.texts) == 1
    await silent.seconds(8)
    assert [text[:9] for text in asha.texts] == ["Namaste A", "Namaste A", "How it wo"]


async def test_in_doubt_again_and_again(silent: Live) -> None:
    """Ever more rarely, since each try may be one more copy; never given up while it may be lost."""
    asha = silent.customer()
    silent.world.meta.fail_next("send", *[Fault.drop_after_accepting()] * 3)
    await asha.write("hi")
    await asha.write("help")
    for tries, seconds in enumerate((38, 151, 601), 1):
        assert len(asha.texts) == tries
        await silent.seconds(seconds)
    assert [text[:9] for text in asha.texts] == ["Namaste A"] * 4 + ["How it wo"]


async def test_a_message_that_fails_later_is_told(live: Live) -> None:
    asha = live.customer()
    [message] = await asha.write("hi")
    await live.world.tick()
    error = {"code": 131049, "title": "not delivered"}
    status = {
        "id": message.wamid,
        "status": "failed",
        "timestamp": "1790000000",
        "recipient_id": "919812345601",
        "errors": [error],
    }
    await live.rows("UPDATE outbox SET receipt = 'sent', receipt_rank = 1")
    value = {
        "messaging_product": "whatsapp",
        "metadata": {"phone_number_id": live.world.secrets.phone_number_id},
        "statuses": [status],
    }
    entry = {"id": "1", "changes": [{"field": "messages", "value": value}]}
    assert await live.whatsapp({"object": "whatsapp_business_account", "entry": [entry]}) == 200
    with capture_logs() as logs:
        await live.settle()
    [told] = [log for log in logs if log["event"] == "message not delivered"]
    assert told["code"] == 131049
    assert "9812345601" not in str(told)
    assert b"munshi_messages_failed_total 1.0" in live.context.metrics.text()


async def test_refused_for_good_does_not_hold_up_the_next(live: Live) -> None:
    asha = live.customer()
    gone = '{"error": {"message": "undeliverable", "code": 131026}}'
    live.world.meta.fail_next("send", Fault.http(400, gone))
    assert await asha.write("hi") == []
    assert len(await asha.write("help")) == 1
    [row] = await live.rows("SELECT state, error FROM outbox WHERE state = 'failed'")
    assert "131026" in row["error"]


async def test_money_is_taken_while_meta_is_down(live: Live) -> None:
    """The order is paid at once; the customer hears when Meta is back."""
    asha = live.customer()
    await asha.order()
    live.world.meta.fail_next("send", *[Fault.html(503)] * 2)
    await asha.pay()
    link = live.world.razorpay.links[asha.link]
    assert (await live.order(link)).paid_at == live.clock.now()
    assert asha.heard("✅") == 0
    await live.wait(1)
    await live.wait(3)
    assert asha.heard("✅") == 1


async def test_the_pair_rate_is_waited_for(clock: ShiftedClock, start: Start) -> None:
    """One message per 6 s beyond the burst. The answers to the last texts come, and none is swapped."""
    async with (
        World.running(now=clock.now, ticking=False, pair_rate=True) as world,
        start(world, clock) as live,
    ):
        asha = live.customer()
        for index in range(50):
            # Something moves each time: else they would be taken for a bot.
            await asha.person.write("english" if index % 2 else "hindi")
        await live.settle()
        pace = WHATSAPP.pace
        assert len(asha.texts) <= pace.burst - pace.reserve
        for _ in range(30):
            await live.seconds(6)
        assert [text[0] for text in asha.texts[-KEPT:]] == ["N", "न", "N", "न", "N"]
        left = await live.rows("SELECT id, state FROM outbox ORDER BY id")
        assert {row["state"] for row in left} <= {"done", "superseded"}
        assert [row["state"] for row in left].count("done") == len(asha.texts)
