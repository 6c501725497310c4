"""The log: one JSON line per event, and no phone number in any of them."""

import json
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.log import mask


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("from 919800000001", "from …01"),
        ("+919800000001", "…01"),
        ("919800000001,919800000002", "…01,…02"),
        ("tel:919800000001.", "tel:…01."),
        ("9800000001", "…01"),
        ("123456789012345", "…45"),
        ("order #10042", "order #10042"),
        ("wamid.HBgMOTE5ODAwMDAwMDAx", "wamid.HBgMOTE5ODAwMDAwMDAx"),
        ("plink_1234567890123", "plink_1234567890123"),
        ("line\x1b[31m red \r\x00", "line�[31m red ��"),
        ("\u202egnp.exe", "�gnp.exe"),
        ("नमस्ते ₹500", "नमस्ते ₹500"),
    ],
)
def test_mask(text: str, masked: str) -> None:
    assert mask(text) == masked


@given(st.from_regex(r"[1-9][0-9]{9,14}", fullmatch=True), st.sampled_from(" :;,()'\"/\n=+"))
def test_no_phone_number_survives(number: str, around: str) -> None:
    said = mask(f"to{around}{number}{around}now")
    assert number not in said
    assert number[-2:] in said


PROGRAM = """
import logging, structlog
from bot.log import configure
configure()
log = structlog.get_logger()
log.info("sent", to="919800000001", people=["919800000002", {"phone": "+919800000003"}], amount=50000)
try:
    raise ValueError("no answer for 919800000004")
except ValueError:
    log.exception("failed")
logging.getLogger("asyncpg").warning("lost %s", "919800000005")
logging.getLogger("asyncpg").info("not shown")
log.debug("not shown")
"""


def test_every_line_is_json_and_masked() -> None:
    done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True)
    assert done.stdout == ""
    sent, failed, lost = [json.loads(line) for line in done.stderr.splitlines()]
    assert sent["people"] == ["…02", {"phone": "…03"}]
    assert (sent["event"], sent["level"], sent["to"], sent["amount"]) == ("sent", "info", "…01", 50000)
    assert sent["timestamp"].endswith("Z")
    assert "ValueError: no answer for …04" in failed["exception"]
    assert (lost["event"], lost["level"]) == ("lost …05", "warning")
    assert "9800000" not in done.stderr
