"""A failure with a button: it gets the model, opens the page or the row, or asks again."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from fake_session import REGISTRY, FakeSession
from misbehaving import Site, serving
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from sample_catalog import write_catalog

from avatar_app.core.errors import (
    AvatarError,
    DeviceUnavailable,
    ModelMissing,
    OutOfMemory,
    TooSlow,
)
from avatar_app.core.events import Failed, Noticed, Outcome, TurnEnded, UserSaid
from avatar_app.core.manifest import Kind
from avatar_app.core.network_access import ALLOW_NETWORK
from avatar_app.models.errors import DiskFailed, LicenseNotAccepted
from avatar_app.models.store import Presence
from avatar_app.system.paths import app_paths
from avatar_app.ui.window.main_window import MainWindow

LEFT = Qt.MouseButton.LeftButton
Opened = tuple[MainWindow, FakeSession]

pytestmark = pytest.mark.usefixtures("loopback")


@pytest.fixture
def site() -> Iterator[Site]:
    with serving(Site()) as each:
        bound = {"title": "Bound ears", "license": "Bound"}
        write_catalog(app_paths().models, each, one={"title": "First ears"}, bound=bound)
        yield each


@pytest.fixture
def told(qtbot, opened: Callable[..., Opened]) -> Callable[..., MainWindow]:
    """Call it to report something, and press the button."""
    window, session = opened(manifests=REGISTRY.all())

    def report(event: Failed | Noticed, title: str) -> MainWindow:
        session.post(event)
        bar = window.stage.notices
        qtbot.waitUntil(bar.isVisible)
        assert bar.action_button.text() == title
        qtbot.mouseClick(bar.action_button, LEFT)
        assert not bar.isVisible()
        return window

    return report


def noticed(reason: type[AvatarError], hint: str = "", kind: Kind | None = None) -> Noticed:
    return Noticed("Something is wrong.", hint, reason, kind)


def test_a_missing_model_is_fetched_at_once(qtbot, site: Site, opened) -> None:
    window, session = opened()
    session.post(noticed(ModelMissing, "Type: avatar-app models download one"))
    bar = window.stage.notices
    qtbot.waitUntil(bar.isVisible)
    assert bar.action_button.text() == "Get First ears  ·  300 kB"
    qtbot.mouseClick(bar.action_button, LEFT)
    page = window.pages.shown
    assert page.search_field.text() == "First ears"
    model = session.models.catalog().by_id["one"]
    store = session.models.store
    qtbot.waitUntil(lambda: store.presence(model) is Presence.INSTALLED, timeout=60_000)


def test_a_license_is_shown_before_anything_is_fetched(qtbot, site: Site, opened) -> None:
    window, session = opened()
    hint = "Read it and type: avatar-app models download bound --accept-license bound"
    session.post(noticed(LicenseNotAccepted, hint))
    bar = window.stage.notices
    qtbot.waitUntil(bar.isVisible)
    assert bar.action_button.text() == "Show Bound ears"
    qtbot.mouseClick(bar.action_button, LEFT)
    assert window.pages.shown.search_field.text() == "Bound ears"
    assert site.asked == []


@pytest.mark.parametrize(
    ("event", "title", "page"),
    [
        (noticed(OutOfMemory), "What takes memory", "Models"),
        (noticed(DiskFailed), "What takes the disk", "Privacy"),
        (noticed(TooSlow, kind=Kind.FACE), "Show what is slow", "Performance"),
        (noticed(DeviceUnavailable), "Devices", "Devices"),
        (noticed(AvatarError, ALLOW_NETWORK), "Connections", "Privacy"),
        (noticed(AvatarError, "Make one: avatar-app avatars add PHOTO"), "New avatar", "Avatars"),
        (noticed(AvatarError, "Type: avatar-app voices clone A --name B"), "Voices", "Voice"),
        (noticed(AvatarError, "Type: avatar-app models import PATH"), "Models", "Models"),
        (noticed(ModelMissing, "Type: avatar-app extras add coqui"), "Install coqui", "Models"),
    ],
)
def test_it_opens_the_page_that_helps(told, event: Noticed, title: str, page: str) -> None:
    assert told(event, title).pages.shown.accessibleName() == page


def test_it_opens_the_row_of_a_setting(qtbot, told) -> None:
    event = noticed(DeviceUnavailable, "Choose the device cpu.", Kind.TTS)
    window = told(event, "Open the setting")
    assert window.pages.shown.search_field.text() == "tts.options.device"
    event = noticed(AvatarError, "Choose another engine in the settings.", Kind.DIALOGUE)
    window = told(event, "Open the setting")
    qtbot.waitUntil(lambda: "dialogue.engine" in window.pages.shown.form.rows)


def test_a_failed_turn_is_asked_again_or_copied(qtbot, window_and_session: Opened) -> None:
    window, session = window_and_session
    session.post(
        UserSaid(3, "What time is it?"),
        TurnEnded(3, Outcome.FAILED, "What time is it?", "", ""),
        Failed(3, "think", "No answer came.", "Ask again."),
    )
    bar = window.stage.notices
    qtbot.waitUntil(bar.isVisible)
    assert (bar.other_button.text(), bar.action_button.text()) == ("Copy", "Ask again")
    qtbot.mouseClick(bar.action_button, LEFT)
    assert session.asked("correct") == [(3, "What time is it?")]
    session.post(Failed(3, "think", "No answer came.", "Ask again."))
    qtbot.waitUntil(bar.isVisible)
    qtbot.mouseClick(bar.other_button, LEFT)
    assert QGuiApplication.clipboard().text() == "No answer came. Ask again."


def test_an_error_of_a_page_has_its_button_there(qtbot, opened: Callable[..., Opened]) -> None:
    window, _ = opened()
    window.pages.open("voice")
    toast = window.pages.shown.toast
    toast.tell_error(ModelMissing("It lacks.", "Type: avatar-app models download whisper-base"))
    assert toast.action_button.text().startswith("Get Whisper base")
    toast.tell_error(AvatarError("Nothing helps.", ""))
    toast.dismiss()
    assert not toast.action_button.isVisible()
