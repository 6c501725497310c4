"""API to send an offer to everybody who asked for offers."""

from typing import Annotated, Any

import structlog
from aiohttp import web
from pydantic import BaseModel, ConfigDict, Field

from bot.context import CONTEXT, Context
from bot.http import bodies
from bot.http.access import authorise_operator, problem, validated
from bot.http.desk_changes import OPERATOR
from bot.http.texts import By
from flows.document.errors import close
from flows.engine.model import Flow
from payments.shop.catalogue import Shop
from payments.shop.local_time import local_date
from storage.database.models import BROADCAST_ID
from storage.inbox.broadcasts import Audience, Broadcast

routes = web.RouteTableDef()
log = structlog.get_logger()

_ID = rf"[a-z0-9][a-z0-9_.-]{{0,{BROADCAST_ID - 1}}}"
_DAY = len("-2026-11-01")


class _Request(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    message: Annotated[str, Field(min_length=1, max_length=200)]
    id: Annotated[str, Field(pattern=f"^{_ID}$")] | None = None
    by: By = OPERATOR
    dry_run: bool = False
    at_most: Annotated[int, Field(ge=1)] | None = None


@routes.post("/broadcasts")
async def send(request: web.Request) -> web.Response:
    """Send an offer to everybody who asked for offers, or say who would get it.

    With `dry_run` answers 200 with the counts, and with the texts of the message as the flow file has them,
    by their place in it: `text.en`. Else `at_most` must be there, the `would_get` of a dry run:
    answers 202 once the broadcast is stored, 200 with its progress if its id is stored already, 409 if the
    id is another offer's, or more customers than `at_most` would get it, or nobody.
    """
    authorise_operator(request)
    context = request.app[CONTEXT]
    body = bodies.parse_object(await bodies.read_body(request, bodies.API_BODY))
    wanted = validated(_Request, body)
    _require_offer(context.flow, wanted.message)
    id = wanted.id or _of_today(context, wanted.message)
    counts = _counts(context.flow, wanted.message, await _audience(context))
    if wanted.dry_run:
        texts = _texts(context.flow, wanted.message)
        return web.json_response({"id": id, "message": wanted.message, "texts": texts, **counts})
    known = await context.store.broadcasts.find(id)
    if known is not None:
        return _known(known, wanted.message)
    _require_few(counts, wanted.at_most)
    stored = await context.store.broadcasts.begin(id, wanted.message, wanted.by, context.clock.now())
    if not stored.new:
        return _known(stored, wanted.message)
    context.broadcast_begun.set()
    log.info("broadcast begun", id=id, message=wanted.message, by=wanted.by, customers=counts["would_get"])
    return web.json_response({**_to_json(stored), **counts}, status=202)


@routes.get(f"/broadcasts/{{id:{_ID}}}")
async def shown(request: web.Request) -> web.Response:
    """Answer with how far a broadcast is. 404 if there is none with this id."""
    authorise_operator(request)
    known = await request.app[CONTEXT].store.broadcasts.find(request.match_info["id"])
    if known is None:
        raise problem(web.HTTPNotFound, "there is no such broadcast")
    return web.json_response(_to_json(known))


def _require_offer(flow: Flow, message: str) -> None:
    if message not in flow.messages:
        mend = close(message, flow.promotions)
        said = f"there is no message '{message}'{f'; {mend}' if mend else '.'}"
        raise problem(web.HTTPNotFound, f"{said} If the flow file has it: munshi reload")
    if message not in flow.promotions:
        mend = "give it 'offer: true' in the flow file, then munshi reload"
        raise problem(web.HTTPUnprocessableEntity, f"message: '{message}' is no offer: {mend}")


def _of_today(context: Context, message: str) -> str:
    """Return the id of today's broadcast of `message`: a second one on one day is taken for the same."""
    shop: Shop = context.flow.sections["shop"]
    name = message.lower()[: BROADCAST_ID - _DAY]
    return f"{name}-{local_date(shop.timezone, context.clock.now()).isoformat()}"


def _texts(flow: Flow, message: str) -> dict[str, str]:
    """Return each text of `message` that customers read, as written, by its place: `text.en`."""
    written = (one for one in flow.written if one.place[:2] == ("messages", message))
    read = (one for one in written if not _UNREAD.intersection(one.place[2:]))
    return {".".join(str(step) for step in one.place[2:] if step != ""): one.source for one in read}


_UNREAD = frozenset({"template", "with"})
"""Keys of a message that hold no text of its own."""


async def _audience(context: Context) -> Audience:
    return await context.store.broadcasts.audience(context.clock.now() - context.flow.limits.window)


def _counts(flow: Flow, message: str, audience: Audience) -> dict[str, Any]:
    templated = message in flow.templated
    return {
        "would_get": audience.open + (audience.silent if templated else 0),
        "as_template": audience.silent if templated else 0,
        "left_out": {
            "no_template": 0 if templated else audience.silent,
            "with_a_person": audience.in_hand,
            "did_not_ask": audience.others,
        },
    }


def _require_few(counts: dict[str, Any], at_most: int | None) -> None:
    if at_most is None:
        raise problem(web.HTTPUnprocessableEntity, "at_most: give the 'would_get' of a dry run")
    if counts["would_get"] == 0:
        raise problem(web.HTTPConflict, "nobody would get it: see a dry run")
    if counts["would_get"] > at_most:
        more = (
            f"{counts['would_get']} customers would get it by now, more than {at_most}: see a dry run again"
        )
        raise problem(web.HTTPConflict, more)


def _known(broadcast: Broadcast, message: str) -> web.Response:
    if broadcast.message != message:
        used = f"the id '{broadcast.id}' was used for the offer '{broadcast.message}': give another"
        raise problem(web.HTTPConflict, used)
    return web.json_response(_to_json(broadcast))


def _to_json(broadcast: Broadcast) -> dict[str, Any]:
    return {
        "id": broadcast.id,
        "message": broadcast.message,
        "by": broadcast.by,
        "created_at": broadcast.created_at,
        "given": broadcast.given,
        "finished": broadcast.finished,
    }
