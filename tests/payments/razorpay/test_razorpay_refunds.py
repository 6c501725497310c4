"""A refund is made once, whatever happens to the answers; every request is checked as sent."""

import json
from collections.abc import Awaitable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from payments.ledger.calls import RefundPayment
from payments.ledger.facts import Detail, EntityType, Fact, FactState
from payments.razorpay.errors import GatewayError, Reason
from payments.razorpay.gateway import Gateway
from payments.razorpay.refunds import ensure_refund

if TYPE_CHECKING:
    from tests.payments.razorpay.conftest import FakeRazorpay, Serve

PAYMENT = "pay_Ra7TqLw2ZbXk91"
CALL = RefundPayment(f"{PAYMENT}-1", PAYMENT, "k3f9-27-4", 20000)
MISMATCH = "Different request with the same idempotency key has already been processed."
BUSY = "Another request with the same idempotency key is still in progress."
ALL_BACK = "The payment has been fully refunded already."


def refused(description: str) -> str:
    return json.dumps({"error": {"code": "BAD_REQUEST_ERROR", "description": description, "metadata": {}}})


async def failing(awaitable: Awaitable[object]) -> GatewayError:
    with pytest.raises(GatewayError) as caught:
        await awaitable
    return caught.value


@pytest.fixture
def paid(fake: "FakeRazorpay") -> dict[str, Any]:
    """A captured payment of 64550 paise."""
    fake.links["plink_A1"] = {"id": "plink_A1", "amount": 64550, "currency": "INR"}
    return fake.pay("plink_A1", id=PAYMENT)


def made(state: str = "created", id: str = "rfnd_Fake0000000000") -> Fact:
    detail = Detail(payment_id=PAYMENT, key=CALL.key)
    return Fact("k3f9-27-4", EntityType.REFUND, id, FactState(state), 20000, "INR", 1_793_300_000, detail)


@pytest.mark.usefixtures("paid")
async def test_what_is_sent_is_what_the_call_says(fake: "FakeRazorpay", gateway: Gateway) -> None:
    assert await ensure_refund(gateway, CALL) == (made(),)
    assert fake.seen == [("POST", f"/v1/payments/{PAYMENT}/refund", {})]
    assert fake.headers[0]["X-Refund-Idempotency"] == CALL.key
    assert fake.headers[0]["Content-Type"] == "application/json"
    assert json.loads(fake.raw[0]) == {
        "amount": 20000,
        "speed": "normal",
        "receipt": CALL.key,
        "notes": {"munshi_order": "k3f9-27-4", "munshi_refund": CALL.key},
    }


@pytest.mark.usefixtures("paid")
async def test_a_try_whose_answer_was_lost_is_made_again_to_the_letter(
    fake: "FakeRazorpay", serve: "Serve"
) -> None:
    async with serve() as gateway:
        fake.next_answers = [fake.lost]
        error = await failing(ensure_refund(gateway, CALL))
        assert (error.reason, error.ambiguous, error.retryable) == (Reason.LOST, True, True)
        # What happens between the tries must not change the second.
        other = replace(CALL, key=f"{PAYMENT}-2", amount=10000)
        await ensure_refund(gateway, other)
        assert await ensure_refund(gateway, CALL) == (made(),)
    assert fake.raw[0] == fake.raw[2] != fake.raw[1]
    assert [headers["X-Refund-Idempotency"] for headers in fake.headers] == [CALL.key, other.key, CALL.key]
    assert [refund["amount"] for refund in fake.refunds.values()] == [20000, 10000]


@pytest.mark.parametrize(
    ("status", "state"), [("pending", "created"), ("processed", "processed"), ("failed", "failed")]
)
async def test_a_refund_may_be_further_when_we_hear_of_it(
    fake: "FakeRazorpay", gateway: Gateway, paid: dict[str, Any], status: str, state: str
) -> None:
    body = {"amount": 20000, "receipt": CALL.key, "status": status}
    body["notes"] = {"munshi_order": "k3f9-27-4", "munshi_refund": CALL.key}
    fake.give_back(paid, CALL.key, body)
    assert await ensure_refund(gateway, CALL) == (made(state),)


@pytest.mark.usefixtures("paid")
async def test_a_first_try_that_still_runs_sends_us_back_with_the_same_key(
    fake: "FakeRazorpay", gateway: Gateway
) -> None:
    fake.will_say(refused(BUSY), 409)
    error = await failing(ensure_refund(gateway, CALL))
    assert (error.reason, error.retryable, error.ambiguous) == (Reason.IN_FLIGHT, True, True)
    assert await ensure_refund(gateway, CALL) == (made(),)
    assert fake.raw[0] == fake.raw[2]
    assert len(fake.refunds) == 1


@pytest.mark.parametrize(
    "says", [{"receipt": CALL.key}, {"notes": {"munshi_refund": CALL.key}, "receipt": "theirs"}]
)
@pytest.mark.parametrize(("answer", "status"), [(ALL_BACK, 400), (MISMATCH, 409), (BUSY, 409)])
async def test_a_refund_that_bears_our_key_is_adopted(
    fake: "FakeRazorpay",
    gateway: Gateway,
    paid: dict[str, Any],
    says: dict[str, Any],
    answer: str,
    status: int,
) -> None:
    fake.give_back(paid, "by hand", {"amount": 100})
    fake.give_back(paid, "ours", {"amount": 20000, "status": "processed", **says})
    fake.will_say(refused(answer), status)
    assert await ensure_refund(gateway, CALL) == (made("processed", "rfnd_Fake0000000001"),)
    assert fake.seen[1] == ("GET", f"/v1/payments/{PAYMENT}/refunds", {"count": "100"})


