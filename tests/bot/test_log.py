"""The log: one JSON line per event, without phone numbers."""

import json
import subprocess
import sys
import unicodedata
from collections.abc import Callable
from datetime import datetime
from itertools import islice
from urllib.parse import quote, urlencode

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bot.log import mask
from flows.document.words import with_ascii_digits


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
        ("line\x1b[31m red \r\x00", "line\\x1b[31m red \\r\\x00"),
        ("\u202egnp.exe", "\\u202egnp.exe"),
        ("नमस्ते ₹500", "नमस्ते ₹500"),
        ("+91 98000 00001", "…01"),
        ("+91-98000-00001", "…01"),
        ("+91 (98000) 00001.", "…01."),
        ("+919800 000 001", "…01"),
        ("+1 415 555 2671", "…71"),
        ("+44\u00a020\u00a07946\u00a00958", "…58"),
        ("+91 980000000 1", "…01"),
        ("from 98000-00001 to 98000 00002", "from …01 to …02"),
        ("98000–00001", "…01"),
        ("980-000-0001", "…01"),
        ("9800 000 001", "…01"),
        ("98 00 00 00 01", "…01"),
        ("91 98000 00001", "…01"),
        ("091-98000 00001", "091-…01"),
        ("0 98000-00001", "…01"),
        ("https://wa.me/919800000001", "https://wa.me/…01"),
        ("९८०००००००१", "…०१"),
        ("+९१ ९८००० ००००१", "…०१"),
        ("९८०००-००००१", "…०१"),
        ("৯৮০০০ ০০০০১", "…০১"),
        ("٩٨٠٠٠٠٠٠٠١", "…٠١"),
        ("+९1 98०००-00००१", "…०१"),
        ("9️⃣8️⃣0️⃣0️⃣0️⃣0️⃣0️⃣0️⃣0️⃣1️⃣", "…01\ufe0f\u20e3"),
        ("98000\u200b 00001", "…01"),
        ("98000\n00001", "98000\n00001"),
        ("asha@example.com", "…@…"),
        ("write to <asha.k+chai@mail.example.co.in>.", "write to <…@…>."),
        ("asha@okaxis, 9800000001@ybl", "…@…, …@…"),
        ("mailto:asha@example.com?subject=x", "mailto:…@…?subject=x"),
        ("payer='आशा@upi'", "payer='…@…'"),
    ],
)
def test_mask(text: str, masked: str) -> None:
    assert mask(text) == masked


@pytest.mark.parametrize(
    "text",
    [
        "2026-11-23T03:07:55.123456Z",
        "2026-11-23 03:07:55,123 +0530",
        "2026-11-23T03:07:55+05:30 2026-11-24",
        "https://rzp.io/rzp/AbCd123?x=1#y",
        "http://127.0.0.1:8080/payments/k3f9-27-4",
        "https://maps.example/@12.9716,77.5946,15z",
        "http://[::1]:8080/metrics",
        "192.168.100.100:54321",
        'File "/srv/munshi/bot/log.py", line 9800, in mask',
        "log.py:98000:12",
        "port 8080, 65535 and 54321",
        "orders 10042 10043 10044",
        "took 8000 ms, 98000 rows",
        "@property",
        "a @ b",
        "₹1,23,456.00",
        "amount=98000 expires=20",
        "5–10 min",
    ],
)
def test_what_leads_to_nobody_stays(text: str) -> None:
    assert mask(text) == text


@example(datetime(2000, 1, 1, 0, 0, 0, 60000), "T", "", " (98000) ")  # noqa: DTZ001
@given(
    st.datetimes(min_value=datetime(1990, 1, 1), max_value=datetime(2099, 12, 31)),  # noqa: DTZ001
    st.sampled_from(["T", " "]),
    st.sampled_from(["", "Z", "+05:30", "+0530", " +0000"]),
    st.sampled_from(["", " ", " - ", " (98000) "]),
)
def test_a_time_stays(when: datetime, between: str, zone: str, after: str) -> None:
    text = f"{when.isoformat(between)}{zone}{after}"
    assert mask(text + "line 12") == text + "line 12"


