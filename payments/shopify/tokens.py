"""Access tokens: a permanent one, or one for a day that is asked for with the client's id and secret."""

import asyncio
from dataclasses import dataclass, field
from typing import Any, Final, Protocol

import httpx

from payments.shopify.errors import CLOSED, Reason, ShopifyError, json_object, text

_EARLY: Final = 600.0
"""Seconds before its end at which a token is asked for again."""


class Tokens(Protocol):
    """Gives the token of the next call."""

    async def token(self, http: httpx.AsyncClient, now: float) -> str:
        """Return a token that is taken at `now` (seconds, of any clock that goes on). Raises ShopifyError."""

    def refuse(self, token: str) -> bool:
        """Note that Shopify does not take `token`. Return whether another can be had."""


@dataclass(frozen=True, slots=True)
class FixedToken:
    """The permanent token of a custom app."""

    value: str = field(repr=False)

    async def token(self, http: httpx.AsyncClient, now: float) -> str:
        """Return the token."""
        return self.value

    def refuse(self, token: str) -> bool:
        """Return False: there is no other."""
        return False


class DailyTokens:
    """Tokens by the client credentials grant. Each lasts 24 hours, and is asked for again before it ends.

    Source: shopify.dev, "About client credentials", 2026.
    """

    def __init__(self, base_url: str, client_id: str, client_secret: str) -> None:
        self._url = f"{base_url}/admin/oauth/access_token"
        self._form = {
            "grant_type": "client_credentials", "client_id": client_id, "client_secret": client_secret
        }  # fmt: skip
        self._secret = client_secret
        self._token: str | None = None
        self._ends = 0.0
        self._asking = asyncio.Lock()

    async def token(self, http: httpx.AsyncClient, now: float) -> str:
        """Return the token that there is, or a new one. Raises ShopifyError."""
        async with self._asking:  # calls that begin together share one new token
            if self._token is None or now >= self._ends:
                self._token, seconds = await self._ask(http)
                self._ends = now + max(seconds - _EARLY, seconds / 2)
            return self._token

    def refuse(self, token: str) -> bool:
        """Forget `token`, so that a new one is asked for."""
        if token == self._token:
            self._token = None
        return True

    async def _ask(self, http: httpx.AsyncClient) -> tuple[str, float]:
        """Return a new token and the seconds for which it lasts. Asking twice does no harm."""
        try:
            answer = await http.post(self._url, data=self._form)
        except httpx.HTTPError as error:
            raise ShopifyError(Reason.UNREACHABLE, f"no token: {type(error).__name__}") from None
        said = json_object(answer.content) or {}
        if answer.status_code == 200 and isinstance(token := said.get("access_token"), str) and token:
            return token, _seconds(said.get("expires_in"))
        if answer.status_code == 429 or answer.status_code >= 500 or answer.status_code == 200:
            raise ShopifyError(Reason.UNREACHABLE, f"no token (HTTP {answer.status_code})")
        if answer.status_code in CLOSED:
            said_so = f"no token: the store is not there, or closed (HTTP {answer.status_code})"
            raise ShopifyError(Reason.DENIED, said_so)
        words = text(str(said.get("error_description") or said.get("error") or "")).replace(
            self._secret, "***"
        )
        raise ShopifyError(Reason.TOKEN, f"no token: {words or 'no reason'} (HTTP {answer.status_code})")


def _seconds(value: Any) -> float:
    usable = isinstance(value, (int, float)) and not isinstance(value, bool) and value > 0
    return float(value) if usable else 3600.0
