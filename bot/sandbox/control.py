"""A control API for a sandbox in another process: what its people do, over HTTP."""

from collections.abc import Awaitable, Callable
from typing import Any, TypeAlias

import orjson
from aiohttp import web

from bot.sandbox.answers import json_answer
from bot.sandbox.people import ReceivedMessage
from bot.sandbox.razorpay_ledger import NotPayableError
from bot.sandbox.world import World

_Command: TypeAlias = Callable[[World, dict[str, str]], Awaitable[str]]
_Handler: TypeAlias = Callable[[web.Request], Awaitable[web.StreamResponse]]


def routes(world: World) -> list[web.RouteDef]:
    """Routes under `/_control`; commands take a JSON object and answer `{"id": …}`.

    `write {wa_id, text}`, `tap {wa_id, title}`, `pay {url}`, `fail {url}`, and `GET messages?wa_id=`.
    An unknown choice or link is a 404; a missing field, or a link that takes no payment, a 400.
    """

    async def messages(request: web.Request) -> web.Response:
        person = world.meta.people.get(request.query.get("wa_id", ""))
        return json_answer([_message_json(message) for message in person.messages] if person else [])

    commands: dict[str, _Command] = {"write": _write, "tap": _tap, "pay": _pay, "fail": _fail}
    posts = [web.post(f"/_control/{name}", _handler(world, command)) for name, command in commands.items()]
    return [*posts, web.get("/_control/messages", messages)]


def _handler(world: World, command: _Command) -> _Handler:
    async def handle(request: web.Request) -> web.Response:
        try:
            return json_answer({"id": await command(world, orjson.loads(await request.read()))})
        except KeyError as missing:
            return json_answer({"error": f"the field {missing} is missing"}, 400)
        except LookupError as unknown:
            return json_answer({"error": str(unknown)}, 404)
        except (ValueError, NotPayableError) as wrong:
            return json_answer({"error": str(wrong)}, 400)

    return handle


async def _write(world: World, fields: dict[str, str]) -> str:
    return await world.meta.person(fields["wa_id"]).write(fields["text"])


async def _tap(world: World, fields: dict[str, str]) -> str:
    return await world.meta.person(fields["wa_id"]).tap(fields["title"])


async def _pay(world: World, fields: dict[str, str]) -> str:
    return await world.razorpay.pay(fields["url"])


async def _fail(world: World, fields: dict[str, str]) -> str:
    return await world.razorpay.fail(fields["url"])


def _message_json(message: ReceivedMessage) -> dict[str, Any]:
    return {
        "wamid": message.wamid,
        "kind": message.kind,
        "text": message.text,
        "choices": [[choice.id, choice.title, choice.description] for choice in message.choices],
        "url": message.url,
        "opaque": message.opaque,
        "at": message.at,
    }
