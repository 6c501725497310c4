"""The planted bugs: one or more for each way to lose or double money, and what catches each.

A test plants a bug as a patch and removes it. `ROWS` lists the bugs that show in a simulated world;
`GUARDS` lists the others, each with the test that fails because of it.
"""

import asyncio
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pytest

from bot.whatsapp.channel import WHATSAPP
from payments.processing.step_input import EventKind
from storage import Store
from storage.database.errors import Gone
from storage.inbox.arrival import Arrival
from tests.flows import test_templates
from tests.payments import test_money
from tests.simulation import bugs, outside_bugs
from tests.simulation.bugs import Plant
from tests.simulation.weather import Weather
from tests.storage import test_database, test_right_database, test_units_of_work


@dataclass(frozen=True, slots=True)
class Row:
    """A planted bug that shows in a script."""

    id: str
    """Number or name of the scenario in docs/reliability.md."""
    bug: str
    """What the planted code does wrong."""
    plant: Plant
    caught_in: str
    """The script in which the bug shows."""
    message: str
    """Text that some violation must contain."""
    kill_at: str = ""
    """Last word of the operation or call at which to kill the process; empty if no crash is needed."""
    weather: Weather | None = None
    """Replaces the weather of the script."""


_PAYS, _LATE = "buys and pays", "bank says yes late"
_ENDS: Final = "the books say"
_LOST: Final = "orders after the disk was lost"

ROWS: Final = (
    Row("M01", "answers 200 before the commit", bugs.acknowledge_first, _PAYS, "INV6", "COMMIT"),
    Row(
        "M04",
        "a step is dropped when another event waits",
        bugs.drop_what_is_interrupted,
        "confirms and asks for help at once",
        _ENDS,
    ),
    Row("M05", "asks for a link before its attempt is stored", bugs.ask_before_it_is_written, _PAYS, "INV7"),
    Row("M06", "never polls", bugs.never_ask_again, "every webhook lost", "INV1"),
    Row("M07", "a new reference id in doubt", bugs.new_reference_after_a_doubt, _PAYS, "INV10", "create"),
    Row(
        "M07",
        "a link is not looked for",
        bugs.create_without_looking,
        _PAYS,
        "nobody heard",
        "create",
    ),
    Row("M08", "an empty secret signs", bugs.empty_secret_signs, "webhook signed with nothing", "INV3"),
    Row("M09", "a missing signature passes", bugs.missing_signature_passes, "unsigned webhook", "INV3"),
    Row("M10", "any currency counts", bugs.any_currency_counts, "pays in dollars", "INV3"),
    Row(
        "M10",
        "a payment need not name its link",
        bugs.no_link_need_be_named,
        "webhook of the other mode",
        "INV3",
    ),
    Row("M11", "any account counts", bugs.any_account_counts, "webhook of another account", "INV3"),
    Row(
        "M13",
        "ended orders ignore captures",
        bugs.ended_orders_hear_nothing,
        "cancels, pays in flight",
        "INV1",
    ),
    Row("M14", "a failed payment stays failed", bugs.failed_is_final, _LATE, "INV1"),
    Row(
        "M16",
        "a returned order is fulfilled after all",
        bugs.returned_is_not_final,
        "cancels, pays in flight, sold out",
        "INV7",
    ),
    Row(
        "M17",
        "an ended order is not asked about",
        bugs.ended_orders_are_not_asked_about,
        "bank says yes, unheard",
        "INV1",
    ),
    Row(
        "M19",
        "a webhook is known by its delivery",
        bugs.known_by_delivery,
        _PAYS,
        "INV6",
        "",
        Weather(duplicate=1),
    ),
    Row("M20", "each event that says paid confirms", bugs.each_event_confirms, _PAYS, "INV4"),
    Row("M21", "a poll decides on what it saw", bugs.polls_trust_what_they_saw, _PAYS, "INV4"),
    Row("M22", "what was taken is sent again", bugs.sent_is_sent_again, _PAYS, "INV4"),
    Row("M23", "a second payment stays", bugs.surplus_stays, "pays two links", "INV1"),
    Row("M24", "of two partials one counts", bugs.one_partial_wins, "pays short, then the rest", "INV1"),
    Row("M25", "short is paid", bugs.short_is_paid, "pays short, then the rest", "INV3"),
    Row("M26", "too much is not seen", bugs.too_much_is_not_seen, "pays too much", "INV1"),
    Row(
        "M27",
        "each try of a refund has a key",
        bugs.refund_key_per_try,
        "pays too much",
        "INV1",
        "refund",
    ),
    Row("M29", "a failed refund counts as gone", bugs.failed_refund_is_not_heard, "refund fails", "INV1"),
    Row("M30", "a failure beats a capture", bugs.failed_beats_captured, _LATE, "INV1"),
    Row("M31", "an order reserves nothing", bugs.orders_reserve_nothing, "two want the last", "stock:"),
    Row("M31", "the stock is not looked at", bugs.stock_is_not_looked_at, "two want the last", "INV7"),
    Row("M33", "marked as sent before it is", bugs.done_before_it_is_sent, _PAYS, "nobody", "send"),
    Row(
        "C01",
        "a message is known by its delivery",
        bugs.messages_known_by_delivery,
        _PAYS,
        "INV6",
        "",
        Weather(duplicate=1),
    ),
    Row("C02", "two messages see the same state", bugs.events_see_the_same_state, "adds two at once", _ENDS),
    Row("C03", "old buttons are taken for new", bugs.old_buttons_are_new, "taps an old confirm", _ENDS),
    Row("C04", "the old link stays open", bugs.old_links_stay_open, "retries while the link ends", "INV10"),
    Row(
        "M23",
        "a new link does not wait for the old one's end",
        bugs.links_do_not_wait,
        "changes the cart, the old link stays",
        "INV10",
    ),
    Row(
        "M23",
        "whatever cancels no link is taken for its end",
        bugs.any_refusal_is_a_cancellation,
        "changes the cart, the old link stays",
        "INV10",
    ),
    Row("M13", "paid is only over", bugs.paid_is_only_over, "orders more while paying", "nobody heard"),
    Row(
        "C13", "what waits for a link's end is forgotten", bugs.plans_are_forgotten, "changes the cart", _ENDS
    ),
    Row("C05", "the newest event comes first", bugs.newest_first, "adds and checks out at once", _ENDS),
    Row("A1", "two names stay two customers", outside_bugs.two_names_stay_two, "known by an id alone", _ENDS),
    Row(
        "A2",
        "the number that was given up is written to",
        outside_bugs.the_oldest_number_wins,
        "changes the number while paying",
        "INV22",
    ),
    Row(
        "A4",
        "the payer's fee is taken for too much",
        outside_bugs.fees_are_too_much,
        "the payer bears the fee",
        "INV1",
    ),
    Row(
        "A6",
        "what bounces is not sent again",
        outside_bugs.what_bounces_is_lost,
        "each message bounces",
        _ENDS,
    ),
    Row("F1", "keys are counted again after a restore", outside_bugs.keys_are_counted_again, _LOST, _ENDS),
    Row(
        "F1",
        "any link of our reference is ours",
        outside_bugs.any_link_is_adopted,
        _LOST,
        "Asha's money",
    ),
    Row("C12", "timers of any visit fire", bugs.timers_of_any_visit, "retries while the link ends", _ENDS),
)


