"""Signatures of webhooks: HMAC-SHA256, and every change is noticed."""

import hmac
from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from payments.signature import matches, sign

SECRET = "a-signing-secret-of-the-shop"
OTHER = "the-secret-before-the-rotation"
BODY = '{"event":"payment.captured","payload":{"note":"चाय ₹"}}'.encode()


def test_sign_is_plain_hmac_sha256_in_lowercase_hex() -> None:
    assert sign(BODY, SECRET) == hmac.new(SECRET.encode(), BODY, sha256).hexdigest()


def test_a_right_signature_matches() -> None:
    assert matches(BODY, sign(BODY, SECRET), SECRET)


def test_every_single_bit_flip_of_the_body_is_rejected() -> None:
    signature = sign(BODY, SECRET)
    for bit in range(len(BODY) * 8):
        flipped = bytearray(BODY)
        flipped[bit // 8] ^= 1 << bit % 8
        assert not matches(bytes(flipped), signature, SECRET), bit


def test_every_single_bit_flip_of_the_signature_is_rejected() -> None:
    signature = sign(BODY, SECRET).encode()
    for bit in range(len(signature) * 8):
        flipped = bytearray(signature)
        flipped[bit // 8] ^= 1 << bit % 8
        assert not matches(BODY, flipped.decode("latin-1"), SECRET), bit


def test_a_body_cut_or_grown_by_one_byte_is_rejected() -> None:
    signature = sign(BODY, SECRET)
    assert not matches(BODY[:-1], signature, SECRET)
    assert not matches(BODY + b"\n", signature, SECRET)


@pytest.mark.parametrize(
    "malformed",
    [
        None,
        "",
        "0",
        sign(BODY, SECRET)[:-1],
        sign(BODY, SECRET) + "0",
        sign(BODY, SECRET).upper(),
        sign(BODY, SECRET) + "\n",
        " " + sign(BODY, SECRET),
        "sha256=" + sign(BODY, SECRET),
        "é" * 32,
        "é" * 64,
        "٣" * 64,
        "\udc80" * 64,
        "\x00" * 64,
        "f" * 10_000,
        "g" * 64,
    ],
)
def test_a_malformed_signature_is_false_and_not_an_exception(malformed: str | None) -> None:
    assert not matches(BODY, malformed, SECRET)


def test_a_surrogate_that_no_header_decodes_to_is_false() -> None:
    assert not matches(BODY, "\ud800" * 64, SECRET)


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=200))
def test_no_text_but_the_signature_matches(text: str) -> None:
    assert matches(BODY, text, SECRET) == (text == sign(BODY, SECRET))


def test_either_of_two_secrets_will_do() -> None:
    for secret in (SECRET, OTHER):
        assert matches(BODY, sign(BODY, secret), SECRET, OTHER)
    assert not matches(BODY, sign(BODY, "somebody-elses-secret"), SECRET, OTHER)


def test_without_secrets_nothing_matches() -> None:
    assert not matches(BODY, sign(BODY, SECRET))


@pytest.mark.parametrize("short", ["", "secret", "x" * 15])
def test_a_short_secret_is_refused(short: str) -> None:
    with pytest.raises(ValueError, match="at least 16"):
        sign(BODY, short)
    with pytest.raises(ValueError, match="at least 16"):
        matches(BODY, sign(BODY, SECRET), SECRET, short)
