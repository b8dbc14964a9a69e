"""A user listens to voices, searches, walks, uses one with undo, and moves sliders."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from fake_parts import HEART, PLAIN, SIWIS
from fake_session import FakeSession
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QAbstractButton, QComboBox, QSlider

from avatar_app.core.errors import ModelMissing
from avatar_app.runtime.registry import Registry
from avatar_app.session.voice_gallery import InstalledVoice, VoiceBlend
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
    qtbot.waitUntil(lambda: shown.is_filled)
    assert len(shown.rows) == 4
    return shown, session, window


def row_of(page: VoicesPage, voice: InstalledVoice) -> VoiceRow:
    return next(row for row in page.rows if row.voice == voice)


def shown(page: VoicesPage) -> list[str]:
    return [row.title for row in page.rows if row.isVisible()]


def test_voices_have_readable_names_and_the_current_one_is_marked(qtbot, page) -> None:
    voices, _, _ = page
    assert shown(voices) == ["Woman 2", "Man 3", "Heart", "Siwis"]
    assert row_of(voices, HEART).about.text() == "Woman  ·  English (US)  ·  af_heart"
    qtbot.waitUntil(lambda: not row_of(voices, PLAIN[0]).use_button.isEnabled())
    assert row_of(voices, PLAIN[0]).use_button.text() == "In use"


def test_hear_button_plays_a_sample_and_a_second_press_stops_it(qtbot, page) -> None:
    voices, session, window = page
    session.voices.may_finish.clear()
    heart, siwis = row_of(voices, HEART), row_of(voices, SIWIS)
    qtbot.mouseClick(heart.hear_button, MOUSE)
    assert heart.hear_button.accessibleName() == "Stop Heart"
    qtbot.waitUntil(lambda: [call[0] for call in session.voices.asked("hear")] == [HEART])
    qtbot.mouseClick(heart.hear_button, MOUSE)
    assert heart.hear_button.accessibleName() == "Hear Heart"
    qtbot.keyClick(siwis, Qt.Key.Key_Space)
    qtbot.mouseClick(heart.hear_button, MOUSE)
    assert siwis.hear_button.accessibleName() == "Hear Siwis"
    assert heart.hear_button.accessibleName() == "Stop Heart"
    qtbot.keyClick(window, Qt.Key.Key_Escape)
    assert heart.hear_button.accessibleName() == "Hear Heart"
    session.voices.may_finish.set()
    qtbot.mouseClick(heart.hear_button, MOUSE)
    qtbot.waitUntil(lambda: heart.hear_button.accessibleName() == "Hear Heart")


def test_search_and_language_filter_the_voices(qtbot, page) -> None:
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
    assert voices.sections.nothing.isVisible()
    voices.filters.search_field.clear()
    assert shown(voices) == ["Woman 2", "Man 3", "Siwis"]


def test_using_a_voice_can_be_undone(qtbot, page) -> None:
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


def test_slider_plays_a_sample_when_it_rests(qtbot, page) -> None:
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


def test_moving_slider_plays_nothing_and_escape_stops_a_sample(qtbot, page) -> None:
    voices, session, window = page
    session.voices.may_finish.clear()
    speed = voices.manner.rows["tts.options.speed"].editor
    speed._timer.setInterval(60_000)
    speed.slider.setFocus()
    for _ in range(5):
        qtbot.keyClick(speed.slider, Qt.Key.Key_Right)
    assert session.voices.asked("hear") == []
    speed._timer.start(0)
    qtbot.waitUntil(lambda: len(session.voices.asked("hear")) == 1)
    qtbot.keyClick(speed.slider, Qt.Key.Key_Right)
    speed._timer.start(0)
    qtbot.waitUntil(lambda: len(session.voices.asked("hear")) == 2)  # the first was cancelled
    qtbot.keyClick(window, Qt.Key.Key_Escape)
    assert not voices._running.busy
    assert window.pages.shown is voices


def test_two_voices_can_be_blended_heard_and_used(qtbot, page) -> None:
    voices, session, _ = page
    blender = voices.blender
    voices.list.ensureWidgetVisible(blender)
    assert [box.currentText().split("  ")[0] for box in blender.boxes] == ["Heart", "Siwis"]
    assert blender.shares.text() == "50 % Heart  ·  50 % Siwis"
    blender._rest.setInterval(60_000)
    blender.slider.setFocus()
    for _ in range(4):
        qtbot.keyClick(blender.slider, Qt.Key.Key_Left)
    assert blender.shares.text() == "70 % Heart  ·  30 % Siwis"
    assert session.voices.asked("hear") == []
    blender._rest.start(0)
    qtbot.waitUntil(lambda: len(session.voices.asked("hear")) == 1)
    assert session.voices.asked("hear")[0][0].options["voice"] == "af_heart:0.7+ff_siwis:0.3"
    qtbot.mouseClick(blender.use_button, MOUSE)
    session.voices.now, session.voices.now_blend = None, VoiceBlend(HEART, SIWIS, 0.3)
    qtbot.waitUntil(
        lambda: session.settings.get("tts.options.voice") == "af_heart:0.7+ff_siwis:0.3"
    )
    qtbot.waitUntil(lambda: blender.use_button.text() == "In use")
    session.voices.now, session.voices.now_blend = PLAIN[0], None
    qtbot.waitUntil(lambda: voices.toast.notice is not None)
    assert voices.toast.notice.message == "Voice: Heart + Siwis"
    qtbot.mouseClick(voices.toast.action_button, MOUSE)
    qtbot.waitUntil(lambda: session.settings.settings.tts.engine == "espeak")
    qtbot.waitUntil(blender.use_button.isEnabled)


def test_current_blend_is_shown(qtbot, page) -> None:
    voices, session, window = page
    session.voices.now, session.voices.now_blend = None, VoiceBlend(SIWIS, HEART, 0.2)
    window.pages.close()
    window.pages.open("voice")
    qtbot.waitUntil(lambda: voices.blender.shares.text() == "80 % Siwis  ·  20 % Heart")
    assert not voices.blender.use_button.isEnabled()


def test_blender_is_hidden_when_no_engine_can_blend(qtbot, page) -> None:
    voices, session, window = page
    session.voices.list = replace(session.voices.list, blending=frozenset())
    window.pages.close()
    window.pages.open("voice")
    qtbot.waitUntil(lambda: not voices.blender.isVisible())


def test_favorites_and_gender_filter_the_voices(qtbot, page) -> None:
    voices, session, _ = page
    qtbot.mouseClick(row_of(voices, HEART).star_button, MOUSE)
    qtbot.waitUntil(lambda: row_of(voices, HEART).is_favorite)
    row_of(voices, PLAIN[1]).setFocus()
    qtbot.keyClick(row_of(voices, PLAIN[1]), Qt.Key.Key_F)
    qtbot.waitUntil(lambda: row_of(voices, PLAIN[1]).is_favorite)
    assert session.settings.get("window.favorite_voices") == ("espeak/m3", "kokoro/af_heart")
    filters = voices.filters
    qtbot.mouseClick(filters.star_button, MOUSE)
    assert shown(voices) == ["Man 3", "Heart"]
    choose(filters.people_box, "f")
    assert shown(voices) == ["Heart"]
    qtbot.mouseClick(filters.star_button, MOUSE)
    assert shown(voices) == ["Woman 2", "Heart", "Siwis"]
    choose(filters.people_box, "m")
    assert shown(voices) == ["Man 3"]
    qtbot.mouseClick(row_of(voices, PLAIN[1]).star_button, MOUSE)
    qtbot.waitUntil(lambda: not row_of(voices, PLAIN[1]).is_favorite)


def choose(box: QComboBox, key: str) -> None:
    box.setCurrentIndex(box.findData(key))
    box.activated.emit(box.currentIndex())


def test_leaving_the_page_stops_samples_and_releases_the_engine(qtbot, page) -> None:
    voices, session, window = page
    session.voices.may_finish.clear()
    qtbot.mouseClick(row_of(voices, HEART).hear_button, MOUSE)
    window.pages.close()
    qtbot.waitUntil(lambda: bool(session.voices.asked("rest")))


def test_failing_voice_shows_its_error(qtbot, page) -> None:
    voices, session, _ = page
    session.voices.error = ModelMissing("Kokoro is not here.", "Get it on the page Models.")
    qtbot.mouseClick(row_of(voices, HEART).hear_button, MOUSE)
    qtbot.waitUntil(lambda: voices.toast.notice is not None)
    assert voices.toast.notice.message == "Kokoro is not here."
    assert row_of(voices, HEART).hear_button.accessibleName() == "Hear Heart"


def test_arrow_keys_move_space_plays_and_enter_uses_a_voice(qtbot, page) -> None:
    voices, session, window = page
    session.voices.may_finish.clear()
    qtbot.keyClick(voices.filters.search_field, Qt.Key.Key_Down)
    walked = []
    for key in (Qt.Key.Key_Down, Qt.Key.Key_Down, Qt.Key.Key_Down, Qt.Key.Key_Down, Qt.Key.Key_Up):
        row = window.focusWidget()
        walked.append(row.title)
        qtbot.keyClick(row, key)
    assert walked == ["Woman 2", "Man 3", "Heart", "Siwis", "Siwis"]
    heart = window.focusWidget()
    assert heart is row_of(voices, HEART)
    assert heart.accessibleName() == "Heart, Woman  ·  English (US)  ·  af_heart"
    qtbot.keyClick(heart, Qt.Key.Key_Space)
    qtbot.waitUntil(lambda: [call[0] for call in session.voices.asked("hear")] == [HEART])
    assert session.asked("hold") == []  # nobody is talking
    qtbot.keyClick(heart, Qt.Key.Key_Space)
    assert heart.hear_button.accessibleName() == "Hear Heart"
    qtbot.keyClick(heart, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: session.settings.settings.tts.engine == "kokoro")
    for _ in range(3):
        qtbot.keyClick(window.focusWidget(), Qt.Key.Key_Up)
    assert window.focusWidget() is voices.filters.search_field


def test_every_control_has_an_accessible_name(page) -> None:
    voices, _, _ = page
    controls = [*voices.findChildren(QAbstractButton), *voices.findChildren(QComboBox)]
    assert [
        each
        for each in controls
        if each.isVisible()
        and not each.accessibleName()
        and each.parent() is not voices.filters.search_field
    ] == []
