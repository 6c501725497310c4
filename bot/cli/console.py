"""`munshi console`: who may log in to the web console, and what was done there."""

import typer

from bot.cli import console_people

group = typer.Typer(no_args_is_help=True, pretty_exceptions_show_locals=False)


@group.callback()
def command() -> None:
    """Say who may log in to the web console and what they may do; show what they did."""


group.command("add-user")(console_people.add_user)
group.command("users")(console_people.users)
group.command("set-password")(console_people.set_password)
group.command("set-role")(console_people.set_role)
group.command("remove-user")(console_people.remove_user)
group.command("log")(console_people.log)
