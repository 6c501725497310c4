"""How events out are signed, the manual's ways to check it, the settings, and the gaps between tries."""

import base64
import re
import shutil
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest

from bot.hook_signature import keys_of, signature
from bot.settings import SettingsInvalid, load_settings
from bot.workers.hooks import GAPS, again_after
from tests.world.running_bot import ROOT

KEY = bytes(range(32))
SECRET = "whsec_" + base64.b64encode(KEY).decode()
BODY = b'{"type":"test"}'
PAGE = (ROOT / "docs" / "hooks.md").read_text("utf-8")
SHOP = {
    "munshi_api_token": "api-token-0123456789", "whatsapp_phone_number_id": "1234567",
    "whatsapp_access_token": "access-token-0123456789", "whatsapp_app_secret": "app-secret-0123456789",
    "whatsapp_verify_token": "verify-token-0123456789", "razorpay_key_id": "rzp_test_1234567",
    "razorpay_key_secret": "key-secret-0123456789", "razorpay_webhook_secret": "hook-secret-0123456789",
}  # fmt: skip


def block(language: str) -> str:
    found = re.search(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)
    assert found
    return found[1]


def test_the_manuals_receiver_takes_what_is_ours_alone() -> None:
    page: dict[str, Any] = {}
    exec(block("python"), page)
    taken, now = page["is_from_munshi"], int(time.time())
    both = signature((b"another key of some length", KEY), "id.1", now, BODY)
    assert taken(SECRET, both, BODY)
    assert not taken(SECRET, both, BODY + b" ")
    assert not taken(SECRET, {**both, "webhook-id": "id.2"}, BODY)
    assert not taken(SECRET, signature((KEY,), "id.1", now - 900, BODY), BODY)


@pytest.mark.skipif(shutil.which("openssl") is None, reason="this machine has no openssl")
def test_the_manuals_line_of_shell_signs_as_we_do(tmp_path: Path) -> None:
    (tmp_path / "body.json").write_bytes(BODY)
    env = {"ID": "id.1", "TIMESTAMP": "1790000000", "SECRET": SECRET, "PATH": "/usr/bin:/bin:/usr/local/bin"}
    done = subprocess.run(
        ["/bin/bash", "-c", block("sh")], env=env, cwd=tmp_path, capture_output=True, check=True
    )
    signed = signature((KEY,), "id.1", 1790000000, BODY)
    assert signed["webhook-signature"] == f"v1,{done.stdout.decode().strip()}"


def test_the_example_of_the_specification() -> None:
    """Source: Standard Webhooks, the test vector of its libraries."""
    signed = signature(
        keys_of("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"), "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330,
        b'{"test": 2432232314}',
    )  # fmt: skip
    assert signed["webhook-signature"] == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


@pytest.mark.parametrize(
    ("url", "secret", "why"),
    [
        ("https://books.example/x", None, "MUNSHI_HOOK_SECRET is missing"),
        ("http://books.example/x", SECRET, "give an address that begins with https://"),
        ("http://127.0.0.1.books.example/x", SECRET, "give an address that begins with https://"),
        ("books.example", SECRET, "is no address"),
        ("https://books.example/x", "short", "has under 24 characters"),
        ("https://books.example/x", "whsec_c2hvcnQ=", "has under 24 bytes"),
        ("https://books.example/x", "whsec_!!!", "is no base64"),
    ],
)
def test_settings_that_are_refused(url: str, secret: str | None, why: str) -> None:
    more = {"munshi_hook_url": url, "munshi_hook_secret": secret}
    with pytest.raises(SettingsInvalid, match=re.escape(why)) as refused:
        load_settings(_env_file=None, **SHOP, **more)
    assert secret is None or secret not in str(refused.value)


def test_two_secrets_sign_while_one_is_changed() -> None:
    settings = load_settings(
        _env_file=None, **SHOP, munshi_hook_url="http://[::1]:9000/x",
        munshi_hook_secret=f"{SECRET} a-text-of-twenty-four-characters",
    )  # fmt: skip
    assert settings.hook_keys == (KEY, b"a-text-of-twenty-four-characters")
    assert {SECRET, "a-text-of-twenty-four-characters"} <= set(settings.secrets)


def test_nine_tries_take_three_days() -> None:
    assert len(GAPS) + 1 == 9
    assert 2.9 * 86_400 < sum(GAPS) < 3.1 * 86_400
    assert [again_after(n, None, 0.0) for n in (1, 9)] == [5000, None]
    assert again_after(1, 3600.0, 0.0) == 3_600_000
    assert again_after(1, 1e9, 0.0) == 86_400_000
