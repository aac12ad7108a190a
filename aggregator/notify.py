"""What systemd hears of the daemon: ready, alive, stopping (sd_notify(3), one datagram each)."""

from __future__ import annotations

import os
import socket
from contextlib import suppress


def notify(state: str) -> None:
    """Tells the service manager, when there is one; nobody is missed when there is none.

    Args:
        state: such as ``READY=1``, ``WATCHDOG=1`` or ``STOPPING=1``.
    """
    address = os.environ.get("NOTIFY_SOCKET", "")
    if not address.startswith(("/", "@")):
        return
    with suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as channel:
        channel.sendto(state.encode(), address.replace("@", "\0", 1))
