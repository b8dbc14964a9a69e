"""A user listens to voices, searches, uses one with undo, moves sliders, takes a clone back."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from fake_parts import GRANDMA, HEART, PLAIN, SIWIS
from fake_session import FakeSession
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QAbstractButton, QComboBox, QPushButton, QSlider

from avatar_app.core.errors import ModelMissing
from avatar_app.runtime.registry import Registry
from avatar_app.session.voice_gallery import InstalledVoice
from avatar_app.ui.pages.voice_row import VoiceRow
from avatar_app.ui.pages.voices import VoicesPage
from avatar_app.ui.window.main_window import MainWindow

MOUSE = Qt.MouseButton.LeftButton
MANIFESTS = Registry().all()


@pytest.fixture
def page(qtbot, opened: Callable[..., tuple[MainWindow, FakeSession]]):
    """The page with its voices, and the session."""
    window, session = opened(manifests=MANIFESTS)
    window.resize(1280, 720)
    window.pages.open("voice")
    shown = window.pages.shown
    assert isinstance(shown, VoicesPage)
    qtbot.waitUntil(lambda: len(shown.rows) == 4)
    return shown, session, window


def row_of(page: VoicesPage, voice: InstalledVoice) -> VoiceRow:
    return next(row for row in page.rows if row.voice == voice)


def shown(page: VoicesPage) -> list[str]:
    return [row.title for row in page.rows if row.isVisible()]


def test_voices_have_names_for_people_and_the_one_in_use_is_marked(qtbot, page) -> None:
    voices, _, _ = page
    assert shown(voices) == ["Woman 2", "Man 3", "Heart", "Siwis"]
    assert row_of(voices, HEART).about.text() == "Woman  ·  English (US)  ·  af_heart"
    qtbot.waitUntil(lambda: not row_of(voices, PLAIN[0]).use_button.isEnabled())
    assert row_of(voices, PLAIN[0]).use_button.text() == "In use"


def test_a_voice_is_heard_and_a_second_press_stops_it(qtbot, page) -> None:
    voices, session, window = page
    session.voices.may_finish.clear()
    heart, siwis = row_of(voices, HEART), row_of(voices, SIWIS)
    qtbot.mouseClick(heart.hear_button, MOUSE)
    assert heart.hear_button.accessibleName() == "Stop Heart"
    qtbot.waitUntil(lambda: [call[0] for call in session.voices.asked("hear")] == [HEART])
    qtbot.mouseClick(heart.hear_button, MOUSE)
    assert heart.hear_button.accessibleName() == "Hear Heart"
    qtbot.keyClick(siwis.hear_button, Qt.Key.Key_Space)
    qtbot.mouseClick(heart.hear_button, MOUSE)
    assert siwis.hear_button.accessibleName() == "Hear Siwis"
    assert heart.hear_button.accessibleName() == "Stop Heart"
    qtbot.keyClick(window, Qt.Key.Key_Escape)
    assert heart.hear_button.accessibleName() == "Hear Heart"
    session.voices.may_finish.set()
    qtbot.mouseClick(heart.hear_button, MOUSE)
    qtbot.waitUntil(lambda: heart.hear_button.accessibleName() == "Hear Heart")


def test_search_and_language_leave_the_voices_that_match(qtbot, page) -> None:
    voices, _, _ = page
    qtbot.keyClicks(voices.filters.search_field, "kokoro")
    assert shown(voices) == ["Heart", "Siwis"]
    box = voices.filters.language_box
    titles = [box.itemText(index) for index in range(box.count())]
    assert titles == ["All languages", "English", "French", "German"]
    box.setCurrentIndex(box.findData("fr"))
    box.activated.emit(box.currentIndex())
    assert shown(voices) == ["Siwis"]
    qtbot.keyClicks(voices.filters.search_field, " xyzzy")
    assert shown(voices) == []
    assert voices.nothing.isVisible()
    voices.filters.search_field.clear()
    assert shown(voices) == ["Woman 2", "Man 3", "Siwis"]


def test_a_voice_is_used_and_undone(qtbot, page) -> None:
    voices, session, _ = page
    qtbot.mouseClick(row_of(voices, HEART).use_button, MOUSE)
    session.voices.now = HEART
    qtbot.waitUntil(lambda: session.settings.settings.tts.engine == "kokoro")
    assert session.settings.get("tts.options.voice") == "af_heart"
    qtbot.waitUntil(lambda: voices.toast.notice is not None)
    assert voices.toast.notice.message == "Voice: Heart"
    qtbot.waitUntil(lambda: not row_of(voices, HEART).use_button.isEnabled())
    session.voices.now = PLAIN[0]
    qtbot.mouseClick(voices.toast.action_button, MOUSE)
    qtbot.waitUntil(lambda: session.settings.settings.tts.engine == "espeak")
    qtbot.waitUntil(row_of(voices, HEART).use_button.isEnabled)


def test_a_slider_is_heard_when_it_rests(qtbot, page) -> None:
    voices, session, _ = page
    names = [name.rpartition(".")[2] for name in voices.manner.rows]
    assert names == ["speed", "pitch", "volume", "expressiveness"]
    speed = voices.manner.rows["tts.options.speed"]
    slider, rest = speed.editor.slider, speed.editor._timer
    assert isinstance(slider, QSlider)
    assert rest.interval() == 250
    rest.setInterval(60_000)  # however slow the machine is
    slider.setFocus()
    qtbot.keyClick(slider, Qt.Key.Key_Right)
    assert session.voices.asked("hear") == []
    rest.start(0)
    qtbot.waitUntil(lambda: len(session.voices.asked("hear")) == 1)
    assert session.voices.asked("hear")[0][0] is None
    assert session.settings.get("tts.options.speed") > 1.0


def test_leaving_the_page_silences_it_and_gives_the_engine_back(qtbot, page) -> None:
    voices, session, window = page
    session.voices.may_finish.clear()
    qtbot.mouseClick(row_of(voices, HEART).hear_button, MOUSE)
    window.pages.close()
    qtbot.waitUntil(lambda: bool(session.voices.asked("rest")))


def test_a_voice_that_cannot_speak_says_why(qtbot, page) -> None:
    voices, session, _ = page
    session.voices.error = ModelMissing("Kokoro is not here.", "Get it on the page Models.")
    qtbot.mouseClick(row_of(voices, HEART).hear_button, MOUSE)
    qtbot.waitUntil(lambda: voices.toast.notice is not None)
    assert voices.toast.notice.message == "Kokoro is not here."
    assert row_of(voices, HEART).hear_button.accessibleName() == "Hear Heart"


def test_engines_that_cannot_clone_say_so(page) -> None:
    voices, _, _ = page
    about = voices.cloned.about.text()
    assert about.startswith("Built-in voice, Kokoro 82M cannot speak with a cloned voice.")
    assert "coqui-tts" in voices.cloned.missing.text()
    assert not voices.cloned.section.card.isVisible()


def test_a_clone_is_compared_with_its_recording_and_taken_back_with_undo(qtbot, page) -> None:
    voices, session, window = page
    listed = session.voices.list
    session.voices.list = replace(
        listed, voices=(*listed.voices, GRANDMA), missing=(), cloned=("grandma",)
    )
    window.pages.close()
    window.pages.open("voice")
    qtbot.waitUntil(lambda: "grandma" in voices.cloned.rows)

    def press(name: str) -> None:
        found = voices.cloned.rows["grandma"].findChildren(QPushButton)
        qtbot.mouseClick(next(b for b in found if b.accessibleName() == name), MOUSE)

    press("Hear the recording of grandma")
    qtbot.waitUntil(lambda: session.voices.asked("hear_reference") == [("grandma",)])
    press("Hear the cloned voice grandma")
    qtbot.waitUntil(lambda: bool(session.voices.asked("hear")))
    assert session.voices.asked("hear")[0][0] == GRANDMA
    press("Take the consent to grandma back")
    assert voices.cloned.rows == {}
    qtbot.mouseClick(voices.toast.action_button, MOUSE)
    assert "grandma" in voices.cloned.rows
    assert session.voices.asked("revoke") == []
    press("Take the consent to grandma back")
    qtbot.mouseClick(voices.toast.close_button, MOUSE)
    qtbot.waitUntil(lambda: session.voices.asked("revoke") == [("grandma",)])


def test_every_control_has_a_name(page) -> None:
    voices, _, _ = page
    controls = [*voices.findChildren(QAbstractButton), *voices.findChildren(QComboBox)]
    assert [
        each
        for each in controls
        if each.isVisible()
        and not each.accessibleName()
        and each.parent() is not voices.filters.search_field
    ] == []
