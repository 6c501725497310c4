"""`munshi chat`: talk to the flow in the terminal, on the real engine; time and Razorpay are played."""

from typing import Annotated

import typer

from bot.cli.flow_file import DEFAULT, FlowFile, sound_flow

Name = Annotated[str, typer.Option(help="The customer's name, as WhatsApp tells it.")]


def command(file: FlowFile = DEFAULT, name: Name = "Asha") -> None:
    """Talk to the flow as a customer. Nothing leaves this machine; /help says what else can be done."""
    flow = sound_flow(file)
    from bot.terminal.simulated import Chat

    Chat(flow, name).run()
