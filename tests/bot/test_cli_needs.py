"""Each command asks only for the settings that it uses."""

import asyncio
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from bot.cli import app
from bot.cli.lifecycle import VARIABLE
from bot.settings import Settings
from tests.bot.command_line import park_event
from tests.databases import made
from tests.storage.handwritten_rows import insert, open_store
from tests.world.running_bot import FLOW

NOTHING = {name.upper(): None for name in Settings.model_fields} | {VARIABLE: None}


async def bare(url: str, *words: str, **env: str) -> Result:
    """Run `munshi` with nothing but the books and the flow."""
    given = NOTHING | {"DATABASE_URL": url, "MUNSHI_FLOW": str(FLOW)} | env
    return await asyncio.to_thread(CliRunner().invoke, app(), list(words), env=given)


@pytest.fixture
async def books(sqlite_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.chdir(tmp_path)
    await made(sqlite_url)
    async with open_store(sqlite_url) as store:
        await insert(store, "conversation", id=1, snapshot={"customer": {"name": "Asha"}})
        await insert(store, "alias", conversation_id=1, value="919800000001")
        await insert(store, "orders", key="k-1-1", number="10001")
        await park_event(store, 7)
    return sqlite_url


@pytest.mark.parametrize(
    "words",
    [
        ("orders",), ("orders", "--today"), ("order", "10001"), ("day",), ("export", "orders"), ("product",),
        ("product", "masala-250", "off"), ("customers", "find", "Asha"), ("customers", "show", "Asha"),
        ("why", "10001"), ("ledger",), ("replay", "7"),
    ],
)  # fmt: skip
async def test_the_books_are_enough(books: str, words: tuple[str, ...]) -> None:
    result = await bare(books, *words)
    assert result.exit_code == 0, result.output


@pytest.mark.parametrize(
    "words",
    [("order", "10001", "accepted"), ("day", "--send"), ("customers", "forget", "919800000001", "--yes")],
)
async def test_what_asks_the_server_needs_its_password_only(books: str, words: tuple[str, ...]) -> None:
    result = await bare(books, *words)
    assert result.exit_code == 1
    assert "MUNSHI_OPERATOR_TOKEN is missing" in result.output
    assert "WHATSAPP" not in result.output
    assert "can't start" not in result.output
    result = await bare(books, *words, MUNSHI_OPERATOR_TOKEN="a-token-of-this-test", PORT="9")
    assert "Nobody answers at http://127.0.0.1:9/" in result.output


async def test_who_is_to_be_forgotten_is_shown_and_asked_for(books: str) -> None:
    result = await bare(books, "customers", "forget", "ash")
    assert "order #10001 (k-1-1)" in result.output
    assert "Forget Asha +919800000001? Nothing brings that back. [y/N]" in result.output
    assert result.exit_code == 1
    assert "MUNSHI_OPERATOR_TOKEN" not in result.output, "the server was not asked"


async def test_what_talks_to_razorpay_itself_needs_all_settings(books: str) -> None:
    result = await bare(books, "settle")
    assert result.output.startswith("This takes all settings (environment or .env)")
    assert "RAZORPAY_KEY_SECRET is missing" in result.output


async def test_the_line_of_a_sandbox_that_has_ended(books: str) -> None:
    result = await bare("sqlite:///nowhere/munshi.db", "orders", **{VARIABLE: "http://127.0.0.1:9"})
    assert result.exit_code == 1
    assert f"{VARIABLE} is set: if that sandbox has ended, open another terminal" in result.output


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("chat", "--sandbox"), f"{VARIABLE} is not set: run 'munshi serve --sandbox'"),
        (("chat", "--sandbox", "--as", "Meena"), "'Meena' is no phone number, and none of the staff"),
    ],
)
async def test_a_chat_in_no_sandbox(books: str, words: tuple[str, ...], said: str) -> None:
    env = {} if len(words) == 2 else {VARIABLE: "http://127.0.0.1:9"}
    result = await bare(books, *words, **env)
    assert (result.exit_code, said in result.output) == (1, True), result.output


@pytest.mark.parametrize("words", [("98000", "00003"), ("+91", "98000", "00003"), ("+919800", "000", "003")])
async def test_a_number_may_be_written_with_blanks(books: str, words: tuple[str, ...]) -> None:
    found = await bare(books, "why", *words)
    assert found.output.startswith(f"nobody and nothing here is called '{' '.join(words)}'")
    assert (await bare(books, "reply", *words, "hello")).output.startswith("nobody here is called")


async def test_other_numbers_stay_apart(books: str) -> None:
    assert "extra argument" in (await bare(books, "why", "10001", "10002x")).output
