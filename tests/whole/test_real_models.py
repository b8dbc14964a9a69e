"""Speech, understood by a real Whisper, answered by a real language model: aloud, in a window."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from event_recorder import EventRecorder
from PySide6.QtWidgets import QApplication
from real_models import ANSWER, CONTEXT, SAID, answering, listening, talk, talking
from sessions import open_session
from virtual_audio import VirtualAudio

from avatar_app.bench.scripted.llama import TEMPLATE, write_llama
from avatar_app.core.events import (
    Failed,
    Noticed,
    Outcome,
    TurnEnded,
    UserTranscript,
    WordsPlayed,
)
from avatar_app.core.values import BLOCK_SECONDS, Samples
from avatar_app.engines.hosting.host import Host
from avatar_app.media.sound_reader import read_sound
from avatar_app.session.offline.recordings import ReportLine, read_lines
from avatar_app.settings.schema import ThemeChoice
from avatar_app.ui.app import prepared_application
from avatar_app.ui.style.theme import Theme
from avatar_app.ui.window.main_window import MainWindow

RECORDING = Path(__file__).parents[1] / "data" / "goforward.wav"
LATEST = 120_000
"""Milliseconds within which the window shows what it must."""


@pytest.fixture
def window(
    virtual_audio: VirtualAudio, recorder: EventRecorder, whisper: Path, llama: Path, qtbot
) -> Iterator[MainWindow]:
    """The window of an avatar that can be spoken with; its greeting was cut short."""
    prepared_application()
    session = open_session(listening(whisper) | answering(llama))
    session.subscribe(recorder)
    window = MainWindow(session, Theme(ThemeChoice.DARK))
    window.show()
    window.start()
    qtbot.waitExposed(window)
    qtbot.waitUntil(lambda: bool(recorder.of(WordsPlayed)), timeout=LATEST)
    session.interrupt()
    qtbot.waitUntil(lambda: bool(recorder.of(TurnEnded)), timeout=LATEST)
    yield window
    window.close()
    QApplication.processEvents()
    window.deleteLater()


@pytest.mark.device
def test_spoken_question_is_recognized_answered_and_shown(
    window: MainWindow, recorder: EventRecorder, virtual_audio: VirtualAudio, qtbot
) -> None:
    question = read_sound(RECORDING)
    speaking = threading.Thread(
        target=virtual_audio.speak, args=(question.samples, question.rate), daemon=True
    )
    captions = window.stage.captions
    with virtual_audio.recording(16_000) as recording:
        speaking.start()
        qtbot.waitUntil(lambda: bool(recorder.of(UserTranscript)), timeout=LATEST)
        qtbot.waitUntil(lambda: captions.caption.text.startswith("Gladly."), timeout=LATEST)
        qtbot.waitUntil(lambda: len(recorder.of(TurnEnded)) == 2, timeout=LATEST)
        speaking.join()
    greeting, turn = recorder.of(TurnEnded)
    assert greeting.outcome is Outcome.INTERRUPTED
    assert turn.outcome is Outcome.FINISHED
    assert set(turn.user_text.split()) == set(SAID.split())
    assert turn.heard_text == turn.avatar_text == ANSWER
    assert loud_seconds(recording.samples, 16_000) > 1.0
    assert turn.pictures.shown > 10
    assert not recorder.of(Failed)
    assert not [told for told in recorder.of(Noticed) if "in its place" in told.hint]


def loud_seconds(samples: Samples, rate: int) -> float:
    """How long a recording is no silence."""
    block = rate // 100
    blocks = samples[: len(samples) // block * block].reshape(-1, block)
    return float(np.sum(np.abs(blocks).max(axis=1) > 0.02)) / 100


NOTICING = TEMPLATE.replace(
    "{% if messages[-1].role == 'tool' %}",
    "{% set said = messages | map(attribute='content') | join(' ') %}"
    "{% if 'Gladly.' in said and 'xylophone' not in said and ' —' in said %}",
)
"""A template that lets the model answer otherwise where it is shown a part of its answer alone."""


def test_prompt_contains_only_heard_words_of_an_answer(whisper: Path, tmp_path: Path) -> None:
    answer = f"{ANSWER} Now every bird begins to sing in that xylophone wood."
    other = "So I was interrupted."
    path = tmp_path / "noticing.gguf"
    model = write_llama(path, answer, result=other, template=NOTICING, context=CONTEXT)
    with talking(listening(whisper) | answering(model), BLOCK_SECONDS) as offline:
        turns = talk(offline, ReportLine("hello"), *read_lines([RECORDING]), barge_in_at=1.2)
    first, last = turns[0], turns[-1]
    assert first.outcome is Outcome.INTERRUPTED
    assert first.heard_text.startswith("Gladly.")
    assert "xylophone" in first.avatar_text
    assert "xylophone" not in first.heard_text
    assert set(last.user_text.split()) == set(SAID.split())
    assert last.heard_text == other


def test_speech_during_loading_is_answered(
    whisper: Path, llama: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Host, "wait_ready", lambda _host: None)  # as at the start of the program
    with talking(listening(whisper) | answering(llama), BLOCK_SECONDS) as offline:
        (turn,) = talk(offline, *read_lines([RECORDING]))
    assert set(turn.user_text.split()) == set(SAID.split())
    assert turn.avatar_text == turn.heard_text == ANSWER
