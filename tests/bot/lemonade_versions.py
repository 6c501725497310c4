"""A lemonade stand whose flow file changes while customers stand in it."""

import re
from pathlib import Path
from typing import Final

from bot.clock import SystemClock
from flows.engine import conversation as conversations
from flows.engine.conversation import Conversation
from storage import Store
from tests.bot.command_line import run_munshi
from tests.payments.test_prove_endings import LEMONADE
from tests.storage.handwritten_rows import insert

EDITED: Final = (
    ("price: 30", "price: 40"),
    ("Lemonade?", "Fresh lemonade?"),
    ("start: counter\n", "migrate: {from: till, to: desk}\nstart: counter\n"),
    ("  till:\n", "  desk:\n"),
    ("to: till", "to: desk"),
)
TILL: Final = LEMONADE.replace(
    "    on:\n      buy:", "    on:\n      sticker: {say: thanks, to: till}\n      buy:"
) + (
    "  till:\n    on: {buy: {say: pay}, payment.failed: {say: pay}, image: {to: counter}}\n"
    "    otherwise: {say: pay}\n"
)
"""The lemonade stand with a state that waits for a payment."""


def write(file: Path, *edits: tuple[str, str]) -> Path:
    text = TILL
    for old, new in edits:
        assert old in text, old
        text = text.replace(old, new)
    file.write_text(text, "utf-8")
    return file


async def standing(store: Store, id: int, state: str, version: int = 1, **data: object) -> None:
    """A customer who stands in `state` of a version, and wrote just now."""
    one = Conversation("x", state, (1,), 1, "en", {"name": "Asha"}, data=data)
    await insert(
        store, "conversation", id=id, state=state, snapshot=conversations.to_json(one), version=version,
        last_inbound_at=SystemClock().now(),
    )  # fmt: skip


def told(output: str, file: Path) -> str:
    """`output` with what differs from run to run taken out."""
    text = output.replace(str(file), "flows.yaml")
    text = re.sub(r"\b[0-9a-f]{12}\b", "<version>", text)
    text = re.sub(r"\b[a-z2-7]{8}-1\b", "<id>", text)
    return re.sub(r"\d{4}-\d\d-\d\d \d\d:\d\d IST", "<time>", text)


async def munshi(url: str, file: Path, *words: str) -> tuple[int, str]:
    result = await run_munshi(url, *words, MUNSHI_FLOW=str(file), MUNSHI_BY="ravi")
    return result.exit_code, told(result.output, file)
