"""`munshi plan` and `history` from the command line."""

import re
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Final

import pytest

from bot.cli import plan
from bot.flow_file import load_flow
from bot.flow_versions import NoSuchVersion, earlier_flow
from bot.serving import RELOAD, outlook
from flows.engine.outline import Outline
from payments.prover import prove, report
from storage.inbox.versions import FlowText
from tests.bot.command_line import installation, run_munshi
from tests.bot.lemonade_versions import EDITED, TILL, munshi, standing, write
from tests.databases import made
from tests.payments.test_prove_endings import LEMONADE
from tests.payments.tiffin_shop import flow as flow_of
from tests.storage.handwritten_rows import insert, open_store


async def test_the_life_of_a_version(database_url: str, tmp_path: Path) -> None:
    await made(database_url)
    file = write(tmp_path / "flows.yaml")
    assert await munshi(database_url, file, "plan", "--no-proof", str(file)) == (
        0, "Nothing is served yet: flows.yaml would be the first version.\n",
    )  # fmt: skip
    assert await munshi(database_url, file, "history") == (0, "nothing was served yet\n")
    status, said = await munshi(database_url, file, "reload")
    # Whoever has opened the SQLite file knows that no server has it.
    stands = "in the books" if database_url.startswith("sqlite:") else "served"
    assert (status, said.splitlines()[0]) == (0, f"version <version> is {stands} now")
    assert ("no server runs on" in said) == database_url.startswith("sqlite:")
    status, said = await munshi(database_url, file, "reload")
    assert (status, said.splitlines()[0]) == (0, f"version <version> is {stands} already: nothing changes")
    status, said = await munshi(database_url, file, "rollback")
    assert (status, said) == (1, "there is no earlier version; munshi history lists those that were served\n")
    write(file, ("failed: {say: pay}", "failed: {say: pey}"))
    status, said = await munshi(database_url, file, "reload")
    assert status == 1
    assert "error: there is no message 'pey'" in said
    assert said.endswith("Refused: version <version> goes on\n")
    write(file, *EDITED)
    status, said = await munshi(database_url, file, "reload")
    assert (status, said.splitlines()[0]) == (
        0, f"version <version> is {stands} now, in the place of <version>",
    )  # fmt: skip
    status, said = await munshi(database_url, file, "history")
    assert said.splitlines() == [
        "<version>  <time>  ravi  0 customers  served",
        "<version>  <time>  ravi  0 customers",
    ]
    status, said = await munshi(database_url, file, "rollback")
    assert said.splitlines() == [
        f"version <version> is {stands} now, in the place of <version>",
        "",
        "What changes",
        "  prices",
        "    glass: ₹40 → ₹30",
        "flows.yaml is not what is served: the next start, or reload, serves the file",
    ]
    async with open_store(database_url) as store:
        await standing(store, 1, "till")
    status, said = await munshi(database_url, file, "history")
    assert said.splitlines() == [
        "<version>  <time>  ravi  1 customer   served",
        "<version>  <time>  ravi  0 customers",
        "<version>  <time>  ravi",
    ]
    result = await run_munshi(database_url, "history", MUNSHI_FLOW=str(file))
    newest = result.output.split()[0]
    assert (await run_munshi(database_url, "history", newest[:5], MUNSHI_FLOW=str(file))).output == TILL


async def test_plan_says_what_changes_and_what_it_means_to_everybody(
    database_url: str, tmp_path: Path
) -> None:
    await made(database_url)
    file = write(tmp_path / "flows.yaml")
    await munshi(database_url, file, "reload")
    async with open_store(database_url) as store:
        await standing(store, 1, "counter", cart=[["glass", 2]])
        await insert(store, "alias", conversation_id=1, value="919812345601")
        await standing(store, 2, "till")
        key = f"{await installation(store)}-3-1-abc"
        await standing(store, 3, "till", order=key, cart=[["glass", 1]])
        glass = [["glass", "Glass", 1, 3_000]]
        await insert(store, "orders", key=key, conversation_id=3, number="10001", total=3_000, lines=glass)
    write(file, *EDITED)
    status, said = await munshi(database_url, file, "plan", "--no-proof", str(file))
    assert (status, said) == (0, PLAN)
    write(file, *EDITED, ("{from: till, to: desk}", "{from: [till, tlil], to: desk}"))
    status, said = await munshi(database_url, file, "plan", "--no-proof", str(file))
    assert status == 0, "who is to go over goes over all the same"
    assert "no version had which was served here\n  line " in said
    assert ": 'tlil'; did you mean 'till'?\n" in said
    write(file, *[edit for edit in EDITED if "migrate" not in edit[1]])
    status, said = await munshi(database_url, file, "plan", "--no-proof", str(file))
    assert status == 0
    assert "Who stays with their version until they rest in its first state" in said
    write(file, *EDITED, ("{from: till, to: desk}", "{from: till, to: counter}"))
    status, said = await munshi(database_url, file, "plan", "--no-proof", str(file))
    assert status == 1
    assert "who waits for a payment in 'till' would lose the way to their link in 'counter'" in said


