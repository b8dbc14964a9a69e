"""Models that are damaged, missing or vanish: the conversation goes on with built-in engines."""

from __future__ import annotations

import multiprocessing
import shutil
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from event_recorder import EventRecorder
from real_models import ANSWER, answering, listening
from sessions import open_session

from avatar_app.audio.backend import AudioBackend
from avatar_app.core.events import Failed, Noticed, Outcome, TurnEnded
from avatar_app.session.app_session import AppSession

Open = Callable[[dict[str, Any]], AppSession]


@pytest.fixture
def opened(recorder: EventRecorder, monkeypatch: pytest.MonkeyPatch) -> Iterator[Open]:
    """Opens the application on a machine without sound."""
    sessions: list[AppSession] = []
    before = set(multiprocessing.active_children())
    monkeypatch.setattr(AudioBackend, "known", lambda _card: [])
    monkeypatch.setattr(AudioBackend, "present", lambda _card: [])

    def open_app(overrides: dict[str, Any]) -> AppSession:
        session = open_session(overrides)
        sessions.append(session)
        session.subscribe(recorder)
        session.start()
        assert session.wait_open()
        return session

    yield open_app
    for session in sessions:
        session.close()
    assert set(multiprocessing.active_children()) <= before


def test_damaged_or_missing_models_fall_back_to_builtin_engines(
    opened: Open, recorder: EventRecorder, llama: Path, tmp_path: Path
) -> None:
    damaged = tmp_path / "damaged.gguf"
    damaged.write_bytes(llama.read_bytes()[:9000])
    session = opened(listening(tmp_path / "nowhere") | answering(damaged))
    for substitute in ("PocketSphinx", "Basic conversation"):
        recorder.wait(Noticed, lambda messages, name=substitute: takes_over(messages, name))
    session.type("what is two plus two")
    assert is_four(recorder.wait_for_end("what is two plus two"))
    messages = [notice.message for notice in recorder.of(Noticed)]
    for sentence in ("damaged.gguf cannot be loaded", "No Whisper model"):
        assert sum(sentence in message for message in messages) == 1
    assert not recorder.of(Failed)


def test_model_deleted_during_use_is_replaced(
    opened: Open, recorder: EventRecorder, llama: Path, tmp_path: Path, expected_warnings: list[str]
) -> None:
    expected_warnings.append("think: No language model")
    path = tmp_path / "vanishing.gguf"
    shutil.copy(llama, path)
    session = opened(answering(path))
    session.type("hello")
    assert recorder.wait_for_end("hello").avatar_text == ANSWER
    path.unlink()
    kill("Language model (llama.cpp)")
    session.type("do you ever dream of the sea")  # what no skill surely understands
    turn = recorder.wait_for_end("do you ever dream of the sea")
    assert turn.outcome is Outcome.FINISHED, "the built-in conversation answers in the same turn"
    assert turn.avatar_text not in ("", ANSWER)
    recorder.wait(Noticed, lambda told: takes_over(told, "Basic conversation"))
    session.type("what is two plus two")
    assert is_four(recorder.wait_for_end("what is two plus two"))
    assert len(recorder.of(Failed)) == 1


def kill(title: str) -> None:
    """End an engine's process, as the system does where memory is short, and wait until its host
    has noticed."""
    (process,) = [each for each in multiprocessing.active_children() if each.name == title]
    hosts = [each for each in threading.enumerate() if each.name == f"{title} host"]
    process.kill()
    for host in hosts:
        host.join()


def takes_over(notice: Noticed, title: str) -> bool:
    return title in notice.hint and "takes over" in notice.hint


def is_four(turn: TurnEnded) -> bool:
    return "four" in turn.avatar_text.lower() or "4" in turn.avatar_text
