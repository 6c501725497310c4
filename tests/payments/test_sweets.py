"""A shop with categories and variants, in chats (`sweets/`), and where its products leave the file."""

from functools import cache
from pathlib import Path

import pytest

from bot.whatsapp.limits import LIMITS
from flows.engine.events import Received
from flows.engine.model import Flow
from flows.language.load import examine, load
from flows.messages.kinds import Buttons, Image, Text
from payments.processing.actions import SHOP
from payments.simulator.runner import play
from payments.simulator.scenario import parse
from payments.simulator.simulator import Simulator

SWEETS = Path(__file__).parent / "sweets"
FILES = sorted(file for file in SWEETS.glob("*.yaml") if file.name != "flows.yaml")
TEXT = (SWEETS / "flows.yaml").read_text("utf-8")


@cache
def sweets(text: str = TEXT) -> Flow:
    return load(text, "flows.yaml", SHOP, limits=LIMITS)


def test_nothing_is_wrong_with_its_catalogue() -> None:
    missing = {issue.message for issue in examine(TEXT, "f.yaml", SHOP, limits=LIMITS).issues}
    # It is a shop for the catalogue alone: who would pay in it would miss something.
    assert missing == {
        "no message shows the payment link, and without it nobody can pay",
        "'returned' may come days later on 'payment.returned', and has no template",
        "'payment.request' may bring 'payment_link.refused', and nobody hears of it in: counter",
    }


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_chat(file: Path) -> None:
    played = play(sweets(), parse(file.read_text("utf-8"), file.name))
    assert played.mismatch is None, f"\n{played}"
    assert not [result.error for result in played.results if result.error]


def edited(chat: Simulator, *edits: tuple[str, str]) -> None:
    """The shop's file changes, and the server starts anew."""
    text = TEXT
    for old, new in edits:
        assert old in text
        text = text.replace(old, new)
    flow = sweets(text)
    chat._flow = flow
    counted = flow.sections["shop"].counted
    chat.store.left = {sku: chat.store.left.get(sku, pieces) for sku, pieces in counted.items()}


SMALL_SIZE = "        - {sku: kaju-250, name: {en: 250 g, hi: 250 ग्राम}, price: 260}\n"


def test_a_size_that_is_removed_while_in_the_cart_vanishes_and_the_customer_hears_of_it() -> None:
    chat = Simulator(sweets())
    chat.write("hi")
    for sku in ("kaju-250", "laddu"):
        chat.tap_reply(f"sim-1.1|add|{sku}")
    edited(chat, (SMALL_SIZE, ""))
    [seen] = chat.write("cart")
    assert seen.words == "1 × Laddu: ₹20\n₹20\nNo longer sold: 1"
    refused, seen = chat.write("buy")
    assert (refused.words, seen.words) == ("Not ordered: sold out.", "1 × Laddu: ₹20\n₹20")
    [ordered] = chat.write("buy")
    assert ordered.words == "Order over ₹20: Laddu "


def test_a_product_that_gets_sizes_while_in_the_cart_is_gone_too() -> None:
    chat = Simulator(sweets())
    chat.write("hi")
    chat.tap_reply("sim-1.1|add|thali")
    sizes = "variants: [{sku: half, name: half, price: 70}]"
    edited(chat, ("category: tiffin, price: 120", f"category: tiffin, {sizes}"))
    [seen] = chat.write("cart")
    assert seen.words == "₹0\nNo longer sold: 1"
    assert [said.words for said in chat.write("buy")] == ["Not ordered: sold out.", "₹0"]


def test_what_is_repeated_has_the_prices_of_now_and_names_what_left_the_file() -> None:
    chat = Simulator(sweets())
    chat.write("hi")
    for sku in ("kaju-250", "laddu"):
        chat.tap_reply(f"sim-1.1|add|{sku}")
    chat.write("buy")
    chat.pay()
    edited(chat, (SMALL_SIZE, ""), ("price: 20, stock: 5", "price: 25, stock: 5"))
    seen, gone = chat.write("again")
    assert seen.words == "1 × Laddu: ₹25\n₹25"
    assert gone.words == "Gone: Kaju katli, 250 g. Fewer: -."
    [ordered] = chat.write("buy")
    assert ordered.words == "Order over ₹25: Laddu "
    assert [said.words for said in chat.wait(0)] == []


def cart(*wanted: tuple[str, int]) -> Received:
    """A cart from WhatsApp's own catalogue."""
    return Received("order", {"items": [{"sku": sku, "quantity": quantity} for sku, quantity in wanted]})


@pytest.mark.parametrize(
    ("wanted", "said"),
    [
        ([("kaju-1kg", 2), ("thali", 1)], ["1 × Veg thali: ₹120\n2 × Kaju katli, 1 kg: ₹1,960\n₹2,080"]),
        ([("kaju-250", 1), ("barfi", 1)], ["Not ordered: unknown.", "1 × Laddu: ₹20\n₹20"]),
        ([("kaju", 1)], ["Not ordered: choose variant.", "1 × Laddu: ₹20\n₹20"]),
        ([("kaju", 1), ("barfi", 1)], ["Not ordered: unknown.", "1 × Laddu: ₹20\n₹20"]),
        ([("kaju-1kg", 3)], ["Not ordered: sold out.", "2 × Kaju katli, 1 kg: ₹1,960\n₹1,960"]),
    ],
)
def test_a_catalogue_cart_comes_in_whole_or_is_refused(
    wanted: list[tuple[str, int]], said: list[str]
) -> None:
    chat = Simulator(sweets())
    chat.write("hi")
    chat.tap_reply("sim-1.1|add|laddu")
    assert [message.words for message in chat._chat(cart(*wanted))] == said


@pytest.mark.parametrize(
    ("item", "link"),
    [
        ("kaju", "https://annapurna.example/kaju.jpg"),
        ("kaju-250", "https://annapurna.example/kaju.jpg"),
        ("kaju-1kg", "https://annapurna.example/box.jpg"),
        ("thali", None),
        ("barfi", None),
    ],
)
def test_a_picture_by_sku_and_none_where_there_is_none(item: str, link: str | None) -> None:
    messages, context = sweets().messages, {**sweets().statics["en"], "item": item}
    pictured, buttons = messages["photo"]["en"](context, "sim-1.1"), messages["one"]["en"](context, "sim-1.1")
    assert isinstance(pictured, Image if link else Text)
    assert getattr(pictured, "link", None) == link
    assert isinstance(buttons, Buttons)
    assert buttons.image == link
