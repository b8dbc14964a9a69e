"""A user checks the devices: records and hears it, answers, measures the echo, stops, undoes."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from fake_session import FakeSession
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QAbstractButton, QComboBox

from avatar_app.core.errors import DeviceUnavailable
from avatar_app.session.checks.echo import EchoReport, EchoVerdict
from avatar_app.session.checks.microphone import MicrophoneVerdict
from avatar_app.ui.pages.check_words import CheckWords
from avatar_app.ui.pages.devices import DevicesPage
from avatar_app.ui.window.main_window import MainWindow

MOUSE = Qt.MouseButton.LeftButton


@pytest.fixture
def page(qtbot, opened: Callable[..., tuple[MainWindow, FakeSession]]):
    """The page, and the session that it checks."""
    window, session = opened()
    window.resize(1280, 720)
    window.pages.open("devices")
    shown = window.pages.shown
    assert isinstance(shown, DevicesPage)
    qtbot.waitUntil(shown.test_button.hasFocus)
    return shown, session, window


def click(qtbot, button: QAbstractButton) -> None:
    assert button.isVisible()
    assert button.isEnabled()
    qtbot.mouseClick(button, MOUSE)


def test_microphone_test_records_and_plays_back(qtbot, page) -> None:
    devices, session, _ = page
    session.checks.may_finish.clear()
    qtbot.keyClick(devices.test_button, Qt.Key.Key_Space)
    qtbot.waitUntil(lambda: devices.microphone.meter.level > 0)
    assert devices.microphone.meter.isVisible()
    assert devices.test_button.text() == "Stop"
    assert not devices.echo_button.isEnabled()
    session.checks.may_finish.set()
    qtbot.waitUntil(devices.back_button.isVisible)
    assert devices.microphone.sentence.text() == "Your voice comes through well."
    assert devices.microphone.figures[0].number.text() == "−25 dB"
    assert not devices.microphone.meter.isVisible()
    click(qtbot, devices.back_button)
    qtbot.waitUntil(lambda: bool(session.checks.asked("play")))
    assert session.checks.asked("play")[0][0] is session.checks.sound


@pytest.mark.parametrize("verdict", list(MicrophoneVerdict))
def test_every_microphone_verdict_has_a_sentence_and_a_hint(qtbot, page, verdict) -> None:
    devices, session, _ = page
    session.checks.verdict = verdict
    click(qtbot, devices.test_button)
    qtbot.waitUntil(lambda: devices.microphone.sign.isVisible())
    assert devices.microphone.sentence.text().endswith(".")
    assert devices.microphone.hint.text().endswith(".")


def test_loudspeaker_test_asks_whether_the_chime_was_heard(qtbot, page) -> None:
    devices, session, _ = page
    click(qtbot, devices.sound_button)
    qtbot.waitUntil(devices.yes_button.isVisible)
    assert session.checks.asked("chime") == [()]
    assert devices.loudspeaker.sentence.text() == "Did you hear two notes?"
    click(qtbot, devices.no_button)
    assert devices.loudspeaker.sentence.text() == "Nothing was heard."
    assert devices.choices.speaker.control.hasFocus()
    click(qtbot, devices.sound_button)
    qtbot.waitUntil(devices.yes_button.hasFocus)
    qtbot.keyClick(devices.yes_button, Qt.Key.Key_Space)
    assert devices.loudspeaker.sentence.text() == "The loudspeaker works."
    assert devices.echo_button.hasFocus()


def test_echo_test_shows_the_measured_reduction(qtbot, page) -> None:
    devices, _, _ = page
    click(qtbot, devices.echo_button)
    qtbot.waitUntil(devices.echo.sign.isVisible)
    assert devices.echo.sentence.text() == "The loudspeaker's echo is removed well."
    numbers = [figure.number.text() for figure in devices.echo.figures]
    assert numbers == ["over 31 dB", "42 ms", "0 %"]


def test_every_echo_verdict_has_a_hint(qapp) -> None:
    words = CheckWords()
    findings = [words.echo(EchoReport(verdict)) for verdict in EchoVerdict]
    assert all(each.sentence.endswith(".") and each.hint.endswith(".") for each in findings)
    assert sum(each.good for each in findings) == 3
    late = words.echo(EchoReport(EchoVerdict.REMAINS, erle_db=7.0, delay=0.55))
    assert "wireless" in late.hint


def test_check_is_stopped_by_its_button_escape_and_leaving_the_page(qtbot, page) -> None:
    devices, session, window = page
    session.checks.may_finish.clear()
    click(qtbot, devices.echo_button)
    assert devices.echo_button.text() == "Stop"
    click(qtbot, devices.echo_button)
    assert devices.echo_button.text() == "Check for echo"
    click(qtbot, devices.echo_button)
    qtbot.keyClick(window, Qt.Key.Key_Escape)
    assert devices.test_button.isEnabled()
    assert window.pages.shown is devices
    click(qtbot, devices.test_button)
    window.pages.close()
    assert devices.test_button.text() == "Test the microphone"
    assert not devices.back_button.isVisible()


def test_missing_device_is_reported_in_its_card(qtbot, page) -> None:
    devices, session, _ = page
    session.checks.error = DeviceUnavailable("No loudspeaker was found.", "Plug one in.")
    click(qtbot, devices.sound_button)
    qtbot.waitUntil(devices.loudspeaker.sign.isVisible)
    assert devices.loudspeaker.sentence.text() == "No loudspeaker was found."
    assert devices.loudspeaker.hint.text() == "Plug one in."
    assert devices.sound_button.isEnabled()


def test_choosing_another_microphone_applies_immediately_and_can_be_undone(qtbot, page) -> None:
    devices, session, _ = page
    box = devices.choices.microphone.control
    assert isinstance(box, QComboBox)
    qtbot.waitUntil(lambda: box.findData("Headset") >= 0)
    box.setCurrentIndex(box.findData("Headset"))
    box.activated.emit(box.currentIndex())
    qtbot.waitUntil(lambda: session.settings.get("audio.microphone") == "Headset")
    qtbot.waitUntil(lambda: devices.toast.notice is not None)
    assert devices.toast.notice.message == "Microphone: Headset"
    click(qtbot, devices.toast.action_button)
    qtbot.waitUntil(lambda: session.settings.get("audio.microphone") is None)
    qtbot.waitUntil(lambda: box.currentData() is None)


def test_every_control_has_an_accessible_name(page) -> None:
    devices, _, _ = page
    controls = [*devices.findChildren(QAbstractButton), *devices.findChildren(QComboBox)]
    assert [each for each in controls if each.isVisible() and not each.accessibleName()] == []


def test_switches_let_other_programs_see_and_hear_the_avatar(qtbot, page) -> None:
    devices, session, _ = page
    rows = devices.video_call.rows
    assert list(rows) == ["video_call.camera", "video_call.microphone"]
    for name, row in rows.items():
        assert session.settings.get(name) is False
        assert not row.reset_button.isVisible()
        row.editor.control.setFocus()
        qtbot.keyClick(row.editor.control, Qt.Key.Key_Space)
        qtbot.waitUntil(lambda name=name: session.settings.get(name) is True)
        qtbot.waitUntil(row.reset_button.isVisible)
    click(qtbot, rows["video_call.camera"].reset_button)
    qtbot.waitUntil(lambda: session.settings.get("video_call.camera") is False)
    assert session.settings.get("video_call.microphone") is True