@pytest.mark.parametrize(
    ("lifecycle", "pieces", "told"),
    [("open", 2, None), ("open", 3, "₹30 → ₹40"), ("lapsed", 2, "₹60 → ₹80")],
)
async def test_plan_lists_no_cart_that_is_ordered(
    sqlite_url: str, tmp_path: Path, lifecycle: str, pieces: int, told: str | None
) -> None:
    await made(sqlite_url)
    await munshi(sqlite_url, write(tmp_path / "flows.yaml"), "reload")
    async with open_store(sqlite_url) as store:
        key = f"{await installation(store)}-1-1-abc"
        await standing(store, 1, "till", order=key, cart=[["glass", pieces]])
        order = {"key": key, "number": "10001", "lines": [["glass", "Glass", 2, 3_000]]}
        await insert(store, "orders", **order, total=6_000, lifecycle=lifecycle)
    file = write(tmp_path / "flows.yaml", ("price: 30", "price: 40"))
    _, said = await munshi(sqlite_url, file, "plan", "--no-proof", str(file))
    [line] = re.findall(r"Carts that change price.*\n.*: (.*)\n", said) or [None]
    assert line == told


async def test_plan_proves_the_new_file_too(database_url: str, tmp_path: Path) -> None:
    await made(database_url)
    captured = "payment.captured: {do: cart.settle"
    file = tmp_path / "flows.yaml"
    file.write_text(LEMONADE, "utf-8")
    await munshi(database_url, file, "reload")
    file.write_text(LEMONADE.replace(f"{captured}, say: news}}", f"{captured}}}"), "utf-8")
    status, said = await munshi(database_url, file, "plan", "--seconds", "10", str(file))
    assert status == 1
    assert "error: money that comes or goes is spoken of" in said
    assert said.splitlines()[-1].endswith(
        "what customers, payments and time may do: what is shown above goes wrong"
    )


@pytest.mark.parametrize(
    ("edits", "why"),
    [
        ((), "No rule, state or message changes"),
        ((("price: 30,", "price: 30, description: Cold,"),), "No rule, state or message changes"),
        (
            (("price: 30", "price: 40"),),
            "Only prices change, and no guard, 'never' or 'always' reads a sum",
        ),
    ],
)
async def test_plan_searches_nothing_if_at_most_prices_change(
    sqlite_url: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    edits: tuple[tuple[str, str], ...],
    why: str,
) -> None:
    await made(sqlite_url)
    await munshi(sqlite_url, write(tmp_path / "flows.yaml"), "reload")
    async with open_store(sqlite_url) as store:
        await standing(store, 1, "counter")
    monkeypatch.setattr(plan, "_proves", lambda *asked, **options: pytest.fail("it was searched"))
    file = write(tmp_path / "flows.yaml", *edits)
    status, said = await munshi(sqlite_url, file, "plan", str(file))
    assert status == 0, said
    assert said.endswith(f"\n{why}, so nothing was searched: munshi prove searches all\n")
    assert "Who stands where\n  counter: 1 customer\n" in said, "on the served version, too"


@pytest.mark.parametrize(
    "edit",
    [
        ("Lemonade?", "Fresh lemonade?"),
        ("price: 30", "price: 30, stock: 5"),
        ("price: 30", "price: 30, gst: 5"),
    ],
)
async def test_plan_searches_what_changes(
    sqlite_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, edit: tuple[str, str]
) -> None:
    await made(sqlite_url)
    await munshi(sqlite_url, write(tmp_path / "flows.yaml"), "reload")
    monkeypatch.setattr(plan, "_proves", lambda *asked, **options: False)
    file = write(tmp_path / "flows.yaml", edit)
    assert (await munshi(sqlite_url, file, "plan", str(file)))[0] == 1


