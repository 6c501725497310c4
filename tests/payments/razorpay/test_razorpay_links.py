"""A link is made once, whatever happens to the answers."""

import asyncio
from collections.abc import Awaitable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from aiohttp import web

from payments.ledger.calls import CancelLink, CreateLink
from payments.razorpay.errors import GatewayError, Reason
from payments.razorpay.gateway import Gateway
from payments.razorpay.links import ensure_link, withdraw_link

if TYPE_CHECKING:
    from tests.payments.razorpay.conftest import FakeRazorpay

CALL = CreateLink("k3f9-27-4.2", "k3f9-27-4", 64550, "INR", "Order #20417", 1_793_207_300_001)


async def failing(awaitable: Awaitable[object]) -> GatewayError:
    with pytest.raises(GatewayError) as caught:
        await awaitable
    return caught.value


async def test_a_lost_answer_is_adopted_by_the_next_try(fake: "FakeRazorpay", gateway: Gateway) -> None:
    fake.next_answers = [fake.lost]
    error = await failing(ensure_link(gateway, CALL, may_exist=False))
    assert (error.reason, error.ambiguous, error.retryable) == (Reason.LOST, True, True)
    link = await ensure_link(gateway, CALL, may_exist=True)
    assert list(fake.links) == [link.id]
    assert len(fake.bodies) == 1


async def test_a_duplicate_is_adopted_in_whatever_status(fake: "FakeRazorpay", gateway: Gateway) -> None:
    first = await ensure_link(gateway, CALL, may_exist=False)
    fake.links[first.id]["status"] = "paid"
    assert (await ensure_link(gateway, CALL, may_exist=True)).status == "paid"
    assert len(fake.links) == 1


async def test_what_never_existed_is_made_although_it_might_have(
    fake: "FakeRazorpay", gateway: Gateway
) -> None:
    link = await ensure_link(gateway, CALL, may_exist=True)
    assert list(fake.links) == [link.id]


async def test_a_look_up_that_lags_sends_us_back(fake: "FakeRazorpay", gateway: Gateway) -> None:
    await gateway.create_link(CALL)
    fake.will_say('{"payment_links": []}')
    fake.next_answers.append(fake.perform)
    fake.will_say('{"payment_links": []}')
    error = await failing(ensure_link(gateway, CALL, may_exist=True))
    assert (error.reason, error.ambiguous, error.retryable) == (Reason.ALREADY_EXISTS, True, True)


async def test_a_link_that_was_there_before_the_first_try_is_nobody_s(
    fake: "FakeRazorpay", gateway: Gateway
) -> None:
    await gateway.create_link(CALL)
    error = await failing(ensure_link(gateway, CALL, may_exist=False))
    assert (error.reason, error.ambiguous, error.retryable) == (Reason.TAKEN, False, False)
    assert len(fake.links) == 1


@pytest.mark.parametrize(
    "difference",
    [{"amount": 64551}, {"currency": "USD"}, {"notes": []}, {"notes": {"munshi_order": "k3f9-27-5"}}],
)
async def test_a_stranger_s_link_is_never_adopted(
    fake: "FakeRazorpay", gateway: Gateway, difference: dict[str, Any]
) -> None:
    link = await gateway.create_link(CALL)
    fake.links[link.id] |= difference
    error = await failing(ensure_link(gateway, CALL, may_exist=True))
    assert (error.reason, error.retryable, error.ambiguous) == (Reason.REFUSED, False, False)
    assert len(fake.links) == 1


@pytest.mark.parametrize("known", [True, False])
@pytest.mark.parametrize("status", ["created", "paid", "cancelled", "expired"])
async def test_withdrawing_tells_how_the_link_ended(
    fake: "FakeRazorpay", gateway: Gateway, known: bool, status: str
) -> None:
    made = await gateway.create_link(CALL)
    fake.links[made.id]["status"] = status
    call = CancelLink(CALL.reference_id, made.id if known else None)
    link = await withdraw_link(gateway, call)
    assert link is not None
    assert (link.id, link.status) == (made.id, "cancelled" if status == "created" else status)


async def test_withdrawing_what_was_never_made_is_nothing(gateway: Gateway) -> None:
    assert await withdraw_link(gateway, CancelLink(CALL.reference_id, None)) is None


async def test_withdrawing_passes_other_failures_on(fake: "FakeRazorpay", gateway: Gateway) -> None:
    made = await gateway.create_link(CALL)
    fake.will_say("<html>Bad Gateway</html>", 502)
    error = await failing(withdraw_link(gateway, CancelLink(CALL.reference_id, made.id)))
    assert error.reason is Reason.UNAVAILABLE
    fake.will_say("<html>Bad Gateway</html>", 502)
    error = await failing(withdraw_link(gateway, CancelLink(CALL.reference_id, None)))
    assert error.reason is Reason.UNAVAILABLE
    error = await failing(withdraw_link(gateway, CancelLink(CALL.reference_id, "plink_Unknown1")))
    assert error.reason is Reason.NOT_FOUND


async def test_concurrent_creates_do_not_mix(fake: "FakeRazorpay", gateway: Gateway) -> None:
    arrived: list[web.Request] = []
    all_here = asyncio.Event()

    async def together(request: web.Request) -> web.StreamResponse:
        arrived.append(request)
        if len(arrived) == 8:
            all_here.set()
        await all_here.wait()
        return await fake.perform(request)

    fake.next_answers = [together] * 8
    calls = [replace(CALL, reference_id=f"k3f9-27-4.{n}", amount=1000 + n) for n in range(8)]
    links = await asyncio.gather(*(ensure_link(gateway, call, may_exist=False) for call in calls))
    assert [(link.reference_id, link.amount) for link in links] == [(c.reference_id, c.amount) for c in calls]
    assert sorted(b["amount"] for b in fake.bodies) == [c.amount for c in calls]
