"""What a person of the demo can do about money, with an order card in the chat."""

from pathlib import Path

import pytest

from bot.demo.phone import NotPossible
from tests.bot.bot_inside import phone_inside
from tests.payments.card_shop import with_cards
from tests.world.running_bot import CONFIRMED, FLOW


async def test_an_order_card_is_paid_in_vain_and_then_whole(tmp_path: Path) -> None:
    flow = tmp_path / "flows.yaml"
    flow.write_text(with_cards(FLOW.read_text()))
    async with phone_inside(flow) as asha:
        with pytest.raises(NotPossible, match="no payment link has been sent yet"):
            await asha.pay()
        await asha.write("hi")
        [products] = await asha.answers(20)
        await asha.tap("Masala chai 250 g")
        await asha.answers(20)
        await asha.tap_on(products.wamid, products.choices[1].id)
        for title in ("Proceed to Checkout", "Confirm order"):
            await asha.answers(20)
            await asha.tap(title)
        await asha.answers(20)
        [card] = await asha.payer.offers()
        assert (card.amount, card.link, card.url) == (32_000, None, None)
        for impossible in (asha.payer.pay_late(), asha.payer.pay_twice(), asha.payer.pay_short(100)):
            with pytest.raises(NotPossible, match="for this it takes a link"):
                await impossible
        await asha.fail()
        await asha.answers(20)
        await asha.pay()
        assert [one.text.startswith(CONFIRMED) for one in await asha.answers(20)][-1]
        with pytest.raises(NotPossible, match="can be paid no more"):
            await asha.payer.pay(card)
        with pytest.raises(NotPossible, match="nothing called 'Pay Now'"):
            await asha.tap("Pay Now")
        with pytest.raises(NotPossible, match="not in the chat"):
            await asha.tap_on("wamid.unknown", "Pay Now")
