"""An engine hangs if it could have made progress and made none; not because time passed."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import pytest
from hosted_engines import PatientVoice, load_slowly

from avatar_app.core.errors import EngineDied
from avatar_app.core.turn import Turn
from avatar_app.engines.hosting.host import Host
from avatar_app.engines.hosting.hosted import HOSTED, HostedVoice
from avatar_app.engines.hosting.watch import Reading, Watch


@pytest.fixture
def made() -> Iterator[Callable[..., Any]]:
    hosts: list[HostedVoice] = []

    def make(patience: float, factory: Callable[[], Any] = PatientVoice) -> HostedVoice:
        hosts.append(HostedVoice(factory, "The engine", patience))
        hosts[-1].wait_ready()
        return hosts[-1]

    yield make
    for host in hosts:
        host.close()


class WatchedTurn(Turn):
    """Remembers what was waited for."""

    def __init__(self) -> None:
        super().__init__(1)
        self.explained: list[str] = []
        self.stirred = 0

    def explain_wait(self, sentence: str) -> None:
        super().explain_wait(sentence)
        self.explained.append(sentence)

    def stir(self) -> None:
        super().stir()
        self.stirred = getattr(self, "stirred", 0) + 1


def speak(host: HostedVoice, text: str, turn: Turn | None = None) -> list[str]:
    return [chunk.text for chunk in host.speak(text, turn or Turn(1))]


def test_engine_option_patience_extends_the_timeout(made: Callable[..., Any]) -> None:
    host = made(patience=0.2)
    with pytest.raises(EngineDied, match="does not answer"):
        speak(host, "wait 20")
    host.configure(patience=20)
    turn = WatchedTurn()
    assert speak(host, "wait 1", turn) == ["at last"]
    assert turn.explained[-2:] == ["The server is loading.", ""]
    assert turn.stirred > 2, "nobody else may give it up meanwhile"


def test_engine_that_checks_its_turn_is_not_killed(made: Callable[..., Any]) -> None:
    assert speak(made(patience=0.5), "ponder 1.5") == ["at last"]


def test_busy_looping_engine_is_killed(made: Callable[..., Any]) -> None:
    with pytest.raises(EngineDied, match="does not answer"):
        speak(made(patience=0.5), "spin")


def test_engine_without_cpu_time_is_not_killed(made: Callable[..., Any]) -> None:
    host = made(patience=0.2)
    stream = host.speak("wait 0.05", Turn(1))
    os.kill(host.pid, signal.SIGSTOP)
    go_on = threading.Timer(1.5, os.kill, (host.pid, signal.SIGCONT))
    go_on.start()
    assert [chunk.text for chunk in stream] == ["at last"]
    go_on.join()


def test_a_waiting_turn_reports_that_the_engine_loads() -> None:
    host = HostedVoice(load_slowly, "The engine")
    try:
        turn = WatchedTurn()
        assert speak(host, "say on", turn) == ["on"]
        assert turn.explained == ["The engine is loading.", ""]
        turn = WatchedTurn()
        assert speak(host, "say on", turn) == ["on"]
        assert turn.explained == []
    finally:
        host.close()


class Process:
    """Is told what it does between two looks."""

    def __init__(self) -> None:
        self.at = self.processor = 0.0
        self.waits = False

    def pass_time(self, seconds: float, share: float = 0.0, *, waits: bool = False) -> None:
        self.at, self.processor = self.at + seconds, self.processor + seconds * share
        self.waits = waits

    def read(self) -> Reading:
        return Reading(self.at, self.processor, self.waits)


@pytest.mark.parametrize(
    ("does", "after"),
    [
        (partial(Process.pass_time, seconds=1, share=1.0), 20),
        (partial(Process.pass_time, seconds=1, share=2.0), 20),  # on two cores
        (partial(Process.pass_time, seconds=1, share=0.25), 80),  # beside much other work
        (partial(Process.pass_time, seconds=1, waits=True), 21),
    ],
)
def test_only_runnable_time_counts_toward_the_timeout(
    does: Callable[[Process], None], after: int
) -> None:
    process = Process()
    watch = Watch(20.0, process.read)
    for _ in range(after - 1):
        does(process)
        assert not watch.is_over()
    does(process)
    assert watch.is_over()


def test_starved_engine_never_times_out() -> None:
    process = Process()
    watch = Watch(20.0, process.read)
    for _ in range(10_000):
        process.pass_time(1)
        assert not watch.is_over()


def test_progress_restarts_the_timeout() -> None:
    process = Process()
    watch = Watch(20.0, process.read)
    for _ in range(100):
        for _ in range(19):
            process.pass_time(1, share=1)
            assert not watch.is_over()
        watch.progressed()


@pytest.mark.parametrize("kind", HOSTED.values())
def test_every_host_uses_the_patience_of_its_engine(kind: type[Host]) -> None:
    host = kind(partial(PatientVoice, patience=7.0), "The engine")
    try:
        host.wait_ready()
        host.configure(patience=7.0)
        assert host.patience == 7.0
    finally:
        host.close()
