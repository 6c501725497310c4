"""The desk's chats: list them, take one over, answer, give it back, and keep what a customer wants to hear.

An answer is an event of the customer's conversation, as if somebody of the staff had replied in WhatsApp.
"""

from typing import Annotated

from aiohttp import web
from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from bot import chat_json
from bot.context import CONTEXT
from bot.http import bodies
from bot.http.access import authorise_operator, idempotency_key, problem, queried, validated
from bot.http.desk_changes import OPERATOR
from bot.http.staff_events import carried_out, refusal
from bot.http.texts import By
from bot.ingest import from_desk_chat
from bot.whatsapp import phones
from bot.whatsapp.identity import PHONE
from bot.whatsapp.limits import LIMITS
from flows.messages.limits import length
from payments.processing.bodies import StaffAction
from payments.processing.verbs import DONE, HANDOVER, HEARS, LAST_REPLY, REPLY
from payments.shop.consent import Hears
from storage.reports.chats import ChatFilter, ChatPlace

LONGEST_PAGE = 200

routes = web.RouteTableDef()


def _place(text: str) -> str:
    ChatPlace.read(text)
    return text


def _sendable(text: str) -> str:
    if not text.strip():
        raise ValueError("is empty")
    if "\0" in text:
        raise ValueError("has a NUL character")
    if length(text) > LIMITS.text_body:
        raise ValueError(f"is {length(text)} characters, and {LIMITS.channel} takes {LIMITS.text_body}")
    return text.strip()


class _ListRequest(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    waiting: bool = False
    in_hand: bool = False
    limit: Annotated[int, Field(ge=1, le=LONGEST_PAGE)] = 50
    after: Annotated[str, AfterValidator(_place)] | None = None

    @property
    def filter(self) -> ChatFilter:
        """What is asked for."""
        after = None if self.after is None else ChatPlace.read(self.after)
        return ChatFilter(self.in_hand, self.waiting, after, self.limit)


class _Change(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    by: By = OPERATOR


class _Reply(_Change):
    text: Annotated[str, AfterValidator(_sendable)]
    done: bool = False


class _Hears(_Change):
    hears: Annotated[Hears, Field(strict=False)]


@routes.get("/chats")
async def listed(request: web.Request) -> web.Response:
    """Answer with one page of chats, the customers who wrote last first."""
    authorise_operator(request)
    asked = queried(_ListRequest, request)
    page = await request.app[CONTEXT].store.chats(asked.filter)
    return web.json_response(chat_json.page_to_json(page))


@routes.post("/customers/{phone:[+]?[0-9 -]{6,24}}/reply")
async def reply(request: web.Request) -> web.Response:
    """Write to a customer, and take their chat over; with `done`, the bot has it again.

    Answers 200 when the message is on its way, 404 if nobody is known by the number, 409 if WhatsApp takes no
    text for them now, 202 if the customer's turn takes over 10 seconds: it is done then all the same.
    """
    authorise_operator(request)
    wanted = validated(_Reply, await _body(request))
    return await _done(request, StaffAction("", wanted.by, LAST_REPLY if wanted.done else REPLY, wanted.text))


@routes.post("/customers/{phone:[+]?[0-9 -]{6,24}}/take-over")
async def take_over(request: web.Request) -> web.Response:
    """Take a chat over without a word: the customer hears that a person will write. Answers as `reply`."""
    authorise_operator(request)
    wanted = validated(_Change, await _body(request))
    return await _done(request, StaffAction("", wanted.by, HANDOVER))


@routes.post("/customers/{phone:[+]?[0-9 -]{6,24}}/give-back")
async def give_back(request: web.Request) -> web.Response:
    """Give a chat back to the bot without a word; nothing changes if it has it. Answers as `reply` does."""
    authorise_operator(request)
    wanted = validated(_Change, await _body(request))
    return await _done(request, StaffAction("", wanted.by, DONE))


@routes.post("/customers/{phone:[+]?[0-9 -]{6,24}}/hears")
async def hears(request: web.Request) -> web.Response:
    """Keep what a customer wants to hear from now on. Answers as `reply` does."""
    authorise_operator(request)
    wanted = validated(_Hears, await _body(request))
    return await _done(request, StaffAction("", wanted.by, HEARS, str(wanted.hears)))


async def _body(request: web.Request) -> object:
    return bodies.parse_object(await bodies.read_body(request, bodies.API_BODY))


async def _done(request: web.Request, action: StaffAction) -> web.Response:
    """Do `action` in the conversation of the customer with the number in the path."""
    context, key = request.app[CONTEXT], idempotency_key(request)
    known = await context.store.known_names(PHONE, phones.spellings(request.match_info["phone"]))
    if not known:
        raise problem(web.HTTPNotFound, "nobody is known by this number")
    stored, event = await carried_out(context, lambda key: from_desk_chat(action, known[0], key), key)
    answer = {"conversation": stored.conversation, "event": stored.number}
    if event is None:
        return web.json_response({**answer, "state": "waits"}, status=202)
    refused = refusal(event)
    if refused is not None:
        return web.json_response({**answer, "error": refused}, status=409)
    return web.json_response({**answer, "state": "done"})
