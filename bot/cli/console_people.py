"""Commands about the people of the web console. They work whether or not the console is running."""

from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final, TypeVar

import typer
import uvloop

from bot.cli import console_extra
from bot.cli.display import table
from bot.cli.lifecycle import looked_up, refuse, setting
from bot.cli.new_password import asked_for
from bot.cli.operator_changes import user
from bot.clock import SystemClock
from bot.console.weak_passwords import WeakPassword, require_strong
from bot.printable import printable
from storage.accounts.accounts import Accounts
from storage.accounts.entries import DONE, Actor, Entry
from storage.accounts.people import PersonRefused, Role, person_name

if TYPE_CHECKING:
    from bot.console.passwords import Passwords

T = TypeVar("T")

_DEFAULT: Final = "console.db"

Name = Annotated[str, typer.Argument(help="The person's name.")]
OfRole = Annotated[
    Role,
    typer.Option(
        "--role", help="viewer: reads. staff: also moves orders and answers. owner: may do everything."
    ),
]
NewRole = Annotated[Role, typer.Argument(help="What the person may do from now on.")]
Limit = Annotated[int, typer.Option("--limit", min=1, max=1000, help="At most so many.")]
Before = Annotated[int | None, typer.Option("--before", help="Go on before this entry, which it named.")]


def add_user(name: Name, role: OfRole) -> None:
    """Let a person log in to the console. Asks for their password twice, or reads it from standard input."""
    with _refusals_said():
        name = person_name(name)
        hashed = _new_hash(name)
        _done(Accounts.make, lambda accounts: accounts.add(name, role, hashed, _who(), _now()))
    typer.echo(printable(f"{name} can log in to the console, as {role}"))


def set_password(name: Name) -> None:
    """Change a password, as 'add-user' takes it, and log the person out everywhere."""
    with _refusals_said():
        hashed = _new_hash(name)
        _done(Accounts.open, lambda accounts: accounts.set_password(name, hashed, _who(), _now()))
    typer.echo(printable(f"{name} has a new password, and was logged out everywhere"))


def set_role(name: Name, role: NewRole) -> None:
    """Change what a person may do in the console, from their next page on."""
    with _refusals_said():
        _done(Accounts.open, lambda accounts: accounts.set_role(name, role, _who(), _now()))
    typer.echo(printable(f"{name} is {role} now"))


def remove_user(name: Name) -> None:
    """Let a person no longer log in, and log them out. What they did stays in the log."""
    with _refusals_said():
        _done(Accounts.open, lambda accounts: accounts.remove(name, _who(), _now()))
    typer.echo(printable(f"{name} can no longer log in"))


def users() -> None:
    """List who may log in to the console, and what they may do."""
    people = _done(Accounts.open, Accounts.people)
    for line in table([(one.name, one.role, f"since {_time(one.created_at)}") for one in people]):
        typer.echo(printable(line))


def log(limit: Limit = 50, before: Before = None) -> None:
    """Show what was done in the console, by whom, and who failed to log in; the newest first."""
    kept = _done(Accounts.open, lambda accounts: accounts.entries(before, limit))
    for one in kept:
        typer.echo(printable(_line(one.entry)))
    if len(kept) == limit:
        typer.echo(f"older ones: munshi console log --before {kept[-1].number}")


def _line(entry: Entry) -> str:
    who = entry.who
    by = f"{who.name} ({who.role or 'shell'})" if who.name else "not logged in"
    came = "" if entry.result == DONE else f": {entry.result}"
    about = f" {entry.about}" if entry.about else ""
    return f"{_time(entry.at)}  {by}: {entry.what}{about}{came}"


def _time(at: int) -> str:
    return f"{datetime.fromtimestamp(at / 1000, UTC):%Y-%m-%d %H:%M:%S} UTC"


def _who() -> Actor:
    return Actor(user(), None)


def _now() -> int:
    return SystemClock().now()


@contextmanager
def _refusals_said() -> Iterator[None]:
    """End the command with the reason if a name, a password or a change is refused."""
    try:
        yield
    except (PersonRefused, WeakPassword) as refused:
        refuse(str(refused))


def _done(opened: Callable[[Path], Awaitable[Accounts]], work: Callable[[Accounts], Awaitable[T]]) -> T:
    """Return what `work` returns of the file. Ends the command with the reason if it cannot be used."""

    async def run() -> T:
        accounts = await opened(Path(setting("MUNSHI_CONSOLE_DATABASE") or _DEFAULT))
        try:
            return await work(accounts)
        finally:
            await accounts.close()

    return looked_up(run())


def _new_hash(name: str) -> str:
    """Return the hash of the password that is given for `name`. Raises WeakPassword."""
    passwords = _passwords()
    password = asked_for(name)
    require_strong(name, password)
    return uvloop.run(passwords.hashed(password))


def lacking(missing: ModuleNotFoundError) -> str:
    """Return what to do about a package of the console that is not installed."""
    return f"The pages of the console {console_extra.MISSING} ({missing.name} is not there)"


def _passwords() -> "Passwords":
    try:
        from bot.console.passwords import Passwords  # its package comes with the console
    except ModuleNotFoundError as missing:
        refuse(lacking(missing))
    return Passwords()
