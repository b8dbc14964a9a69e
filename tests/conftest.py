"""For every test: the user's files in a temporary folder; no thread left, warning, or network."""

from __future__ import annotations

import logging
import os
import re
import sys
import threading
from collections.abc import Iterator
from importlib.util import find_spec
from typing import Any

import pytest

if not (os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")):
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")  # else Qt aborts the process
os.environ["HF_HUB_OFFLINE"] = "1"

pytest_plugins = ["cloned_voices", "starter", "virtual_audio", "wake_word"]
if find_spec("pytestqt"):  # the environment of the voices has none
    pytest_plugins.append("patient_bot")

if find_spec("hypothesis"):  # the environment of the voices has none
    from hypothesis import HealthCheck, settings

    settings.register_profile(
        "repeatable",
        derandomize=True,  # what chance finds is an example the next day, not a failure of today's
        deadline=None,
        suppress_health_check=[HealthCheck.too_slow],
        print_blob=True,
    )
    settings.register_profile("random", settings.get_profile("repeatable"), derandomize=False)
    settings.load_profile("repeatable")

GRACE = 20.0
"""Seconds that all threads of a test together may take to end after it, on a busy machine."""


@pytest.fixture(autouse=True)
def user_files_in_temporary_folder(
    monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[None]:
    for name in [name for name in os.environ if name.startswith("AVATAR_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("AVATAR_DATA_DIR", str(tmp_path_factory.mktemp("user")))
    yield
    if guard := sys.modules.get("avatar_app.system.network_guard"):
        guard.stop_guard()  # a command that ran in this process watches for the user of one test


@pytest.fixture(autouse=True)
def no_thread_left_behind() -> Iterator[None]:
    before = set(threading.enumerate())
    yield
    left = [thread for thread in threading.enumerate() if _is_ours(thread) and thread not in before]
    for thread in left:
        thread.join(GRACE / len(left))
    names = [thread.name for thread in left if thread.is_alive()]
    assert not names, f"threads left behind: {names}"


@pytest.fixture
def threads_take_turns_often() -> Iterator[None]:
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(before)


_network_calls: list[str] = []
_may_use_loopback = threading.Event()


def _watch_network(event: str, arguments: tuple[Any, ...]) -> None:
    if _may_use_loopback.is_set() and _is_loopback(event, arguments):
        return
    if event == "socket.getaddrinfo" or (event == "socket.connect" and _is_inet(arguments[1])):
        _network_calls.append(
            f"{event} {arguments[1:] if event == 'socket.connect' else arguments}"
        )


def _is_inet(address: Any) -> bool:
    return isinstance(address, tuple)  # a UNIX socket's address is a path


def _is_loopback(event: str, arguments: tuple[Any, ...]) -> bool:
    if event == "socket.connect":
        return _is_inet(arguments[1]) and arguments[1][0] in ("127.0.0.1", "::1")
    return event == "socket.getaddrinfo" and arguments[0] in ("127.0.0.1", "::1")


@pytest.fixture
def loopback() -> Iterator[None]:
    """The test may connect to servers of its own on this machine, and to nothing else."""
    _may_use_loopback.set()
    yield
    _may_use_loopback.clear()


sys.addaudithook(_watch_network)


@pytest.fixture(autouse=True)
def no_network() -> Iterator[None]:
    _network_calls.clear()
    yield
    assert _network_calls == []


def _is_ours(thread: threading.Thread) -> bool:
    """Not one that a library started in C and that Python merely met."""
    return not isinstance(thread, threading._DummyThread)


class _Warnings(logging.Handler):
    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.messages: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.messages.append(f"{record.name}: {record.getMessage()}")


@pytest.fixture
def expected_warnings() -> list[str]:
    """Append regular expressions to it: each must be logged, as a warning or worse, by the test."""
    return []


@pytest.fixture(autouse=True)
def no_unexpected_warning(expected_warnings: list[str]) -> Iterator[None]:
    handler = _Warnings()
    logging.getLogger().addHandler(handler)
    yield
    logging.getLogger().removeHandler(handler)
    unexpected = [
        message
        for message in handler.messages
        if not any(re.search(pattern, message) for pattern in expected_warnings)
    ]
    assert not unexpected, f"unexpected warnings in the log: {unexpected}"
    missing = [
        pattern
        for pattern in expected_warnings
        if not any(re.search(pattern, message) for message in handler.messages)
    ]
    assert not missing, f"expected in the log, but not there: {missing}"
