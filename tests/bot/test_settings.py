"""Settings: which are accepted, which are refused, and that secrets do not show."""

from pathlib import Path

import pytest

from bot.settings import WHERE, SettingsInvalid, load_settings

SECRET = "a-secret-of-this-test"
NEEDED = {
    "MUNSHI_API_TOKEN": SECRET,
    "WHATSAPP_PHONE_NUMBER_ID": "200000000000001",
    "WHATSAPP_ACCESS_TOKEN": SECRET,
    "WHATSAPP_APP_SECRET": SECRET,
    "WHATSAPP_VERIFY_TOKEN": SECRET,
    "RAZORPAY_KEY_ID": "rzp_test_1",
    "RAZORPAY_KEY_SECRET": SECRET,
    "RAZORPAY_WEBHOOK_SECRET": SECRET,
}


@pytest.fixture(autouse=True)
def surroundings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """An empty directory, and an environment with the required settings only."""
    monkeypatch.chdir(tmp_path)
    for name in (
        "DATABASE_URL",
        "MUNSHI_FLOW",
        "HOST",
        "PORT",
        "RAZORPAY_WEBHOOK_SECRET_PREVIOUS",
        "MUNSHI_KEEP_CHATS",
    ):
        monkeypatch.delenv(name, raising=False)
    for name, value in NEEDED.items():
        monkeypatch.setenv(name, value)


def test_defaults() -> None:
    settings = load_settings()
    assert settings.database_url == "sqlite://munshi.db"
    assert settings.munshi_flow == Path("flows.yaml")
    assert (settings.host, settings.port) == ("127.0.0.1", 8080)
    assert settings.whatsapp_api_url == "https://graph.facebook.com"
    assert settings.razorpay_api_url == "https://api.razorpay.com"


def test_every_setting_without_a_default_is_named_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in NEEDED:
        monkeypatch.delenv(name)
    with pytest.raises(SettingsInvalid) as refused:
        load_settings()
    said = str(refused.value)
    assert set(WHERE) == set(NEEDED)
    for name, where in WHERE.items():
        assert f"{name} is missing\n    {where}" in said


@pytest.mark.parametrize("name", [name for name, value in NEEDED.items() if value == SECRET])
def test_an_empty_or_short_secret_is_refused(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for value, reason in (("", "is missing"), ("fifteen-letters", "has under 16 characters")):
        monkeypatch.setenv(name, value)
        with pytest.raises(SettingsInvalid, match=f"{name} {reason}") as refused:
            load_settings()
        assert value == "" or value not in str(refused.value)
    monkeypatch.setenv(name, "sixteen-letters!")
    load_settings()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PORT", "70000"),
        ("PORT", "eighty"),
        ("WHATSAPP_API_URL", "graph.facebook.com"),
        ("RAZORPAY_API_URL", "file:///etc/passwd"),
        ("WHATSAPP_API_VERSION", "25"),
        ("RAZORPAY_WEBHOOK_SECRET_PREVIOUS", "short"),
    ],
)
def test_what_is_not_usable(name: str, value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(SettingsInvalid, match=name) as refused:
        load_settings()
    assert value not in str(refused.value)


def test_secrets_do_not_show() -> None:
    settings = load_settings()
    assert SECRET not in repr(settings)
    assert SECRET not in str(settings.model_dump())


def test_the_environment_wins_over_the_file(monkeypatch: pytest.MonkeyPatch) -> None:
    Path(".env").write_text("PORT=9001\nHOST=0.0.0.0\nSOMEBODY_ELSES=1\n", "utf-8")
    monkeypatch.setenv("PORT", "9002")
    settings = load_settings()
    assert (settings.host, settings.port) == ("0.0.0.0", 9002)


def test_the_secret_before_this_one_counts_while_it_is_set(monkeypatch: pytest.MonkeyPatch) -> None:
    assert load_settings().razorpay_webhook_secrets(0) == (SECRET,)
    monkeypatch.setenv("RAZORPAY_WEBHOOK_SECRET_PREVIOUS", "the-one-of-last-year")
    assert load_settings().razorpay_webhook_secrets(0) == (SECRET, "the-one-of-last-year")


@pytest.mark.parametrize(
    ("written", "reason"),
    [("89 days", "is too short: give '90 days' or more"), ("a year", "'a year' is not a span of time")],
)
def test_a_term_of_chats_that_is_too_short_is_refused(
    written: str, reason: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MUNSHI_KEEP_CHATS", written)
    with pytest.raises(SettingsInvalid, match=f"MUNSHI_KEEP_CHATS {reason}"):
        load_settings()


def test_the_term_of_chats_is_read_as_a_span_of_time(monkeypatch: pytest.MonkeyPatch) -> None:
    assert load_settings().keep_chats == 365 * 86_400_000
    monkeypatch.setenv("MUNSHI_KEEP_CHATS", "90 days")
    assert load_settings().keep_chats == 90 * 86_400_000


@pytest.mark.parametrize("name", ["annapurna", "annapurna.myshopify.com", "https://Annapurna.myshopify.com/"])
def test_a_store_is_named_in_any_way(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHOPIFY_ACCESS_TOKEN", SECRET)
    monkeypatch.setenv("SHOPIFY_STORE", name)
    settings = load_settings()
    assert settings.shopify_store == "annapurna.myshopify.com"
    assert settings.shopify_url == "https://annapurna.myshopify.com"


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({}, "SHOPIFY_STORE needs SHOPIFY_CLIENT_ID and SHOPIFY_CLIENT_SECRET"),
        ({"SHOPIFY_CLIENT_ID": "app-1"}, "SHOPIFY_STORE needs SHOPIFY_CLIENT_ID and SHOPIFY_CLIENT_SECRET"),
        (
            {"SHOPIFY_ACCESS_TOKEN": SECRET, "SHOPIFY_STORE": "annapurna.example"},
            "is not the name of a store",
        ),
    ],
    ids=["no key", "half a key", "no store"],
)
def test_a_store_without_a_key_is_refused(
    given: dict[str, str], said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in {"SHOPIFY_STORE": "annapurna", **given}.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(SettingsInvalid, match=said):
        load_settings()
