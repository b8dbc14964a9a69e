"""The first steps: shown once, each by one click, nothing looked for before it is asked."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from fake_session import FakeSession
from PySide6.QtCore import Qt

from avatar_app.core.errors import ConfigInvalid
from avatar_app.core.manifest import Kind
from avatar_app.runtime.registry import Registry
from avatar_app.session.local_findings import LocalFinding
from avatar_app.ui.window import first_steps
from avatar_app.ui.window.first_steps import FirstStepsBar
from avatar_app.ui.window.main_window import MainWindow
from avatar_app.ui.window.modes import SMALLEST

MOUSE = Qt.MouseButton.LeftButton
MANIFESTS = Registry().all()
LLAMA = LocalFinding(
    "llama3.2:1b",
    "Ollama",
    Kind.DIALOGUE,
    {
        "dialogue.engine": "openai",
        "dialogue.options.address": "http://127.0.0.1:11434/v1",
        "dialogue.options.model": "llama3.2:1b",
    },
)
Opened = tuple[MainWindow, FakeSession]


@pytest.fixture
def looked(monkeypatch: pytest.MonkeyPatch) -> list[LocalFinding]:
    """What is found; `None` at its end tells that it was looked for."""
    found: list[LocalFinding] = []
    monkeypatch.setattr(first_steps, "find_local", lambda _settings: tuple(found))
    return found


@pytest.fixture
def fresh(opened: Callable[..., Opened], looked: list[LocalFinding]) -> Opened:
    """A window that opens for the first time."""
    return opened(manifests=MANIFESTS, first_steps="new")


def test_first_steps_are_shown_once_without_taking_focus(qtbot, fresh: Opened) -> None:
    window, session = fresh
    assert window.first_steps.bar.isVisible()
    assert window.composer.field.hasFocus()
    qtbot.waitUntil(lambda: session.settings.get("window.first_steps") == "shown")
    qtbot.mouseClick(window.first_steps.bar.close_button, MOUSE)
    assert not window.first_steps.bar.isVisible()
    window.first_steps.offer()
    assert not window.first_steps.bar.isVisible()


def test_first_steps_link_to_the_devices_and_voice_pages(qtbot, fresh: Opened) -> None:
    window, _ = fresh
    window.resize(1280, 720)
    qtbot.mouseClick(window.first_steps.bar.check_button, MOUSE)
    assert window.pages.shown.accessibleName() == "Devices"
    window.pages.close()
    qtbot.mouseClick(window.first_steps.bar.voices_button, MOUSE)
    assert window.pages.shown.accessibleName() == "Voice"
    window.pages.close()
    qtbot.mouseClick(window.first_steps.bar.face_button, MOUSE)
    assert window.pages.shown.accessibleName() == "Avatars"


def test_talking_can_begin_at_once_and_ends_the_first_steps(qtbot, fresh: Opened) -> None:
    window, session = fresh
    qtbot.mouseClick(window.first_steps.bar.talk_button, MOUSE)
    assert not window.first_steps.bar.isVisible()
    assert window.composer.field.hasFocus()
    assert window.stage.captions.caption.text == "Say hello, or type"
    qtbot.keyClicks(window.composer.field, "Hello!")
    qtbot.keyClick(window.composer.field, Qt.Key.Key_Return)
    assert session.asked("type") == [("Hello!",)]


def test_found_local_model_can_be_used_and_undone(
    qtbot, fresh: Opened, looked: list[LocalFinding]
) -> None:
    window, session = fresh
    bar = window.first_steps.bar
    looked.append(LLAMA)
    qtbot.mouseClick(bar.here_button, MOUSE)
    qtbot.waitUntil(lambda: len(bar.found) == 1)
    assert bar.found[0].text() == "Use language model: llama3.2:1b, from Ollama"
    qtbot.mouseClick(bar.found[0], MOUSE)
    qtbot.waitUntil(lambda: session.settings.settings.dialogue.engine == "openai")
    notices = window.stage.notices
    qtbot.waitUntil(lambda: notices.notice is not None)
    assert notices.notice.message == "Chosen: llama3.2:1b"
    qtbot.mouseClick(notices.action_button, MOUSE)
    qtbot.waitUntil(lambda: session.settings.settings.dialogue.engine == "builtin")


def test_finding_no_local_model_is_reported(qtbot, fresh: Opened) -> None:
    window, _ = fresh
    bar = window.first_steps.bar
    qtbot.mouseClick(bar.here_button, MOUSE)
    qtbot.waitUntil(lambda: "No model of another program" in bar.said.text())
    assert bar.here_button.isEnabled()
    assert bar.found == []


def test_failing_search_for_local_models_is_reported(
    qtbot, fresh: Opened, monkeypatch: pytest.MonkeyPatch
) -> None:
    window, _ = fresh

    def refuse(_settings: object) -> tuple[LocalFinding, ...]:
        raise ConfigInvalid("That folder is none.", "Choose another one.")

    monkeypatch.setattr(first_steps, "find_local", refuse)
    bar = window.first_steps.bar
    qtbot.mouseClick(bar.here_button, MOUSE)
    qtbot.waitUntil(lambda: bar.said.text() == "That folder is none. Choose another one.")


def test_window_with_first_steps_fits_the_smallest_screen(qtbot, fresh: Opened) -> None:
    window, _ = fresh
    window.resize(*SMALLEST)
    bar = window.first_steps.bar
    assert bar.geometry().right() <= window.width()
    assert window.stage.height() > 200


def cut(bar: FirstStepsBar) -> list[str]:
    """Links whose words have too little room."""
    return [b.text() for b in bar.links if b.width() < b.fontMetrics().horizontalAdvance(b.text())]


def test_links_get_shorter_labels_beside_a_page(qtbot, fresh: Opened) -> None:
    window, _ = fresh
    bar = window.first_steps.bar
    window.show_transcript(shown=False)
    window.panel.settle()
    window.resize(1280, 720)
    qtbot.waitUntil(lambda: bar.check_button.text() == "Check microphone and sound")
    assert len({button.y() for button in bar.links}) == 1
    qtbot.waitUntil(lambda: cut(bar) == [])
    qtbot.mouseClick(bar.check_button, MOUSE)
    qtbot.waitUntil(lambda: bar.check_button.text() == "Check sound")
    assert bar.check_button.accessibleName() == "Check microphone and sound"
    qtbot.waitUntil(lambda: len({button.y() for button in bar.links}) > 1)
    qtbot.waitUntil(lambda: cut(bar) == [])
    assert bar.close_button.geometry().right() < bar.width()
    window.pages.close()
    qtbot.waitUntil(lambda: bar.check_button.text() == "Check microphone and sound")


@pytest.mark.parametrize("code", ["de", "fr", "es", "zh", "ar"])
def test_links_fit_the_smallest_window_in_every_language(qtbot, fresh: Opened, code: str) -> None:
    window, session = fresh
    bar = window.first_steps.bar
    session.settings.set("window.language", code)
    qtbot.waitUntil(lambda: bar.talk_button.text() != "Talk now")
    window.resize(*SMALLEST)
    qtbot.waitUntil(lambda: len({button.y() for button in bar.links}) > 1)
    qtbot.waitUntil(lambda: cut(bar) == [])
    assert bar.close_button.geometry().right() < bar.width()
    assert window.stage.height() > 200
    session.settings.set("window.language", "en")
    qtbot.waitUntil(lambda: bar.talk_button.text() == "Talk now")


def test_first_steps_are_hidden_for_returning_users(opened: Callable[..., Opened]) -> None:
    window, _ = opened()
    assert not window.first_steps.bar.isVisible()
