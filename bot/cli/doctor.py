"""`munshi doctor`: check everything that money depends on, and say how to mend what is wrong."""

import os
import re
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping, Sequence
from typing import Annotated, Final, TypeAlias

import aiohttp
import httpx
import typer

from bot.cli.closed_days import on_closed_days
from bot.cli.display import counted
from bot.cli.finding import Finding
from bot.cli.hooks_check import hooks
from bot.cli.ledger import held_lines
from bot.cli.lifecycle import VARIABLE, database_url, looked_up, refuse, setting
from bot.cli.machine import machine_risks
from bot.cli.operator_changes import change
from bot.cli.pay_check import payment_in_the_chat
from bot.cli.risks import risks
from bot.cli.shopify_check import shopify
from bot.cli.starting import in_words, run
from bot.cli.systems_check import compare_systems
from bot.cli.webhook import webhook
from bot.flow_file import load_flow
from bot.log import mask
from bot.printable import printable
from bot.settings import WHERE, Settings, SettingsInvalid, load_settings
from bot.staff import staffed
from bot.whatsapp.client import WhatsAppClient
from bot.whatsapp.errors import SendError
from flows.document.errors import FlowInvalid
from payments.ledger.holds import needs_person
from payments.razorpay.errors import GatewayError, Reason
from payments.razorpay.gateway import Gateway
from payments.shop.catalogue import Shop
from payments.shop.orders import Mode
from storage import Store
from storage.database.errors import StorageError
from storage.database.records import reading
from storage.reports import backlog
from storage.reports.backlog import Held, Parked, Promised, Told

_SHOWN: Final = 10
"""Maximum rows shown of each list, the oldest first."""
_LONGEST: Final = 300
"""Maximum characters shown of an error."""
_MARKS: Final = {True: "✓", False: "✗", None: "?"}
_STAND_IN: Final = "0123456789012345"
"""In the place of a missing key, for checks that do not use it."""
Checks: TypeAlias = Mapping[str, Callable[[Settings], AsyncIterator[Finding]]]
"""Checks by their names."""
_DAMAGED: Final = "stop the server, keep the file, and put your last backup back with 'munshi restore'"

Seen = Annotated[
    int | None,
    typer.Option(
        min=1, max=2**62, help="Forget this notice, and check nothing. It is told again if it recurs."
    ),
]


def command(seen: Seen = None) -> None:
    """Check every setting, the flow, the database and both APIs. Exit status 1 if anything is amiss.

    Lists what waits for a person, each with what to do.
    """
    if seen is not None:
        looked_up(_forget(database_url(), seen))
        return
    findings: list[Finding] = []
    try:
        run(_examine(load_settings(), _CHECKS, findings))
    except SettingsInvalid as invalid:
        _examine_without_keys(invalid, findings)
    if faults := [finding for finding in findings if finding.well is False]:
        typer.echo(f"\n{len(faults)} to mend.")
        raise typer.Exit(1)
    unanswered = sum(finding.well is None for finding in findings)
    summary = (
        f"Nothing to mend, but {counted(unanswered, 'question')} got no answer."
        if unanswered
        else "All is well."
    )
    typer.echo(f"\n{summary}")


def _examine_without_keys(invalid: SettingsInvalid, findings: list[Finding]) -> None:
    """Look at what needs no key, if keys alone are missing. Ends the command with what else is wrong."""
    missing = [name for name in WHERE if not setting(name)]
    try:
        settings = load_settings(**{name.lower(): _STAND_IN for name in missing})
    except SettingsInvalid:
        missing = []
    if missing and os.environ.get(VARIABLE):
        said = "this terminal is about a sandbox, which needs no keys of yours"
        findings.append(Finding("settings", None, said, "for the real shop, open another terminal"))
        _print(findings[-1])
    else:
        typer.echo(printable(f"✗ settings\n{in_words(invalid)}", "\n"))
    if missing:
        run(_examine(settings, {name: _CHECKS[name] for name in _WITHOUT_KEYS}, findings))
    if not missing or not os.environ.get(VARIABLE):
        raise typer.Exit(1)


async def _forget(url: str, number: int) -> None:
    async def directly(store: Store) -> bool:
        return await store.seen(number)

    if not await change(url, directly, f"/operator/notices/{number}/seen"):
        refuse(f"there is no notice {number}")
    typer.echo(f"notice {number} is forgotten")


