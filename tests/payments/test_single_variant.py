"""A product of one variant alone: one tap puts it into the cart, and its row shows size and price."""

from textwrap import dedent, indent

import pytest

from bot.whatsapp.limits import LIMITS
from flows.engine.events import Received
from flows.language.load import load
from flows.messages.kinds import List
from payments.processing.actions import SHOP
from payments.simulator.runner import play
from payments.simulator.scenario import parse
from payments.simulator.simulator import Simulator
from tests.payments.planted_flows import SHIPPED

SECOND = "        - {sku: gift-box-6, price: 850, name: {en: 6 teas, hi: 6 चाय}}\n"
FLOW = load(SHIPPED.replace(SECOND, ""), "flows.yaml", SHOP, limits=LIMITS)
IN_CART = "🛒 Your cart\\n1 × Gift box, 3 teas: ₹450\\n…"


@pytest.mark.parametrize(
    "chat",
    [
        "[{customer: hi}, {tap: Gift box}]",
        "[{customer: gift box}]",
        "[{customer: gift box 3 teas}]",
        "[{customer: box}, {shop: …}, {tap: Gift box}]",
    ],
)
def test_it_is_in_the_cart_at_once(chat: str) -> None:
    steps = indent(dedent(f'{chat[:-1]}, {{shop: "{IN_CART}"}}]'), "  ")
    played = play(FLOW, parse(f"scenario: x\nchat:\n{steps}\n", "chat.yaml"))
    assert played.mismatch is None, str(played)


def test_its_row_shows_its_size_and_its_price() -> None:
    simulator = Simulator(FLOW)
    [message] = simulator.write("hi")
    assert isinstance(message, List)
    rows = {row.title: row.description for section in message.sections for row in section.rows}
    assert rows["Gift box"] == "3 teas: ₹450"
    assert rows["Masala chai 250 g"] == "₹180"


def test_pieces_add_up_whatever_it_was_called_by() -> None:
    simulator = Simulator(FLOW)
    for said in ("gift box", "gift box 3 teas", "2 gift box"):
        simulator.write(said)
    assert simulator.conversation.data["cart"] == [["gift-box-3", 4]]


def test_it_is_taken_out_and_comes_from_the_catalogue_by_the_sku_of_its_product() -> None:
    rule = "anywhere:\n  drop: {words: [drop it], do: {cart.remove: gift-box}}\n"
    text = SHIPPED.replace(SECOND, "").replace("anywhere: ", f"{rule}  # ", 1)
    simulator = Simulator(load(text, "flows.yaml", SHOP, limits=LIMITS))
    simulator.write("hi")
    said = simulator._chat(Received("order", {"items": [{"sku": "gift-box", "quantity": 2}]}))
    assert any("2 × Gift box, 3 teas" in one.words for one in said), said
    simulator.write("drop it")
    assert not any("3 teas: " in one.words for one in simulator.write("cart"))
