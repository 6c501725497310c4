"""Links that the books lack: all of their money is read, and refunded once."""

import json
from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING, Any

import pytest

from payments.razorpay import strays
from payments.razorpay.errors import GatewayError, Reason
from payments.razorpay.gateway import Gateway
from payments.razorpay.strays import Stray

if TYPE_CHECKING:
    from tests.payments.razorpay.conftest import FakeRazorpay

INSTALLATION = "k3f9abcd"
LINK = "plink_A1"
SUM = 64_550
CARD = f"{INSTALLATION}-27-4.c1abcd"


@pytest.fixture
def fake(fake: "FakeRazorpay") -> "FakeRazorpay":
    """A Razorpay with one link, which has ended."""
    fake.links[LINK] = {
        "id": LINK,
        "reference_id": f"{INSTALLATION}-27-4.1abcd",
        "status": "expired",
        "amount": SUM,
        "amount_paid": 0,
        "currency": "INR",
        "short_url": "https://rzp.io/rzp/A1",
        "notes": {"munshi_order": f"{INSTALLATION}-27-4"},
        "created_at": 1_793_205_500,
    }
    return fake


async def found(gateway: Gateway, *settled: str) -> list[Stray]:
    async def lacking(references: Collection[str]) -> Mapping[str, frozenset[str] | None]:
        return dict.fromkeys(references, frozenset(settled))

    listed = [pair async for pair in strays.lacked_links(gateway, INSTALLATION, lacking)]
    read = [await strays.read(gateway, link, decided or frozenset()) for link, decided in listed]
    return [stray for stray in read if stray.open]


def refund_status(fake: "FakeRazorpay", status: str) -> None:
    """Let every refund end with this status."""
    for refund in fake.refunds.values():
        refund["status"] = status


@pytest.mark.parametrize("status", [None, "failed"])
async def test_an_ended_link_without_money_is_left_out(
    fake: "FakeRazorpay", gateway: Gateway, status: str | None
) -> None:
    if status:
        fake.pay(LINK, status)
    assert await found(gateway) == []


@pytest.mark.parametrize("status", ["created", "authorized"])
async def test_a_payment_that_is_not_decided_is_under_way(
    fake: "FakeRazorpay", gateway: Gateway, status: str
) -> None:
    fake.pay(LINK, status)
    [stray] = await found(gateway)
    assert (stray.under_way, stray.paid, stray.returned) == (True, (), ())


async def test_what_is_captured_is_to_be_decided_until_it_is_settled(
    fake: "FakeRazorpay", gateway: Gateway
) -> None:
    paid = fake.pay(LINK)
    [stray] = await found(gateway)
    assert (stray.captured, [one.payment_id for one in stray.paid]) == (SUM, [paid["id"]])
    assert await found(gateway, paid["id"]) == []


@pytest.mark.parametrize(
    ("amount", "told"),
    [
        (SUM + 1_500, {"fee": 1_500}),
        (SUM + 1_500, {"fee": 1_500, "fee_bearer": "customer"}),
        (SUM + 1_500, {"fee_bearer": "customer"}),
        (SUM, {"fee": 1_500}),
    ],
)
async def test_a_fee_that_the_payer_bore_is_not_ours_to_give_back(
    fake: "FakeRazorpay", gateway: Gateway, amount: int, told: dict[str, Any]
) -> None:
    fake.pay(LINK, amount=amount, **told)
    [stray] = await found(gateway)
    assert stray.captured == SUM


async def test_what_is_given_back_is_under_way_until_razorpay_has_done_it(
    fake: "FakeRazorpay", gateway: Gateway
) -> None:
    paid = fake.pay(LINK)
    [stray] = await found(gateway)
    stray = await strays.give_back(gateway, stray)
    assert (stray.under_way, stray.paid, stray.returned) == (True, (), ())
    [again] = await found(gateway)
    assert again == stray, "a person who asks meanwhile is asked nothing"
    refund_status(fake, "processed")
    paid["status"] = "refunded"
    [stray] = await found(gateway)
    assert (stray.under_way, stray.captured, stray.gone_back) == (False, 0, SUM)
    assert await found(gateway, paid["id"]) == []