async def _examine(settings: Settings, checks: Checks, findings: list[Finding]) -> None:
    """Run `checks`, print their findings and append them to `findings`."""
    async for finding in _findings(settings, checks):
        findings.append(finding)
        _print(finding)


def _print(finding: Finding) -> None:
    line = f"{_MARKS[finding.well]} {finding.name}: {finding.said}"
    typer.echo(printable(line, "\n"))
    if not finding.well:
        typer.echo(printable(f"    {finding.mend}", "\n"))


async def _findings(settings: Settings, checks: Checks) -> AsyncIterator[Finding]:
    for name, check in checks.items():
        try:
            async for finding in check(settings):
                yield finding
        except Exception as error:  # noqa: BLE001 - a check that fails must not stop the others
            why = mask(" ".join(str(error).split()))[:_LONGEST]
            said = f"could not be looked at ({type(error).__name__}{': ' if why else ''}{why})"
            yield Finding(name, False, said, f"look at the settings of '{name}' again")


async def _settings(settings: Settings) -> AsyncIterator[Finding]:
    yield Finding("settings", True, "all there, every secret long enough")
    for risk in (*risks(settings), *machine_risks(settings)):
        yield risk
    mode = {Mode.LIVE: "live: real money", Mode.TEST: "test: no real money"}
    yield Finding("mode", True, mode[settings.razorpay_mode])


async def _flow(settings: Settings) -> AsyncIterator[Finding]:
    try:
        flow = staffed(load_flow(settings.munshi_flow), settings)
    except SettingsInvalid as invalid:
        yield Finding("flow", False, str(invalid), "change MUNSHI_STAFF, or 'staff' in the flow file")
        return
    except (FlowInvalid, OSError, UnicodeDecodeError) as error:
        yield Finding("flow", False, str(error), f"run 'munshi check {settings.munshi_flow}'")
        return
    yield Finding("flow", True, f"'{flow.name}' is sound")


async def _server(settings: Settings) -> AsyncIterator[Finding]:
    url = f"{settings.url}/readyz"
    try:
        async with httpx.AsyncClient(trust_env=False, timeout=3) as client:
            answer = await client.get(url)
    except httpx.InvalidURL:
        yield Finding("server", False, f"{url} is no address", "look at HOST and PORT again")
        return
    except httpx.HTTPError as error:
        said = f"nobody answers at {url} ({type(error).__name__})"
        yield Finding("server", False, said, "run 'munshi serve'")
        return
    if answer.status_code != 200:
        yield Finding("server", False, f"not ready: {answer.text.strip()[:200]}", "read its log")
        return
    serves = re.search(r"^flow: (.*)$", answer.text, re.MULTILINE)
    yield Finding("server", True, f"ready at {url}" + (f", serves {serves[1]}" if serves else ""))
    if changed := _compare_flow(settings, answer.text):
        yield changed
    if other := compare_systems(settings, answer.text):
        yield other


def _compare_flow(settings: Settings, ready: str) -> Finding | None:
    """Return a finding if the flow file differs from the served flow, which `/readyz` names."""
    served = re.search(r"^flow: .* (\w+)$", ready, re.MULTILINE)
    try:
        on_disk = load_flow(settings.munshi_flow).version
    except FlowInvalid:
        return None  # `_flow` reports its errors
    if served is None or served[1] == on_disk:
        return None
    said = f"{settings.munshi_flow} is not what is served: that is version {served[1]}, the file is {on_disk}"
    mend = "see 'munshi plan'; then serve it with 'munshi reload', or put the file right"
    return Finding("flow", False, said, mend)


async def _database(settings: Settings) -> AsyncIterator[Finding]:
    try:
        async with reading(settings.database_url) as records:
            if damage := await records.damage():
                yield Finding("database", False, f"the file is damaged: {damage[:_LONGEST]}", _DAMAGED)
                return
            parked = await backlog.parked(records)
            held = await backlog.held(records)
            notices = await backlog.notices(records)
            promised = await backlog.promised(records)
    except (StorageError, OSError) as error:
        yield Finding(
            "database",
            False,
            str(error),
            "'munshi serve' brings one that is there up to date; 'munshi migrate' makes a new one",
        )
        return
    yield Finding("database", True, "there, and up to date")
    if closed := _closed(settings, promised):
        yield closed
    yield _parked(parked)
    yield _held(held)
    yield _notices(notices)