async def test_money_that_went_back_by_another_refund_waits_for_a_person(
    fake: "FakeRazorpay", gateway: Gateway, paid: dict[str, Any]
) -> None:
    fake.give_back(paid, "by hand", {"amount": 64550, "receipt": f"{PAYMENT}-2"})
    error = await failing(ensure_refund(gateway, CALL))
    assert (error.reason, error.retryable, error.ambiguous) == (Reason.ALREADY_REFUNDED, False, False)
    assert error.description == ALL_BACK
    assert len(fake.refunds) == 1


@pytest.mark.usefixtures("paid")
async def test_a_look_that_fails_is_what_failed(fake: "FakeRazorpay", gateway: Gateway) -> None:
    fake.will_say(refused(ALL_BACK), 400)
    fake.will_say("<html>Bad Gateway</html>", 502)
    error = await failing(ensure_refund(gateway, CALL))
    assert (error.reason, error.retryable) == (Reason.UNAVAILABLE, True)


async def test_other_refusals_are_not_looked_into(fake: "FakeRazorpay", gateway: Gateway) -> None:
    error = await failing(ensure_refund(gateway, CALL))
    assert (error.reason, error.retryable) == (Reason.NOT_FOUND, False)
    assert len(fake.seen) == 1


@pytest.mark.parametrize(
    "broken",
    [
        {"id": None},
        {"id": "pay_Fake1"},
        {"status": "odd"},
        {"amount": "20000"},
        {"currency": None},
        {"payment_id": "pay_Another1"},
    ],
)
async def test_a_success_that_is_not_our_refund_may_still_have_been_it(
    fake: "FakeRazorpay", gateway: Gateway, paid: dict[str, Any], broken: dict[str, Any]
) -> None:
    refund = fake.give_back(paid, CALL.key, {"amount": 20000})
    fake.will_say(json.dumps(refund | broken))
    error = await failing(ensure_refund(gateway, CALL))
    assert (error.reason, error.retryable, error.ambiguous) == (Reason.UNINTELLIGIBLE, True, True)


async def test_an_answer_need_not_repeat_its_key(
    fake: "FakeRazorpay", gateway: Gateway, paid: dict[str, Any]
) -> None:
    fake.will_say(json.dumps(fake.give_back(paid, CALL.key, {"amount": 20000})))
    assert await ensure_refund(gateway, CALL) == (made(),)


async def test_the_refunds_of_a_payment_are_listed(
    fake: "FakeRazorpay", gateway: Gateway, paid: dict[str, Any]
) -> None:
    other = fake.pay("plink_A1")
    fake.give_back(other, "other", {"amount": 1})
    refund = fake.give_back(paid, "ours", {"amount": 2})
    assert await gateway.payment_refunds(PAYMENT) == [refund]
    for answer in ('{"items": null}', '{"items": {}}', "{}"):
        fake.will_say(answer)
        assert (await failing(gateway.payment_refunds(PAYMENT))).reason is Reason.UNINTELLIGIBLE


@pytest.mark.parametrize("id", ["", "pay_", "pay_A/../../orders", "pay_A?x=1", "order_A", "pay_A\n"])
async def test_an_id_that_is_none_is_never_sent(fake: "FakeRazorpay", gateway: Gateway, id: str) -> None:
    for call in (gateway.refund(replace(CALL, payment_id=id)), gateway.payment_refunds(id)):
        assert (await failing(call)).reason is Reason.REFUSED
    order_id = id.replace("order", "pay") if id.startswith("order") else id.replace("pay", "order")
    assert (await failing(gateway.order_payments(order_id))).reason is Reason.REFUSED
    assert fake.seen == []


@pytest.mark.parametrize("key", ["", "short-key", "pay_Ra7TqLw2\r\nX-A: 1", "k" * 41, "ключ-ключ-ключ"])
async def test_a_key_that_is_none_is_never_sent(fake: "FakeRazorpay", gateway: Gateway, key: str) -> None:
    assert (await failing(gateway.refund(replace(CALL, key=key)))).reason is Reason.REFUSED
    assert fake.seen == []


@pytest.mark.parametrize(
    ("key_id", "mode"),
    [("rzp_live_ExampleKey01", "live"), ("rzp_test_ExampleKey01", "test"), ("key_rzp_live_", "test")],
)
async def test_the_key_says_whether_the_money_is_real(key_id: str, mode: str) -> None:
    gateway = Gateway(key_id, "an-invented-key-secret", "http://127.0.0.1:9")
    assert gateway.mode == mode
    await gateway.close()


@pytest.mark.parametrize("status", [200, 409])
async def test_a_refund_of_another_amount_under_our_key_is_not_adopted(
    fake: "FakeRazorpay", gateway: Gateway, paid: dict[str, Any], status: int
) -> None:
    """Other books asked for it: these are a copy or an older state of them."""
    says = {"receipt": CALL.key, "notes": {"munshi_refund": CALL.key}}
    refund = fake.give_back(paid, CALL.key, {"amount": 50_000, "status": "processed", **says})
    if status == 200:
        fake.will_say(json.dumps(refund))
    error = await failing(ensure_refund(gateway, CALL))
    assert error.reason is Reason.ALREADY_REFUNDED
    assert not error.retryable
