"""Logging in to the console: who may, how long, how often it is tried, and what is written of it."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from argon2 import PasswordHasher
from structlog.testing import capture_logs

from bot import failed_tries
from bot.console import tries
from bot.console.log_in import LoggedIn, NotLoggedIn, Reason, digest_of
from bot.console.tries import MOST
from bot.failed_tries import FORGET, FREE
from storage.accounts.entries import Actor, Doing, Entry
from storage.accounts.people import Role
from tests.bot.console_doors import ASHAS, BELAS, SHELL, Console, console

HOME, ELSEWHERE = "203.0.113.7", "198.51.100.1"
WRONG = "somebody's guess 0123"
HOUR = 3_600_000


@pytest.fixture
async def shop(tmp_path: Path) -> AsyncIterator[Console]:
    async with console(tmp_path / "console.db") as opened:
        yield opened


async def logged_in(shop: Console, name: str = "Asha", password: str = ASHAS, address: str = HOME) -> str:
    answer = await shop.doors.log_in(name, password, address)
    assert isinstance(answer, LoggedIn), answer
    return answer.token


async def guess(shop: Console, name: str = "Asha", address: str = HOME, password: str = WRONG) -> Reason:
    answer = await shop.doors.log_in(name, password, address)
    assert isinstance(answer, NotLoggedIn), answer
    return answer.why


async def test_who_has_the_password_is_let_in_and_known_again(shop: Console) -> None:
    token = await logged_in(shop, " asha ")
    person = await shop.doors.person(token)
    assert person
    assert (person.name, person.role) == ("Asha", Role.OWNER)
    other = await logged_in(shop, "BELA", BELAS)
    assert len(token) == len(other) == 43
    assert token != other
    await shop.doors.log_out(token)
    assert await shop.doors.person(token) is None
    assert await shop.doors.person(other)
    shop.clock.put_forward(12 * HOUR)
    assert await shop.doors.person(other) is None


@pytest.mark.parametrize(
    ("name", "password"),
    [
        ("Asha", BELAS), ("Asha", ""), ("Asha", ASHAS.upper()), ("Asha", ASHAS + "x" * 1000),
        ("Nobody", ASHAS), ("", ASHAS), ("Asha\x00", ASHAS), ("Asha\ud800", ASHAS), ("Asha", "\ud800" * 12),
        ("' OR 1=1 --", ASHAS), ("a" * 1_000_000, "b" * 1_000_000),
    ],
)  # fmt: skip
async def test_a_wrong_name_and_a_wrong_password_are_answered_alike(
    shop: Console, name: str, password: str
) -> None:
    assert await shop.doors.log_in(name, password, HOME) == NotLoggedIn(Reason.WRONG)
    await logged_in(shop)


@pytest.mark.parametrize("token", ["", "guess", "\ud800", "x" * 1_000_000])
async def test_what_is_no_token_is_nobodys(shop: Console, token: str) -> None:
    assert await shop.doors.person(token) is None
    await shop.doors.log_out(token)


async def test_a_name_that_nobody_has_takes_as_much_work(
    shop: Console, monkeypatch: pytest.MonkeyPatch
) -> None:
    verified, verify = [], PasswordHasher.verify

    def counted(hasher: PasswordHasher, password_hash: str, password: bytes) -> bool:
        verified.append(password_hash.rpartition("$")[0].rpartition("$")[0])
        return verify(hasher, password_hash, password)

    monkeypatch.setattr(PasswordHasher, "verify", counted)
    await guess(shop, "Asha")
    await guess(shop, "Nobody")
    assert verified == ["$argon2id$v=19$m=8,t=1,p=1"] * 2


async def test_a_hash_of_other_parameters_is_made_anew_and_ends_no_session(tmp_path: Path) -> None:
    path = tmp_path / "console.db"
    async with console(path) as before:
        token = await logged_in(before)
    async with console(path, PasswordHasher(time_cost=2, memory_cost=16, parallelism=1)) as shop:
        await logged_in(shop)
        asha, bela = [await shop.accounts.credential(name) for name in ("Asha", "Bela")]
        assert asha
        assert bela
        assert "$m=16,t=2,p=1$" in asha.password_hash
        assert "$m=8,t=1,p=1$" in bela.password_hash
        assert await shop.doors.person(token)
        await logged_in(shop)


async def test_who_guesses_is_slowed_and_then_not_listened_to(shop: Console) -> None:
    for _ in range(MOST):
        assert await guess(shop) is Reason.WRONG
    assert shop.held[: FREE + 8] == [0] * FREE + [0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 5.0, 5.0]
    held = len(shop.held)
    assert await shop.doors.log_in("Asha", ASHAS, HOME) == NotLoggedIn(Reason.TOO_MANY, FORGET)
    shop.clock.put_forward(FORGET - 1)
    assert await shop.doors.log_in("Bela", BELAS, HOME) == NotLoggedIn(Reason.TOO_MANY, 1)
    assert len(shop.held) == held
    await logged_in(shop, "Bela", BELAS, ELSEWHERE)
    shop.clock.put_forward(1)
    await logged_in(shop)
    await guess(shop)
    assert shop.held[held:] == [0], "a quarter of an hour later it is forgotten"


async def test_a_hundred_tries_at_once_are_a_hundred_tries(shop: Console) -> None:
    reasons = await asyncio.gather(*(guess(shop) for _ in range(100)))
    assert [reasons.count(reason) for reason in Reason] == [MOST, 100 - MOST]


async def test_the_right_password_makes_room_for_no_guess(shop: Console) -> None:
    for _ in range(MOST - 1):
        await logged_in(shop, "Bela", BELAS)
        await guess(shop)
    await logged_in(shop, "Bela", BELAS)
    assert await guess(shop) is Reason.WRONG
    assert await guess(shop) is Reason.TOO_MANY


async def test_guesses_from_many_addresses_are_limited_and_lock_nobody_out_at_home(shop: Console) -> None:
    await logged_in(shop)
    for number in range(MOST):
        assert await guess(shop, address=f"192.0.2.{number}") is Reason.WRONG
    assert await guess(shop, "ASHA", "192.0.2.200", ASHAS) is Reason.TOO_MANY
    await logged_in(shop)
    assert await guess(shop, "Bela", "192.0.2.200") is Reason.WRONG
    for number in range(MOST - 1):
        assert await guess(shop) is Reason.WRONG, number
    await logged_in(shop)
    await guess(shop)
    assert await guess(shop) is Reason.TOO_MANY, "at home the address has its limit too"


async def test_addresses_of_one_network_and_of_this_machine_are_one(shop: Console) -> None:
    for number in range(MOST):
        assert await guess(shop, f"Name{number}", f"2001:db8::{number:x}") is Reason.WRONG
        assert await guess(shop, f"Other{number}", f"127.0.0.{number + 1}") is Reason.WRONG
    assert await guess(shop, "Bela", "2001:db8::ffff:1") is Reason.TOO_MANY
    assert await guess(shop, "Bela", "::1") is Reason.TOO_MANY
    assert await guess(shop, "Bela", "2001:db8:0:1::1") is Reason.WRONG


async def test_what_is_remembered_of_guesses_is_bounded(
    shop: Console, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(failed_tries, "_KEYS", 3)
    monkeypatch.setattr(tries, "_PLACES", 3)
    for number in range(9):
        await guess(shop, f"Name{number}", f"192.0.2.{number}")
        await logged_in(shop, address=f"192.0.2.{number}")
    watched = shop.doors._tries
    assert len(watched._at_home) == 3
    assert len(watched._by_address._by_key) == 3
    assert len(watched._by_name._by_key) <= 3


async def test_a_password_that_is_changed_while_it_is_compared_lets_nobody_in(
    shop: Console, monkeypatch: pytest.MonkeyPatch
) -> None:
    compare, bela = shop.passwords._compare, await shop.accounts.credential("Bela")
    assert bela
    loop = asyncio.get_running_loop()

    def changed_meanwhile(password_hash: str | None, password: bytes) -> bool:
        change = shop.accounts.set_password("Asha", bela.password_hash, SHELL, shop.clock.now())
        asyncio.run_coroutine_threadsafe(change, loop).result()
        return compare(password_hash, password)

    monkeypatch.setattr(shop.passwords, "_compare", changed_meanwhile)
    assert await guess(shop, "Asha", HOME, ASHAS) is Reason.WRONG


async def test_more_passwords_than_can_be_compared_are_turned_away_and_count_for_nothing(
    shop: Console, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shop.passwords, "_waiting", 50)
    for _ in range(MOST + 1):
        assert await shop.doors.log_in("Asha", ASHAS, HOME) == NotLoggedIn(Reason.TOO_MANY, 10_000)
    monkeypatch.undo()
    await logged_in(shop)


async def test_what_is_written_of_log_ins(shop: Console) -> None:
    now = shop.clock.now()
    token = await logged_in(shop)
    await guess(shop, "asha", "")
    await guess(shop, ASHAS)
    await shop.doors.log_out(token)
    asha, unknown = Actor("Asha", Role.OWNER), Actor("", None)
    assert [one.entry for one in await shop.accounts.entries(limit=4)][::-1] == [
        Entry(now, asha, Doing.LOG_IN, ""),
        Entry(now, unknown, Doing.LOG_IN, "Asha", "wrong password, number 1 from this machine"),
        Entry(now, unknown, Doing.LOG_IN, "", f"wrong password, number 1 from {HOME}"),
        Entry(now, asha, Doing.LOG_OUT, ""),
    ]


async def test_guesses_do_not_fill_the_log(shop: Console, monkeypatch: pytest.MonkeyPatch) -> None:
    before = len(await shop.accounts.entries())
    with capture_logs() as logs:
        for _ in range(MOST + 50):
            await guess(shop)
    assert [entry["tries"] for entry in logs] == [1, 2, 3, 4, 8, 16, 32]
    assert len(await shop.accounts.entries()) == before + 7
    monkeypatch.setattr(tries, "_LOGGED", 40)
    for number in range(100):
        await guess(shop, f"Name{number}", f"192.0.2.{number}")
    assert len(await shop.accounts.entries(limit=1000)) == before + 7 + 8 + 2


async def test_no_password_and_no_token_is_written_anywhere(shop: Console, tmp_path: Path) -> None:
    with capture_logs() as logs:
        token = await logged_in(shop)
        answer = await shop.doors.log_in("Bela", BELAS, HOME)
        await guess(shop, BELAS)
        await guess(shop, "Bela", HOME, ASHAS)
    written = b"".join(file.read_bytes() for file in tmp_path.iterdir())
    written += repr((logs, answer, await shop.accounts.credential("Asha"))).encode()
    assert digest_of(token).encode() in written, "what is looked through is what was written"
    for secret in (token, ASHAS, BELAS, WRONG):
        assert secret.encode() not in written
    assert "argon2" not in repr(await shop.accounts.credential("Asha"))
    assert isinstance(answer, LoggedIn)
    assert answer.token not in repr(answer)
