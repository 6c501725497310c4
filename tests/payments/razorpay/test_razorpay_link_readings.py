"""One reading of a link: the link, its payments and their refunds."""

from typing import TYPE_CHECKING, Any

import pytest

from payments.ledger.calls import CreateLink, FetchPayments
from payments.ledger.facts import Detail, Fact
from payments.razorpay.errors import GatewayError, Reason
from payments.razorpay.gateway import Gateway, Link
from payments.razorpay.links import read_link

if TYPE_CHECKING:
    from tests.payments.razorpay.conftest import FakeRazorpay

CALL = CreateLink("k3f9-27-4.2", "k3f9-27-4", 64550, "INR", "Order #20417", 1_793_207_300_001)


@pytest.fixture
async def link(gateway: Gateway) -> Link:
    return await gateway.create_link(CALL)


def asking(link: Link) -> FetchPayments:
    return FetchPayments(CALL.reference_id, link.id)


def seen(facts: tuple[Fact, ...]) -> list[tuple[str, str, str, int]]:
    return [(*fact.identity, fact.amount) for fact in facts]


async def test_nothing_is_told_of_a_link_that_nobody_opened(
    fake: "FakeRazorpay", gateway: Gateway, link: Link
) -> None:
    assert await read_link(gateway, asking(link)) == ((), ())
    assert len(fake.seen) == 2


async def test_nothing_is_told_of_a_link_that_was_never_made(gateway: Gateway) -> None:
    assert await read_link(gateway, FetchPayments(CALL.reference_id, None)) == ((), ())


@pytest.mark.parametrize("known", [True, False])
async def test_a_paid_link_with_what_went_back_is_read_whole(
    fake: "FakeRazorpay", gateway: Gateway, link: Link, known: bool
) -> None:
    failed = fake.pay(link.id, "failed", error_reason="payment_failed")
    paid = fake.pay(link.id)
    late = fake.pay(link.id, "refunded", captured=False)
    fake.links[link.id] |= {"status": "paid", "amount_paid": 64550}
    mine = fake.give_back(paid, "mine", {"amount": 100, "notes": {"munshi_refund": f"{paid['id']}-1"}})
    dashboard = fake.give_back(paid, "dashboard", {"amount": 200, "status": "processed"})
    theirs = fake.give_back(late, "theirs", {"amount": 64550, "status": "failed"})
    del late["amount_refunded"]
    call = FetchPayments(CALL.reference_id, link.id if known else None)
    facts, problems = await read_link(gateway, call)
    assert seen(facts) == [
        ("payment_link", link.id, "paid", 64550),
        ("payment", failed["id"], "failed", 64550),
        ("payment", paid["id"], "captured", 64550),
        ("refund", mine["id"], "created", 100),
        ("refund", dashboard["id"], "processed", 200),
        ("refund", theirs["id"], "failed", 64550),
    ]
    assert {(fact.order_key, fact.currency) for fact in facts} == {("k3f9-27-4", "INR")}
    assert [fact.detail for fact in facts] == [
        Detail(),
        Detail(error_reason="payment_failed", link=link.id),
        Detail(link=link.id),
        Detail(payment_id=paid["id"], key=f"{paid['id']}-1"),
        Detail(payment_id=paid["id"]),
        Detail(payment_id=late["id"], captured=False),
    ]
    assert facts[0].at == 1_793_205_500
    assert problems == ()
    # Nothing is asked about the payment that failed.
    assert [path for _, path, _ in fake.seen[1:]] == [
        f"/v1/payment_links/{link.id}" if known else "/v1/payment_links",
        f"/v1/orders/{paid['order_id']}/payments",
        f"/v1/payments/{paid['id']}/refunds",
        f"/v1/payments/{late['id']}/refunds",
    ]


async def test_a_refund_that_failed_is_found_though_its_payment_looks_whole(
    fake: "FakeRazorpay", gateway: Gateway, link: Link
) -> None:
    paid = fake.pay(link.id)
    refund = fake.give_back(paid, "mine", {"amount": 100, "status": "failed"})
    paid["amount_refunded"] = 0
    asked = FetchPayments(CALL.reference_id, link.id, refunding=[paid["id"]])
    facts, _ = await read_link(gateway, asked)
    assert ("refund", refund["id"], "failed", 100) in seen(facts)
    facts, _ = await read_link(gateway, asking(link))
    assert ("refund", refund["id"], "failed", 100) not in seen(facts)


@pytest.mark.parametrize("status", ["expired", "cancelled"])
async def test_a_link_that_ended_unpaid_says_so(
    fake: "FakeRazorpay", gateway: Gateway, link: Link, status: str
) -> None:
    fake.links[link.id]["status"] = status
    facts, _ = await read_link(gateway, asking(link))
    assert seen(facts) == [("payment_link", link.id, status, 0)]


@pytest.mark.parametrize("spoilt", [{"id": None}, {"id": 5}, {"currency": "rupees"}])
async def test_what_cannot_be_read_hides_nothing_else(
    fake: "FakeRazorpay", gateway: Gateway, link: Link, spoilt: dict[str, Any]
) -> None:
    broken, paid = fake.pay(link.id, status="refunded", amount_refunded=0), fake.pay(link.id)
    broken |= spoilt
    fake.links[link.id]["status"] = "cancelled"
    facts, problems = await read_link(gateway, asking(link))
    assert [fact.entity_id for fact in facts] == [link.id, paid["id"]]
    (problem,) = problems
    assert problem.startswith("payment: ")


async def test_a_reading_that_breaks_off_tells_nothing(
    fake: "FakeRazorpay", gateway: Gateway, link: Link
) -> None:
    paid = fake.pay(link.id)
    fake.give_back(paid, "mine", {"amount": 100})
    fake.next_answers = [fake.perform, fake.perform]
    fake.will_say("<html>Bad Gateway</html>", 502)
    with pytest.raises(GatewayError) as caught:
        await read_link(gateway, asking(link))
    assert caught.value.reason is Reason.UNAVAILABLE
