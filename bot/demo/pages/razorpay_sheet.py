"""Razorpay's page as a sheet on a phone: pay a link or a card in the chat, in vain, late, short or twice."""

from collections.abc import Awaitable, Callable
from decimal import Decimal
from functools import partial
from typing import Final

from nicegui import ui

from bot.console.bubbles import is_page, outside
from bot.console.typed import paise_of, text_of
from bot.demo.handset import Handset
from bot.demo.pages.scene import Scene, tried
from bot.demo.payer import Offer
from bot.demo.phone import NotPossible
from payments.shop.money import money

_REASON: Final = 200


class RazorpaySheet:
    """The sheet of one phone."""

    def __init__(self, scene: Scene, handset: Handset) -> None:
        self._handset, self._words = handset, scene.words

    async def open_newest(self) -> None:
        """Open what the person was given to pay last."""
        offers = await self._handset.payer.offers()
        if offers:
            self._open(offers[-1])
        else:
            ui.notify(self._words("nothing_to_pay"), type="info")

    async def opens(self, url: str) -> bool:
        """Open the sheet of the link with this address. Return whether it is one of this person's."""
        return self._open_first([one for one in await self._handset.payer.offers() if one.url == url])

    async def open_card(self, reference: str) -> None:
        """Open the sheet of an order card."""
        offers = await self._handset.payer.offers()
        self._open_first([one for one in offers if one.reference == reference])

    def _open_first(self, offers: list[Offer]) -> bool:
        for offer in offers[:1]:
            self._open(offer)
        return bool(offers)

    def _open(self, offer: Offer) -> None:
        words, amount = self._words, money(offer.amount)
        with ui.dialog(value=True) as sheet, ui.card().classes("dialog pocket-razorpay"):
            ui.label("Razorpay").classes("brand")
            ui.label(words("to_pay", order=offer.order, amount=amount)).classes("section")
            ui.label(words("stands" if offer.link else "card_stands", status=offer.status)).classes("quiet")
            self._button(sheet, words("pay", amount=amount), self._handset.payer.pay, offer)
            self._failing(sheet, offer)
            if offer.link:
                self._of_links(sheet, offer)
            if is_page(offer.url or ""):
                outside(words("open_page"), str(offer.url))
            with ui.element("div").classes("dialog-buttons"):
                ui.button(words("close"), on_click=sheet.close).props("flat no-caps")
        sheet.on_value_change(lambda: None if sheet.value else sheet.delete())

    def _of_links(self, sheet: ui.dialog, offer: Offer) -> None:
        """Draw what can be done with a link, and not with a card."""
        words, payer = self._words, self._handset.payer
        half = f"{Decimal(offer.amount // 2) / 100:.2f}"
        less = ui.input(words("short"), value=half).props("outlined dense inputmode=decimal maxlength=12")
        self._act(sheet, words("pay_short"), lambda: payer.pay_short(_paise(less.value), offer))
        self._button(sheet, words("pay_twice"), payer.pay_twice, offer)
        self._button(sheet, words("pay_late"), payer.pay_late, offer)

    def _failing(self, sheet: ui.dialog, offer: Offer) -> None:
        words, payer = self._words, self._handset.payer
        reason = ui.input(words("reason"), value=words("no_money"))
        reason.props(f"outlined dense maxlength={_REASON}")
        self._act(sheet, words("fail"), lambda: payer.fail(text_of(reason.value, _REASON), offer))

    def _button(
        self, sheet: ui.dialog, name: str, pays: Callable[[Offer], Awaitable[None]], offer: Offer
    ) -> None:
        self._act(sheet, name, partial(pays, offer))

    def _act(self, sheet: ui.dialog, name: str, act: Callable[[], Awaitable[None]]) -> None:
        async def pressed() -> None:
            if await tried(act):
                sheet.close()

        ui.button(name, on_click=pressed).props("outline no-caps")


def _paise(rupees: object) -> int:
    """Return an amount that was typed in rupees. Raises NotPossible."""
    if (paise := paise_of(rupees)) is None:
        raise NotPossible(f"'{text_of(rupees, 12)}' is no amount of rupees: write 250 or 249.50")
    return paise
