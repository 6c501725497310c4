"""Settings from the environment or `.env`, all checked together, once, at start.

A missing or short secret is refused, because an empty webhook secret would verify anything.
"""

import re
from base64 import b64encode
from collections.abc import Mapping
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Annotated, Any, Final, TypeVar
from urllib.parse import unquote, urlsplit

from pydantic import (
    AfterValidator,
    Field,
    SecretStr,
    ValidationError,
    ValidationInfo,
    field_validator,
    model_validator,
)
from pydantic_settings import BaseSettings, SettingsConfigDict

from bot.hook_signature import keys_of
from bot.setting_text import require_key, tidy
from flows.document import durations
from payments.shop.orders import Mode
from payments.shop.staff import by_number
from payments.signature import MIN_SECRET

WHERE: Final[dict[str, str]] = {
    "MUNSHI_API_TOKEN": "make one yourself: python3 -c 'import secrets; print(secrets.token_urlsafe(32))'",
    "WHATSAPP_PHONE_NUMBER_ID": "copy it from Meta App Dashboard > WhatsApp > API Setup > Phone number ID",
    "WHATSAPP_ACCESS_TOKEN": "make it in Meta Business Settings > Users > System users > Generate token",
    "WHATSAPP_APP_SECRET": "copy it from Meta App Dashboard > App settings > Basic > App secret",
    "WHATSAPP_VERIFY_TOKEN": "make one yourself; enter it at Meta App Dashboard > WhatsApp > Configuration",
    "RAZORPAY_KEY_ID": "make it in Razorpay Dashboard > Account & Settings > API keys (rzp_test_… first)",
    "RAZORPAY_KEY_SECRET": "copy it when RAZORPAY_KEY_ID is made: Razorpay shows it once",
    "RAZORPAY_WEBHOOK_SECRET": "make one yourself; enter it at Razorpay Dashboard > Webhooks > Secret",
}
"""How an operator gets each setting that has no default."""


MIN_PASSWORD: Final = 8
"""Characters from which a database password is blotted in every text."""

MIN_KEEP: Final = 90
"""Days for which chats are kept at least: longer than a provider repeats a webhook or reports on a message,
and than a payment that is not disputed can change."""

_STORE: Final = re.compile(r"(?:https://)?([a-z0-9][a-z0-9-]*)(?:\.myshopify\.com)?/?")
_ADDRESS: Final = r"^https?://[A-Za-z0-9.\[\]:-]+(/[^\s]*)?$"


class SettingsInvalid(Exception):
    """Settings are missing or unusable. The message names each, and where to find it."""


def _require_secret(secret: SecretStr) -> SecretStr:
    require_key(secret.get_secret_value())
    if len(secret.get_secret_value()) < MIN_SECRET:
        raise ValueError(f"has under {MIN_SECRET} characters, so it could be guessed")
    return secret


def _require_secrets(secrets: SecretStr) -> SecretStr:
    """Return the secret, or the two with a comma between, each of which is checked."""
    for secret in secrets.get_secret_value().split(","):
        _require_secret(SecretStr(secret))
    return secrets


def _require_id(value: str) -> str:
    require_key(value)
    return value


def _require_term(value: str) -> str:
    if durations.parse(value) < MIN_KEEP * 86_400_000:
        raise ValueError(
            f"is too short: give '{MIN_KEEP} days' or more, since receipts, late payments and disputes about"
            " an order come weeks after it"
        )
    return value


def _require_safe_url(value: str) -> str:
    """Events name customers: they go over TLS, or stay on this machine."""
    if not re.match(_ADDRESS.replace("$", r"\Z"), value):
        raise ValueError("is no address: give one like https://books.example/munshi")
    parts = urlsplit(value)
    if parts.scheme != "https" and parts.hostname not in ("localhost", "127.0.0.1", "::1"):
        raise ValueError("sends customers' names unprotected: give an address that begins with https://")
    return value


def _require_hook_keys(secret: SecretStr) -> SecretStr:
    for one in secret.get_secret_value().split():
        require_key(one)
    keys_of(secret.get_secret_value())
    return secret


Loaded = TypeVar("Loaded", bound=BaseSettings)
Secret = Annotated[SecretStr, AfterValidator(_require_secret)]