@dataclass(frozen=True, slots=True)
class Guard:
    """A planted bug that shows in a test elsewhere."""

    id: str
    bug: str
    plant: Plant
    test: Callable[[Path], object]
    """Runs the test that must fail, in a directory."""


def _test_weak_disk(directory: Path) -> None:
    url = f"sqlite://{directory}/munshi.db"
    test = test_database.test_weak_sqlite_is_refused_even_if_the_url_asks_for_it
    asyncio.run(test("synchronous=OFF", url))


def _test_rollback(directory: Path) -> None:
    async def run() -> None:
        url = f"sqlite://{directory}/munshi.db"
        await Store.migrate(url)
        store = await Store.open(url, WHATSAPP)
        try:
            await test_units_of_work.test_what_fails_is_undone(store)
        finally:
            await store.close()

    asyncio.run(run())


def _test_missing_file(directory: Path) -> None:
    async def run() -> None:
        folder = directory / "volume"
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        await Store.migrate(f"sqlite://{folder}/munshi.db")
        store = await Store.open(f"sqlite://{folder}/munshi.db", WHATSAPP)
        test_right_database.remove(folder)
        try:
            with pytest.raises(Gone):
                await store.arrive(
                    [Arrival("m", EventKind.CHAT, {}, aliases=(("phone", "919800000001"),))], 1
                )
        finally:
            test_right_database.put_back(folder)
            await store.close()

    asyncio.run(run())


GUARDS: Final = (
    Guard(
        "F2",
        "a database that is gone is served on",
        outside_bugs.whatever_file_is_served,
        _test_missing_file,
    ),
    Guard("M02", "a disk that may forget is accepted", bugs.weak_disk_is_accepted, _test_weak_disk),
    Guard(
        "M03",
        "a transaction that fails is never ended",
        bugs.what_fails_stays_open,
        _test_rollback,
    ),
    Guard("M32", "rupees are floats", bugs.rupees_are_floats, lambda _: test_money.test_paise("0.29", 29)),
    Guard(
        "C20",
        "what a customer wrote is a template",
        bugs.text_is_rendered_again,
        lambda _: test_templates.test_what_a_customer_wrote_is_shown_as_it_is(),
    ),
)
UNPLANTED: Final[Mapping[str, str]] = {
    "M18": "nothing: Razorpay's settlements are not read",
    "C11": "tests/world/test_scenarios_chat.py: a state that is gone, and its buttons",
}
"""Scenarios without a planted bug, and what guards against them."""
