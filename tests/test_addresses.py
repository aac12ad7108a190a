"""Which addresses are asked at all: literal, by name, and behind a redirect."""

from __future__ import annotations

import ctypes
import fcntl
import socket
import struct
import subprocess
import sys
from pathlib import Path
from typing import ClassVar

import pytest
from aiohttp.abc import ResolveResult
from aiohttp.resolver import ThreadedResolver
from conftest import Wire
from test_fetch import BODY, get, refusal

from aggregator import fetch
from aggregator.errors import RefusedError

PRIVATE = [
    "127.0.0.1", "127.8.8.8", "[::1]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[::]", "0.0.0.0",  # noqa: S104 (asked, not bound)
    "2130706433", "0x7f000001", "0177.0.0.1", "127.1", "127.0.1", "10.0.0.1", "172.16.0.1", "192.168.1.1",
    "169.254.169.254", "100.64.0.1", "[fe80::1]", "[fd00::1]", "[64:ff9b::7f00:1]", "[2002:7f00:1::]",
    "224.0.0.1", "[ff02::1]", "255.255.255.255", "localhost", "localhost.", "LOCALHOST", "①②⑦.⓪.⓪.①",
    "user:secret@127.0.0.1",
]  # fmt: skip


@pytest.mark.parametrize("host", PRIVATE)
def test_private_addresses_are_refused_however_they_are_spelled(wire: Wire, host: str) -> None:
    wire.set("/", BODY)
    fault = refusal(f"http://{host}:{wire.base.rpartition(':')[2]}/", allow_private=False)
    assert wire.asked == []
    assert "secret" not in str(fault)
    known = "not a public address" in str(fault)
    assert known or "not known (DNS)" in str(fault) or "could not be reached" in str(fault)


@pytest.mark.parametrize("host", ["127.0.0.1", "[::1]", "169.254.169.254", "localhost", "2130706433"])
def test_the_refusal_of_an_address_says_how_to_allow_it(wire: Wire, host: str) -> None:
    fault = refusal(f"http://{host}:{wire.base.rpartition(':')[2]}/", allow_private=False)
    assert isinstance(fault, RefusedError)
    assert "is not a public address; allow it with --allow-private" in str(fault)


def test_a_name_for_loopback_is_asked_when_allowed(wire: Wire) -> None:
    wire.set("/", BODY)
    assert get(f"http://localhost:{wire.base.rpartition(':')[2]}/").body == BODY


def test_no_proxy_of_the_environment_is_asked(wire: Wire, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9/")
    assert get(wire.set("/", BODY)).body == BODY


class Rebinding(ThreadedResolver):
    """A name whose addresses change from one question to the next; the last one is ours."""

    answers: ClassVar[list[list[str]]] = []

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        """The next of its answers."""
        return [
            ResolveResult(hostname=host, host=each, port=port, family=family, proto=0, flags=0)
            for each in self.answers.pop(0)
        ]


def test_a_name_is_looked_up_for_each_connection_and_refused_whole(
    wire: Wire, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fetch, "ThreadedResolver", Rebinding)
    monkeypatch.setattr(Rebinding, "answers", [["198.41.0.4", "127.0.0.1"], ["127.0.0.1"]])
    url = wire.set("/", BODY).replace("127.0.0.1", "rebind.example")
    for _ in range(2):
        assert "rebind.example is not a public address" in str(refusal(url, allow_private=False))
    assert (wire.asked, Rebinding.answers) == ([], [])


# ---------------------------------------------------------------- a network of our own

_NEW_NETWORK = 0x40000000  # CLONE_NEWNET of unshare(2)
_SET_FLAGS, _SET_ADDRESS = 0x8914, 0x8916  # SIOCSIFFLAGS, SIOCSIFADDR of netdevice(7)
_PUBLIC = "198.41.0.4"  # any address that is not private: nothing leaves the machine


def enter_own_network() -> bool:
    """Moves this process to a network of its own, whose loopback has a public address, if it may."""
    if ctypes.CDLL(None).unshare(_NEW_NETWORK):
        return False
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        up = struct.pack("16sh22x", b"lo", 0x41)
        address = struct.pack("16sHH4s16x", b"lo:1", socket.AF_INET, 0, socket.inet_aton(_PUBLIC))
        fcntl.ioctl(any_socket, _SET_FLAGS, up)
        fcntl.ioctl(any_socket, _SET_ADDRESS, address)
    return True


def ask_from_own_network() -> None:
    """What the next test runs in a process of its own; its last line is the outcome."""
    if not enter_own_network():
        print("not allowed")  # noqa: T201 (it is what the test reads)
        return
    with Wire(_PUBLIC) as public, Wire() as private:
        inner = private.set("/secret", BODY)
        assert get(public.set("/feed", BODY), allow_private=False).body == BODY
        assert get(public.set("/here", status=302, Location="/feed"), allow_private=False).body == BODY
        for place in (inner, inner.replace("127.0.0.1", "localhost"), inner.replace("127.0.0.1", "127.1")):
            fault = refusal(public.set("/away", status=302, Location=place), allow_private=False)
            assert isinstance(fault, RefusedError), fault
            assert "is not a public address" in str(fault)
        assert private.asked == []
        assert get(public.set("/away", status=302, Location=inner)).body == BODY
    print("done")  # noqa: T201 (it is what the test reads)


def test_a_redirect_from_a_public_to_a_private_address_is_refused() -> None:
    script = (
        "import sys; sys.path.insert(0, sys.argv[1]); from test_addresses import *; ask_from_own_network()"
    )
    command = [sys.executable, "-c", script, str(Path(__file__).parent)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    if done.stdout == "not allowed\n":
        pytest.skip("a network of its own takes the rights of root")
    assert (done.stdout, done.returncode) == ("done\n", 0), done.stderr
