"""A user clones a voice: records or drops it, reads the sentence, compares, uses, takes it back."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from cloning import DRAWN, NAME
from fake_parts import GRANDMA
from fake_session import FakeSession
from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent, QDropEvent
from PySide6.QtWidgets import QAbstractButton, QApplication
from spoken import HIM, STORY, spoken, written

from avatar_app.core.values import MICROPHONE_RATE, Samples
from avatar_app.runtime.registry import Registry
from avatar_app.session.voice_gallery import InstalledVoice
from avatar_app.system.paths import app_paths
from avatar_app.ui.pages.cloning.clone_view import CloneView
from avatar_app.ui.pages.models.page import ModelsPage
from avatar_app.ui.pages.voices import VoicesPage
from avatar_app.ui.window.main_window import MainWindow
from avatar_app.voices.library import VoiceLibrary, open_voice
from avatar_app.voices.likeness import Likeness

MOUSE = Qt.MouseButton.LeftButton
MANIFESTS = Registry().all()
LONG = 20_000
"""Milliseconds: networks compute, on machines that are busy."""
ADA = InstalledVoice(
    "coqui", "Coqui", NAME, {"model": "xtts-v2", "voice": NAME}, ("en",), cloned=True
)


@pytest.fixture
def page(
    qtbot,
    no_keyring: None,
    always_drawn: None,
    opened: Callable[..., tuple[MainWindow, FakeSession]],
) -> tuple[VoicesPage, FakeSession, MainWindow]:
    window, session = opened(manifests=MANIFESTS)
    window.resize(1280, 720)
    window.pages.open("voice")
    shown = window.pages.shown
    assert isinstance(shown, VoicesPage)
    qtbot.waitUntil(lambda: shown.is_filled)
    assert len(shown.rows) == 4
    return shown, session, window


@pytest.fixture
def studio(qtbot, page) -> tuple[CloneView, FakeSession, VoicesPage]:
    voices, session, _ = page
    qtbot.mouseClick(voices.clone_button, MOUSE)
    assert voices.is_cloning
    return voices.cloning, session, voices


def listed_with(session: FakeSession, voice: InstalledVoice) -> None:
    """An engine that speaks with cloned voices is here from now on."""
    listed = session.voices.list
    session.voices.list = replace(
        listed,
        voices=(*listed.voices, voice),
        missing=(),
        cloned=(voice.name,),
        speaks_clones=True,
    )


def said(*parts: Samples) -> Samples:
    """Parts of a sound with a breath between them."""
    breath = np.zeros(MICROPHONE_RATE // 2, np.float32)
    return np.concatenate([each for part in parts for each in (part, breath)])


def recorded(qtbot, studio: CloneView, session: FakeSession, sound: Samples) -> None:
    """Record what is said into the microphone until the button is pressed."""
    session.microphone.says = sound
    qtbot.mouseClick(studio.reference.record_button, MOUSE)
    qtbot.waitUntil(studio.reference.done_button.isEnabled, timeout=LONG)
    seconds = len(sound) // MICROPHONE_RATE
    strip = studio.reference.strip
    qtbot.waitUntil(lambda: int(strip.plain.split()[0]) >= seconds, timeout=LONG)
    assert "one voice" not in strip.plain
    qtbot.mouseClick(studio.reference.done_button, MOUSE)
    qtbot.waitUntil(studio.reference.record_button.isVisible, timeout=LONG)


def read(qtbot, studio: CloneView, session: FakeSession, sound: Samples, heard: str) -> None:
    """Read the sentence; the recognizer understands `heard`."""
    session.microphone.says, session.recognizer.hears = sound, heard
    qtbot.mouseClick(studio.consent.read_button, MOUSE)
    qtbot.waitUntil(lambda: not studio.consent.busy, timeout=LONG)


def dropped_on(widget: CloneView | VoicesPage, path: Path) -> bool:
    """Drop a file; whether it was taken."""
    dragged = QMimeData()
    dragged.setUrls([QUrl.fromLocalFile(str(path))])
    copy, none = Qt.DropAction.CopyAction, Qt.KeyboardModifier.NoModifier
    enter = QDragEnterEvent(QPoint(50, 50), copy, dragged, MOUSE, none)
    enter.ignore()
    QApplication.sendEvent(widget, enter)
    if enter.isAccepted():
        drop = QDropEvent(QPointF(50, 50), copy, dragged, MOUSE, none)
        QApplication.sendEvent(widget, drop)
    return enter.isAccepted()


def test_voice_is_recorded_consented_compared_and_used(qtbot, studio) -> None:
    view, session, voices = studio
    assert not view.consent.isEnabled()
    assert not view.compare.isEnabled()
    recorded(qtbot, view, session, said(spoken(STORY), spoken(STORY)))
    found = view.reference.strip.plain
    assert re.match(r"(9|1\d) of 20 seconds · \d+ s of speech", found), found
    assert found.endswith("loud enough · no clipping · quiet room · one voice")
    assert view.reference.sentence.text() == "This recording can be used."
    assert view.consent.name_field.hasFocus()
    qtbot.mouseClick(view.reference.hear_button, MOUSE)
    qtbot.waitUntil(lambda: bool(session.checks.asked("play")))
    qtbot.keyClicks(view.consent.name_field, "Ada")
    qtbot.keyClick(view.consent.name_field, Qt.Key.Key_Return)
    qtbot.waitUntil(view.consent.read_button.isVisible)
    assert view.consent.sentence_shown.accessibleName() == f"Read aloud: {DRAWN.text}"
    listed_with(session, ADA)
    read(qtbot, view, session, spoken(DRAWN.text), DRAWN.text)
    qtbot.waitUntil(lambda: bool(session.voices.asked("likeness")))
    assert session.voices.asked("likeness") == [(ADA,)]
    qtbot.waitUntil(lambda: view.compare.figures[0].number.text() == "91 %")
    assert view.compare.sentence.text() == f"The voice {NAME} sounds like its recording."
    assert VoiceLibrary.of(app_paths()).names() == (NAME,)
    qtbot.mouseClick(view.compare.recording_button, MOUSE)
    qtbot.waitUntil(lambda: session.voices.asked("hear_reference") == [(NAME,)])
    qtbot.mouseClick(view.compare.voice_button, MOUSE)
    qtbot.waitUntil(lambda: session.voices.asked("hear")[-1:] != [])
    assert session.voices.asked("hear")[-1][0] == ADA
    qtbot.mouseClick(view.compare.use_button, MOUSE)
    qtbot.waitUntil(lambda: session.settings.settings.tts.engine == "coqui")
    qtbot.mouseClick(voices.back_button, MOUSE)
    assert not voices.is_cloning
    assert NAME in voices.cloned.rows


def test_misread_consent_sentence_can_be_read_again(qtbot, studio) -> None:
    view, session, _ = studio
    recorded(qtbot, view, session, spoken(STORY))
    qtbot.mouseClick(view.consent.draw_button, MOUSE)
    qtbot.waitUntil(view.consent.read_button.isVisible)
    read(qtbot, view, session, spoken(DRAWN.text), "I allow nothing of the kind")
    assert view.consent.sentence.text() == (
        "I understood something else: “I allow nothing of the kind”."
    )
    lit = view.consent.sentence_shown.heard_words
    assert lit[:2] == ("I", "allow")
    assert not {"copy", "voice.", "humble", "astronaut"} & set(lit)
    read(qtbot, view, session, spoken(DRAWN.text, HIM), DRAWN.text)
    assert "another voice" in view.consent.sentence.text()
    assert view.consent.sentence_shown.heard_words == tuple(DRAWN.text.split())
    read(qtbot, view, session, spoken(DRAWN.text), DRAWN.text)
    qtbot.waitUntil(view.compare.isEnabled)
    assert VoiceLibrary.of(app_paths()).names() == ("voice",)  # it had no name
    assert view.compare.hint.text().startswith("Built-in voice, Kokoro 82M cannot speak")


def test_missing_cloning_engine_links_to_the_models_page(qtbot, page) -> None:
    voices, _, window = page
    about = voices.cloned.about.text()
    assert about.startswith("Built-in voice, Kokoro 82M cannot speak with a cloned voice.")
    assert "coqui-tts" in voices.cloned.missing.text()
    assert not voices.cloned.section.card.isVisible()
    qtbot.mouseClick(voices.cloned.models_button, MOUSE)
    assert isinstance(window.pages.shown, ModelsPage)


def hostile(tmp_path: Path, kind: str) -> Path:
    path = tmp_path / f"{kind}.wav"
    match kind:
        case "empty":
            path.write_bytes(b"")
        case "text":
            path.write_text("This is not sound. " * 400)
        case "silent":
            written(path, np.zeros(10 * MICROPHONE_RATE, np.float32))
        case "clipped":
            written(path, np.clip(12 * spoken(STORY), -1, 1))
        case "hours":
            written(path, np.zeros(60, np.float32))
            header = bytearray(path.read_bytes())
            size = 2 * 7200 * MICROPHONE_RATE
            header[40:44], header[4:8] = (
                size.to_bytes(4, "little"),
                (size + 36).to_bytes(4, "little"),
            )
            with path.open("wb") as file:
                file.write(header[:44])
                file.truncate(size + 44)
        case "two":
            written(path, said(spoken(STORY), spoken(STORY, HIM)))
    return path


@pytest.mark.parametrize(
    ("kind", "sentence"),
    [
        ("empty", "empty.wav is empty."),
        ("text", "text.wav is not a readable sound file."),
        ("silent", "There is hardly any speech in it."),
        ("clipped", "It is too loud: its peaks are cut off."),
        ("hours", "hours.wav is longer than an hour."),
        ("two", "More than one person seems to speak."),
        ("missing", "The file missing.wav does not exist."),
    ],
)
def test_unusable_recording_is_reported(
    qtbot, page, tmp_path: Path, kind: str, sentence: str
) -> None:
    voices, _, _ = page
    assert dropped_on(voices, hostile(tmp_path, kind))
    assert voices.is_cloning
    step = voices.cloning.reference
    qtbot.waitUntil(step.record_button.isVisible, timeout=LONG)
    assert step.sentence.text() == sentence
    assert step.hint.text()
    assert not voices.cloning.consent.isEnabled()
    assert dropped_on(voices.cloning, written(tmp_path / "good.wav", spoken(STORY)))
    qtbot.waitUntil(voices.cloning.consent.isEnabled, timeout=LONG)
    assert step.sentence.text() == "This recording can be used."


def test_dropped_photo_creates_an_avatar_not_a_voice(qtbot, page, tmp_path: Path) -> None:
    voices, session, _ = page
    photo = tmp_path / "me.jpg"
    dropped_on(voices, photo)
    qtbot.waitUntil(lambda: session.asked("make_character") == [(photo,)])
    assert not voices.is_cloning


def test_escape_stops_the_recording_then_leaves_the_steps(qtbot, studio, page) -> None:
    view, session, voices = studio
    _, _, window = page
    session.microphone.says = spoken(STORY)
    qtbot.mouseClick(view.reference.record_button, MOUSE)
    qtbot.waitUntil(lambda: session.microphone.times_opened == 1)
    qtbot.keyClick(window, Qt.Key.Key_Escape)
    assert view.reference.record_button.isVisible()
    assert view.reference.reference is None
    qtbot.keyClick(window, Qt.Key.Key_Escape)
    assert not voices.is_cloning
    assert voices.clone_button.hasFocus()


def test_missing_microphone_is_reported(qtbot, studio) -> None:
    view, session, _ = studio
    session.microphone.missing = True
    qtbot.mouseClick(view.reference.record_button, MOUSE)
    qtbot.waitUntil(lambda: view.reference.sentence.text() == "No microphone was found.")
    assert view.reference.record_button.isVisible()


def test_low_similarity_of_clone_and_recording_is_reported(qtbot, studio, tmp_path: Path) -> None:
    view, session, _ = studio
    session.voices.alike = Likeness(0.5)
    listed_with(session, GRANDMA)
    view.compare.show_made("grandma", session.voices.list)
    qtbot.waitUntil(lambda: view.compare.figures[0].number.text() == "50 %")
    assert view.compare.sentence.text() == "The voice grandma sounds like another person."


def with_grandma(qtbot, page) -> tuple[VoicesPage, FakeSession]:
    voices, session, window = page
    listed_with(session, GRANDMA)
    window.pages.close()
    window.pages.open("voice")
    qtbot.waitUntil(lambda: "grandma" in voices.cloned.rows)
    return voices, session


def press(qtbot, voices: VoicesPage, name: str) -> None:
    found = voices.cloned.rows["grandma"].findChildren(QAbstractButton)
    button = next(each for each in found if each.accessibleName() == name)
    assert button.isVisible()
    qtbot.mouseClick(button, MOUSE)


def test_clone_can_be_compared_with_its_recording_and_used(qtbot, page) -> None:
    voices, session = with_grandma(qtbot, page)
    assert not voices.cloned.models_button.isVisible()
    press(qtbot, voices, "Hear the recording of grandma")
    qtbot.waitUntil(lambda: session.voices.asked("hear_reference") == [("grandma",)])
    press(qtbot, voices, "Hear the cloned voice grandma")
    qtbot.waitUntil(lambda: bool(session.voices.asked("hear")))
    assert session.voices.asked("hear")[0][0] == GRANDMA
    press(qtbot, voices, "Use grandma")
    session.voices.now = GRANDMA
    qtbot.waitUntil(lambda: session.settings.settings.tts.engine == "coqui")
    row = voices.cloned.rows["grandma"]
    qtbot.waitUntil(lambda: row.use_button.text() == "In use")


def test_clone_deletion_can_be_undone(qtbot, page) -> None:
    voices, session = with_grandma(qtbot, page)
    press(qtbot, voices, "Delete grandma")
    assert voices.cloned.rows == {}
    qtbot.mouseClick(voices.toast.action_button, MOUSE)
    assert "grandma" in voices.cloned.rows
    assert session.voices.asked("remove") == []
    press(qtbot, voices, "Delete grandma")
    qtbot.mouseClick(voices.toast.close_button, MOUSE)
    qtbot.waitUntil(lambda: session.voices.asked("remove") == [("grandma",)])
    assert session.voices.asked("revoke") == []


def test_revoking_consent_explains_the_consequences_and_is_final(qtbot, page) -> None:
    voices, session = with_grandma(qtbot, page)
    row = voices.cloned.rows["grandma"]
    press(qtbot, voices, "Take the consent to grandma back")
    assert row.consequences.isVisible()
    assert row.keep_button.hasFocus()
    press(qtbot, voices, "Keep grandma")
    assert not row.consequences.isVisible()
    assert session.voices.asked("revoke") == []
    press(qtbot, voices, "Take the consent to grandma back")
    press(qtbot, voices, "Take the consent to grandma back for good")
    qtbot.waitUntil(lambda: session.voices.asked("revoke") == [("grandma",)])
    qtbot.waitUntil(lambda: voices.toast.notice is not None)
    assert voices.toast.notice.action is None
    assert "no copy of it opens again" in voices.toast.notice.hint


def test_every_control_of_the_steps_has_an_accessible_name(qtbot, studio) -> None:
    view, session, _ = studio
    recorded(qtbot, view, session, spoken(STORY))
    controls = view.findChildren(QAbstractButton)
    assert [each.text() for each in controls if not each.accessibleName()] == []


def test_leaving_the_steps_deletes_the_recording(qtbot, studio) -> None:
    view, session, voices = studio
    recorded(qtbot, view, session, spoken(STORY))
    reference = view.reference.reference
    assert reference is not None
    assert reference.path.is_file()
    qtbot.mouseClick(voices.back_button, MOUSE)
    qtbot.waitUntil(lambda: not reference.path.exists())


def test_finished_clone_opens_like_any_cloned_voice(qtbot, studio) -> None:
    view, session, _ = studio
    recorded(qtbot, view, session, spoken(STORY))
    qtbot.keyClicks(view.consent.name_field, "Ada Lovelace")
    qtbot.mouseClick(view.consent.draw_button, MOUSE)
    qtbot.waitUntil(view.consent.read_button.isVisible)
    read(qtbot, view, session, spoken(DRAWN.text), DRAWN.text)
    qtbot.waitUntil(view.compare.isEnabled)
    folder = VoiceLibrary.of(app_paths()).folder("ada-lovelace")
    assert open_voice(folder, app_paths()).seconds > 4
