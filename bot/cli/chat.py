"""`munshi chat`: talk to the flow in the terminal, on the real engine, or to a shop in a running sandbox."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bot.cli.flow_file import DEFAULT, FlowFile, sound_flow

if TYPE_CHECKING:
    from payments.shop.catalogue import Shop

Name = Annotated[str | None, typer.Option(help="The person's name, as WhatsApp tells it.")]
InSandbox = Annotated[
    bool, typer.Option("--sandbox", help="Talk to the 'munshi serve --sandbox' whose line was pasted here.")
]
As = Annotated[
    str,
    typer.Option(
        "--as", metavar="WHO", help="With --sandbox: a phone number, or the name of one of the staff."
    ),
]
Save = Annotated[
    Path | None, typer.Option(metavar="SCENARIO", help="Without --sandbox: write the chat there, as a test.")
]
Whole = Annotated[bool, typer.Option("--whole", help="With --sandbox: show the chat from its beginning.")]


def command(
    file: FlowFile = DEFAULT,
    name: Name = None,
    sandbox: InSandbox = False,
    who: As = "919800000001",
    whole: Whole = False,
    save: Save = None,
) -> None:
    """Talk to the shop as a customer. /help says what else can be done.

    Without --sandbox nothing leaves this command: time and payments are played. With it you talk to a
    running 'munshi serve --sandbox', also as one of the staff, and pay there by /pay.
    """
    flow = sound_flow(file)
    if not sandbox:
        from bot.clock import SystemClock
        from bot.terminal.simulated import Chat

        chat = Chat(flow, name or "Asha", now=SystemClock().now())
        chat.run()
        if save is not None and (scenario := chat.as_scenario()):
            save.write_text(scenario, encoding="utf-8")
            typer.echo(f"saved as {save}: it passes until the shop answers otherwise (munshi test {save})")
        return
    from bot.cli.sandbox_chat import talk

    shop: Shop = flow.sections["shop"]
    talk(str(flow.statics[flow.languages[0]]["shop"]["name"]), shop, who, name, whole=whole)
