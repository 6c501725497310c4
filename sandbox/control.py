"""An HTTP API that controls a sandbox in another process: what its people do, and which faults happen."""

from collections.abc import Awaitable, Callable
from typing import Any, TypeAlias

from aiohttp import web

from sandbox.answers import json_answer
from sandbox.commands import COMMANDS, Command
from sandbox.fields import Fields
from sandbox.people import ReceivedMessage
from sandbox.razorpay_ledger import NotPayableError
from sandbox.razorpay_rules import Refused
from sandbox.world import World

_Handler: TypeAlias = Callable[[web.Request], Awaitable[web.StreamResponse]]


def routes(world: World) -> list[web.RouteDef]:
    """Return the routes under `/_control`: three that are read, and a POST for each of `commands.COMMANDS`.

    `GET messages?wa_id=` is what a person received; with `after=3`, without the first three.
    `GET shopify` is the orders at Shopify, each with its lines, its refunds and what is left after them.
    `GET sent?wa_id=` is what they sent, each with the number of messages that they had received `before`.

    A command takes a JSON object and answers `{"id": …}`, null if nothing was made. If the link, choice or
    payment does not exist, the answer is a 404; for a missing or wrong field, or a command that is impossible
    now, a 400; both with `{"error": …}`.
    """

    async def messages(request: web.Request) -> web.Response:
        person = world.meta.people.get(request.query.get("wa_id", ""))
        after = request.query.get("after", "0")
        if not (after.isascii() and after.isdecimal()):
            return json_answer({"error": f"'after' is a number of messages, not {after!r}"}, 400)
        found = person.messages[int(after) :] if person else []
        return json_answer([_message_json(message) for message in found])

    async def sent(request: web.Request) -> web.Response:
        person = world.meta.people.get(request.query.get("wa_id", ""))
        said = person.sent if person else []
        return json_answer([{"words": one.words, "before": one.before} for one in said])

    async def shopify(request: web.Request) -> web.Response:
        return json_answer([order.listed() for order in world.shopify.orders])

    posts = [web.post(f"/_control/{name}", _handler(world, command)) for name, command in COMMANDS.items()]
    return [
        *posts,
        web.get("/_control/messages", messages),
        web.get("/_control/sent", sent),
        web.get("/_control/shopify", shopify),
    ]


def _handler(world: World, command: Command) -> _Handler:
    async def handle(request: web.Request) -> web.Response:
        try:
            return json_answer({"id": await command(world, Fields(await request.read()))})
        except LookupError as unknown:
            return json_answer({"error": str(unknown)}, 404)
        except (ValueError, NotPayableError, Refused) as wrong:
            return json_answer({"error": str(wrong)}, 400)

    return handle


def _message_json(message: ReceivedMessage) -> dict[str, Any]:
    return {
        "wamid": message.wamid,
        "payload": message.payload,
        "kind": message.kind,
        "text": message.text,
        "choices": [[choice.id, choice.title, choice.description] for choice in message.choices],
        "url": message.url,
        "opaque": message.opaque,
        "at": message.at,
    }
