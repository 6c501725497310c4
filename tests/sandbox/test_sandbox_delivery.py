"""The retry ladders as pure functions, and a courier that follows them against a real server."""

from collections.abc import AsyncIterator

import pytest
from aiohttp import web

from sandbox.delivery import Courier, SignedEvent
from sandbox.ladders import META_LADDER, RAZORPAY_LADDER, accepted, retry_at

DAY = 24 * 3600 * 1000
FAILED = SignedEvent("payment.failed", b'{"a":1}', {"X-Razorpay-Event-Id": "E1"})


class Clock:
    now = 1_781_000_000_000

    def __call__(self) -> int:
        return self.now


class Server:
    """Answers posts with the queued statuses, then with 200."""

    def __init__(self) -> None:
        self.url = ""
        self.got: list[tuple[bytes, str | None]] = []
        self.answers: list[int] = []

    async def post(self, request: web.Request) -> web.Response:
        self.got.append((await request.read(), request.headers.get("X-Razorpay-Event-Id")))
        return web.Response(status=self.answers.pop(0) if self.answers else 200)


@pytest.fixture
async def server() -> AsyncIterator[Server]:
    server, app = Server(), web.Application()
    app.router.add_post("/", server.post)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    server.url = f"http://127.0.0.1:{runner.addresses[0][1]}/"
    yield server
    await runner.cleanup()


def ladder_of(provider: str, event: str, status: int | None) -> list[int]:
    """Offsets of all resends when every delivery is answered `status` at once."""
    first, now, offsets = 1_000_000, 1_000_000, []
    while (due := retry_at(provider, event, status, first, now)) is not None:  # type: ignore[arg-type]
        offsets.append(due - first)
        now = due
    return offsets


def test_razorpay_resends_for_a_day_at_growing_gaps() -> None:
    offsets = ladder_of("razorpay", "payment.failed", 503)
    assert offsets == list(RAZORPAY_LADDER)
    assert offsets[:3] == [6_000, 19_000, 40_000]
    assert offsets[-1] == 81_950_000 < DAY


@pytest.mark.parametrize("event", ["payment.authorized", "payment.captured", "order.paid"])
def test_three_events_get_a_quick_resend_after_a_5xx(event: str) -> None:
    assert ladder_of("razorpay", event, 500)[:2] == [200, 6_000]
    assert ladder_of("razorpay", event, 400)[0] == 6_000
    assert ladder_of("razorpay", event, None)[0] == 6_000


def test_other_events_get_no_quick_resend() -> None:
    assert ladder_of("razorpay", "payment_link.paid", 500)[0] == 6_000


def test_meta_resends_ever_more_rarely_for_seven_days() -> None:
    offsets = ladder_of("meta", "message", 500)
    assert offsets == list(META_LADDER) == sorted(META_LADDER)
    assert offsets[-1] == 7 * DAY


def test_rungs_that_passed_while_nobody_looked_are_skipped() -> None:
    assert retry_at("razorpay", "payment.failed", None, 0, 100_000) == 165_000
    assert retry_at("razorpay", "payment.failed", None, 0, DAY) is None


def test_only_meta_insists_on_exactly_200() -> None:
    assert accepted("razorpay", 204)
    assert not accepted("meta", 204)
    assert accepted("meta", 200)
    assert not accepted("razorpay", 302)
    assert not accepted("razorpay", None)


async def test_a_refused_event_comes_again_unchanged_when_it_is_due(server: Server) -> None:
    clock = Clock()
    server.answers = [500, 403]
    async with Courier(clock) as courier:
        courier.route("razorpay", server.url)
        courier.emit("razorpay", [FAILED])
        await courier.quiet()
        assert [parcel.due - Clock.now for parcel in courier.scheduled] == [6_000]
        for millisecond in (5_999, 6_000, 18_999, 19_000, 40_000):
            clock.now = Clock.now + millisecond
            courier.start_due()
            await courier.quiet()
        assert [(d.event, d.status, d.at - Clock.now) for d in courier.log] == [
            ("payment.failed", 500, 0),
            ("payment.failed", 403, 6_000),
            ("payment.failed", 200, 19_000),
        ]
        assert courier.scheduled == ()
    assert server.got == [(b'{"a":1}', "E1")] * 3


async def test_a_bot_that_is_down_gets_its_events_when_it_is_back(server: Server) -> None:
    clock = Clock()
    async with Courier(clock) as courier:
        courier.route("meta", "http://127.0.0.1:9/")
        courier.emit("meta", [SignedEvent("message", b"{}", {})])
        await courier.quiet()
        assert [(d.event, d.status) for d in courier.log] == [("message", None)]
        courier.route("meta", server.url)
        clock.now += 1_000
        courier.start_due()
        await courier.quiet()
        assert [d.status for d in courier.log] == [None, 200]


async def test_events_emitted_together_arrive_in_order_past_a_failure(server: Server) -> None:
    events = [SignedEvent(f"e{n}", str(n).encode(), {}) for n in range(5)]
    server.answers = [200, 500]
    async with Courier(Clock()) as courier:
        courier.emit("razorpay", events)
        courier.route("razorpay", server.url)
        await courier.quiet()
        assert [body for body, _ in server.got] == [b"0", b"1", b"2", b"3", b"4"]
        assert [parcel.event.name for parcel in courier.scheduled] == ["e1"]


async def test_a_bot_that_answers_too_late_has_not_answered(server: Server) -> None:
    async with Courier(Clock(), patience=1e-6) as courier:
        courier.route("razorpay", server.url)
        courier.emit("razorpay", [FAILED])
        await courier.quiet()
        assert [d.status for d in courier.log] == [None]
        assert len(courier.scheduled) == 1