class ServerSettings(BaseSettings):
    """What a command needs to ask the running server: its address and its passwords.

    Names are those of the environment; secrets never show in a repr or a log.
    """

    model_config = SettingsConfigDict(
        env_file=".env", env_file_encoding="utf-8", extra="ignore", frozen=True, env_ignore_empty=True
    )

    host: str = "127.0.0.1"
    port: Annotated[int, Field(ge=0, le=65535)] = 8080
    munshi_api_token: Secret | None = None
    munshi_operator_token: Secret | None = None
    munshi_api_token_previous: Secret | None = None
    munshi_operator_token_previous: Secret | None = None
    munshi_by: str | None = None
    """Who runs the commands."""

    @field_validator("*", mode="before")
    @classmethod
    def _tidy(cls, value: Any, info: ValidationInfo) -> Any:
        """Return the tidied value. An empty one counts as not set."""
        if not isinstance(value, str) or not value:
            return value
        return tidy(str(info.field_name).upper(), value)

    @property
    def operator_token(self) -> str:
        """The password of the endpoints for those who run the shop: the API's until they have their own.

        Raises SettingsInvalid if there is neither.
        """
        if token := self.munshi_operator_token or self.munshi_api_token:
            return token.get_secret_value()
        raise SettingsInvalid(
            "MUNSHI_OPERATOR_TOKEN is missing, and MUNSHI_API_TOKEN, which counts until it is set"
        )

    @property
    def url(self) -> str:
        """The address at which the server listens."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"http://{host}:{self.port}"


class StoreSettings(ServerSettings):
    """What a command needs to ask the shop's Shopify store, if it has one."""

    shopify_api_url: Annotated[str | None, Field(pattern=_ADDRESS)] = None
    shopify_access_token: Secret | None = None
    shopify_client_id: Annotated[str, AfterValidator(_require_id)] | None = None
    shopify_client_secret: Secret | None = None
    shopify_webhook_secret: Annotated[SecretStr, AfterValidator(_require_secrets)] | None = None
    shopify_store: str | None = None

    @field_validator("shopify_store")
    @classmethod
    def _store(cls, value: str | None, info: ValidationInfo) -> str | None:
        """Return the store's whole name. It is checked last, when all that it needs is known."""
        if value is None:
            return None
        if not (named := _STORE.fullmatch(value.lower())):
            raise ValueError("is not the name of a store: write for example annapurna.myshopify.com")
        both = ("shopify_client_id", "shopify_client_secret")
        if not info.data.get("shopify_access_token") and not all(map(info.data.get, both)):
            raise ValueError(
                "needs SHOPIFY_CLIENT_ID and SHOPIFY_CLIENT_SECRET (Shopify Dev Dashboard > your app >"
                " Settings), or the SHOPIFY_ACCESS_TOKEN of an older custom app"
            )
        return f"{named[1]}.myshopify.com"

    @property
    def shopify_webhook_secrets(self) -> tuple[str, ...]:
        """The keys with which Shopify may sign: those that are named, or else the client's secret."""
        if self.shopify_webhook_secret is not None:
            return tuple(self.shopify_webhook_secret.get_secret_value().split(","))
        return () if self.shopify_client_secret is None else (self.shopify_client_secret.get_secret_value(),)

    @property
    def shopify_url(self) -> str:
        """Where Shopify answers for the store."""
        return (self.shopify_api_url or f"https://{self.shopify_store}").rstrip("/")


