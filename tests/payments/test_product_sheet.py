"""A sheet of products becomes categories and products of a flow file, or every fault of it is told."""

import csv
import io
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flows.document.reader import read
from payments.shop.catalogue import Shop
from payments.shop.product_sheet import Sheet, read_sheet
from payments.shop.product_yaml import products_yaml, with_products

LONGEST = 24


def sheet(text: str) -> Sheet:
    return read_sheet(text, LONGEST)


def shop_of(text: str) -> Shop:
    """The shop with the products of a sheet, as a flow file would be read that holds them."""
    found = sheet(text)
    assert found.faults == []
    block = read(f"shop:\n  name: S\n{products_yaml(found)}", "f").data["shop"]
    return Shop.model_validate(block)


def faults(*rows: str, header: str = "name,price,category,variant,stock,photo,sku") -> list[str]:
    return [f"{one.line}: {one.message}" for one in sheet("\n".join([header, *rows])).faults]


def written(rows: Sequence[Sequence[str]]) -> str:
    out = io.StringIO()
    csv.writer(out).writerows([["name", "price", "category", "variant"], *rows])
    return out.getvalue()


def test_a_sheet_as_a_spreadsheet_saves_it() -> None:
    text = """\
Name;Price;Category;Variant;Stock;Photo;Hindi name;Hindi category;Supplier
Masala chai;180;Tea;;40;;मसाला चाय;चाय;Ravi

"Ginger; fresh";₹1,700.00;tea ;;;https://a.example/g.jpg;;;
Kaju katli;260;Sweets;250 g;;;;;
Kaju katli;510,;Sweets;500 g;10;;काजू कतली;;
""".replace("510,", "510.50")
    assert (
        products_yaml(sheet(text))
        == """\
  categories:
    - {id: tea, name: {en: Tea, hi: चाय}}
    - {id: sweets, name: Sweets}
  products:
    - {sku: masala-chai, category: tea, price: 180, stock: 40, name: {en: Masala chai, hi: मसाला चाय}}
    - {sku: ginger-fresh, category: tea, price: 1700, image: "https://a.example/g.jpg", name: Ginger; fresh}
    - sku: kaju-katli
      category: sweets
      name: {en: Kaju katli, hi: काजू कतली}
      variants:
        - {sku: kaju-katli-250-g, price: 260, name: 250 g}
        - {sku: kaju-katli-500-g, price: 510.50, stock: 10, name: 500 g}
"""
    )
    assert sheet(text).unread == ["Supplier"]
    assert [*shop_of(text).articles] == [
        "masala-chai", "ginger-fresh", "kaju-katli-250-g", "kaju-katli-500-g"
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("rows", "found"),
    [
        (["Tea,180", "Tea,90"], ["2: 'Tea' is also in line 3", "3: 'Tea' is also in line 2"]),
        (["Tea,180,,250 g", "tea!,90,,250 G"], ["3: 'tea!, 250 G' is also in line 2"]),
        (["Tea,180,,250 g", "Tea,90"], ["3: 'Tea' is also in line 2"]),
        (["Tea,1,700", "Cup,1,70,9"], ["2: the price 1,700 stands in 2 cells"]),
        (["Tea,5,,,,,,8"], ["2: the row has 8 cells, and there are 7 columns"]),
        (["Tea,"], ["2: the price of 'Tea' is missing"]),
        (["Tea,5", "TOTAL,5"], ["3: 'TOTAL' looks like the sheet's sum, and no product"]),
        (["Tea,5", "Grand total,"], ["3: 'Grand total' looks like the sheet's sum, and no product"]),
        (["Tea,5", "कुल,5"], ["3: 'कुल' looks like the sheet's sum, and no product"]),
        (["Tea,0"], ["2: the price of 'Tea': 0 is not a price"]),
        (
            ["Tea,1.750"],
            ["2: the price of 'Tea': '1.750' has three digits after the point: is it 1750 or 1.75?"],
        ),
        (
            ["Tea,₹12.000"],
            ["2: the price of 'Tea': '₹12.000' has three digits after the point: is it 12000 or 12?"],
        ),
        (['Tea,"1,70"'], ["2: the price of 'Tea': '1,70' is not an amount in rupees"]),
        (["Tea,free", ",5"], ["2: the price of 'Tea': 'free' is not an amount", "3: there is no name"]),
        (["Tea,5,,,lots"], ["2: the stock of 'Tea' is no number: 'lots'"]),
        (["Tea,5,,,-1"], ["2: the stock of 'Tea' is no number: '-1'"]),
        (["Tea,5,,,,pictures/tea.jpg"], ["2: the photo of 'Tea': 'pictures/tea.jpg' is not an absolute URL"]),
        (["Tea,5,,,,,a b"], ["2: 'a b' is no sku"]),
        (["Tea,5,,,,,a", "Cup,6,,,,,a"], ["3: the sku 'a' is also in line 2"]),
        (['"Tea\nwith, milk",5', "Cup,"], ["4: the price of 'Cup' is missing"]),
        ([], ["1: the sheet has no products"]),
        (['"Tea,5'], ["1: the file is no CSV"]),
    ],
)
def test_each_bad_row_is_told_with_its_line(rows: list[str], found: list[str]) -> None:
    told = faults(*rows)
    assert len(told) == len(found), told
    assert all(one.startswith(start) for one, start in zip(told, found, strict=True)), told


