"""A server closes the replicas that a rush of requests needed, once nobody uses them."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from served import client_of, serving
from virtual_audio import wait_until

from avatar_app.core.manifest import Kind
from avatar_app.server import running
from avatar_app.session.served import shared_engines

pytestmark = pytest.mark.usefixtures("loopback", "user_engines_forgotten")


def test_voices_of_a_rush_are_closed_after_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(running, "TRIM_EVERY", 0.05)
    with serving(voices=3) as server, client_of(server) as client:
        pool = server.parts.engines.pools[Kind.TTS]

        def speak(number: int) -> int:
            text = f"This is sentence number {number}. It is followed by another one."
            answer = client.audio.speech.create(
                model="espeak", voice="f2", input=text, response_format="pcm"
            )
            return len(answer.content)

        with ThreadPoolExecutor(3) as crowd:
            assert min(crowd.map(speak, range(12))) > 10_000
        assert pool.loaded > 1
        monkeypatch.setattr(shared_engines, "UNUSED_SECONDS", 0.0)
        wait_until(lambda: pool.loaded == 1, "one is left")
        assert speak(99) > 10_000