@pytest.mark.parametrize(
    "guard",
    [
        ("start: counter\n", "never: {say: pay, if: order.total < 0}\nstart: counter\n"),
        ("start: counter\n", "always: {say: pay, holds: order.total > 0}\nstart: counter\n"),
        ("image: {to: counter}", "image: {if: cart.goods > 5000, to: counter}"),
        ("title: Yes please}", "title: Yes please, if: cart.goods < 9000}"),
    ],
)
async def test_plan_searches_a_price_that_a_guard_may_read(
    sqlite_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, guard: tuple[str, str]
) -> None:
    await made(sqlite_url)
    await munshi(sqlite_url, write(tmp_path / "flows.yaml", guard), "reload")
    monkeypatch.setattr(plan, "_proves", lambda *asked, **options: False)
    file = write(tmp_path / "flows.yaml", guard, ("price: 30", "price: 40"))
    status, said = await munshi(sqlite_url, file, "plan", str(file))
    assert (status, "glass: ₹30 → ₹40" in said) == (1, True)


async def test_plan_tells_whom_nothing_moves(database_url: str, tmp_path: Path) -> None:
    """Nothing leads out of the till, which is gone: a reload is refused too."""
    await made(database_url)
    closed = (", image: {to: counter}", "")
    file = write(tmp_path / "flows.yaml", closed)
    await munshi(database_url, file, "reload")
    async with open_store(database_url) as store:
        await standing(store, 2, "till")
    write(file, closed, *[edit for edit in EDITED if "migrate" not in edit[1]])
    status, said = await munshi(database_url, file, "plan", "--no-proof", str(file))
    assert status == 1
    assert "Whom nothing moves\n  till, version <version>: 'till' is gone" in said
    planned = said[said.index("Whom nothing moves") :]
    status, said = await munshi(database_url, file, "reload")
    assert status == 1
    assert said.startswith(planned)
    assert "or say --anyway" in said
    assert said.endswith("Refused: version <version> goes on\n")
    status, said = await munshi(database_url, file, "reload", "--anyway")
    assert status == 0
    [head, *_] = said.splitlines()
    assert head.endswith("in the place of <version>")
    assert "\n\nWhom nothing moves\n  till, version <version>: 'till' is gone" in said
    assert "\nwhat may go wrong in it was not searched" in said
    # Who is stranded already does not keep a server from starting with what is served.
    assert not (await outlook(database_url, load_flow(file), RELOAD, 0)).plan.strands


async def test_a_name_that_several_versions_share_serves_none(sqlite_url: str) -> None:
    await made(sqlite_url)
    async with open_store(sqlite_url) as store:
        for version in ("ab1", "ab2"):
            await store.versions.serve(FlowText(version, {}, Outline(version, "", {})), {}, "ravi", 1)
        with pytest.raises(NoSuchVersion, match="may be any of these, so name one: ab1, ab2"):
            await earlier_flow(store.versions, "ab")


PLAN: Final = """\
flows.yaml (version <version>) beside version <version>, served since <time> by ravi

What changes
  messages
    'hello' (text): "Lemonade?" → "Fresh lemonade?"
  states
    gone: till
    new: desk
  rules
    counter, sticker: say thanks to till → say thanks to desk
  flow
    migrate: new: from: [till], to: desk
  prices
    glass: ₹30 → ₹40

Who stands where
  counter: 1 customer
  till: 2 customers, ₹30 open

Who goes over, with their next message
  in their state: 1 customer
  till → desk, by line 38: 2 customers, ₹30 open

Carts that change price, of those who wrote in the last 7 days: 1
  Asha …5601: ₹60 → ₹80
"""


def test_who_waits_at_a_terminal_reads_that_the_flow_is_being_proved(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    proof = SimpleNamespace(violations=(), holds=True, seconds=29.7)
    monkeypatch.setattr(prove, "prove", lambda flow, seconds: proof)
    monkeypatch.setattr(report, "bounds", lambda found: ["proved"])
    said = "\nSearched for 30 s what customers, payments and time may do: nothing goes wrong\n"
    for terminal, read in (
        (True, "proving the new flow, for 30 s at most (--no-proof: not at all) …\n"),
        (False, ""),
    ):
        monkeypatch.setattr(sys.stderr, "isatty", lambda terminal=terminal: terminal)
        assert plan._proves(flow_of(), "flows.yaml", 30, verbose=terminal)
        assert capsys.readouterr() == (f"{said}proved\n" if terminal else said, read)
