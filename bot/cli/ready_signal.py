"""Tells systemd that the process is ready, so that `systemctl start` waits until it is.

Source: systemd, "sd_notify(3)".
"""

import os
import socket


def tell_ready() -> None:
    """Send READY=1 to the socket that a unit of `Type=notify` names. Does nothing without one."""
    if not (address := os.environ.get("NOTIFY_SOCKET")):
        return
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as out:
        # A name that begins with @ is one of Linux's abstract addresses.
        out.connect(f"\0{address[1:]}" if address.startswith("@") else address)
        out.sendall(b"READY=1")