_WRONG = "the price {} stands in {} cells"


@pytest.mark.parametrize(
    ("header", "rows", "refused", "doubted"),
    [
        ("name,price,stock", ["Bag,1700,5", "Belt,1,700"], {3: "1,700"}, {}),
        ("name,price,category,variant", ["Gold coin,1,23,456"], {2: "1,23,456"}, {}),
        ("name,price,stock,category", ["Gold coin,1,23,456"], {2: "1,23,456"}, {}),
        ("name,price,variant", ["Belt,12,345.50"], {2: "12,345.50"}, {}),
        ("name,price,stock,code", ["Bag,1700,5,a", "Coin,1,23,456"], {}, {3: "1,23,456"}),
        ("name,price,stock", ["Belt,1,700"], {}, {2: "1,700"}),
        ("name,price,stock", ["Belt,Rs. 1,700"], {}, {2: "1,700"}),
        ("name,price,stock", ["Bag,1700,5", "Belt,१,७००"], {3: "1,700"}, {}),
        ("name,price,category", ["Belt,₹1,700"], {2: "1,700"}, {}),
        ("name,price,stock", ["Belt,100,000"], {}, {2: "100,000"}),
        ("name,price,stock", ["Pen,20,500", "Ink,35,40"], {}, {2: "20,500"}),
        ("name,price,stock", ["Bag,1700,120", "Pen,20,500"], {}, {3: "20,500"}),
        ("name,price,stock", ["Bag,1700,5", "Pen,20.00,500"], {}, {}),
        ("name,price,stock", ["Tea,180,100", "Cup,320,120"], {}, {}),
        ("name,price,code", ["Bag,1700,101", "Pen,20,102"], {}, {}),
        ("name,price,mrp", ["Bag,1700,1900", "Pen,90,110"], {}, {3: "90,110"}),
        ("name,price,code", ["Tea,180,101", "Cup,320,102"], {}, {}),
        ("name,price,stock", ['Bag,"1,700",5', "Ink,135,40"], {}, {}),
    ],
)
def test_a_price_that_a_comma_has_cut_is_told(
    header: str, rows: list[str], refused: dict[int, str], doubted: dict[int, str]
) -> None:
    found = sheet("\n".join([header, *rows]))
    said = {line: _WRONG.format(price, price.count(",") + 1) for line, price in refused.items()}
    assert {one.line: one.message for one in found.faults} == said
    said = {line: f"perhaps {_WRONG.format(price, price.count(',') + 1)}" for line, price in doubted.items()}
    assert {one.line: one.message for one in found.hints} == said


