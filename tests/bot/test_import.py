"""`munshi import csv` and `munshi init --products`: a sheet of products becomes a shop that is sound."""

import re
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from bot.cli import app
from bot.whatsapp.limits import LIMITS
from flows.language.load import load
from payments.processing.actions import SHOP
from payments.shop.catalogue import Shop

ROOT = Path(__file__).parents[2]
GUIDE = (ROOT / "docs" / "first-shop.md").read_text("utf-8")
TEAS = ("Assam", "Darjeeling", "Nilgiri", "Kangra", "Sikkim", "Dooars", "Munnar", "Terai")
SHEET = "\n".join(
    [
        "name,price,category,variant,stock,photo,hindi name",
        *(f"{tea} leaf,{180 + 10 * n},Teas,,,," for n, tea in enumerate(TEAS)),
        *(f'"{tea}, smoked","1,{700 + n}",Smoked teas,,{n},,' for n, tea in enumerate(TEAS)),
        *(
            f"{tea} chai,{90 + n},Chai,{size},,,चाय"
            for n, tea in enumerate(TEAS)
            for size in ("100 g", "1 kg")
        ),
        "Kulhad: red,320.50,Cups,,12,https://chai.example/red.jpg,लाल कुल्हड़",
        "On,5,,,,,",
    ]
)
"""34 rows."""


def munshi(*words: str) -> Result:
    return CliRunner().invoke(app(), list(words))


def shop_in(folder: Path) -> Shop:
    text = (folder / "flows.yaml").read_text("utf-8")
    shop: Shop = load(text, "flows.yaml", SHOP, limits=LIMITS).sections["shop"]
    return shop


def test_the_session_of_the_guide(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    [sheet] = re.findall(r"^```csv\n(.*?)^```$", GUIDE, re.MULTILINE | re.DOTALL)
    [shown] = re.findall(r"^\$ munshi import csv products.csv\n(.*?)^```$", GUIDE, re.MULTILINE | re.DOTALL)
    (tmp_path / "products.csv").write_text(sheet, "utf-8")
    monkeypatch.chdir(tmp_path)
    printed = munshi("import", "csv", "products.csv")
    assert printed.exit_code == 0
    assert printed.stderr + printed.stdout == shown


def test_thirty_four_rows_make_a_shop_that_is_sound(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert len(SHEET.splitlines()) == 1 + 34
    sheet = tmp_path / "products.csv"
    sheet.write_text(SHEET, "utf-16")
    made = munshi("init", str(tmp_path / "shop"), "--products", str(sheet))
    assert made.exit_code == 0, made.output
    assert "26 products in 4 categories, from ₹5 (On) to ₹1,707 (Terai, smoked)\n" in made.stderr
    monkeypatch.chdir(tmp_path / "shop")
    checked = munshi("check")
    assert checked.exit_code == 0, checked.output
    assert "error" not in checked.output
    shop = shop_in(tmp_path / "shop")
    assert len(shop.articles) == 34
    smoked = shop.article("assam-smoked")
    assert smoked is not None
    assert (smoked.price, smoked.stock) == (1_700_00, 0)


def test_a_sheet_with_faults_changes_nothing(tmp_path: Path) -> None:
    sheet = tmp_path / "products.csv"
    sheet.write_text("name,price\nTea,free\nCup,\n", "utf-8")
    for words in (["import", "csv", str(sheet)], ["init", str(tmp_path / "shop"), "--products", str(sheet)]):
        refused = munshi(*words)
        assert refused.exit_code == 1
        assert refused.stdout == ""
        assert f"{sheet}:2: error: the price of 'Tea': 'free' is not an amount" in refused.stderr
        assert f"{sheet}:3: error: the price of 'Cup' is missing\n    write it in rupees" in refused.stderr
    assert not (tmp_path / "shop").exists()


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"PK\x03\x04", "a workbook, no CSV"),
        ("name,price\nCafé,5".encode("latin-1"), "not UTF-8 text"),
        (None, "can't be read: No such file"),
    ],
)
def test_what_is_no_csv_is_refused_with_what_to_do(
    tmp_path: Path, content: bytes | None, reason: str
) -> None:
    sheet = tmp_path / "products.xlsx"
    if content is not None:
        sheet.write_bytes(content)
    refused = munshi("import", "csv", str(sheet))
    assert refused.exit_code == 1
    assert f"{sheet}: error: {reason}" in refused.stderr


def test_init_writes_nothing_that_the_check_would_refuse(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever the writer of the YAML overlooks, as it once did a category called Null."""
    monkeypatch.setattr("bot.cli.init.products_of", lambda sheet: "  products: []\n")
    refused = munshi("init", str(tmp_path / "shop"), "--products", "products.csv")
    assert refused.exit_code == 1, refused.output
    assert "flows.yaml:9:" in refused.stderr
    assert not (tmp_path / "shop").exists()
