"""An entry makes few enough calls, each short enough, to end within its lease."""

import asyncio
from dataclasses import replace
from typing import Any, cast

import pytest
from structlog.testing import capture_logs

from bot.retry import DOUBT, Failure
from bot.whatsapp.client import CALL_SECONDS as SEND_SECONDS
from bot.whatsapp.errors import SendError
from bot.workers import executor
from bot.workers.executor import CALLS, LEASE, LONGEST, RECORDING, SENDS, fits
from bot.workers.loop import ROOM
from flows.messages import kinds
from payments.ledger import calls
from payments.ledger.calls import CancelLink, RefundPayment
from payments.razorpay.errors import GatewayError, Reason
from payments.razorpay.gateway import CALL_SECONDS, Link
from payments.shop.orders import LinkStatus, Mode
from storage.database.queues import Lane, Urgency
from storage.outbox.deliveries import Again, Failed
from tests.bot.executor_bench import BARE, CALL, NOW, TEMPLATE, Bench, delivery


def test_the_lease_outlives_every_entry_and_its_recording() -> None:
    assert set(LONGEST) == set(ROOM)
    assert max(LONGEST.values()) + RECORDING <= LEASE / 1000
    for lane, longest in LONGEST.items():
        limit = round(LEASE - (longest + RECORDING) * 1000)
        assert [fits(delivery(lane, {}), NOW + at) for at in (0, limit, limit + 1)] == [True, True, False]
    assert LONGEST[Lane.CHAT] + RECORDING >= DOUBT, "the word on a send that a crash cuts off has its time"


async def test_an_entry_may_take_as_long_as_the_calls_it_is_made_of(bench: Bench) -> None:
    whatsapp, razorpay = bench.executor.whatsapp, bench.executor.gateway
    assert whatsapp._timeout.total == SEND_SECONDS
    assert sum(razorpay._timeouts) == CALL_SECONDS
    assert LONGEST[Lane.CHAT] == SENDS * SEND_SECONDS
    assert LONGEST[Lane.PAY] == LONGEST[Lane.POLL] == CALLS * CALL_SECONDS


async def test_no_message_takes_more_sends(bench: Bench) -> None:
    sent: list[Any] = []

    class Refusing:
        async def send(self, payload: Any) -> None:
            sent.append(payload["type"])
            raise SendError(Failure.PERMANENT, "no", code=131053 if len(sent) == 1 else 131047)

        send_offer = send

    pictured = kinds.Image("https://shop.example/tea.jpg", "Paid!", fallback=TEMPLATE)
    executor = replace(bench.executor, whatsapp=cast(Any, Refusing()))
    offer = delivery(Lane.CHAT, kinds.to_json(pictured), urgency=Urgency.OFFER)
    assert isinstance(await executor.perform(offer), Failed)
    assert sent == ["image", "text", "template", "template"]
    assert len(sent) == SENDS


class Unwilling:
    """A Razorpay whose answers make every call take the most requests."""

    mode = Mode.TEST

    def __init__(self, status: str) -> None:
        self.status, self.asked = LinkStatus(status), 0

    def __getattr__(self, name: str) -> Any:
        async def answer(*_: object) -> Any:
            self.asked += 1
            link = Link("plink_1", CALL.reference_id, self.status, 50_000, 0, "INR", "https://x", "order_1",
                        {"munshi_order": CALL.order_key}, 0)  # fmt: skip
            match name:
                case "find_link":
                    return link if self.asked > 1 or self.status is LinkStatus.PAID else None
                case "create_link":
                    raise GatewayError(Reason.ALREADY_EXISTS, "there is one")
                case "cancel_link":
                    raise GatewayError(Reason.ALREADY_PAID, "paid")
                case "refund":
                    raise GatewayError(Reason.IN_FLIGHT, "under way")
                case "payment_refunds":
                    return []
                case _:
                    return link

        return answer


@pytest.mark.parametrize(
    ("call", "status"),
    [
        (CALL, "created"),
        (CancelLink(CALL.reference_id, None), "paid"),
        (RefundPayment("pay_1-1", "pay_1", CALL.order_key, 100), "paid"),
    ],
)
async def test_no_order_to_razorpay_takes_more_calls(bench: Bench, call: calls.Call, status: str) -> None:
    razorpay = Unwilling(status)
    await replace(bench.executor, gateway=cast(Any, razorpay)).perform(
        delivery(Lane.PAY, calls.to_json(call), attempts=2)
    )
    assert 1 < razorpay.asked <= CALLS


@pytest.mark.parametrize(("lane", "seconds"), [(Lane.CHAT, 30), (Lane.PAY, 1), (Lane.POLL, 1)])
async def test_what_takes_too_long_is_cut_off_and_tried_again(
    bench: Bench, lane: Lane, seconds: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A poll of a link with many refunds asks for each, and a name server may not answer."""
    monkeypatch.setattr(executor, "LONGEST", dict.fromkeys(LONGEST, 0.0))

    class Silent:
        def __getattr__(self, name: str) -> Any:
            async def wait(*_: object) -> None:
                await asyncio.Event().wait()

            return wait

    silent = cast(Any, Silent())
    payload = kinds.to_json(BARE) if lane == Lane.CHAT else calls.to_json(CALL)
    with capture_logs() as logs:
        outcome = await replace(bench.executor, whatsapp=silent, gateway=silent).perform(
            delivery(lane, payload)
        )
    assert isinstance(outcome, Again)
    assert (outcome.at, outcome.error) == (NOW + seconds * 1000, "cut off after 0 seconds")
    assert [log["event"] for log in logs] == ["delivery failed"]
