"""Turns per host, and which addresses are public."""

from __future__ import annotations

import asyncio
import selectors
from typing import TYPE_CHECKING

import pytest

from aggregator.errors import FetchError
from aggregator.hosts import Turns, host_of, is_public

if TYPE_CHECKING:
    from collections.abc import Coroutine


@pytest.mark.parametrize(
    "address",
    ["1.1.1.1", "198.41.0.4", "2606:4700::1111", "64:ff9b::101:101", "::ffff:1.1.1.1", "2002:101:101::"],
)
def test_addresses_of_the_public_internet(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1", "10.1.2.3", "172.31.255.255", "192.168.0.1", "169.254.169.254", "100.64.0.1", "0.0.0.0",  # noqa: S104
        "224.0.0.1", "239.255.255.255", "240.0.0.1", "255.255.255.255", "192.0.2.1", "198.18.0.1",
        "::1", "::", "fe80::1", "fe80::1%eth0", "fc00::1", "ff02::1", "2001:db8::1",
        "::ffff:127.0.0.1", "::ffff:169.254.169.254", "64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe",
        "2002:7f00:1::", "2002:c0a8:101::1", "2001:0:7f00:1::", "localhost", "", "1.1.1", "2130706433",
    ],
)  # fmt: skip
def test_addresses_that_are_not(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize(
    ("url", "host"),
    [
        ("https://Wire.example/a", "wire.example"),
        ("https://wire.example:8443/a", "wire.example:8443"),
        ("https://user:secret@wire.example/a", "wire.example"),
    ],
)
def test_host_of(url: str, host: str) -> None:
    assert host_of(url) == host


class SkippingSelector(selectors.DefaultSelector):
    """Does not wait: the clock is put forward by what it would have waited."""

    now = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        """What is ready now."""
        self.now += timeout or 0.0
        return super().select(0)


class SkippingLoop(asyncio.SelectorEventLoop):
    """A loop whose clock is that of its selector."""

    def __init__(self) -> None:
        self._skipping = SkippingSelector()
        super().__init__(self._skipping)

    def time(self) -> float:
        """Seconds since its start."""
        return self._skipping.now


def run(work: Coroutine[None, None, None]) -> None:
    with asyncio.Runner(loop_factory=SkippingLoop) as runner:
        runner.run(work)


class Desk:
    """Jobs that take turns, and what happened in which order."""

    def __init__(self) -> None:
        self.turns = Turns()
        self.said: list[str] = []
        self.at: list[float] = []  # the starts, on the loop's clock
        self.inside = 0
        self.most_inside = 0

    async def job(self, url: str, name: str, spacing_s: float = 0.0, steps: int = 3) -> None:
        """Takes a turn and gives way to the others a few times."""
        async with self.turns.turn(url, spacing_s):
            self.at.append(asyncio.get_running_loop().time())
            self.said.append(name)
            self.inside += 1
            self.most_inside = max(self.most_inside, self.inside)
            for _ in range(steps):
                await asyncio.sleep(0)
            self.inside -= 1


def test_a_host_that_a_redirect_led_to_is_spared_as_after_a_turn() -> None:
    desk = Desk()

    async def work() -> None:
        desk.turns.note("https://b.example/moved", 3.0)
        await asyncio.gather(*(desk.job(f"https://{host}.example/", host, 1.0) for host in "ab"))

    run(work())
    assert list(zip(desk.said, desk.at, strict=True)) == [("a", 0.0), ("b", 3.0)]


def test_two_at_once_to_one_host_and_in_the_order_they_came() -> None:
    desk = Desk()

    async def work() -> None:
        await asyncio.gather(*(desk.job("https://a.example/", str(number)) for number in range(6)))

    run(work())
    assert desk.said == ["0", "1", "2", "3", "4", "5"]
    assert desk.most_inside == 2


def test_starts_at_one_host_are_spaced_on_the_clock_of_the_loop() -> None:
    desk = Desk()

    async def work() -> None:
        await asyncio.gather(*(desk.job("https://a.example/", str(number), 1.5) for number in range(4)))

    run(work())
    assert desk.said == ["0", "1", "2", "3"]
    assert desk.at == pytest.approx([0.0, 1.5, 3.0, 4.5])


def test_a_slow_host_does_not_hold_another() -> None:
    desk = Desk()

    async def work() -> None:
        slow = [desk.job("https://slow.example/", f"slow {number}", 60.0) for number in range(3)]
        fast = [desk.job("https://fast.example/", f"fast {number}") for number in range(3)]
        await asyncio.gather(*slow, *fast)

    run(work())
    assert desk.said == ["slow 0", "fast 0", "fast 1", "fast 2", "slow 1", "slow 2"]
    assert desk.at == pytest.approx([0.0, 0.0, 0.0, 0.0, 60.0, 120.0])


def test_a_hundred_are_asked_at_once_and_who_had_to_wait_for_that_is_spaced_from_then_on() -> None:
    desk = Desk()

    async def hang(number: int) -> None:
        async with desk.turns.turn(f"https://hangs.example:{number}/", 0.0):
            await asyncio.sleep(24)

    async def work() -> None:
        hanging = [hang(number) for number in range(100)]
        later = [desk.job("https://a.example/", str(number), 1.0) for number in range(3)]
        await asyncio.gather(*hanging, *later)

    run(work())
    assert desk.at == pytest.approx([24.0, 25.0, 26.0])


def test_no_turn_begins_while_much_is_unread() -> None:
    desk = Desk()

    async def read(seconds: float) -> None:
        with desk.turns.reading():
            await asyncio.sleep(seconds)

    async def work() -> None:
        reading = [asyncio.create_task(read(number)) for number in range(1, 61)]
        await asyncio.sleep(0)
        await desk.job("https://a.example/", "a")
        await asyncio.gather(*reading)

    run(work())
    assert desk.at == pytest.approx([10.0])


def test_a_host_that_closes_while_it_is_waited_for_is_not_asked() -> None:
    desk = Desk()

    async def work() -> None:
        waiting = [
            asyncio.create_task(desk.job("https://a.example/", str(number), 30.0)) for number in range(2)
        ]
        await asyncio.sleep(1)
        desk.turns.keep_away("https://a.example/", 3_600)
        _, fault = await asyncio.gather(*waiting, return_exceptions=True)
        assert isinstance(fault, FetchError)

    run(work())
    assert desk.said == ["0"]


def test_a_turn_given_up_is_free_again() -> None:
    desk = Desk()

    async def fail() -> None:
        async with desk.turns.turn("https://a.example/", 0.0):
            raise FetchError("was silent")

    async def work() -> None:
        failed = await asyncio.gather(*(fail() for _ in range(5)), return_exceptions=True)
        assert all(isinstance(each, FetchError) for each in failed)
        waiting = asyncio.create_task(desk.job("https://a.example/", "canceled", 60.0))
        await asyncio.sleep(0)
        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)
        await desk.job("https://b.example/", "later")

    run(work())
    assert desk.said[-1] == "later"


