"""A shop whose customers pay in the chat, over HTTP: Meta shows the card, Razorpay has the money."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, Literal

import orjson
import pytest

from bot.clock import ShiftedClock
from sandbox.faults import Fault
from sandbox.meta_cards import Card
from sandbox.people import ReceivedMessage
from sandbox.world import World
from tests.payments.card_shop import with_cards
from tests.world.late_receipts import fails, tells
from tests.world.running_bot import CONFIRMED, FLOW, Customer, Live, Start

ORIGIN = (
    "{configuration: razorpay-main, origin: {importer: Chai & Co., address: 12 FC Road, city: Pune,"
    ' pincode: "411004"}}'
)


@pytest.fixture(params=["databases"])
async def paying(world: World, clock: ShiftedClock, start: Start, tmp_path: Path) -> AsyncIterator[Live]:
    """The shop, in which orders are paid by cards."""
    flow = tmp_path / "flows.yaml"
    flow.write_text(with_cards(FLOW.read_text()))
    async with start(world, clock, flow) as live:
        yield live


def card_in(messages: list[ReceivedMessage]) -> str:
    """The card that the last message shows."""
    assert messages[-1].card is not None, messages[-1]
    return messages[-1].card


async def status(live: Live) -> str:
    [row] = await live.rows("SELECT payment FROM orders ORDER BY key DESC LIMIT 1")
    return str(row["payment"])


async def attempts(live: Live) -> list[str]:
    rows = await live.rows("SELECT status FROM attempt ORDER BY ordinal")
    return [row["status"] for row in rows]


async def pays(asha: Customer, card: str, *, told: bool = True) -> None:
    await asha.live.world.pay_card(card, told=told)
    await asha.live.settle()


async def test_an_order_is_paid_without_leaving_the_chat(paying: Live) -> None:
    asha = paying.customer()
    card = card_in(await asha.order())
    parameters = paying.world.meta.cards.shown[card].parameters
    assert parameters["total_amount"] == {"value": 50_000, "offset": 100}
    assert [(item["retailer_id"], item["quantity"]) for item in parameters["order"]["items"]] == [
        ("masala-250", 2),
        ("ginger-250", 1),
    ]
    assert paying.world.razorpay.links == {}
    await pays(asha, card)
    assert asha.heard(CONFIRMED) == 1
    assert (await status(paying), await attempts(paying)) == ("paid", ["paid"])
    assert (await paying.parked(), paying.world.razorpay.refunds) == ([], {})


@pytest.mark.parametrize("lost", ["meta", "razorpay"])
async def test_either_webhook_is_enough(paying: Live, lost: Literal["meta", "razorpay"]) -> None:
    asha = paying.customer()
    card = card_in(await asha.order())
    paying.world.courier.lose_next(lost, 3)
    await pays(asha, card, told=lost != "meta")
    assert asha.heard(CONFIRMED) == 1
    assert await status(paying) == "paid"


async def test_without_any_webhook_a_poll_finds_it(paying: Live) -> None:
    asha = paying.customer()
    card = card_in(await asha.order())
    paying.world.courier.lose_next("razorpay", 3)
    await pays(asha, card, told=False)
    assert asha.heard(CONFIRMED) == 0
    await paying.wait(2)
    assert asha.heard(CONFIRMED) == 1


@pytest.mark.parametrize("what", ["refund", "dispute"])
async def test_what_becomes_of_the_payment_is_known_by_its_id(paying: Live, what: str) -> None:
    asha = paying.customer()
    card = card_in(await asha.order())
    payment = await paying.world.pay_card(card)
    await paying.settle()
    if what == "refund":
        await paying.world.razorpay.refund(payment, 5_000)
    else:
        await paying.world.razorpay.dispute(payment, "created")
    await paying.settle()
    rows = await paying.rows("SELECT entity FROM fact")
    assert what in {row["entity"] for row in rows}


async def test_meta_says_captured_razorpay_not(paying: Live) -> None:
    asha = paying.customer()
    shown = card_of(paying, card_in(await asha.order()))
    link = paying.world.razorpay.card(shown.reference, shown.amount, {}, shown.expires_at)
    shown.order_id = paying.world.razorpay.links[link].order_id or ""
    shown.payment_id = "pay_Unknown000001"
    paying.world.meta.tell_payment(shown)
    await paying.settle()
    assert (await status(paying), asha.heard(CONFIRMED)) == ("unpaid", 0)
    await paying.world.razorpay.pay(link)
    await paying.settle()
    assert (await status(paying), asha.heard(CONFIRMED)) == ("paid", 1)


async def test_what_another_account_got_is_held_for_a_person(paying: Live) -> None:
    asha = paying.customer()
    shown = card_of(paying, card_in(await asha.order()))
    shown.order_id, shown.payment_id = "order_Elsewhere001", "pay_Elsewhere00001"
    paying.world.meta.tell_payment(shown)
    paying.world.meta.tell_payment(shown)
    await paying.settle()
    assert (await status(paying), asha.heard(CONFIRMED)) == ("held", 0)
    [held] = await paying.rows("SELECT held FROM orders")
    assert held["held"] == 50_000


def card_of(live: Live, reference: str) -> Card:
    return live.world.meta.cards.shown[reference]


async def test_card_and_link_payable_never(paying: Live) -> None:
    asha = paying.customer()
    card = card_in(await asha.order())
    await asha.write("retry")
    assert card_of(paying, card).status == "canceled"
    [link] = paying.world.razorpay.links.values()
    assert (link.amount, asha.person.messages[-1].url) == (50_000, link.short_url)
    with pytest.raises(LookupError):
        await paying.world.pay_card(card)
    await asha.pay()
    assert (await status(paying), await attempts(paying)) == ("paid", ["cancelled", "paid"])


async def test_a_card_that_was_just_paid_is_not_closed_and_no_link_follows(paying: Live) -> None:
    asha = paying.customer()
    card = card_in(await asha.order())
    paying.world.courier.lose_next("razorpay", 3)
    await pays(asha, card, told=False)
    await asha.write("retry")
    assert paying.world.razorpay.links.keys() == {f"card {card}"}
    await paying.wait(2)
    assert (await status(paying), asha.heard(CONFIRMED)) == ("paid", 1)
    assert paying.world.razorpay.refunds == {}


async def test_nobody_pays_and_the_card_is_over(paying: Live) -> None:
    asha = paying.customer()
    await asha.order()
    await paying.wait(40)
    assert await attempts(paying) == ["expired"]
    await asha.write("retry")
    assert await attempts(paying) == ["expired", "created"]
    assert len(paying.world.razorpay.links) == 1


# The link instead


async def gets_a_link(asha: Customer, messages: list[ReceivedMessage]) -> None:
    [link] = [one for one in asha.live.world.razorpay.links.values() if not one.is_card]
    assert messages[-1].url == link.short_url
    assert messages[-1].card is None
    await asha.pay()
    assert asha.heard(CONFIRMED) == 1
    assert await asha.live.parked() == []


@pytest.mark.parametrize("code", [131008, 131009, 134011, 135000, 131026])
async def test_any_refusal_brings_a_link(paying: Live, code: int) -> None:
    asha = paying.customer()
    await asha.checkout()
    body = orjson.dumps({"error": {"message": "no", "code": code}}).decode()
    paying.world.meta.fail_next("send", Fault.http(400, body))
    await gets_a_link(asha, await asha.tap("Confirm order"))
    [notice] = await paying.rows("SELECT kind, subject FROM notice")
    assert (notice["kind"], notice["subject"]) == ("whatsapp", "order card")


async def test_a_card_that_fails_after_it_was_accepted_brings_a_link(paying: Live) -> None:
    asha = paying.customer()
    asha.person.has_old_app = True
    await asha.checkout()
    await gets_a_link(asha, await asha.tap("Confirm order"))


async def test_a_card_that_failed_and_arrived_after_all_is_closed_beside_its_link(paying: Live) -> None:
    asha = paying.customer()
    messages = await asha.order()
    card = card_in(messages)
    await fails(paying, asha, messages[-1], 131000)
    assert await attempts(paying) == ["refused", "created"]
    assert await tells(paying, asha, messages[-1], "delivered") == 200
    assert card_of(paying, card).status == "canceled"
    assert await attempts(paying) == ["cancelled", "created"]
    await asha.pay()
    assert (await status(paying), await attempts(paying)) == ("paid", ["cancelled", "paid"])


async def test_a_number_outside_india_gets_a_link(paying: Live) -> None:
    asha = paying.customer("6591234567", "Lim")
    await gets_a_link(asha, await asha.order())


async def test_a_configuration_that_is_not_active_brings_links_until_it_is(paying: Live) -> None:
    paying.world.meta.configure("razorpay-main", "Needs Connecting")
    await paying.settle()
    asha = paying.customer()
    await gets_a_link(asha, await asha.order())
    paying.world.meta.configure("razorpay-main", "Active")
    await paying.settle()
    ravi = paying.customer("919812345602", "Ravi")
    card_in(await ravi.order())


async def test_without_a_catalogue_the_origin_of_the_goods_is_told(
    world: World, clock: ShiftedClock, start: Start, tmp_path: Path
) -> None:
    flow = tmp_path / "flows.yaml"
    flow.write_text(with_cards(FLOW.read_text(), ORIGIN))
    async with start(world, clock, flow) as live:
        asha = live.customer()
        card = card_in(await asha.order())
        [item, _] = card_of(live, card).parameters["order"]["items"]
        assert item["country_of_origin"] == "India"
        assert item["importer_address"]["postal_code"] == "411004"


async def test_an_answer_that_is_lost_leaves_one_thing_to_pay(paying: Live) -> None:
    asha = paying.customer()
    await asha.checkout()
    paying.world.meta.fail_next("send", Fault.drop_after_accepting())
    await asha.tap("Confirm order")
    await paying.wait(2)
    payable = [card for card in paying.world.meta.cards.shown.values() if card.status == "pending"]
    links = [link for link in paying.world.razorpay.links.values() if link.status == "created"]
    assert len(payable) + len(links) == 1


async def test_the_card_follows_the_goods_and_a_refund_goes_by_razorpay(paying: Live) -> None:
    asha = paying.customer()
    card = card_in(await asha.order())
    await pays(asha, card)
    [row] = await paying.rows("SELECT key FROM orders")
    seen = []
    for stage in ("accepted", "out", "delivered"):
        body: dict[str, Any] = {"to": stage, "by": "Meena"}
        code, _ = await paying.api("POST", f"/orders/{row['key']}/stage", body, **{"Idempotency-Key": stage})
        assert code in (200, 202)
        await paying.settle()
        seen.append((card_of(paying, card).status, asha.person.messages[-1].kind))
    assert ("shipped", "order_status") in seen
    assert seen[-1] == ("shipped", "button"), "what has buttons is no news of a card"
    body = {"why": "late", "amount": 5_000, "by": "Meena"}
    code, _ = await paying.api("POST", f"/orders/{row['key']}/allowance", body, **{"Idempotency-Key": "late"})
    await paying.settle()
    assert code in (200, 202)
    [refund] = paying.world.razorpay.refunds.values()
    assert refund.amount == 5_000
