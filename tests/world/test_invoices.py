"""Goods leave, and their invoice is read over HTTP and in the shell; what comes back is a credit note."""

import csv
import io
import sys
from pathlib import Path

import httpx
import pypdfium2
import pytest
from rich.console import Console

from bot.clock import ShiftedClock
from bot.demo.chat import Chat
from bot.demo.remote import RemotePhone
from bot.kept_files import KeptFiles, NoSuchFile
from bot.retry import Failure
from bot.whatsapp.client import File
from bot.whatsapp.errors import SendError
from sandbox import control
from sandbox.faults import Fault
from sandbox.world import World
from tests.world.desk_shop import TEXT, change, ordered
from tests.world.running_bot import API_TOKEN, FLOW, Live, Start
from tests.world.test_operators import munshi

LEGAL = """  name: Annapurna
  legal: {name: Annapurna Foods, address: "12 FC Road"}
  gst: {number: 27ABCDE1234F1Z0, rate: 5}"""


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


def sending(folder: Path, legal: str = LEGAL) -> Path:
    """A shop that sends the invoice when the goods are out."""
    said = """  stage:
    text: "Order {{ order.number }} is {{ event.stage }}"
    document: {link: "{{ order.invoice }}"}
"""
    old = next(line for line in TEXT.splitlines(keepends=True) if line.startswith("  stage:"))
    flow = folder / "tiffin.yaml"
    flow.write_text(TEXT.replace(old, said).replace("  name: Annapurna", legal), "utf-8")
    return flow


async def out_for_delivery(live: Live) -> str:
    key = await ordered(live, ("thali", 1), pays="cash")
    assert (await change(live, key, "stage", to="out"))[0] == 200
    await live.settle()
    return key


async def test_the_customer_gets_the_invoice_with_the_goods(
    world: World, clock: ShiftedClock, start: Start, tmp_path: Path
) -> None:
    async with start(world, clock, sending(tmp_path)) as live:
        asha = live.customer()
        await asha.write("hi")
        key = await out_for_delivery(live)
        assert (asha.person.messages[-1].kind, asha.person.messages[-1].text) == (
            "document",
            "Order 10001 is out",
        )
        document = asha.person.messages[-1].payload["document"]
        [row] = await live.rows("SELECT number FROM invoice")
        upload = world.meta.uploads[document["id"]]
        assert document["filename"] == upload.name == f"{row['number'].replace('/', '-')}.pdf"
        assert upload.kind == "application/pdf"
        pages = pypdfium2.PdfDocument(upload.content)
        assert "₹160.00" in pages[0].get_textpage().get_text_bounded()
        assert (await downloaded(live, f"/orders/{key}/invoice.pdf"))[0] == 200


