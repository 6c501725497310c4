"""Passwords of the console: how they are hashed, and which are refused."""

import asyncio
import unicodedata

import pytest
from argon2 import extract_parameters
from argon2.exceptions import InvalidHashError
from argon2.low_level import Type

from bot.console.passwords import Crowded, Passwords
from bot.console.weak_passwords import Weakness, WeakPassword, require_strong
from tests.bot.console_doors import ASHAS, QUICK


async def test_passwords_are_hashed_as_owasp_has_it() -> None:
    passwords = Passwords()
    first, second = [await passwords.hashed(ASHAS) for _ in range(2)]
    made = extract_parameters(first)
    assert (made.type, made.memory_cost, made.time_cost, made.parallelism) == (Type.ID, 19 * 1024, 2, 1)
    assert (made.salt_len, made.hash_len) == (16, 32)
    assert first != second
    assert await passwords.is_right(first, ASHAS)
    assert not await passwords.is_right(first, f"{ASHAS} ")
    assert not await passwords.is_right(None, "the password of nobody")
    assert not passwords.is_old(first)
    assert passwords.is_old(QUICK.hash(ASHAS))
    passwords.close()


async def test_a_letter_is_the_same_however_a_keyboard_writes_it() -> None:
    passwords, text = Passwords(QUICK), "चाय की केतली ज़रूर é"
    hashed = await passwords.hashed(unicodedata.normalize("NFD", text))
    assert await passwords.is_right(hashed, unicodedata.normalize("NFC", text))
    passwords.close()


async def test_a_damaged_hash_lets_nobody_in() -> None:
    passwords = Passwords(QUICK)
    with pytest.raises(InvalidHashError):
        await passwords.is_right("damaged", ASHAS)
    passwords.close()


async def test_only_so_many_wait_at_once_and_the_loop_goes_on() -> None:
    passwords = Passwords(QUICK)
    results = await asyncio.gather(*(passwords.hashed(ASHAS) for _ in range(60)), return_exceptions=True)
    assert sum(isinstance(result, Crowded) for result in results) == 10
    assert sum(isinstance(result, str) for result in results) == 50
    assert await passwords.hashed(ASHAS), "there is room again"
    passwords.close()


@pytest.mark.parametrize(
    ("password", "why"),
    [
        ("kettle 12", Weakness.SHORT), ("", Weakness.SHORT), ("é" * 9, Weakness.SHORT),
        ("e\u0301" * 6, Weakness.SHORT), ("kettle " * 29, Weakness.LONG), ("k" * 100_000, Weakness.LONG),
        ("9812345671", Weakness.DIGITS), ("९८१२३४५६७१", Weakness.DIGITS),
        ("asharao123456", Weakness.NAME), ("Asha-Rao-2026!", Weakness.NAME),
        ("ashaRAO ashaRAO", Weakness.NAME), ("Munshi_2026!", Weakness.OBVIOUS),
        ("aaaaaaaaaaaa", Weakness.OBVIOUS), ("1a1a1a1a1a1a", Weakness.OBVIOUS),
        ("Password@123", Weakness.OBVIOUS), ("qwertyuiop1", Weakness.OBVIOUS),
        ("secretsecret", Weakness.OBVIOUS),
    ],
)  # fmt: skip
def test_a_password_that_would_soon_be_guessed_is_refused(password: str, why: Weakness) -> None:
    with pytest.raises(WeakPassword) as refused:
        require_strong("Asha Rao", password)
    assert refused.value.why is why
    assert not password or password not in str(refused.value)


@pytest.mark.parametrize(
    "password", [ASHAS, "केतली सात पहाड़ चाय", "7#kK!pq_9z", "my password is tea", "123456789-0!@#"]
)
def test_a_password_that_is_hard_to_guess_is_taken(password: str) -> None:
    require_strong("Asha Rao", password)