def _closed(settings: Settings, promised: Sequence[Promised]) -> Finding | None:
    """Return a finding if orders are promised for days that the flow file closes."""
    try:
        shop: Shop = load_flow(settings.munshi_flow).sections["shop"]
    except (FlowInvalid, OSError, UnicodeDecodeError):
        return None  # `_flow` reports its errors
    return on_closed_days(promised, shop)


def _parked(parked: Sequence[Parked]) -> Finding:
    if not parked:
        return Finding("events", True, "none is parked")
    mend = (line for event in parked[:_SHOWN] for line in _parked_lines(event))
    said = f"{len(parked)} parked: they could not be handled"
    return Finding("events", False, said, _listed(mend, len(parked), "replay mended ones to see the next"))


def _parked_lines(event: Parked) -> Iterator[str]:
    error = mask(event.error.rpartition("\n")[2])[:_LONGEST]
    yield f"event {event.number} ({event.kind}, customer {event.conversation or 'unknown'}): {error}"
    yield f"    mend what this says (often the flow), then: munshi replay {event.number}"


def _held(held: Sequence[Held]) -> Finding:
    for_person = [order for order in held if needs_person(order.reason)]
    if not for_person:
        waits = f"; {counted(len(held), 'order')} with a link for the rest, or a remainder" if held else ""
        return Finding("money", True, f"none waits for a person{waits}")
    mend = (line.removeprefix("  ") for order in for_person[:_SHOWN] for line in held_lines(order))
    said = f"held in {counted(len(for_person), 'order')}, and waits for you"
    return Finding("money", False, said, _listed(mend, len(for_person), "see munshi ledger"))


def _notices(notices: Sequence[Told]) -> Finding:
    if not notices:
        return Finding("notices", True, "none")
    mend = (line for notice in notices[:_SHOWN] for line in _notice_lines(notice))
    said = f"{len(notices)} you have not seen to"
    return Finding("notices", False, said, _listed(mend, len(notices), "see to these first"))


def _notice_lines(notice: Told) -> Iterator[str]:
    yield f"notice {notice.number} ({notice.kind} {notice.subject}): {mask(notice.said)}"
    yield f"    when that is done: munshi doctor --seen {notice.number}"


def _listed(lines: Iterable[str], count: int, more: str) -> str:
    """Join `lines` and, if the list was cut, how many of `count` are left out and `more`."""
    rest = (f"… and {count - _SHOWN} more: {more}",) if count > _SHOWN else ()
    return "\n    ".join((*lines, *rest))


async def _whatsapp(settings: Settings) -> AsyncIterator[Finding]:
    async with aiohttp.ClientSession() as session:
        client = WhatsAppClient(
            session,
            base_url=settings.whatsapp_api_url,
            version=settings.whatsapp_api_version,
            phone_number_id=settings.whatsapp_phone_number_id,
            access_token=settings.whatsapp_access_token.get_secret_value(),
        )
        try:
            number = await client.phone_number()
        except SendError as error:
            mend = "check WHATSAPP_ACCESS_TOKEN and WHATSAPP_PHONE_NUMBER_ID"
            if error.code is None:
                mend = f"can this machine reach {settings.whatsapp_api_url}?"
            yield Finding("WhatsApp", False, str(error), mend)
            return
        yield Finding("WhatsApp", True, f"answers as {number.get('verified_name') or 'an unnamed number'}")
        async for finding in webhook(client):
            yield finding
        async for finding in payment_in_the_chat(settings, client):
            yield finding


async def _razorpay(settings: Settings) -> AsyncIterator[Finding]:
    secret = settings.razorpay_key_secret.get_secret_value()
    gateway = Gateway(settings.razorpay_key_id, secret, settings.razorpay_api_url)
    try:
        await gateway.ping()
    except GatewayError as error:
        mend = f"can this machine reach {settings.razorpay_api_url}? See also Razorpay's status page"
        if error.reason is Reason.AUTH:
            mend = "check RAZORPAY_KEY_ID and RAZORPAY_KEY_SECRET"
        yield Finding("Razorpay", False, str(error).removeprefix("Razorpay: "), mend)
        return
    finally:
        await gateway.close()
    yield Finding("Razorpay", True, "answers, and takes the key")


_CHECKS: Final[Checks] = {
    "settings": _settings,
    "flow": _flow,
    "server": _server,
    "database": _database,
    "WhatsApp": _whatsapp,
    "Razorpay": _razorpay,
    "hooks": hooks,
    "Shopify": shopify,
}
"""The checks, in the order of the report."""
_WITHOUT_KEYS: Final = ("flow", "server", "database")
"""Checks that need no key of a provider."""