@pytest.mark.parametrize(
    ("header", "found"),
    [
        ("product,cost", "1: there is no column 'price'"),
        ("price,category", "1: there is no column 'name'"),
        ("name,price,rate", "1: the column 'price' is there twice"),
    ],
)
def test_a_sheet_without_a_needed_column_is_refused(header: str, found: str) -> None:
    assert faults("Tea,5", header=header) == [found]


def test_a_title_above_the_names_of_the_columns_is_no_product() -> None:
    found = sheet("Mithai House, Pune\n\nRates from Diwali,,\nItem,Rate,Pack\nPeda,300,\nBarfi,₹18/pc,")
    [fault] = found.faults
    assert fault.line == 6
    assert fault.message.endswith(
        "'₹18/pc' is not an amount in rupees: write for example 180, ₹1,700 or 249.50"
    )
    assert [one.sku for one in sheet("Mithai House\nItem,Rate\nPeda,300").products] == ["peda"]


@pytest.mark.parametrize(
    "header",
    ["Item Name,Rate (Rs),Pack Size", "PRODUCT NAME,MRP [₹],Weight", "नाम,दाम,Size", "Item,Price Rs.,Pack"],
)
def test_columns_have_other_names_and_what_stands_in_brackets_does_not_count(header: str) -> None:
    [product] = sheet(f"Mithai House\n{header}\nPeda,300,250 g").products
    [row] = product.rows
    assert (row.name, row.price, row.variant) == ("Peda", 30_000, "250 g")


def test_what_is_printed_on_the_packet_is_not_the_price_where_there_is_another() -> None:
    found = sheet("Item,MRP (Rs),Rate\nPeda,320,300")
    assert (found.products[0].rows[0].price, found.unread) == (30_000, ["MRP (Rs)"])


def test_one_unknown_heading_below_a_title_is_told_in_its_own_line() -> None:
    found = sheet("Mithai House price list,,\nSweet name,Price,Category\nPeda,300,Sweets")
    [fault] = found.faults
    assert (fault.line, fault.message) == (2, "there is no column 'name'")
    assert fault.mend.startswith("is it 'Sweet name'? Then call it 'name'.")


def test_a_name_that_lists_cut_is_told_and_taken() -> None:
    found = sheet("name,price\nDarjeeling first flush 100 g,480\nTea,5")
    assert [(one.line, one.message) for one in found.hints] == [
        (2, "'Darjeeling first flush 100 g' has 28 letters, and lists show 24")
    ]
    assert len(found.products) == 2
    assert found.hints[0].mend.endswith("or put a size into the column 'variant'")


def test_a_long_name_of_a_product_in_sizes_is_told_once_and_not_to_have_a_size() -> None:
    found = sheet(
        "name,price,variant\nDarjeeling first flush leaf,480,100 g\nDarjeeling first flush leaf,900,200 g"
    )
    assert [(one.line, one.mend) for one in found.hints] == [(2, "it can be sold so; or shorten it")]


def test_skus_do_not_depend_on_prices_or_on_rows_that_come_later() -> None:
    rows = [["Tea?", "5", "", ""], ["Tea cup", "6", "", ""], ["चाय", "7", "", ""], ["Téa cup", "8", "", ""]]
    before = [product.sku for product in sheet(written(rows)).products]
    assert before[:2] == ["tea", "tea-cup"]
    assert before[3].startswith("tea-cup-")
    dearer = [[name, "99", "", ""] for name, *_ in rows]
    assert [product.sku for product in sheet(written([*dearer, ["Milk", "1", "", ""]])).products] == [
        *before,
        "milk",
    ]