async def test_a_phone_in_the_sandbox_shows_the_invoice_by_its_name_and_why_its_words(
    clock: ShiftedClock, start: Start, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The shipped shop with `legal:`, whose invoice comes when the goods leave."""
    flow, lines = tmp_path / "flows.yaml", FLOW.read_text("utf-8")
    assert "  # legal: {" in lines
    flow.write_text(lines.replace("  # legal: {", "  legal: {"), "utf-8")
    world = World(now=clock.now, seed=7)
    world.meta.app.add_routes(control.routes(world))
    async with world.serving("127.0.0.1", 0, 0, ticking=False), start(world, clock, flow) as live:
        asha = live.customer()
        await asha.order()
        await asha.pay()
        [row] = await live.rows("SELECT key FROM orders")
        assert (await change(live, row["key"], "stage", to="out"))[0] == 200
        await live.settle()
        monkeypatch.setattr(sys, "stdin", io.StringIO())
        console = Console(file=io.StringIO(), width=100)
        async with httpx.AsyncClient(base_url=world.meta_url, trust_env=False) as client:
            phone = RemotePhone(client, asha.person.wa_id, "Asha", "Chai & Co.", "sqlite://munshi.db")
            _, earlier = await phone.earlier(None)
            await Chat(phone, console, "").run(greeting="", earlier=earlier)
        [bill] = await live.rows("SELECT number FROM invoice")
        assert isinstance(console.file, io.StringIO)
        shown = console.file.getvalue()
        assert f"[document: {bill['number'].replace('/', '-')}.pdf]\n🛵 Order #10001 is on its way" in shown
        assert "did not work" not in shown
        told = await munshi(live, "why", "10001")
        assert 'said on_its_way "🛵 Order #10001 is on its way."' in told.output


async def test_each_credit_note_comes_with_its_amendment(
    world: World, clock: ShiftedClock, start: Start, tmp_path: Path
) -> None:
    """Also if both wait to be sent when the second is issued: each is found by the event that caused it."""
    flow = sending(tmp_path)
    text = flow.read_text("utf-8")
    old = next(line for line in text.splitlines(keepends=True) if line.startswith("  amended:"))
    said = '  amended: {text: "Changed", document: {link: "{{ event.credit_note }}"}}\n'
    flow.write_text(text.replace(old, said), "utf-8")
    async with start(world, clock, flow) as live:
        asha = live.customer()
        await asha.write("hi")
        key = await out_for_delivery(live)
        world.meta.fail_next("upload", Fault.http(500))
        for amount in (1000, 2000):
            answer = await change(live, key, "allowance", amount=amount, why="late")
            assert answer[0] == 200, answer
        for _ in range(3):
            await live.wait(5)
        notes = [message for message in asha.person.messages if message.text == "Changed"]
        assert [message.kind for message in notes] == ["document", "document"]
        uploads = [world.meta.uploads[message.payload["document"]["id"]] for message in notes]
        assert len({upload.name for upload in uploads}) == 2
        for upload, total in zip(uploads, ("₹10.00", "₹20.00"), strict=True):
            assert total in pypdfium2.PdfDocument(upload.content)[0].get_textpage().get_text_bounded()
        events = await live.rows("SELECT caused_by FROM invoice WHERE kind = 'credit note' ORDER BY number")
        files, own = KeptFiles(live.context.store), key.rpartition("-")[0]
        for conversation, event in ((f"{own}9", events[0]["caused_by"]), (own, 0)):
            with pytest.raises(NoSuchFile, match="no such credit note"):
                await files(conversation, f"credit-note/{key}/{event}")


@pytest.mark.parametrize("legal", [LEGAL, "  name: Annapurna"], ids=["invoice", "none"])
async def test_after_24_hours_the_template_has_the_invoice_in_its_header(
    world: World, clock: ShiftedClock, start: Start, tmp_path: Path, legal: str
) -> None:
    """Without an invoice, the template that has no header is sent."""
    flow = sending(tmp_path, legal)
    text = flow.read_text("utf-8")
    link = '    document: {link: "{{ order.invoice }}"}\n'
    names = "name: out_with_invoice, without: out_alone"
    fills = 'values: ["{{ order.number }}"], document: "{{ order.invoice }}"'
    headed = f"    template: {{{names}, {fills}}}\n"
    flow.write_text(text.replace(link, link + headed), "utf-8")
    async with start(world, clock, flow) as live:
        asha = live.customer()
        await asha.write("hi")
        await live.wait(25 * 3600)
        await out_for_delivery(live)
        sent = asha.person.messages[-1]
        assert sent.kind == "template"
        if legal != LEGAL:
            assert sent.text == "out_alone: 10001"
            assert world.meta.uploads == {}
            return
        assert sent.text == "out_with_invoice: 10001"
        document = sent.payload["template"]["components"][0]["parameters"][0]["document"]
        [row] = await live.rows("SELECT number FROM invoice")
        upload = world.meta.uploads[document["id"]]
        assert document["filename"] == upload.name == f"{row['number'].replace('/', '-')}.pdf"
        assert "₹160.00" in pypdfium2.PdfDocument(upload.content)[0].get_textpage().get_text_bounded()


async def test_an_upload_that_fails_is_made_again_and_the_message_sent_once(
    world: World, clock: ShiftedClock, start: Start, tmp_path: Path
) -> None:
    """Also if nobody knows what became of the first: an upload alone reaches no customer."""
    async with start(world, clock, sending(tmp_path)) as live:
        asha = live.customer()
        await asha.write("hi")
        world.meta.fail_next("upload", Fault.http(500), Fault.drop_after_accepting())
        await out_for_delivery(live)
        for _ in range(2):
            await live.wait(5)
        assert [message.kind for message in asha.person.messages].count("document") == 1
        assert len(world.meta.uploads) == 2, "the answer to the first was lost"


async def test_an_upload_whose_answer_is_lost_may_be_made_again_at_once(
    world: World, clock: ShiftedClock, start: Start, tmp_path: Path
) -> None:
    """A message whose answer is lost is not: it may have been sent."""
    async with start(world, clock, sending(tmp_path)) as live:
        world.meta.fail_next("upload", Fault.drop_after_accepting(), Fault.html(502))
        for _ in range(2):
            with pytest.raises(SendError) as refused:
                await live.context.whatsapp.upload(File("a.pdf", "application/pdf", b"%PDF-"))
            assert refused.value.failure is Failure.RETRY


async def test_a_file_that_is_refused_leaves_its_text(
    world: World, clock: ShiftedClock, start: Start, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.kept_files._PDF", "application/zip")
    async with start(world, clock, sending(tmp_path)) as live:
        asha = live.customer()
        await asha.write("hi")
        await out_for_delivery(live)
        assert (asha.person.messages[-1].kind, asha.person.messages[-1].text) == (
            "text",
            "Order 10001 is out",
        )


async def test_a_shop_without_a_seller_sends_the_text(
    world: World, clock: ShiftedClock, start: Start, tmp_path: Path
) -> None:
    async with start(world, clock, sending(tmp_path, "  name: Annapurna")) as live:
        asha = live.customer()
        await asha.write("hi")
        await out_for_delivery(live)
        assert (asha.person.messages[-1].kind, asha.person.messages[-1].text) == (
            "text",
            "Order 10001 is out",
        )


async def test_nobody_gets_the_invoice_of_another(
    world: World, clock: ShiftedClock, start: Start, tmp_path: Path
) -> None:
    async with start(world, clock, sending(tmp_path)) as live:
        await live.customer().write("hi")
        key = await out_for_delivery(live)
        files = KeptFiles(live.context.store)
        own = key.rpartition("-")[0]
        assert (await files(own, f"invoice/{key}")).content.startswith(b"%PDF")
        for conversation, reference in ((f"{own}9", f"invoice/{key}"), (own, "invoice/x"), (own, "../x")):
            with pytest.raises(NoSuchFile):
                await files(conversation, reference)
