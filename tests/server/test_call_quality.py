"""The size of a call's pictures follows what machine and network carry, in virtual seconds."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

from aiortc.stats import RTCRemoteInboundRtpStreamStats

from avatar_app.server.webrtc.meter import CallMeter
from avatar_app.server.webrtc.quality import (
    MOST_PATIENCE,
    PATIENCE,
    SIZES,
    CallQuality,
    CallReading,
    PictureSize,
    Shortage,
)
from avatar_app.server.webrtc.reports import LossReports

QUICK = 5e-9
"""Seconds that a pixel takes to encode on a machine that does nothing else."""
WIDE = 2_000_000
"""Bits a second of a network that carries everything."""
BITS = 0.03
"""Of a pixel, if the network allows them."""


class Call:
    """A call on a machine and a network that change; a reading each second."""

    def __init__(self) -> None:
        self.quality = CallQuality()
        self.pixel, self.rate = QUICK, WIDE
        self.lost: float | None = 0.0
        self.still = False
        self.sizes: list[PictureSize] = []
        self.shortages: list[Shortage | None] = []

    def reading(self) -> CallReading:
        size = self.quality.size
        encoding = self.pixel * size.pixels / size.fps
        if self.still:
            return CallReading(0, 0.0, encoding, None, self.rate, 2_000)
        dropped = max(0.0, 1 - 1 / (encoding * size.fps))
        wanted = BITS * size.pixels
        return CallReading(
            size.fps, dropped, encoding, self.lost, self.rate, min(wanted, self.rate)
        )

    def last(self, seconds: int, change: Callable[[int], None] = lambda _second: None) -> None:
        for second in range(seconds):
            change(second)
            self.shortages.append(self.quality.judge(self.reading()))
            self.sizes.append(self.quality.size)

    @property
    def steps(self) -> int:
        return sum(before != after for before, after in pairwise(self.sizes))


def test_a_machine_and_a_network_that_carry_it_keep_the_best() -> None:
    call = Call()
    call.last(600)
    assert set(call.sizes) == {SIZES[0]}
    assert set(call.shortages) == {None}


def test_a_slow_machine_gets_what_it_carries_within_seconds() -> None:
    call = Call()
    call.last(20)
    call.pixel = 6e-8  # 720 lines take 1.4 times the time that there is, 540 lines 0.78
    call.last(20)
    assert call.sizes[-1] == SIZES[1]
    assert call.sizes[20 + 6] == SIZES[1]
    assert call.shortages[20] is Shortage.MACHINE
    call.pixel = 1e-6
    call.last(30)
    assert call.sizes[-1] == SIZES[-1]
    assert all(
        SIZES.index(after) - SIZES.index(before) in (0, 1) for before, after in pairwise(call.sizes)
    )


def test_it_goes_up_again_by_one_step_at_a_time_and_later_than_down() -> None:
    call = Call()
    call.pixel = 1.2e-7
    call.last(20)
    assert call.sizes[-1] == SIZES[2]
    call.pixel = QUICK
    call.last(PATIENCE - 1)
    assert call.sizes[-1] == SIZES[2]
    call.last(3 * PATIENCE)
    assert call.sizes[-1] == SIZES[0]
    assert call.steps == 4


def test_one_bad_second_changes_nothing() -> None:
    call = Call()

    def hiccup(second: int) -> None:
        call.pixel = 1e-7 if second % 5 == 0 else QUICK

    call.last(200, hiccup)
    assert set(call.sizes) == {SIZES[0]}


def test_it_does_not_swing_where_the_larger_size_is_just_too_much() -> None:
    """The machine is slow exactly while it has more to do, as others then get less."""
    call = Call()

    def overload(_second: int) -> None:
        call.pixel = 6e-8 if call.quality.size == SIZES[0] else QUICK

    call.last(3600, overload)
    assert call.steps <= 32
    late = call.sizes[-MOST_PATIENCE * 2 :]
    assert late.count(SIZES[1]) > 0.95 * len(late)
    call.pixel = QUICK
    call.last(2 * MOST_PATIENCE)
    assert call.sizes[-1] == SIZES[0], "it still tries"


def test_a_narrow_network_gets_smaller_pictures() -> None:
    call = Call()
    call.rate = 200_000
    call.last(30)
    assert call.sizes[-1] == SIZES[2]
    assert Shortage.NETWORK in call.shortages
    call.rate = WIDE
    call.last(60)
    assert call.sizes[-1] == SIZES[0]


def test_an_estimate_that_still_grows_is_waited_for() -> None:
    call = Call()

    def grow(second: int) -> None:
        call.rate = min(WIDE, 150_000 * 1.08**second)

    call.last(60, grow)
    assert set(call.sizes) == {SIZES[0]}


def test_lost_packets_count_whatever_the_estimate_says() -> None:
    call = Call()
    call.lost = 0.2
    call.last(10)
    assert call.sizes[-1].lines < 720
    assert call.shortages[-1] is Shortage.NETWORK


def test_reports_of_lost_packets_come_seldom_and_hold_until_the_next() -> None:
    call = Call()

    def report(second: int) -> None:
        call.lost = 0.8 if second % 5 == 0 else None

    call.last(12, report)
    assert call.sizes[-1].lines == 540
    call.last(60, report)
    assert call.sizes[-1] == SIZES[-1]

    def recover(second: int) -> None:
        call.lost = 0.0 if second == 20 else None

    call.last(20, recover)
    assert call.sizes[-1] == SIZES[-1], "nothing says that it is better"
    call.last(100, lambda second: recover(second + 20))
    assert call.sizes[-1] == SIZES[0]


def test_smaller_pictures_take_less_of_the_network() -> None:
    rates = [size.most_rate for size in SIZES]
    assert rates == sorted(rates, reverse=True)
    assert all(size.needed_rate < size.most_rate / 3 for size in SIZES)


def test_a_face_that_stands_still_says_nothing() -> None:
    call = Call()
    call.pixel = 6e-8
    call.last(20)
    call.still, call.pixel = True, QUICK
    call.last(600)
    assert call.sizes[-1] == SIZES[1]
    call.still, call.rate = True, 30_000  # of a receiver that gets next to nothing
    call.last(600)
    assert call.sizes[-1] == SIZES[1]


def test_the_meter_reads_what_passed_since_the_last_reading() -> None:
    now = 0.0
    meter = CallMeter(lambda: now)
    meter.allowed_rate = 300_000
    for number in range(20):
        meter.passed(2 if number % 4 == 0 else 1, 1 if number % 4 == 0 else 0)
        meter.changed()
        meter.encoded(0.25, 500)
    now = 2.0
    assert meter.read(0.25) == CallReading(25, 5 / 25, 0.25, 0.25, 300_000, 40_000)
    now = 3.0
    assert meter.read(None) == CallReading(0, 0.0, 0.0, None, 300_000, 0.0)


def test_reports_of_lost_packets_are_read_once_and_together() -> None:
    reports = LossReports()

    def reported(at: int, sent: int, lost: int) -> dict[str, RTCRemoteInboundRtpStreamStats]:
        stats = RTCRemoteInboundRtpStreamStats(
            timestamp=at, type="remote-inbound-rtp", id="1", ssrc=1, kind="video",
            transportId="t", packetsReceived=sent - lost, packetsLost=lost, jitter=0,
            roundTripTime=0.1, fractionLost=0,
        )  # fmt: skip
        return {"other": object(), "remote": stats}

    assert reports.newest({}) is None
    assert reports.newest(reported(1, 100, 25)) == 0.25
    assert reports.newest(reported(1, 100, 25)) is None
    assert reports.newest(reported(2, 150, 25)) == 0
    assert reports.newest(reported(4, 350, 125)) == 0.5, "of two reports"
    assert reports.newest(reported(5, 360, 120)) == 0, "some came late"
