"""Payloads of all that the engine can say; what WhatsApp would refuse fails the step."""

from dataclasses import replace
from typing import Any

import orjson
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from bot.whatsapp.limits import LIMITS
from bot.whatsapp.payloads import Recipient, build
from flows.document.errors import FlowInvalid, StepFailed
from flows.engine.conversation import Conversation
from flows.engine.effects import Say
from flows.engine.events import Tapped, TextReceived
from flows.engine.model import Flow
from flows.engine.step import step
from flows.language.load import load
from flows.messages.kinds import from_json, to_json
from payments.processing.actions import SHOP
from payments.processing.shop_state import ShopState
from payments.processing.step_context import StepContext
from payments.shop.cart import Cart
from sandbox import meta_rules
from tests.builders import cart_of
from tests.world.running_bot import FLOW

ASHA = Recipient("919812345601", None)
NAMES = st.text("aबç🫖\n \t-", min_size=1, max_size=40) | st.text(
    st.characters(exclude_categories=["Cs", "Cc"]), max_size=30
)
PICTURES = st.none() | st.sampled_from(["https://shop.example/a.jpg", "http://localhost/a.jpg"])
ROW = {"as": "p", "on": "add", "with": "{{ p.sku }}{{ pad }}", "title": "{{ p.name }}"}
THE = "{% for p in shop.products %}{% if p.sku == item %}{{ p.image }}{% endif %}{% endfor %}"


def flow(products: list[dict[str, Any]], text: str, sections: list[str], titles: list[str]) -> dict[str, Any]:
    """A flow with every kind of message, each with all of its fields."""
    buttons = [{"on": "add", "with": "{{ item }}", "title": title} for title in titles]
    each = [{"title": title, "rows": {**ROW, "each": "shop.products"}} for title in sections]
    kinds = {
        "plain": {"text": text, "template": {"name": "t", "values": [text, "{{ pad }}"]}},
        "picture": {"image": THE, "text": text},
        "alone": {"image": THE},
        "film": {"video": THE, "text": text},
        "paper": {"document": {"link": THE, "filename": "{{ item }}.pdf"}, "text": text},
        "where": {"text": text, "address": True},
        "buttons": {"text": text, "image": THE, "footer": "{{ pad }}", "buttons": buttons},
        "rows": {"text": text, "list": {"button": "{{ item }}", "sections": each}},
        "lone": {"text": text, "list": {"button": "See", "rows": {**ROW, "each": "shop.products"}}},
        "page": {"text": text, "image": THE, "link": {"title": "{{ item }}", "url": "{{ pad }}"}},
    }
    says = {name: {"words": [name], "say": name} for name in kinds}
    return {
        "flow": "f",
        "shop": {"name": "Shop", "products": products},
        "variables": {"item": {"type": "text", "default": ""}, "pad": {"type": "text", "default": ""}},
        "messages": kinds,
        "anywhere": {
            **says,
            "add": {"do": {"cart.add": {"sku": "{{ event.value }}"}}, "say": "plain"},
            "address": {"say": "plain"},
            "cart.refused": {"say": "plain"},
            "order.requested": {"say": "plain"},
            "payment.captured": {"say": "plain"},
        },
        "otherwise": {"say": "plain"},
        "start": "s",
        "states": {"s": {"enter": {"say": "plain"}}},
    }


def shopper(flow: Flow, cart: Cart = ()) -> ShopState:
    """A customer of `flow` with this cart."""
    return ShopState(StepContext(flow.sections["shop"], 1, "abcdefgh-1"), cart)


