"""`munshi restore`: replace the database by a backup, and settle the payment links that it lacks."""

from pathlib import Path
from typing import Annotated

import typer

from bot.cli.lifecycle import looked_up
from bot.cli.settle import CancelUnpaid, Keep, Refund, said, settled_or_told
from bot.cli.starting import settings_or_refuse
from bot.clock import SystemClock
from storage import recovery

File = Annotated[
    Path | None,
    typer.Argument(
        metavar="[FILE]",
        help="Of 'munshi backup'. Without one, what is there was put back by other means, as by pg_restore.",
    ),
]
AnotherShop = Annotated[
    str | None,
    typer.Option(
        "--another-shop",
        metavar="KEY",
        help="Replace books with orders though FILE is of another installation: KEY is theirs.",
    ),
]


def command(
    file: File = None,
    another_shop: AnotherShop = None,
    cancel_unpaid: CancelUnpaid = False,
    refund: Refund = None,
    keep: Keep = None,
) -> None:
    """Replace the database by the backup FILE. Stop the server first. The old database is kept beside it.

    The books are marked as restored: no id of the lost ones is given again. Then Razorpay is asked for the
    payment links that the books lack, and each is settled as you say, as by 'munshi settle'.
    """
    settings, decisions = settings_or_refuse(), said(cancel_unpaid, refund, keep)
    now = SystemClock().now()
    url = settings.database_url
    restored = looked_up(
        recovery.mark(url, now) if file is None else recovery.restore(url, file, now, another_shop)
    )
    typer.echo(f"The books are restored: epoch {restored.epoch} begins.")
    if restored.aside:
        typer.echo(f"What they replace is kept: {restored.aside.absolute()}")
    typer.echo(
        "What customers wrote and paid since the backup is not in them. Messages that had left since then may"
        " be sent a second time."
    )
    settled_or_told(settings, decisions)