def test_a_host_that_asked_for_quiet_is_left_alone_and_others_are_not() -> None:
    desk = Desk()

    async def work() -> None:
        desk.turns.keep_away("https://a.example/feed", 120)
        desk.turns.keep_away("https://a.example/other", 10)  # a shorter wish does not end a longer one
        with pytest.raises(FetchError, match=r"a\.example asked us to stay away for 120 s") as caught:
            await desk.job("https://a.example/news", "a")
        assert caught.value.retry_after_s == 120
        await desk.job("https://a.example:8443/", "another port")
        await desk.job("https://b.example/", "b")

    run(work())
    assert desk.said == ["another port", "b"]


def test_a_moment_of_quiet_is_waited_for() -> None:
    desk = Desk()

    async def work() -> None:
        desk.turns.keep_away("https://a.example/", 4)
        await desk.job("https://a.example/", "a")

    run(work())
    assert desk.at == pytest.approx([4.0])


def test_any_number_of_hosts_is_asked_and_only_those_that_matter_are_remembered() -> None:
    async def ask_many(turns: Turns) -> None:
        turns.keep_away("https://closed.example/", 3_600)
        async with turns.turn("https://held.example/", 0):
            for number in range(12_000):
                async with turns.turn(f"https://{number}.example/", 0):
                    pass
            assert len(turns) < 6_000
        with pytest.raises(FetchError, match="stay away for 3600 s"):
            async with turns.turn("https://closed.example/", 0):
                pass

    run(ask_many(Turns()))
