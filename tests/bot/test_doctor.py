"""`munshi doctor` on broken or risky settings: it ends with sentences, and never says "well"."""

import asyncio
import re
import sqlite3
from collections.abc import AsyncIterator
from datetime import date
from pathlib import Path
from typing import Any, Final

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner, Result

from bot.checks.examination import CHECKS
from bot.checks.finding import Finding
from bot.cli import app
from bot.settings import WHERE, Settings
from tests.bot.command_line import SETTINGS
from tests.databases import made

NAMES: Final = sorted(name.upper() for name in Settings.model_fields)
WELL: Final = {
    **SETTINGS,
    **{
        name: f"{name[:3]}-Kq3v-PLsx80Zb1Tm-{name[-9:]}"
        for name in (*SETTINGS, "MUNSHI_OPERATOR_TOKEN")
        if name.endswith(("_TOKEN", "_SECRET"))
    },
}
"""Settings without a risk. No server listens at their addresses."""
BROKEN: Final = st.one_of(
    st.text(max_size=20).filter(lambda text: "\0" not in text),
    st.sampled_from(
        [
            *("\n", "Kq3v-PLsx80Zb1Tm\n", "Bearer x", "\u200b", "rzp_live_000000", "a b", "~", ".", "/"),
            *("http://[", "http://:::", "http://127.0.0.1:99999", "http://127.0.0.1:9/\u00e9", "[::1", "::1"),
            *("sqlite://", "sqlite:///", "sqlite:///proc/nothing/x.db", "sqlite://flows.yaml", "sqlite://."),
            *(
                "postgres://",
                "postgres://:@:/",
                "postgres://u:p@127.0.0.1:x/d",
                "postgres://127.0.0.1:9/none",
            ),
            *("mysql://a/b", "99999", "-1", "0x10", "v25"),
        ]
    ),
)


def doctor(**changed: str | None) -> Result:
    return CliRunner().invoke(app(), ["doctor"], env={**dict.fromkeys(NAMES), **WELL, **changed})