_GROUPS = st.sampled_from([(5, 5), (3, 3, 4), (4, 3, 3), (2, 2, 2, 2, 2)])
_BEFORE = st.sampled_from(["+91 ", "+91-", "+91", "91 ", "0 ", ""])


@given(st.from_regex(r"[6-9][0-9]{9}", fullmatch=True), _GROUPS, _BEFORE, st.sampled_from(" -\u00a0"))
def test_no_number_written_in_groups_survives(
    number: str, sizes: tuple[int, ...], before: str, gap: str
) -> None:
    digits = iter(number)
    written = before + gap.join("".join(islice(digits, size)) for size in sizes)
    assert mask(f"call {written}, now") == f"call …{number[-2:]}, now"


SCRIPTS = [
    zero
    for zero in map(chr, range(sys.maxunicode + 1))
    if zero.isdecimal() and unicodedata.decimal(zero) == 0 and with_ascii_digits(zero) == "0"
]
"""The zero of every script; its other digits follow."""


@given(st.from_regex(r"[6-9][0-9]{9}", fullmatch=True), _GROUPS, _BEFORE, st.sampled_from(" -"))
def test_no_number_survives_in_any_script(number: str, sizes: tuple[int, ...], before: str, gap: str) -> None:
    digits = iter(number)
    written = before + gap.join("".join(islice(digits, size)) for size in sizes)
    assert len(SCRIPTS) > 50
    for zero in SCRIPTS:
        local = str.maketrans("0123456789", "".join(chr(ord(zero) + digit) for digit in range(10)))
        assert mask(f"call {written}, now".translate(local)) == f"call …{number[-2:].translate(local)}, now"


@given(
    st.text(alphabet="abcdefghijklmnopqrstuvwxyz0123456789._", min_size=3, max_size=20),
    st.sampled_from("\u200b\xad\u2060\u202e\x00\x7f\x1b"),
    st.integers(0, 20),
)
def test_no_address_survives_whatever_invisible_character_is_in_it(local: str, odd: str, place: int) -> None:
    hidden = f"{local[:place]}{odd}{local[place:]}@okaxis"
    shown = mask(f"× {hidden}, ×")
    assert not any(local[i : i + 3] in shown for i in range(len(local) - 2)), shown
    assert shown.endswith(", ×")


@example("https://u:p@ss@h/x")
@example("\x1f@0")
@given(st.text(max_size=200))
def test_masking_twice_changes_nothing(text: str) -> None:
    assert mask(mask(text)) == mask(text)


def test_a_long_line_is_masked_in_no_time() -> None:
    for piece in ("a", "1", "1 ", "+1 ", "98000 ", "a@", "@", "("):
        assert len(mask(piece * 100_000)) > 0


@given(st.from_regex(r"[1-9][0-9]{9,14}", fullmatch=True), st.sampled_from(" :;,()'\"/\n=+"))
def test_no_phone_number_survives(number: str, around: str) -> None:
    said = mask(f"to{around}{number}{around}now")
    assert number not in said
    assert number[-2:] in said


ESCAPED: dict[str, Callable[[str], str]] = {
    "in a URL": lambda text: quote(text, safe=""),
    "in a URL's query": lambda text: urlencode({"to": text, "a": "b"}),
    "in JSON": lambda text: json.dumps({"to": [f"\n{text}\t"]}),
    "in JSON in JSON": lambda text: json.dumps(json.dumps(f"\r\n{text}")),
    "as Python writes it": lambda text: repr(f"\u200b{text}\n"),
    "as Python writes bytes": lambda text: repr(f"\u200b{text}\n".encode()),
    "as Python writes it in ASCII": lambda text: ascii(f"\u0906{text}\n"),
}


@pytest.mark.parametrize("way", ESCAPED)
@given(
    st.from_regex(r"91[6-9][0-9]{9}", fullmatch=True), st.sampled_from(["{}", "+{}", "\n{}", "wa_id={}&x=1"])
)
def test_no_number_hides_behind_an_escape(way: str, number: str, around: str) -> None:
    said = mask(f"call failed: {ESCAPED[way](around.format(number))} end")
    assert number[2:] not in said
    if way != "in a URL's query":  # there a blank is a plus
        grouped = f"+91 {number[2:7]} {number[7:]}"
        assert number[2:7] not in mask(ESCAPED[way](around.format(grouped)))


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
