"""Who may call which endpoint of ours, and errors as JSON."""

import hmac
import json
from collections.abc import Iterable
from typing import Any, Final, TypeVar

from aiohttp import web
from pydantic import BaseModel, ValidationError

from bot.context import CONTEXT
from bot.http.failed_tokens import FAILED_TOKENS

T = TypeVar("T", bound=BaseModel)

_LONGEST_KEY: Final = 255
"""Maximum characters of an Idempotency-Key."""


def authorise(request: web.Request) -> None:
    """Raise HTTPUnauthorized unless the request bears MUNSHI_API_TOKEN, or the one before it."""
    context = request.app[CONTEXT]
    _require(request, context.settings.api_tokens(context.clock.now()), "MUNSHI_API_TOKEN")


def authorise_operator(request: web.Request) -> None:
    """Raise HTTPUnauthorized unless the request bears MUNSHI_OPERATOR_TOKEN, or the one before it.

    Until that is set, MUNSHI_API_TOKEN is the password.
    """
    context = request.app[CONTEXT]
    name = "MUNSHI_OPERATOR_TOKEN" if context.settings.munshi_operator_token else "MUNSHI_API_TOKEN"
    _require(request, context.settings.operator_tokens(context.clock.now()), name)


def _require(request: web.Request, tokens: Iterable[str], name: str) -> None:
    scheme, _, given = request.headers.get("Authorization", "").partition(" ")
    bytes_given = given.strip().encode("utf-8", "replace")
    right = [hmac.compare_digest(bytes_given, token.encode()) for token in tokens]
    if scheme.lower() == "bearer" and any(right):
        return
    if bytes_given:
        context = request.app[CONTEXT]
        context.metrics.wrong_tokens.labels(name).inc()
        request.app[FAILED_TOKENS].failed(request, name, context.clock.now())
    refused = problem(web.HTTPUnauthorized, f"the bearer token is missing, or is not this server's {name}")
    refused.headers["WWW-Authenticate"] = "Bearer"
    raise refused


def idempotency_key(request: web.Request) -> str | None:
    """Return the request's Idempotency-Key; None if it has none. Raises HTTPBadRequest if it is unusable."""
    key = request.headers.get("Idempotency-Key")
    if key is not None and not (0 < len(key) <= _LONGEST_KEY and key.isascii()):
        raise problem(web.HTTPBadRequest, f"Idempotency-Key must have 1 to {_LONGEST_KEY} ASCII characters")
    return key


def validated(model: type[T], content: Any) -> T:
    """Return `content` as `model`. Raises HTTPUnprocessableEntity, which names the place, if it is none."""
    try:
        return model.model_validate(content)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(step) for step in first["loc"]) or "body"
        raise problem(web.HTTPUnprocessableEntity, f"{place}: {first['msg']}") from None


def queried(model: type[T], request: web.Request) -> T:
    """Return the query of `request` as `model`. Raises HTTPUnprocessableEntity for one that it is not."""
    query = request.query
    twice = next((name for name in query if len(query.getall(name)) > 1), None)
    if twice is not None:
        raise problem(web.HTTPUnprocessableEntity, f"{twice[:64]}: is given twice")
    return validated(model, dict(query))


def problem(kind: type[web.HTTPException], message: str, **more: str) -> web.HTTPException:
    """Return an HTTP error of `kind` whose JSON body holds `message`, and `more` fields for programs."""
    return kind(text=json.dumps({"error": message, **more}), content_type="application/json")
