"""Asks for a new password: twice on a terminal, where it is not shown, or once in a pipe."""

import sys

import typer


def asked_for(name: str) -> str:
    """Return the password that is given for `name`. It is never an argument, which other users can see."""
    if sys.stdin.isatty():
        return str(typer.prompt(f"Password for {name}", hide_input=True, confirmation_prompt=True))
    return sys.stdin.readline().rstrip("\r\n")