class Settings(StoreSettings):
    """All settings, which the server needs."""

    database_url: str = "sqlite://munshi.db"
    munshi_flow: Path = Path("flows.yaml")
    munshi_staff: str | None = None
    munshi_api_token: Secret
    munshi_previous_until: date | None = None
    """Last day, in UTC, on which the settings whose names end in `_PREVIOUS` count; None for no end."""
    munshi_keep_chats: Annotated[str, AfterValidator(_require_term)] = "365 days"

    munshi_hook_url: Annotated[str, AfterValidator(_require_safe_url)] | None = None
    munshi_hook_secret: Annotated[SecretStr, AfterValidator(_require_hook_keys)] | None = None

    whatsapp_api_url: Annotated[str, Field(pattern=_ADDRESS)] = "https://graph.facebook.com"
    whatsapp_api_version: Annotated[str, Field(pattern=r"^v[0-9]+\.[0-9]+$")] = "v25.0"
    whatsapp_phone_number_id: Annotated[str, AfterValidator(_require_id)]
    whatsapp_access_token: Secret
    whatsapp_app_secret: Secret
    whatsapp_verify_token: Secret

    razorpay_api_url: Annotated[str, Field(pattern=_ADDRESS)] = "https://api.razorpay.com"
    razorpay_key_id: Annotated[str, AfterValidator(_require_id)]
    razorpay_key_secret: Secret
    razorpay_webhook_secret: Secret
    razorpay_webhook_secret_previous: Secret | None = None

    @field_validator("munshi_staff")
    @classmethod
    def _numbers(cls, value: str | None) -> str | None:
        if value is not None:
            by_number(value)
        return value

    @property
    def secrets(self) -> tuple[str, ...]:
        """Every secret that is set, for code that keeps them out of texts."""
        fields = (getattr(self, name) for name in type(self).model_fields)
        values = [field.get_secret_value() for field in fields if isinstance(field, SecretStr)]
        basic = f"{self.razorpay_key_id}:{self.razorpay_key_secret.get_secret_value()}"
        passwords = passwords_in(self.database_url)
        # While it is being changed, the setting holds two.
        hook = self.munshi_hook_secret.get_secret_value().split() if self.munshi_hook_secret else ()
        return (*values, *hook, b64encode(basic.encode()).decode(), *passwords)

    def razorpay_webhook_secrets(self, now: int) -> tuple[str, ...]:
        """The current webhook secret and, while it is being rotated, the one before."""
        return self._rotated(self.razorpay_webhook_secret, self.razorpay_webhook_secret_previous, now)

    def api_tokens(self, now: int) -> tuple[str, ...]:
        """The tokens of the orders API: the current one and, while it is being rotated, the one before."""
        return self._rotated(self.munshi_api_token, self.munshi_api_token_previous, now)

    def operator_tokens(self, now: int) -> tuple[str, ...]:
        """The same of the operator's endpoints; those of the orders API until they have their own."""
        if self.munshi_operator_token is None:
            return self.api_tokens(now)
        return self._rotated(self.munshi_operator_token, self.munshi_operator_token_previous, now)

    def _rotated(self, current: SecretStr, previous: SecretStr | None, now: int) -> tuple[str, ...]:
        """Return `current`, and `previous` if it still counts at `now`, milliseconds since 1970."""
        last = self.munshi_previous_until
        over = last is not None and datetime.fromtimestamp(now / 1000, UTC).date() > last
        both = (current, None if over else previous)
        return tuple(secret.get_secret_value() for secret in both if secret)

    @model_validator(mode="after")
    def _require_hook_secret(self) -> "Settings":
        if self.munshi_hook_url and self.munshi_hook_secret is None:
            raise ValueError(
                "MUNSHI_HOOK_SECRET is missing, with which what goes to MUNSHI_HOOK_URL is signed"
            )
        return self

    @property
    def systems(self) -> tuple[str, ...]:
        """What the shop has besides WhatsApp and Razorpay: `hooks`, `shopify`."""
        found = {"hooks": self.munshi_hook_url, "shopify": self.shopify_store}
        return tuple(name for name, value in found.items() if value)

    @property
    def hook_keys(self) -> tuple[bytes, ...]:
        """The keys that sign events out; two while the secret is being rotated."""
        return keys_of(self.munshi_hook_secret.get_secret_value()) if self.munshi_hook_secret else ()

    @property
    def keep_chats(self) -> int:
        """Milliseconds for which handled events, and messages and calls that are done, are kept."""
        return durations.parse(self.munshi_keep_chats)

    @property
    def razorpay_mode(self) -> Mode:
        """The mode of the key."""
        return Mode.of_key(self.razorpay_key_id)

    def named_secrets(self) -> dict[str, str]:
        """Every secret that is set, by the name of its setting."""
        values = ((name.upper(), getattr(self, name)) for name in type(self).model_fields)
        return {name: value.get_secret_value() for name, value in values if isinstance(value, SecretStr)}


def passwords_in(url: str) -> tuple[str, ...]:
    """Return the password in `url`; none if it has none, or is no URL, or if the password is short.

    A short one may be an ordinary word. In a URL it is blotted by its position.
    """
    try:
        password = unquote(urlsplit(url).password or "")
    except ValueError:
        return ()
    return (password,) if len(password) >= MIN_PASSWORD else ()


def load_settings(**overrides: Any) -> Settings:
    """Load the settings from the environment, `.env` and `overrides` (lower-case names).

    Raises SettingsInvalid naming everything that is missing or wrong, without showing a value.
    """
    return loaded(Settings, overrides)


def load_server_settings() -> ServerSettings:
    """Load the settings for asking the server, as `load_settings` does. Raises SettingsInvalid."""
    return loaded(ServerSettings, {})


def load_store_settings() -> StoreSettings:
    """Load the settings for asking the Shopify store, as `load_settings` does. Raises SettingsInvalid."""
    return loaded(StoreSettings, {})


def loaded(kind: type[Loaded], overrides: Mapping[str, Any]) -> Loaded:
    try:
        return kind(**overrides)
    except UnicodeDecodeError:
        raise SettingsInvalid("the file .env is not UTF-8 text: save it again as UTF-8") from None
    except OSError as error:
        raise SettingsInvalid(f"the file .env can't be read: {error.strerror}") from None
    except ValidationError as error:
        raise SettingsInvalid("\n".join(_describe(details) for details in error.errors())) from None


def _describe(details: Any) -> str:
    if not details["loc"]:
        return _reason(details)
    name = str(details["loc"][0]).upper()
    reason = "is missing" if details["type"] == "missing" else _reason(details)
    where = WHERE.get(name)
    return f"{name} {reason}" + (f"\n    {where}" if where else "")


def _reason(details: Any) -> str:
    error = details.get("ctx", {}).get("error")
    return str(error) if error else f"is not usable: {details['msg']}"
