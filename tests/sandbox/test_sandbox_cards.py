"""The sandbox's order cards: what Meta takes, what it refuses, and who can pay."""

from copy import deepcopy
from typing import Any

import aiohttp
import pytest

from bot.whatsapp.payloads import Recipient, build
from flows.messages.kinds import CardUpdate, Payment
from sandbox.world import API_VERSION, World
from tests.payments.card_bills import bill
from tests.sandbox.webhook_listener import Clock

ASHA = "919812345601"
CARD = "c-1-1.c1"


def card(clock: Clock, **changed: Any) -> dict[str, Any]:
    of = bill(expires_at=clock() + 1_200_000, **changed)
    return build(Payment("Order #1", of.reference, bill=of), Recipient(ASHA, None), "o-1.1")


def update(status: str) -> dict[str, Any]:
    return build(CardUpdate("News", CARD, status), Recipient(ASHA, None), "o-1.2")


async def sent(world: World, payload: dict[str, Any]) -> int:
    """Send it. Return Meta's error code; 0 if it was accepted."""
    url = f"{world.meta_url}/{API_VERSION}/{world.secrets.phone_number_id}/messages"
    headers = {"Authorization": f"Bearer {world.secrets.access_token}"}
    async with aiohttp.ClientSession() as http, http.post(url, json=payload, headers=headers) as answer:
        body = await answer.json()
        return 0 if answer.status == 200 else int(body["error"]["code"])


async def test_a_card_is_paid_once_and_razorpay_has_the_order(world: World, clock: Clock) -> None:
    assert await sent(world, card(clock)) == 0
    payment = await world.pay_card(CARD)
    [order] = world.razorpay.orders.values()
    assert (order.receipt, order.status, order.amount_paid) == (CARD, "paid", 36_400)
    assert world.razorpay.payments[payment].notes == {}
    with pytest.raises(LookupError):
        await world.pay_card(CARD)
    assert await sent(world, update("canceled")) == 0, "it fails later"
    assert world.meta.cards.shown[CARD].status == "pending"
    assert await sent(world, update("shipped")) == 0
    assert world.meta.cards.shown[CARD].status == "shipped"


async def test_a_try_that_fails_leaves_the_card_payable(world: World, clock: Clock) -> None:
    await sent(world, card(clock))
    await world.fail_card(CARD)
    assert not world.meta.cards.shown[CARD].paid
    await world.pay_card(CARD)
    assert world.meta.cards.shown[CARD].paid


async def test_what_is_closed_or_over_cannot_be_paid(world: World, clock: Clock) -> None:
    await sent(world, card(clock))
    await sent(world, update("canceled"))
    with pytest.raises(LookupError, match="no more"):
        await world.pay_card(CARD)
    await sent(world, card(clock, reference="c-1-2.c1"))
    clock.now += 1_200_000
    with pytest.raises(LookupError, match="no more"):
        await world.pay_card("c-1-2.c1")


async def test_one_card_of_a_reference_id_and_only_in_india(world: World, clock: Clock) -> None:
    assert await sent(world, card(clock)) == 0
    assert await sent(world, card(clock)) == 131009
    assert await sent(world, update("canceled") | {"to": "+919812345602"}) == 0
    abroad = card(clock, reference="c-1-2.c1") | {"to": "+6591234567"}
    assert await sent(world, abroad) == 131009


_PARAMETERS = ("interactive", "action", "parameters")


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("reference_id",), "c" * 36),
        (("reference_id",), "a b"),
        (("currency",), "USD"),
        (("type",), "services"),
        (("total_amount", "value"), 36_401),
        (("total_amount", "offset"), 1),
        (("order", "subtotal", "value"), 35_999),
        (("order", "items", 0, "quantity"), 3),
        (("order", "items", 0, "name"), "x" * 61),
        (("order", "status"), "processing"),
        (("order", "expiration", "timestamp"), "1"),
        (("payment_settings", 0, "payment_gateway", "configuration_name"), ""),
        (("payment_settings", 0, "payment_gateway", "razorpay", "receipt"), "x" * 41),
        (("beneficiaries", 0, "city"), ""),
        (("beneficiaries", 0, "country"), "Singapore"),
        (("beneficiaries", 0, "postal_code"), "4110"),
    ],
)
async def test_a_card_that_meta_would_refuse(
    world: World, clock: Clock, path: tuple[Any, ...], value: object
) -> None:
    payload = deepcopy(card(clock))
    holder: Any = payload
    for step in (*_PARAMETERS, *path[:-1]):
        holder = holder[step]
    holder[path[-1]] = value
    assert await sent(world, payload) in (131008, 131009)


async def test_without_a_catalogue_the_importer_is_needed(world: World, clock: Clock) -> None:
    origin = ("India", "Chai & Co.", "12 FC Road", "Pune", "411004")
    payload = card(clock, catalogue="", origin=origin)
    assert await sent(world, deepcopy(payload)) == 0
    item = payload["interactive"]["action"]["parameters"]["order"]["items"][0]
    del item["importer_name"]
    assert await sent(world, payload) == 131008


async def test_a_transition_that_there_is_not_fails_later(world: World, clock: Clock) -> None:
    assert await sent(world, update("shipped")) == 131009, "no such card"
    await sent(world, card(clock))
    for status in ("processing", "shipped", "completed", "shipped"):
        assert await sent(world, update(status)) == 0
    assert world.meta.cards.shown[CARD].status == "completed"
    bad = update("shipped")
    bad["interactive"]["action"]["parameters"]["order"]["status"] = "eaten"
    assert await sent(world, bad) == 131009


async def test_a_look_up_tells_of_the_payment(world: World, clock: Clock) -> None:
    await sent(world, card(clock))
    looked = world.meta.cards.looked_up({"configuration": "razorpay-main", "reference": CARD})
    assert looked["payments"][0]["status"] == "pending"
    await world.pay_card(CARD)
    looked = world.meta.cards.looked_up({"configuration": "razorpay-main", "reference": CARD})
    assert looked["payments"][0]["transactions"][0]["status"] == "success"