async def test_a_refund_that_failed_leaves_the_money_to_be_decided_again(
    fake: "FakeRazorpay", gateway: Gateway
) -> None:
    paid = fake.pay(LINK)
    [stray] = await found(gateway)
    await strays.give_back(gateway, stray)
    refund_status(fake, "failed")
    paid["amount_refunded"] = 0
    [stray] = await found(gateway)
    assert stray.captured == SUM
    stray = await strays.give_back(gateway, stray)
    assert stray.under_way, "under the key of the first, Razorpay would answer with the one that failed"
    assert len(fake.refunds) == 2


async def test_a_refund_whose_answer_was_lost_is_made_once(fake: "FakeRazorpay", gateway: Gateway) -> None:
    fake.pay(LINK)
    [stray] = await found(gateway)
    fake.next_answers.append(fake.lost)
    with pytest.raises(GatewayError):
        await strays.give_back(gateway, stray)
    stray = await strays.give_back(gateway, stray)
    assert (stray.under_way, len(fake.refunds)) == (True, 1)


async def test_what_another_refunded_in_part_leaves_the_rest(fake: "FakeRazorpay", gateway: Gateway) -> None:
    paid = fake.pay(LINK)
    fake.give_back(paid, "by hand", {"amount": 20_000, "status": "processed"})
    [stray] = await found(gateway)
    assert (stray.captured, stray.gone_back) == (SUM - 20_000, 0)
    stray = await strays.give_back(gateway, stray)
    refund_status(fake, "processed")
    [stray] = await found(gateway)
    assert (stray.captured, stray.gone_back) == (0, SUM)


async def test_razorpay_s_own_refund_of_what_was_never_ours_is_nothing(
    fake: "FakeRazorpay", gateway: Gateway
) -> None:
    paid = fake.pay(LINK, "refunded", captured=False)
    fake.give_back(paid, "their own", {"amount": SUM, "status": "processed"})
    assert await found(gateway) == []


@pytest.mark.parametrize("changed", [{"amount": "64550"}, {"currency": None}])
async def test_nothing_is_decided_of_what_cannot_be_read(
    fake: "FakeRazorpay", gateway: Gateway, changed: dict[str, Any]
) -> None:
    fake.pay(LINK, **changed)
    with pytest.raises(GatewayError) as caught:
        await found(gateway)
    assert caught.value.reason is Reason.UNINTELLIGIBLE


def of_card(number: int, receipt: str | None, status: str = "paid") -> dict[str, Any]:
    """An order at Razorpay with this receipt."""
    paid = SUM if status == "paid" else 0
    sums = {"amount": SUM, "amount_paid": paid, "currency": "INR"}
    return {"id": f"order_Card{number}", "receipt": receipt, "status": status, **sums}


async def test_a_card_is_found_by_the_orders_that_were_made_for_it(
    fake: "FakeRazorpay", gateway: Gateway
) -> None:
    """Each of its orders is one to decide about. Orders of links, and of others, are none."""
    fake.links.clear()
    others = [f"{INSTALLATION}-27-4.2abcd", "zzzzzzzz-27-4.c1abcd", "invoice 7", None]
    fake.orders = [of_card(n, receipt) for n, receipt in enumerate(others * 60)]
    fake.orders += [of_card(1_000, CARD, "attempted"), of_card(1_001, CARD)]
    for number, status in ((1_000, "failed"), (1_001, "captured")):
        fake.payments[f"pay_Card{number}"] = {
            **{"id": f"pay_Card{number}", "order_id": f"order_Card{number}", "status": status, "amount": SUM},
            **{"currency": "INR", "amount_refunded": 0, "captured": True, "created_at": 1_793_205_610},
        }
    [stray] = await found(gateway)
    assert (stray.link.id, stray.link.reference_id, stray.captured) == ("order_Card1001", CARD, SUM)
    assert (stray.order_key, stray.payable) == (f"{INSTALLATION}-27-4", False)
    assert await found(gateway, "pay_Card1001") == []


async def test_nobody_is_asked_to_cancel_a_card_that_is_not_paid(
    fake: "FakeRazorpay", gateway: Gateway
) -> None:
    fake.links.clear()
    fake.orders = [of_card(1, CARD, "created")]
    assert await found(gateway) == []


async def test_a_server_that_repeats_one_page_of_orders_is_not_asked_for_ever(
    fake: "FakeRazorpay", gateway: Gateway
) -> None:
    for _ in range(2):
        fake.will_say(json.dumps({"items": [of_card(1, CARD)]}))
    listed = [link.id async for cards in gateway.card_orders(INSTALLATION) for link in cards]
    assert listed == ["order_Card1"]
