"""What the check says of categories, variants and look-ups that do not fit, with the place and the mend."""

from typing import Final

import pytest

from bot.whatsapp.limits import LIMITS
from flows.document.errors import Issue, Severity
from flows.language.load import examine
from payments.processing.actions import SHOP
from payments.shop.catalogue import Shop
from payments.shop.legal import Gst
from tests.payments.test_sweets import SMALL_SIZE, TEXT, sweets


def issues(*edits: tuple[str, str]) -> list[Issue]:
    text = TEXT
    for old, new in edits:
        assert old in text, old
        text = text.replace(old, new, 1)
    known = {issue.message for issue in examine(TEXT, "f.yaml", SHOP, limits=LIMITS).issues}
    found = examine(text, "f.yaml", SHOP, limits=LIMITS).issues
    return [issue for issue in found if issue.message not in known]


def line_of(part: str) -> int:
    return TEXT[: TEXT.index(part)].count("\n") + 1


THALI: Final = "category: tiffin, price: 120"
KAJU: Final = '      image: "https://annapurna.example/kaju.jpg"\n'


@pytest.mark.parametrize(
    ("old", "new", "line", "message", "mend"),
    [
        (
            THALI,
            "category: tifin, price: 120",
            THALI,
            "there is no category 'tifin'",
            "did you mean 'tiffin'?",
        ),
        (
            THALI,
            "category: zzz, price: 120",
            THALI,
            "there is no category 'zzz'",
            "name it under 'categories' of the shop",
        ),
        (
            "sku: laddu",
            "sku: kaju-250",
            "sku: laddu",
            "the sku 'kaju-250' is given twice",
            "give each a name of its own",
        ),
        (
            "sku: kaju-250",
            "sku: thali",
            "sku: kaju-250",
            "the sku 'thali' is given twice",
            "give each a name of its own",
        ),
        (
            "sku: kaju-250",
            "sku: kaju",
            "sku: kaju-250",
            "the sku 'kaju' is given twice",
            "give each a name of its own",
        ),
        (
            "id: gifts",
            "id: sweets",
            "id: gifts",
            "the category 'sweets' is given twice",
            "give each a name of its own",
        ),
        (
            "id: gifts",
            "id: Gift boxes",
            "id: gifts",
            "'Gift boxes' is not a valid name",
            "lower case letters, digits and '_', and start with a letter",
        ),
        (
            KAJU,
            "      price: 260\n" + KAJU,
            KAJU,
            "a product with variants has no price of its own",
            "give it to each variant instead",
        ),
        (
            KAJU,
            "      stock: 2\n" + KAJU,
            KAJU,
            "a product with variants has no stock of its own",
            "give it to each variant instead",
        ),
        (
            ", price: 120",
            "",
            "{sku: thali",
            "'price' is missing",
            "add 'price:' here, or 'variants:' with a price each",
        ),
        (
            "gst: 5",
            "gst: 101",
            "gst: 5",
            "101 is not a rate of GST: it is 0 to 100, with at most two decimals",
            "",
        ),
        (
            "gst: 5",
            "gst: 0.125",
            "gst: 5",
            "0.125 is not a rate of GST: it is 0 to 100, with at most two decimals",
            "",
        ),
        (
            "gst: 5",
            "gst: 5%",
            "gst: 5",
            "'5%' is not a rate of GST: write for example 5 or 0.25, without %",
            "",
        ),
        (
            'hsn: "2106"',
            'hsn: "21"',
            'hsn: "2106"',
            "'21' is not an HSN or SAC code: these have 4, 6 or 8 digits",
            "",
        ),
        ('hsn: "2106"', "hsn: 2106", 'hsn: "2106"', "2106 is not text", "put it in quotes"),
        (
            "shop.product[item].image",
            "shop.product[item].photo",
            "  photo:\n",
            "'shop.product[…]' has no 'photo'",
            "",
        ),
        (
            "shop.category[category].name",
            "shop.category[category].nam",
            "  shelf:\n",
            "'shop.category[…]' has no 'nam'",
            "did you mean 'name'?",
        ),
        (
            "shop.product[item].variants",
            "shop.product[itm].variants",
            "  sizes:\n",
            "there is no 'itm' to read here",
            "did you mean 'item'?",
        ),
        (
            "size.price | money",
            "size.prise | money",
            "  sizes:\n",
            "'shop.product[…].variants[…]' has no 'prise'",
            "did you mean 'price'?",
        ),
        (
            "shop.product[event.value].in_stock",
            "shop.product['kaju-205'].in_stock",
            "  look:\n",
            "'shop.product' has no 'kaju-205'",
            "did you mean 'kaju-250'?",
        ),
        ("cart.gone", "cart.gon", "  cart:\n", "'cart' has no 'gon'", "did you mean 'gone'?"),
    ],
)
def test_each_is_found_in_its_place(old: str, new: str, line: str, message: str, mend: str) -> None:
    [found, *more] = issues((old, new))
    assert (found.message, found.severity) == (message, Severity.ERROR)
    assert mend in found.mend
    assert 0 <= found.line - line_of(line) <= 4, str(found)
    assert {issue.message for issue in more} <= {message}


def test_all_that_is_wrong_is_said_at_once() -> None:
    found = issues(
        (THALI, "category: a, price: 120"), ("sku: laddu", "sku: kaju"), (SMALL_SIZE, SMALL_SIZE * 2)
    )
    assert [issue.message for issue in found] == [
        "there is no category 'a'",
        "the sku 'kaju-250' is given twice",
        "the sku 'kaju' is given twice",
    ]


def test_a_message_is_tried_with_each_category_and_each_product() -> None:
    [found] = issues(("name: {en: Gift boxes, hi: उपहार}", "name: {en: ' ', hi: उपहार}"))
    assert found.severity is Severity.WARNING
    assert "with 'gifts' tapped" in found.message
    sizes = "".join(f"        - {{sku: k{n}, name: '{n}', price: 1}}\n" for n in range(9))
    [found] = issues((SMALL_SIZE, sizes + SMALL_SIZE))
    assert found.severity is Severity.WARNING
    assert "with 'kaju' tapped: the list has over 10 rows" in found.message


def test_a_variable_that_holds_what_was_tapped_for_another_proves_nothing() -> None:
    name = "{{ shop.category[category].name }}"
    assert issues((name, "{{ shop.category[category].name if shop.category[category].id else '' }}")) == []


def test_the_tax_of_a_product_is_its_own_or_its_categorys_or_the_shops() -> None:
    text = TEXT.replace("{sku: laddu, ", '{sku: laddu, gst: 0, hsn: "170490", ')
    plain: Shop = sweets(text).sections["shop"]
    gst = Gst.model_validate({"number": "27ABCDE1234F1Z0", "rate": 18, "hsn": "9999"})
    shop = plain.model_copy(update={"gst": gst})
    taxes = {product.sku: (shop.gst_rate(product), shop.hsn(product)) for product in shop.products}
    assert taxes == {"thali": (500, "9999"), "kaju": (1800, "2106"), "laddu": (0, "170490")}
    assert [article.product.sku for article in shop.articles.values()] == ["thali", "kaju", "kaju", "laddu"]
