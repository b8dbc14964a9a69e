"""A task of the server that fails is seen at once, and keeps nothing else from going on."""

from __future__ import annotations

import asyncio
import logging

import pytest
from served import http_of, serving
from served_engines import LIGHT, add_light_engines
from virtual_audio import wait_until

from avatar_app.server import running
from avatar_app.server.tasks import begun
from avatar_app.session.served.shared_engines import SharedEngines


async def broken() -> None:
    raise ValueError("five is no color")


def test_a_failure_is_logged_once_although_nobody_waits(
    caplog: pytest.LogCaptureFixture, expected_warnings: list[str]
) -> None:
    expected_warnings.append("painting has failed")

    async def run() -> None:
        held = begun(broken(), "painting")
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        assert held.done()
        assert caplog.messages == ["painting has failed"]

    asyncio.run(run())
    (record,) = caplog.records
    assert "five is no color" in str(record.exc_info)


def test_a_stopped_task_is_no_failure(caplog: pytest.LogCaptureFixture) -> None:
    async def run() -> None:
        task = begun(asyncio.sleep(60), "waiting")
        await asyncio.sleep(0)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    with caplog.at_level(logging.DEBUG, "avatar_app"):
        asyncio.run(run())
    assert caplog.messages == []


@pytest.mark.usefixtures("loopback", "user_engines_forgotten")
def test_replicas_are_looked_at_again_after_one_could_not_be_closed(
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    expected_warnings: list[str],
) -> None:
    expected_warnings.append("closing unused replicas has failed")
    looks: list[int] = []

    def trim(_engines: SharedEngines) -> None:
        looks.append(len(looks))
        if len(looks) == 1:
            raise RuntimeError("a replica does not close")

    add_light_engines()
    monkeypatch.setattr(running, "TRIM_EVERY", 0.05)
    monkeypatch.setattr(SharedEngines, "trim", trim)
    with serving(LIGHT) as server, http_of(server) as http:
        wait_until(lambda: len(looks) > 2, "others follow")
        assert http.get("/health").status_code == 200
    assert caplog.messages.count("closing unused replicas has failed") == 1
