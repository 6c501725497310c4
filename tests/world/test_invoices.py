"""Goods leave, and their invoice is read over HTTP and in the shell; what comes back is a credit note."""

import csv
from pathlib import Path

import pypdfium2
import pytest

from bot.clock import ShiftedClock
from sandbox.world import World
from tests.world.desk_shop import TEXT, change, ordered
from tests.world.running_bot import API_TOKEN, Live, Start
from tests.world.test_operators import munshi

LEGAL = """  name: Annapurna
  legal: {name: Annapurna Foods, address: "12 FC Road"}
  gst: {number: 27ABCDE1234F1Z5, rate: 5}"""


EVER = ("--from", "2020-01-01", "--to", "2199-12-31")


async def downloaded(live: Live, path: str) -> tuple[int, str]:
    """Return the status, and the text of the PDF."""
    headers = {"Authorization": f"Bearer {API_TOKEN}"}
    async with live.http.get(f"{live.url}{path}", headers=headers) as answer:
        body = await answer.read()
        if answer.status != 200:
            return answer.status, body.decode()
        assert answer.content_type == "application/pdf"
    return 200, "".join(page.get_textpage().get_text_bounded() for page in pypdfium2.PdfDocument(body))


async def test_an_invoice_and_a_credit_note(
    world: World, clock: ShiftedClock, start: Start, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TZ", "UTC")
    flow = tmp_path / "tiffin.yaml"
    flow.write_text(TEXT.replace("  name: Annapurna", LEGAL), "utf-8")
    async with start(world, clock, flow) as live:
        key = await ordered(live, ("kaju", 2), ("thali", 1))
        await live.customer().pay()
        early = await munshi(live, "order", key, "invoice")
        assert "it is made when the goods leave, and the order is placed" in early.output
        assert (await downloaded(live, f"/orders/{key}/invoice.pdf"))[0] == 404
        for to in ("out", "delivered"):
            assert (await change(live, key, "stage", to=to))[0] == 200
        back = await change(live, key, "return", sku="kaju", quantity=1)
        assert back[0] == 200, back
        [bill, note] = await live.rows("SELECT number FROM invoice ORDER BY number")
        status, text = await downloaded(live, f"/orders/{key}/invoice.pdf")
        assert status == 200
        assert "₹681.00" in text
        assert bill["number"] in text
        path = f"/orders/{key}/invoice.pdf?number={note['number']}"
        status, text = await downloaded(live, path)
        assert "₹260.50" in text
        assert bill["number"] in text, "a credit note names its invoice"
        out = tmp_path / "bill.pdf"
        done = await munshi(live, "order", key, "invoice", "--out", str(out))
        assert f"tax invoice {bill['number']} of " in done.output
        assert done.output.splitlines()[0].endswith(", ₹681")
        assert f"there is also credit note {note['number']}" in done.output
        assert out.read_bytes().startswith(b"%PDF")
        table = tmp_path / "invoices.csv"
        exported = await munshi(live, "export", "invoices", *EVER, "--out", str(table))
        assert exported.exit_code == 0, exported.output
        rows = list(csv.DictReader(table.read_text("utf-8").splitlines()))
        assert [(row["number"], row["total"], row["against"]) for row in rows] == [
            (bill["number"], "681.00", ""),
            (note["number"], "-260.50", bill["number"]),
        ]
