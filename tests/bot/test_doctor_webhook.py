"""What `munshi doctor` says of the webhook and the subscription, for each answer of Meta."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any, Final

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from bot.checks.finding import Finding
from bot.checks.webhook import webhook
from bot.whatsapp.client import WhatsAppClient

TOKEN: Final = "Kq3v-PLsx80Zb1Tm-token"
HERE: Final = "https://shop.example/whatsapp/webhook"
LED: Final[Mapping[str, Any]] = {"webhook_configuration": {"application": HERE}, "id": "1"}
ENTITIES: Final = [{"entity_type": "WABA", "id": "22"}, {"entity_type": "APP", "id": "33"}]
WELL: Final[Mapping[str, Any]] = {"health_status": {"entities": ENTITIES}, "id": "1"}
APPS: Final[Mapping[str, Any]] = {"data": [{"whatsapp_business_api_data": {"id": "33", "name": "Shop"}}]}


@asynccontextmanager
async def graph(answers: Mapping[str, web.Response]) -> AsyncIterator[WhatsAppClient]:
    async def answer(request: web.Request) -> web.Response:
        assert request.headers["Authorization"] == f"Bearer {TOKEN}"
        assert TOKEN not in request.path_qs
        return answers[request.query.get("fields", request.path)]

    site = web.Application()
    site.router.add_get("/{path:.*}", answer)
    async with TestServer(site) as server, aiohttp.ClientSession() as session:
        yield WhatsAppClient(
            session,
            base_url=str(server.make_url("/")),
            version="v25.0",
            phone_number_id="1",
            access_token=TOKEN,
        )


async def found(led: Any = LED, well: Any = WELL, apps: Any = APPS) -> list[Finding]:
    """The findings; each argument is the body of an answer, or a whole answer."""
    answers = {"webhook_configuration": led, "health_status": well, "/v25.0/22/subscribed_apps": apps}
    responses = {
        asked: given if isinstance(given, web.Response) else web.json_response(given)
        for asked, given in answers.items()
    }
    async with graph(responses) as client:
        return [finding async for finding in webhook(client)]


def refusal(code: int, status: int = 400, **more: Any) -> web.Response:
    return web.json_response({"error": {"message": f"(#{code}) no", "code": code, **more}}, status=status)


async def test_all_in_place() -> None:
    assert await found() == [
        Finding("webhook", True, f"Meta posts to {HERE}"),
        Finding("subscription", True, "the app is subscribed to the WhatsApp business account"),
    ]


@pytest.mark.parametrize("path", ["/whatsapp/webhook", "/munshi/whatsapp/webhook"])
async def test_a_path_before_ours_is_the_proxy_s(path: str) -> None:
    levels = {"application": f"https://shop.example{path}"}
    assert (await found({"webhook_configuration": levels}))[0].well


@pytest.mark.parametrize(
    ("levels", "said", "mend"),
    [
        ({}, "names no address", "Configuration > Webhook: https://<your server>/whatsapp/webhook"),
        ({"application": "https://shop.example/"}, "https://shop.example/, and Munshi takes", "> Webhook: "),
        ({"application": f"{HERE}/"}, f"{HERE}/, and Munshi takes", "Configuration > Webhook: "),
        ({"phone_number": "https://b.example/x", "application": HERE}, "b.example/x, and", "that override"),
        ({"phone_number": HERE, "application": "https://b.example/x"}, "own address, https://b.", ""),
        ({"whatsapp_business_account": HERE}, "own address, of which there is none", "> Webhook: "),
    ],
)  # fmt: skip
async def test_a_webhook_that_does_not_lead_here(levels: Any, said: str, mend: str) -> None:
    finding, _ = await found({"webhook_configuration": levels})
    assert finding.well is False
    assert said in finding.said
    assert mend in finding.mend


async def test_a_number_without_a_webhook() -> None:
    finding, subscription = await found({"id": "1"})
    assert (finding.well, subscription.well) == (False, True)


async def test_an_app_that_is_not_subscribed() -> None:
    for apps in ([], [{"whatsapp_business_api_data": {"id": "34"}}]):
        _, finding = await found(apps={"data": apps})
        assert finding.well is False
        assert "the app is not subscribed" in finding.said
        assert finding.mend.startswith('curl -X POST -H "Authorization: Bearer $WHATSAPP_ACCESS_TOKEN" http')
        assert finding.mend.endswith("/v25.0/22/subscribed_apps")


async def test_an_app_that_does_not_take_the_messages() -> None:
    note = "Your app is not subscribed to the message webhook."
    app = {"entity_type": "APP", "id": "33", "additional_info": [note]}
    _, finding = await found(well={"health_status": {"entities": [ENTITIES[0], app]}})
    assert (finding.well, finding.said) == (False, f"Meta says: {note}")
    assert "Webhook fields" in finding.mend


@pytest.mark.parametrize(
    ("well", "apps", "said"),
    [
        ({"id": "1"}, APPS, "does not say which account"),
        ({"health_status": {"entities": ENTITIES[:1]}}, APPS, "does not say whether"),
        (WELL, {"success": True}, "does not say whether"),
    ],
)
async def test_an_answer_that_says_nothing_is_neither_well_nor_amiss(well: Any, apps: Any, said: str) -> None:
    _, finding = await found(well=well, apps=apps)
    assert finding.well is None
    assert said in finding.said
    assert finding.mend


@pytest.mark.parametrize("code", [3, 10, 200, 230, 299])
async def test_a_token_without_the_permission_is_said_and_does_not_fail(code: int) -> None:
    for finding in (*await found(refusal(code), refusal(code, 403)), (await found(apps=refusal(code)))[1]):
        assert (finding.well, finding.said) == (
            None,
            "could not be asked: the access token lacks a permission",
        )
        assert "whatsapp_business_management" in finding.mend


async def test_an_account_that_the_token_does_not_see() -> None:
    _, finding = await found(apps=refusal(100, error_subcode=33, type="GraphMethodException"))
    assert (finding.well, finding.said) == (None, "could not be asked: the access token lacks a permission")


@pytest.mark.parametrize(
    "given",
    [
        lambda: refusal(100),
        lambda: refusal(2, 503),
        lambda: refusal(4, 429),
        lambda: web.Response(status=404, text="<html>no such page</html>"),
        lambda: web.Response(text="{"),
        lambda: web.json_response([]),
        lambda: web.json_response({}),
        lambda: web.json_response({"error": {}}),
    ],
)
async def test_any_other_refusal_is_said_and_does_not_fail(given: Any) -> None:
    for finding in (*await found(given(), given()), (await found(apps=given()))[1]):
        assert finding.well is None
        assert finding.said.startswith("could not be asked: ")
        assert "permission" not in finding.said
        assert finding.mend


async def test_a_token_that_is_refused_fails() -> None:
    for finding in (*await found(refusal(190, 401), refusal(190, 401)), (await found(apps=refusal(190)))[1]):
        assert (finding.well, finding.mend) == (False, "check WHATSAPP_ACCESS_TOKEN")
