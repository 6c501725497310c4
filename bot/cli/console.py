"""`munshi console`: serve the shop's pages; say who may log in to them, and what was done there."""

import typer

from bot.cli import console_extra, console_people
from bot.cli.lifecycle import refuse

group = typer.Typer(invoke_without_command=True, pretty_exceptions_show_locals=False)


@group.callback()
def command(context: typer.Context) -> None:
    """Serve the shop's pages in a browser; or say who may log in to them, and show what they did."""
    if not console_extra.is_installed():
        refuse(f"The pages of the console {console_extra.MISSING}")
    if context.invoked_subcommand is None:
        # Imported here: the other commands need no web server.
        from bot.cli.console_serving import serve_console

        serve_console()


group.command("add-user")(console_people.add_user)
group.command("users")(console_people.users)
group.command("set-password")(console_people.set_password)
group.command("set-role")(console_people.set_role)
group.command("remove-user")(console_people.remove_user)
group.command("log")(console_people.log)
