"""One instance per data folder: later starts reach it, whatever state it is in."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from multiprocessing.connection import Client
from pathlib import Path

import pytest

from avatar_app.core.errors import ConfigInvalid
from avatar_app.system.instance_channel import SOCKET, OpenRequest, Reply
from avatar_app.system.single_instance import ADDRESS, LOCK, PrimaryInstance, claim_instance

SHOW = OpenRequest()
LONG = 120.0
"""Seconds for what must succeed, however busy the machine is."""
HOLDER = """
import sys, threading
from pathlib import Path
from avatar_app.system.instance_channel import OpenRequest
from avatar_app.system.single_instance import PrimaryInstance, claim_instance
held = claim_instance(Path(sys.argv[1]), OpenRequest())
print(isinstance(held, PrimaryInstance), flush=True)
threading.Event().wait()
"""

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="signals and Unix sockets")


@pytest.fixture
def primary(tmp_path: Path) -> Iterator[PrimaryInstance]:
    with claim(tmp_path) as instance:
        yield instance


@pytest.fixture
def other_process(tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    """A process that is the instance of the folder."""
    words = [sys.executable, "-c", HOLDER, str(tmp_path)]
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "True\n"
        yield process
        process.kill()


def claim(folder: Path) -> PrimaryInstance:
    instance = claim_instance(folder, SHOW, LONG)
    assert isinstance(instance, PrimaryInstance)
    return instance


def test_a_second_start_asks_the_first_to_open_its_file(
    tmp_path: Path, primary: PrimaryInstance
) -> None:
    received: list[OpenRequest] = []

    def receive(request: OpenRequest) -> Reply:
        received.append(request)
        return Reply.SHOWN

    assert primary.receive(receive) == ()
    odd = Path(os.fsdecode(b"/gr\xfc\xc3\xbc\xdfe\n {}.avatar"))
    request = OpenRequest(odd, activation="token")
    assert claim_instance(tmp_path, request, LONG) is Reply.SHOWN
    assert received == [request]


def test_requests_before_the_window_opens_are_queued(
    tmp_path: Path, primary: PrimaryInstance
) -> None:
    request = OpenRequest(Path("/a.avatar"))
    assert claim_instance(tmp_path, request, LONG) is Reply.QUEUED
    assert primary.receive(lambda _: Reply.SHOWN) == (request,)
    assert claim_instance(tmp_path, SHOW, LONG) is Reply.SHOWN


def test_one_of_many_concurrent_starts_becomes_the_instance(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as threads:
        outcomes = list(threads.map(lambda _: claim_instance(tmp_path, SHOW, LONG), range(8)))
    (only,) = (outcome for outcome in outcomes if isinstance(outcome, PrimaryInstance))
    with only:
        assert outcomes.count(Reply.QUEUED) == 7
        assert len(only.receive(lambda _: None)) == 7


def test_each_data_folder_has_its_own_instance(tmp_path: Path, primary: PrimaryInstance) -> None:
    claim(tmp_path / "other").close()
    assert claim_instance(tmp_path, SHOW, LONG) is Reply.QUEUED


def test_a_start_waits_for_an_instance_that_is_closing(tmp_path: Path) -> None:
    closing = claim(tmp_path)
    asked = threading.Event()

    def refuse(_: OpenRequest) -> None:
        asked.set()

    closing.receive(refuse)
    with ThreadPoolExecutor(1) as threads:
        started = threads.submit(claim, tmp_path)
        assert asked.wait(LONG)
        closing.close()
        started.result(LONG).close()
    assert [file.name for file in tmp_path.iterdir()] == [LOCK]


def test_a_killed_instance_does_not_block_a_start(
    tmp_path: Path, other_process: subprocess.Popen[str]
) -> None:
    assert claim_instance(tmp_path, SHOW, LONG) is Reply.QUEUED
    other_process.kill()
    other_process.wait()
    assert (tmp_path / SOCKET).exists()
    with claim(tmp_path):
        assert claim_instance(tmp_path, SHOW, LONG) is Reply.QUEUED


def test_stopped_process_is_reported_after_a_timeout(
    tmp_path: Path, other_process: subprocess.Popen[str]
) -> None:
    other_process.send_signal(signal.SIGSTOP)
    os.waitid(os.P_PID, other_process.pid, os.WSTOPPED)  # the signal may take a moment
    with pytest.raises(ConfigInvalid, match="does not answer") as raised:
        claim_instance(tmp_path, SHOW, 0.5)
    assert f"process {other_process.pid}, or" in raised.value.hint
    assert "--data-dir" in raised.value.hint


def test_a_window_that_does_not_react_is_reported_at_once(
    tmp_path: Path, primary: PrimaryInstance
) -> None:
    primary.receive(lambda _: Reply.LATE)
    with pytest.raises(ConfigInvalid, match="does not answer"):
        claim_instance(tmp_path, SHOW, LONG)


@pytest.mark.parametrize(
    "message", [b"", b"\xff", b"[]", b'{"path": 1}', b'{"activation": null}', b"x" * 100_000]
)
def test_invalid_message_is_ignored(
    tmp_path: Path, primary: PrimaryInstance, message: bytes
) -> None:
    with Client(str(tmp_path / SOCKET)) as client:
        with suppress(BrokenPipeError):  # it need not read all of it
            client.send_bytes(message)
        assert client.poll(LONG)
        with pytest.raises((EOFError, ConnectionError)):
            client.recv_bytes()
    assert claim_instance(tmp_path, SHOW, LONG) is Reply.QUEUED


def test_silent_connection_is_ignored(tmp_path: Path, primary: PrimaryInstance) -> None:
    for text in ("", "[]", "{}", '"x"', '{"address": 1, "process": []}'):
        (tmp_path / ADDRESS).write_text(text)
        with pytest.raises(ConfigInvalid, match="does not answer"):
            claim_instance(tmp_path, SHOW, 0.1)


def test_long_path_uses_another_socket_location(tmp_path: Path) -> None:
    folder = tmp_path / ("long" * 30)
    with claim(folder) as instance:
        assert instance.receive(lambda _: Reply.SHOWN) == ()
        assert claim_instance(folder, SHOW, LONG) is Reply.SHOWN
        assert not (folder / SOCKET).exists()
    claim(folder).close()


def test_other_users_cannot_connect(tmp_path: Path, primary: PrimaryInstance) -> None:
    assert (tmp_path / SOCKET).stat().st_mode & 0o077 == 0


def test_an_unwritable_folder_does_not_block_a_start(
    tmp_path: Path, expected_warnings: list[str]
) -> None:
    expected_warnings.append("Nothing keeps a second instance from")
    (tmp_path / "file").touch()
    claim(tmp_path / "file" / "below").close()
