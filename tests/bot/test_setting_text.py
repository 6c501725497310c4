"""Settings as people write them: quotes and spaces are removed; a non-value is refused by name."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.setting_text import is_easily_guessed, tidy
from bot.settings import Settings, SettingsInvalid, load_settings

SECRET = "Kq3v-PLsx80Zb1Tm_QsT"
VALUES = {
    "munshi_api_token": SECRET,
    "whatsapp_phone_number_id": "200000000000001",
    "whatsapp_access_token": SECRET,
    "whatsapp_app_secret": SECRET,
    "whatsapp_verify_token": SECRET,
    "razorpay_key_id": "rzp_test_Sandbox000001",
    "razorpay_key_secret": SECRET,
    "razorpay_webhook_secret": SECRET,
}
SECRETS = sorted(name for name, value in VALUES.items() if value == SECRET)
KEYS = sorted(VALUES)
AROUND = st.text(" \t\r\n\u00a0\u2009\u200b\ufeff", max_size=4)


def loaded(**changed: str) -> Settings:
    return load_settings(**{"_env_file": None, **VALUES, **changed})


@given(st.sampled_from(SECRETS), AROUND, AROUND)
def test_what_surrounds_a_secret_is_no_part_of_it(name: str, before: str, after: str) -> None:
    settings = loaded(**{name: f"{before}{SECRET}{after}"})
    assert settings.named_secrets()[name.upper()] == SECRET


@pytest.mark.parametrize("name", sorted({*KEYS, "host", "database_url", "razorpay_api_url"}))
def test_a_line_end_behind_any_setting_is_taken_off(name: str) -> None:
    plain = {"host": "127.0.0.1", "database_url": "sqlite://a.db", "razorpay_api_url": "https://a.test"}
    value = {**plain, **VALUES}[name]
    assert loaded(**{name: f"{value}\r\n"}) == loaded(**{name: value})


@pytest.mark.parametrize(
    ("written", "said"),
    [
        (" \t\n", "is blank"),
        ("Kq3v-PLsx80 Zb1Tm_QsT", "has a space within it"),
        ("Kq3v-PLsx80\nZb1Tm_QsT", "has a line break or an invisible character within it"),
        ("Kq3v-PLsx80\u200bZb1Tm_QsT", "has a line break or an invisible character within it"),
        ("Kq3v-PLsx80Zb1Tm\x00QsT", "has a line break or an invisible character within it"),
        ('"Kq3v-PLsx80Zb1Tm_QsT"', "has quotation marks around it"),
        ("'Kq3v-PLsx80Zb1Tm_QsT'", "has quotation marks around it"),
        ("“Kq3v-PLsx80Zb1Tm_QsT”", "has quotation marks around it"),
        ("Bearer Kq3v-PLsx80Zb1Tm_QsT", "begins with 'Bearer'"),
        ("Kq3v-PLsx80Zb1Tm_QsТ", "has characters that no provider puts into a secret"),
        ("changeme-changeme", "is still the placeholder"),
        ("CHANGE_ME_PLEASE_NOW", "is still the placeholder"),
        ("please-replace-me-soon", "is still the placeholder"),
        ("your-secret-here", "is still the placeholder"),
        ("your_app_secret_123", "is still the placeholder"),
        ("insert-token-here", "is still the placeholder"),
        ("xxxxxxxxxxxxxxxx", "is still the placeholder"),
        ("rzp_xxxxxxxxxxxx", "is still the placeholder"),
        ("aaaaaaaaaaaaaaaa", "is still the placeholder"),
        ("<your app secret>", "has a space within it"),
        ("<APP-SECRET-OF-META>", "is still the placeholder"),
        ("${RAZORPAY_SECRET}", "is still the placeholder"),
        ("$RAZORPAY_KEY_SECRET", "is still the placeholder"),
        ("{{app_secret_value}}", "is still the placeholder"),
    ],
)
def test_what_no_secret_is_made_of_is_refused_by_name(written: str, said: str) -> None:
    for name in KEYS:
        with pytest.raises(SettingsInvalid) as refused:
            loaded(**{name: written})
        first, *_ = str(refused.value).splitlines()
        assert first.startswith(f"{name.upper()} {said}")
        assert written == " \t\n" or written.strip() not in str(refused.value)


def test_its_own_name_in_a_value_is_refused() -> None:
    with pytest.raises(SettingsInvalid, match="RAZORPAY_KEY_ID holds its own name"):
        loaded(razorpay_key_id="RAZORPAY_KEY_ID=rzp_test_Sandbox000001")


@given(st.text(max_size=30))
def test_any_value_is_tidied_or_refused_with_a_reason(value: str) -> None:
    try:
        tidied = tidy("HOST", value)
    except ValueError as error:
        said = str(error)
    else:
        said = f"is taken as {tidied}"
        assert tidied
        assert tidy("HOST", tidied) == tidied
    assert said.startswith(("is ", "has ", "holds "))


@pytest.mark.parametrize(
    "secret",
    [
        "a" * 16,
        "ab" * 10,
        "12345678" * 2,
        "password" * 2,
        "abcdefghijklmnop",
        "0123456789012345678",
        "aaaaaaabbbbbbbbb",
    ],
)
def test_a_secret_that_is_easily_guessed(secret: str) -> None:
    assert is_easily_guessed(secret)


@given(st.binary(min_size=24, max_size=24))
def test_what_a_generator_makes_is_not(noise: bytes) -> None:
    import base64
    from hashlib import sha256

    made = base64.urlsafe_b64encode(sha256(noise).digest()).decode().rstrip("=")
    assert not is_easily_guessed(made)
    assert loaded(munshi_api_token=made).named_secrets()["MUNSHI_API_TOKEN"] == made
    assert not is_easily_guessed(sha256(noise).hexdigest()), "Meta's app secrets are of this kind"
