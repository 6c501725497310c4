"""`munshi console`: people are added, changed and removed in the shell, and the log is read."""

import asyncio
import os
import pty
import re
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from bot.cli import app
from bot.console import passwords
from storage.accounts.accounts import Accounts
from storage.accounts.people import Person
from tests.bot.console_doors import ASHAS, BELAS, QUICK


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(passwords.Passwords.__init__, "__defaults__", (QUICK,))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "console.db"


def console(path: Path, *words: str, typed: str = "", by: str = "Meena") -> Result:
    env = {"MUNSHI_CONSOLE_DATABASE": str(path), "MUNSHI_BY": by}
    return CliRunner().invoke(app(["console"]), ["console", *words], input=typed, env=env)


def said(result: Result, code: int = 0) -> str:
    assert result.exit_code == code, result.output
    assert result.exception is None or isinstance(result.exception, SystemExit)
    return result.output


def with_asha(path: Path) -> None:
    said(console(path, "add-user", "Asha", "--role", "owner", typed=f"{ASHAS}\n"))


async def lets_in(path: Path, name: str, password: str) -> Person | None:
    accounts = await Accounts.open(path)
    found = await accounts.credential(name)
    await accounts.close()
    assert found
    return found.person if QUICK.verify(found.password_hash, password) else None


def test_people_are_added_and_listed(path: Path) -> None:
    with_asha(path)
    added = said(console(path, "add-user", "bela  rao", "--role", "staff", typed=BELAS))
    assert added == "bela rao can log in to the console, as staff\n"
    people = [line.split("  since ")[0] for line in said(console(path, "users")).splitlines()]
    assert people == ["Asha      owner", "bela rao  staff"]
    assert asyncio.run(lets_in(path, "asha", ASHAS))
    assert asyncio.run(lets_in(path, "Bela Rao", BELAS))


@pytest.mark.parametrize(
    ("name", "typed", "why"),
    [
        ("Bela", "kettle\n", "the password has under 10 characters"),
        ("Bela", "", "the password has under 10 characters"),
        ("Bela", "Bela 12345\n", "the password is the person's name"),
        ("ASHA", BELAS, "somebody is called ASHA already"),
        ("customer", BELAS, "'customer' is no name"),
        ("<b>", BELAS, "'<b>' is no name"),
    ],
)
def test_who_is_not_added_and_why(path: Path, name: str, typed: str, why: str) -> None:
    with_asha(path)
    assert said(console(path, "add-user", name, "--role", "staff", typed=typed), 1).startswith(why)
    assert len(said(console(path, "users")).splitlines()) == 1


def test_a_refused_first_person_leaves_no_file(path: Path) -> None:
    said(console(path, "add-user", "Asha", "--role", "owner", typed="kettle\n"), 1)
    said(console(path, "add-user", "Asha", "--role", "queen", typed=ASHAS), 2)
    said(console(path, "add-user", "Asha", typed=ASHAS), 2)
    assert not path.exists()


def test_people_are_changed_and_removed(path: Path) -> None:
    with_asha(path)
    said(console(path, "add-user", "Bela", "--role", "viewer", typed=BELAS))
    assert said(console(path, "set-role", "bela", "owner")) == "bela is owner now\n"
    changed = said(console(path, "set-password", "asha", typed="a kettle without a lid\n"))
    assert changed == "asha has a new password, and was logged out everywhere\n"
    assert asyncio.run(lets_in(path, "asha", "a kettle without a lid"))
    assert said(console(path, "remove-user", "asha")) == "asha can no longer log in\n"
    assert "Bela is the only owner" in said(console(path, "remove-user", "bela"), 1)
    assert "Bela is the only owner" in said(console(path, "set-role", "bela", "staff"), 1)
    for words in (("remove-user", "asha"), ("set-role", "asha", "owner"), ("set-password", "asha")):
        assert "nobody is called asha" in said(console(path, *words, typed=ASHAS), 1)
    assert "under 10 characters" in said(console(path, "set-password", "bela", typed="kettle"), 1)


def test_what_was_done_is_read_page_by_page(path: Path) -> None:
    with_asha(path)
    said(console(path, "add-user", "Bela", "--role", "viewer", typed=BELAS, by="Ravi"))
    said(console(path, "remove-user", "Bela"))
    first = said(console(path, "log", "--limit", "2"))
    assert re.sub(r"\d{4}-\S+ \S+ UTC", "then", first).splitlines() == [
        "then  Meena (shell): remove person Bela",
        "then  Ravi (shell): add person Bela, viewer",
        "older ones: munshi console log --before 2",
    ]
    assert said(console(path, "log", "--before", "2")).endswith("add person Asha, owner\n")
    assert ASHAS not in said(console(path, "log"))


@pytest.mark.parametrize(
    "words", [("users",), ("log",), ("remove-user", "Asha"), ("set-role", "Asha", "owner")]
)
def test_without_a_file_it_is_said_how_to_make_one(path: Path, words: tuple[str, ...]) -> None:
    assert "munshi console add-user <name> --role owner" in said(console(path, *words), 1)
    assert not path.exists()


def test_without_its_packages_it_is_said_what_to_install(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "bot.console.passwords")
    monkeypatch.setitem(sys.modules, "argon2", None)
    refused = said(console(path, "add-user", "Asha", "--role", "owner", typed=ASHAS), 1)
    assert "'make console' installs them" in refused
    assert "argon2 is not there" in refused


_ASK = """
import fcntl, termios
fcntl.ioctl(0, termios.TIOCSCTTY, 0)
from bot.cli.new_password import asked_for
print("given:", len(asked_for("Asha")))
"""


def test_on_a_terminal_the_password_is_asked_for_twice_and_not_shown() -> None:
    terminal, standard = pty.openpty()
    asking = subprocess.Popen(
        [sys.executable, "-c", _ASK], stdin=standard, stdout=standard, stderr=standard, start_new_session=True
    )
    os.close(standard)
    shown = b""
    for asked, typed in [
        (b"Password for Asha: ", ASHAS), (b"Repeat for confirmation: ", BELAS),
        (b"Password for Asha: ", ASHAS), (b"Repeat for confirmation: ", ASHAS),
    ]:  # fmt: skip
        while not shown.endswith(asked):
            shown += os.read(terminal, 1024)
        os.write(terminal, f"{typed}\n".encode())
    while f"given: {len(ASHAS)}".encode() not in shown:
        shown += os.read(terminal, 1024)
    assert asking.wait() == 0
    os.close(terminal)
    assert ASHAS.encode() not in shown
    assert BELAS.encode() not in shown