@settings(max_examples=40, suppress_health_check=[HealthCheck.filter_too_much, HealthCheck.too_slow])
@given(
    st.lists(st.tuples(NAMES, PICTURES), min_size=1, max_size=4),
    st.lists(st.sampled_from(["New", "{{ pad }}", "All of {{ shop.name }}"]), min_size=1, max_size=3),
    st.lists(st.sampled_from(["{{ item }}", "{{ shop.products[0].name }}", "Go"]), min_size=1, max_size=3),
    st.sampled_from(["{{ item }}", "{{ pad }}", "{% for p in shop.products %}{{ p.name }}\n{% endfor %}"]),
    st.sampled_from(["sku0", "sku1", "", "x" * 300, "\n", "नमस्ते " * 200]),
    st.sampled_from(["", " ", "https://shop.example", "nowhere", "🫖" * 40]),
)
def test_the_builder_takes_all_that_the_engine_says(
    products: list[tuple[str, str | None]],
    sections: list[str],
    titles: list[str],
    text: str,
    item: str,
    pad: str,
) -> None:
    sold = [
        {"sku": f"sku{n}", "price": 1, "name": name, **({"image": picture} if picture else {})}
        for n, (name, picture) in enumerate(products)
    ]
    try:
        loaded = load(
            orjson.dumps(flow(sold, text, sections, titles)).decode(), "f.yaml", SHOP, limits=LIMITS
        )
    except FlowInvalid:
        assume(False)
    talk = Conversation("abcdefgh-1", state="", variables={"item": item, "pad": pad})
    for word in loaded.messages:
        try:
            said = step(loaded, talk, TextReceived(word), now=1)
        except StepFailed:
            continue
        for effect in said.effects:
            assert isinstance(effect, Say)
            meta_rules.check(build(effect.message, ASHA, "x"))
            assert from_json(to_json(effect.message)) == effect.message
            if effect.message.fallback:
                assert build(effect.message.fallback, ASHA, "x")


@pytest.mark.parametrize("name", ["Chai", "Assam first flush hand-picked 250 g", "🫖🫖🫖🫖🫖🫖🫖🫖🫖🫖"])
@pytest.mark.parametrize("language", ["en", "hi"])
def test_no_cart_is_too_long_to_show_its_sum_above_the_button(name: str, language: str) -> None:
    """The shipped texts, with the catalogue of a larger shop."""
    text, end = FLOW.read_text(), "\nvariables:\n"
    head, rest = text.split(end, 1)
    products = "".join(f"    - {{sku: s{n}, price: 25, name: {name} {n}}}\n" for n in range(40))
    whole = head[: head.index("    - {sku: masala-250")] + products + end + rest
    whole = whole.replace("each: shop.products\n", "each: shop.products[:10]\n")
    shop = load(whole, "f.yaml", SHOP, limits=LIMITS)
    asha = shopper(shop, cart_of(*((f"s{n}", 3) for n in range(40))))
    talk = Conversation("abcdefgh-1", state="", language=language)
    opened = step(shop, talk, TextReceived("cart"), now=1, host=asha).conversation
    assert opened.state == "cart.review"
    [said] = step(shop, opened, TextReceived("checkout"), now=2, host=asha).effects
    assert isinstance(said, Say)
    built = build(said.message, ASHA, "x")["interactive"]
    *_, sum_line, blank, question = built["body"]["text"].split("\n")
    assert sum_line in ("Total: ₹3,000", "कुल: ₹3,000")
    assert (blank, question[-1]) == ("", "?")
    assert built["action"]["buttons"][0]["reply"]["title"] in ("Confirm order", "ऑर्डर पक्का करें")


def test_a_tap_on_either_place_of_a_row_means_the_same() -> None:
    sold = [{"sku": "sku0", "price": 1, "name": "Assam"}]
    loaded = load(
        orjson.dumps(flow(sold, "x", ["New", "All"], ["Go"])).decode(), "f.yaml", SHOP, limits=LIMITS
    )
    talk = Conversation("abcdefgh-1", state="", variables={"item": "See", "pad": ""})
    opened = step(loaded, talk, TextReceived("rows"), now=1)
    [said] = opened.effects
    assert isinstance(said, Say)
    rows = [r for s in build(said.message, ASHA, "x")["interactive"]["action"]["sections"] for r in s["rows"]]
    assert len({row["id"] for row in rows}) == 2
    for row in rows:
        tap = Tapped(row["id"], row["title"])
        tapped = step(loaded, replace(opened.conversation), tap, now=2, host=shopper(loaded))
        assert tapped.host.cart == cart_of(("sku0", 1))