_ALIKE = [
    ["Kulfi", "5", "Ice", ""], ["Kulfi", "6", "Catering", ""], ["Kulfi", "7", "", ""],
    ["Kulfi ice", "8", "Ice", ""],
    ["Tea cup", "1", "Téa", ""], ["Téa cup", "2", "Tea", ""], ["Tèa cup", "3", "Tea", ""],
    ["Box", "4", "Tea", "family pack of six, red"], ["Box", "5", "Tea", "family pack of six, blue"],
    ["Box family pack of", "6", "Tea", ""], ["चाय", "9", "चाय", ""], ["चाय", "10", "Ice", ""],
]  # fmt: skip


@given(st.permutations(_ALIKE))
def test_skus_and_ids_do_not_depend_on_the_order_of_the_rows(rows: list[list[str]]) -> None:
    def known(rows: Sequence[Sequence[str]]) -> dict[tuple[str, str, str], tuple[str, str]]:
        return {
            (row.name, row.category, row.variant): (sku, product.category)
            for product in sheet(written(rows)).products
            for sku, row in zip(product.variant_skus or (product.sku,), product.rows, strict=True)
        }

    before = known(_ALIKE)
    assert known(rows) == before
    assert len({sku for sku, _ in before.values()}) == len(_ALIKE)
    assert before["Kulfi", "Ice", ""][0].startswith("kulfi-ice-")
    assert before["Kulfi", "Catering", ""][0] == "kulfi-catering"
    assert before["Kulfi", "", ""][0] == "kulfi"
    assert before["Kulfi ice", "Ice", ""][0] == "kulfi-ice"


def test_a_sku_that_a_row_gives_is_kept_and_never_made_for_another() -> None:
    found = sheet("name,price,sku,variant\nTea,5,,\nCup,6,tea,\nKaju,7,k1,250 g\nKaju,8,,500 g")
    assert found.products[0].sku.startswith("tea-")
    assert [product.sku for product in found.products[1:]] == ["tea", "kaju"]
    assert found.products[2].variant_skus == ("k1", "kaju-500-g")


@pytest.mark.parametrize("name", ["Null", "true", "On", "NaN", "y", "12", "1e5", "~"])
def test_a_category_may_be_called_as_a_word_of_yaml(name: str) -> None:
    shop = shop_of(f"name,price,category,variant\nTea,5,{name},\nKaju,6,{name},250 g")
    [category] = shop.categories
    assert (category.name, {product.category for product in shop.products}) == (name, {category.id})


@given(st.data())
def test_whatever_products_are_called_the_flow_file_says_it(data: st.DataObject) -> None:
    hostile = st.sampled_from(
        ["no", "null", "true", "1e5", "0x1F", "5", "a: b", "- a", "a #b", '"', "'", "{x}", "~", "1:30"]
    )
    names = st.one_of(hostile, st.text(min_size=1, max_size=30))
    rows = data.draw(
        st.lists(st.tuples(names, st.just("5"), st.one_of(st.just(""), names), names), max_size=8, min_size=1)
    )
    found = sheet(written(rows))
    if found.faults:
        return
    shop = shop_of(written(rows))
    assert [product.name for product in shop.products] == [one.rows[0].name for one in found.products]
    assert [variant.name for product in shop.products for variant in product.variants] == [
        row.variant for one in found.products if one.variant_skus for row in one.rows
    ]


@given(st.text())
def test_no_text_is_more_than_refused(text: str) -> None:
    found = sheet(text)
    assert found.faults or found.products


def test_products_take_the_place_of_products() -> None:
    flow = "shop:\n  name: S\n  categories:\n    - a\n  products:\n    - b\n      c\n  coupons: []\n"
    changed = with_products(flow, "  products:\n    - \\1\n")
    assert changed == "shop:\n  name: S\n  products:\n    - \\1\n  coupons: []\n"
    with pytest.raises(ValueError, match="no 'categories:'"):
        with_products("shop:\n", "")