@pytest.fixture(autouse=True)
def shop(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A folder with a flow and a database, and no `.env`."""
    (tmp_path / "flows.yaml").write_bytes(Path("flows.yaml").read_bytes())
    monkeypatch.chdir(tmp_path)
    asyncio.run(_migrated())
    return tmp_path


async def _migrated() -> None:
    await made("sqlite://munshi.db")


def ended_with_sentences(result: Result) -> None:
    assert result.exit_code == 1
    assert isinstance(result.exception, SystemExit), result.output
    assert "Traceback" not in result.output
    assert result.output.splitlines()
    assert "All is well" not in result.output


@given(st.sampled_from(NAMES), BROKEN)
@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@example("WHATSAPP_ACCESS_TOKEN", "Kq3v-PLsx80Zb1Tm\n")
@example("WHATSAPP_ACCESS_TOKEN", "Kq3v-PLsx80\nZb1Tm")
@example("RAZORPAY_WEBHOOK_SECRET", "Kq3v-PLsx80\nZb1Tm")
@example("WHATSAPP_API_URL", "http://127.0.0.1:99999")
@example("RAZORPAY_API_URL", "http://:::")
@example("HOST", "[::1")
@example("MUNSHI_FLOW", "/")
@example("DATABASE_URL", "sqlite://flows.yaml")
@example("DATABASE_URL", "postgres://u:p@127.0.0.1:x/d")
def test_whatever_is_wrong_with_a_setting_it_ends_with_sentences(name: str, value: str) -> None:
    ended_with_sentences(doctor(**{name: value}))


@pytest.mark.parametrize("written", [b"PORT=\xff\n", b"PORT\x00=1\n", b"=\n", b"\xef\xbb\xbfPORT=9\n"])
def test_whatever_the_file_env_holds_it_ends_with_sentences(written: bytes) -> None:
    Path(".env").write_bytes(written)
    Path(".env").chmod(0o600)
    ended_with_sentences(doctor())
    for words in (["ledger"], ["why", "1"], ["migrate"]):
        result = CliRunner().invoke(app(), words, env=dict.fromkeys(NAMES))
        assert result.exception is None or isinstance(result.exception, SystemExit)


def test_without_settings_it_names_each_with_what_to_do_and_that_there_is_no_file() -> None:
    nothing = dict.fromkeys(NAMES)
    for words in (["doctor"], ["serve"], ["work"]):
        result = CliRunner().invoke(app(), words, env=nothing)
        ended_with_sentences(result)
        missing = re.findall(r"^([A-Z_]+) is missing\n    (.+)$", result.output, re.MULTILINE)
        assert dict(missing) == WHERE
        assert "There is no file .env in this folder: go to your shop's folder, or make" in result.output
    Path(".env").write_text("PORT=9\n", "utf-8")
    said = CliRunner().invoke(app(), ["doctor"], env=nothing).output
    assert "is missing" in said
    assert "There is no file" not in said


def test_without_keys_it_looks_at_what_needs_none() -> None:
    found = doctor(**dict.fromkeys(WHERE))
    assert found.exit_code == 1
    assert "RAZORPAY_KEY_ID is missing" in found.output
    assert "✓ flow: 'chai-counter' is sound" in found.output
    assert "✗ server: nobody answers" in found.output
    assert "✓ database: there, and up to date" in found.output
    assert "WhatsApp:" not in found.output


def test_in_a_sandboxs_terminal_no_key_is_missed(monkeypatch: pytest.MonkeyPatch) -> None:
    async def answers(settings: Settings) -> AsyncIterator[Finding]:
        yield Finding("server", True, "ready")

    monkeypatch.setattr("bot.cli.doctor.CHECKS", {**CHECKS, "server": answers})
    found = doctor(**dict.fromkeys(WHERE), MUNSHI_SANDBOX="http://127.0.0.1:1")
    assert (found.exit_code, "is missing" in found.output) == (0, False)
    assert "? settings: this terminal is about a sandbox, which needs no keys of yours" in found.output
    assert "Nothing to mend, but 1 question got no answer." in found.output


def test_a_check_that_breaks_off_does_not_end_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    def breaks(_: object) -> None:
        raise ZeroDivisionError("nobody\nforesaw 919812345601")

    monkeypatch.setattr("bot.checks.flow.load_flow", breaks)
    said = doctor().output
    assert "✗ flow: could not be looked at (ZeroDivisionError: nobody foresaw …01)" in said
    assert "✗ Razorpay: " in said


def test_settings_without_a_risk_are_not_blamed() -> None:
    said = doctor().output
    assert "✓ settings: all there" in said
    for name in ("secrets", "keys", "proxy", ".env", "disk", "flow", "database"):
        assert f"✗ {name}" not in said


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o604, 0o620])
def test_a_file_of_secrets_that_others_can_read(mode: int) -> None:
    Path(".env").write_text("PORT=9\n", "utf-8")
    Path(".env").chmod(mode)
    assert (
        f"✗ .env: others on this machine may read or change .env (mode {mode:04o})\n    chmod 600 .env\n"
        in doctor().output
    )
    Path(".env").chmod(0o600)
    assert "✗ .env" not in doctor().output


def test_one_secret_for_several_settings() -> None:
    said = doctor(RAZORPAY_WEBHOOK_SECRET=WELL["WHATSAPP_APP_SECRET"]).output
    assert "✗ secrets: WHATSAPP_APP_SECRET is the same as RAZORPAY_WEBHOOK_SECRET\n" in said
    assert WELL["WHATSAPP_APP_SECRET"] not in said
    assert (
        "RAZORPAY_WEBHOOK_SECRET is the same as RAZORPAY_WEBHOOK_SECRET_PREVIOUS"
        in doctor(RAZORPAY_WEBHOOK_SECRET_PREVIOUS=WELL["RAZORPAY_WEBHOOK_SECRET"]).output
    )


def test_one_token_for_the_website_and_the_desk() -> None:
    assert "MUNSHI_OPERATOR_TOKEN is not set" in doctor(MUNSHI_OPERATOR_TOKEN=None).output
    assert "MUNSHI_OPERATOR_TOKEN" not in doctor().output


@pytest.mark.parametrize(
    ("until", "said"),
    [
        (None, "counts without an end"),
        ("2026-11-29", "does not count any more, since 2026-11-29"),
        ("2026-11-30", ""),
        ("2026-12-31", ""),
        ("2027-01-01", "counts until 2027-01-01, for more than 31 days"),
    ],
)
def test_a_replaced_secret_that_counts_for_ever_or_no_more(until: str | None, said: str) -> None:
    from bot.checks.risks import risks

    values = {**WELL, "MUNSHI_API_TOKEN_PREVIOUS": "Kq3v-PLsx80Zb1Tm-before"}
    values |= {"MUNSHI_PREVIOUS_UNTIL": until} if until else {}
    found = [risk.said for risk in risks(Settings(**_lowered(values)), date(2026, 11, 30))]
    assert found == ([f"MUNSHI_API_TOKEN_PREVIOUS {said}"] if said else [])


def test_a_secret_that_can_be_guessed() -> None:
    said = doctor(RAZORPAY_WEBHOOK_SECRET="password" * 2, MUNSHI_API_TOKEN="abcdefghijklmnop").output
    assert "✗ secrets: MUNSHI_API_TOKEN, RAZORPAY_WEBHOOK_SECRET could be guessed\n" in said


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"RAZORPAY_KEY_ID": "rzp_live_Real00000001"}, "RAZORPAY_KEY_ID is a live one, and WHATSAPP_API_URL"),
        ({"RAZORPAY_API_URL": "http://192.0.2.1"}, "RAZORPAY_API_URL is http://: keys travel in the open"),
        ({"WHATSAPP_API_URL": "http://192.0.2.1"}, "WHATSAPP_API_URL is http://: keys travel in the open"),
        ({"WHATSAPP_API_URL": "https://192.0.2.1"}, "RAZORPAY_API_URL leads to this machine, and "),
        ({"RAZORPAY_API_URL": "https://192.0.2.1"}, "WHATSAPP_API_URL leads to this machine, and "),
    ],
)  # fmt: skip
def test_keys_and_addresses_that_do_not_go_together(changed: dict[str, str], said: str) -> None:
    from bot.checks.risks import risks

    values = {**WELL, **changed}
    found = [risk.said for risk in risks(Settings(**_lowered(values)))]
    assert any(one.startswith(said) for one in found), found


def _lowered(values: dict[str, str]) -> dict[str, Any]:
    return {"_env_file": None, **{name.lower(): value for name, value in values.items()}}


def test_live_keys_with_the_real_ones_are_no_risk() -> None:
    from bot.checks.risks import risks

    values = {**WELL, "RAZORPAY_KEY_ID": "rzp_live_Real00000001"}
    del values["RAZORPAY_API_URL"], values["WHATSAPP_API_URL"]
    assert list(risks(Settings(**_lowered(values)))) == []


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.7"])
def test_a_server_that_is_open_to_other_machines(host: str) -> None:
    from bot.checks.risks import risks

    [found] = risks(Settings(**_lowered({**WELL, "HOST": host})))
    assert (found.name, found.well) == ("proxy", False)
    assert found.said.startswith(f"HOST is {host}: ")


def test_a_damaged_database_file(shop: Path) -> None:
    file = shop / "munshi.db"
    with sqlite3.connect(file) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        [[size]] = connection.execute("PRAGMA page_size")
        [[page]] = connection.execute("SELECT rootpage FROM sqlite_schema WHERE name = 'notice'")
    connection.close()
    assert "✗ database" not in doctor().output
    with file.open("r+b") as raw:
        raw.seek((page - 1) * size)
        raw.write(b"\xff" * 200)
    said = doctor().output
    assert "✗ database: " in said
    assert "Traceback" not in said
    ended_with_sentences(doctor())
