"""The two tokens of our own API: changed with an overlap, tried by strangers, and never written down."""

from datetime import date

import pytest
from pydantic import SecretStr
from structlog.testing import capture_logs

from bot import failed_tries
from bot.failed_tries import FREE
from bot.http.failed_tokens import MANY
from tests.world.running_bot import API_TOKEN, Live

OPERATOR, OLD, OLD_API = "the-operators-token-of-now", "the-operators-token-before", "the-api-token-before-it"
WRONG = "somebodys-guess-0123456789"
DAY = 86_400_000


def change(live: Live, **settings: object) -> None:
    values = {name: SecretStr(value) if isinstance(value, str) else value for name, value in settings.items()}
    object.__setattr__(live.context, "settings", live.context.settings.model_copy(update=values))


async def opens(live: Live, token: str) -> tuple[bool, bool]:
    """Whether `token` opens the orders API, and the operator's endpoints."""
    ordered, _ = await live.api("GET", "/payments/k3-none", token=token)
    listed, _ = await live.api("GET", "/orders", token=token)
    return ordered != 401, listed != 401


async def test_each_token_opens_its_own_door(live: Live) -> None:
    assert await opens(live, API_TOKEN) == (True, True), "until the operator has a token"
    change(live, munshi_operator_token=OPERATOR)
    assert await opens(live, API_TOKEN) == (True, False)
    assert await opens(live, OPERATOR) == (False, True)


async def test_the_token_before_counts_until_its_day_is_over(live: Live) -> None:
    today = date(2026, 9, 21)
    change(
        live, munshi_operator_token=OPERATOR, munshi_operator_token_previous=OLD,
        munshi_api_token_previous=OLD_API, munshi_previous_until=today,
        razorpay_webhook_secret_previous="the-webhook-secret-before",
    )  # fmt: skip
    now, settings = live.clock.now(), live.context.settings
    assert (await opens(live, OLD), await opens(live, OLD_API)) == ((False, True), (True, False))
    assert (await opens(live, OPERATOR), await opens(live, API_TOKEN)) == ((False, True), (True, False))
    assert len(settings.razorpay_webhook_secrets(now)) == 2
    live.clock.put_forward(DAY)
    assert (await opens(live, OLD), await opens(live, OLD_API)) == ((False, False), (False, False))
    assert (await opens(live, OPERATOR), await opens(live, API_TOKEN)) == ((False, True), (True, False))
    assert len(settings.razorpay_webhook_secrets(now + DAY)) == 1


async def test_who_guesses_is_slowed_and_who_knows_is_not(held: list[float], live: Live) -> None:
    with capture_logs() as logs:
        for _ in range(FREE + 9):
            assert (await live.api("GET", "/orders", token=WRONG))[0] == 401
            before = list(held)
            assert (await live.api("GET", "/orders"))[0] == 200
            assert held == before, "who has the token is not held, from the same address"
    assert held == [0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 5.0, 5.0, 5.0]
    told = [entry for entry in logs if entry["event"] == "wrong token"]
    assert [entry["tries"] for entry in told] == [1, 2, 3, 4, 8]
    assert told[0]["setting"] == "MUNSHI_API_TOKEN"
    assert WRONG not in repr(logs)
    assert b'munshi_wrong_tokens_total{setting="MUNSHI_API_TOKEN"} 14.0' in live.context.metrics.text()
    live.clock.put_forward(900_000)
    await live.api("GET", "/orders", token=WRONG)
    assert len(held) == 9, "a quarter of an hour later it is forgotten"


async def test_addresses_behind_a_proxy_are_told_apart(held: list[float], live: Live) -> None:
    for _ in range(FREE + 1):
        await live.api("GET", "/orders", token=WRONG, **{"X-Forwarded-For": "203.0.113.7"})
    assert held == [0.1]
    await live.api("GET", "/orders", token=WRONG, **{"X-Forwarded-For": "198.51.100.1"})
    assert held == [0.1]


async def test_a_request_without_a_token_is_no_guess(held: list[float], live: Live) -> None:
    for _ in range(FREE + 3):
        async with live.http.get(f"{live.url}/orders") as answer:
            assert (answer.status, answer.headers["WWW-Authenticate"]) == (401, "Bearer")
    assert held == []


async def test_many_guesses_are_a_notice(held: list[float], live: Live) -> None:
    for number in range(MANY):
        assert await live.rows("SELECT kind FROM notice") == []
        forwarded = {"X-Forwarded-For": f"203.0.113.{number}"}
        await live.api("GET", "/orders", token=f"{WRONG}{number}", **forwarded)
    [notice] = await live.rows("SELECT kind, subject, said FROM notice")
    assert (notice["kind"], notice["subject"]) == ("guesses", "MUNSHI_API_TOKEN")
    assert WRONG not in notice["said"]


async def test_addresses_are_remembered_within_bounds(
    held: list[float], live: Live, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(failed_tries, "_KEYS", 3)
    for number in range(5):
        for _ in range(FREE):
            await live.api("GET", "/orders", token=WRONG, **{"X-Forwarded-For": f"203.0.113.{number}"})
    await live.api("GET", "/orders", token=WRONG, **{"X-Forwarded-For": "203.0.113.0"})
    assert held == [], "the first was forgotten for later ones"
    await live.api("GET", "/orders", token=WRONG, **{"X-Forwarded-For": "203.0.113.4"})
    assert held == [0.1]
