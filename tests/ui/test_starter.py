"""The card of the first minutes: offered once, quietly; chosen among, watched, stopped, mended."""

from __future__ import annotations

from dataclasses import replace

import pytest
from fake_session import FakeSession
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication

from avatar_app.core.errors import AvatarError
from avatar_app.core.manifest import Kind
from avatar_app.models.errors import AGAIN
from avatar_app.models.progress import DownloadProgress
from avatar_app.performance.starter import StarterItem
from avatar_app.session.starter import Offer, PartState, StarterProgress
from avatar_app.settings.schema import ThemeChoice
from avatar_app.ui.style.theme import Theme
from avatar_app.ui.window.main_window import MainWindow
from avatar_app.ui.window.modes import SMALLEST
from avatar_app.ui.window.starter_card import StarterCard

LEFT = Qt.MouseButton.LeftButton


def said(card: StarterCard) -> str:
    return card.accessibleDescription()


def shown(card: StarterCard) -> list[str]:
    return [button.text() for button in card.buttons if button.isVisible()]


@pytest.fixture
def window(qtbot):
    """A window that offers the set."""
    session = FakeSession()
    session.starter.due = Offer.FIRST
    window = MainWindow(session, Theme(ThemeChoice.DARK))
    window.show()
    window.start()
    qtbot.waitUntil(window.starter.card.isVisible)
    yield window
    window.close()
    window.deleteLater()


@pytest.fixture
def starter(window):
    return window._session.starter


def test_starter_card_lists_the_missing_models_and_their_size(window):
    card = window.starter.card
    assert said(card) == (
        "I hear and speak poorly. Get speech recognition, a voice and a language model: 376 MB, "
        "about 1 min at 50 Mbit/s. It runs on this computer. Licenses: MIT License, Apache License "
        "2.0, BSD 2-Clause License."
    )
    assert shown(card) == ["Get", "Later", "Choose"]
    assert window.composer.field.hasFocus()  # it takes nothing from who is talking


def test_starter_card_is_hidden_when_not_due_or_nothing_is_missing(qtbot, opened):
    window, session = opened()
    assert not window.starter.card.isVisible()
    session.starter.lacking = ()
    session.starter.due = Offer.FIRST
    window.starter.offer()
    window.starter.close()
    assert not window.starter.card.isVisible()


def test_starter_card_opens_from_the_popover(qtbot, opened):
    window, session = opened()
    card = window.starter.card
    window.show_settings()
    qtbot.mouseClick(window.popover.starter_button, LEFT)
    qtbot.waitUntil(lambda: shown(card) == ["Get", "Later", "Choose"])
    assert not window.popover.isVisible()
    session.starter.lacking = ()
    window.starter.show_again()
    qtbot.waitUntil(lambda: shown(card) == ["Models", "Close"])
    assert "Nothing is missing" in said(card)
    qtbot.mouseClick(card.models_button, LEFT)
    assert window.pages.shown.accessibleName() == "Models"


def test_parts_of_the_starter_set_can_be_deselected(qtbot, window, starter):
    card = window.starter.card
    qtbot.mouseClick(card.choose_button, LEFT)
    assert [row.text().partition(":")[0] for row in card.rows] == [
        "Speech recognition",
        "Voice",
        "Language model",
        "End of turn",
    ]
    for row in card.rows:
        qtbot.mouseClick(row, LEFT)
    assert not card.get_button.isEnabled()
    qtbot.mouseClick(card.rows[1], LEFT)
    assert "Get a voice: 121 MB, about 1 min" in said(card)
    assert "Licenses: Apache License 2.0." in said(card)
    qtbot.mouseClick(card.get_button, LEFT)
    qtbot.waitUntil(lambda: "Done: I have a voice now." in said(card))
    ((item,),) = starter.got
    assert item.kind is Kind.TTS


def test_download_progress_is_shown_and_can_be_stopped(qtbot, window, starter):
    card = window.starter.card
    parts = {Kind.TTS: PartState.AT_WORK, Kind.ASR: PartState.COMING}
    half = DownloadProgress("whisper-base", done=100_000_000, total=200_000_000, rate=1e7)
    starter.progress = [StarterProgress(parts, half)]
    starter.may_finish.clear()
    qtbot.mouseClick(card.get_button, LEFT)
    qtbot.waitUntil(lambda: card.bar.value() == 500)
    for text in (
        "Downloading",
        "100 MB / 200 MB",
        "10 MB/s",
        "10 s left",
        "ready: a voice",
    ):
        assert text in said(card)
    assert shown(card) == ["Cancel"]
    qtbot.keyClick(window.composer.field, Qt.Key.Key_Escape)  # stops an answer, not this
    assert window._session.asked("interrupt") == [()]
    qtbot.mouseClick(card.cancel_button, LEFT)
    qtbot.waitUntil(lambda: shown(card) == ["Get", "Later", "Choose"])


def test_loading_of_a_downloaded_model_is_shown(qtbot, window, starter):
    starter.progress = [StarterProgress({Kind.DIALOGUE: PartState.LOADING})]
    starter.may_finish.clear()
    qtbot.mouseClick(window.starter.card.get_button, LEFT)
    qtbot.waitUntil(lambda: "Getting ready: a language model" in said(window.starter.card))


def test_failure_is_reported_and_can_be_retried(qtbot, window, starter):
    card = window.starter.card
    broken = AvatarError("The server is gone.", AGAIN)
    starter.failures = ((starter.lacking[0], broken),)
    qtbot.mouseClick(card.get_button, LEFT)
    qtbot.waitUntil(lambda: shown(card) == ["Try again", "Close"])
    title = starter.lacking[0].title
    hint = "Try again: it resumes where it stopped."
    assert said(card) == f"{title}: The server is gone. {hint}"
    starter.failures, starter.error = (), AvatarError("The disk is full.", "Free some space.")
    qtbot.mouseClick(card.get_button, LEFT)
    qtbot.waitUntil(lambda: said(card) == "The disk is full. Free some space.")
    starter.error = None
    qtbot.mouseClick(card.get_button, LEFT)
    qtbot.waitUntil(lambda: "Done" in said(card))


def test_what_was_installed_is_taken_back_by_a_button(qtbot, window, starter):
    card = window.starter.card
    qtbot.mouseClick(card.get_button, LEFT)
    qtbot.waitUntil(lambda: shown(card) == ["Models", "Undo"])
    assert "avatar-app" not in said(card), "nobody needs a terminal"
    qtbot.mouseClick(card.undo_button, LEFT)
    qtbot.waitUntil(lambda: starter.times_undone == 1)
    assert not card.isVisible()


def test_missing_packages_are_installed_on_the_page_of_models(qtbot, window, starter, monkeypatch):
    monkeypatch.setattr(StarterItem, "install_command", "avatar-app extras add kokoro")
    card = window.starter.card
    lame = replace(starter.lacking[1], missing_packages=("kokoro-onnx",))
    starter.lacking = (lame,)
    window.starter.show_again()
    qtbot.waitUntil(lambda: len(card.rows) == 1)
    qtbot.mouseClick(card.get_button, LEFT)
    qtbot.waitUntil(lambda: shown(card) == ["Models", "Close"])
    assert "needs kokoro-onnx, which is not installed" in said(card)
    qtbot.mouseClick(card.models_button, LEFT)
    page = window.pages.shown
    assert page.accessibleName() == "Models"
    assert page.search_field.text() == lame.title


def test_missing_packages_without_an_extra_show_the_command_to_type(
    qtbot, window, starter, monkeypatch
):
    monkeypatch.setattr(StarterItem, "install_command", "pip install kokoro-onnx")
    card = window.starter.card
    lame = replace(starter.lacking[1], missing_packages=("kokoro-onnx",))
    starter.lacking = (starter.lacking[0], lame)
    window.starter.show_again()
    qtbot.waitUntil(lambda: len(card.rows) == 2)
    qtbot.mouseClick(card.get_button, LEFT)
    qtbot.waitUntil(lambda: shown(card) == ["Copy", "Close"])
    assert "needs kokoro-onnx, which is not installed" in said(card)
    assert [item.kind for item in starter.got[0]] == [Kind.ASR]
    qtbot.mouseClick(card.copy_button, LEFT)
    assert QGuiApplication.clipboard().text() == lame.install_command
    qtbot.mouseClick(card.close_button, LEFT)
    assert not card.isVisible()
    assert starter.times_postponed == 0


def test_later_postpones_the_offer_at_most_twice(qtbot, window, starter):
    card = window.starter.card
    starter.due = Offer.LAST
    window.starter.show_again()
    qtbot.waitUntil(lambda: shown(card) == ["Get", "No, thanks", "Choose"])
    qtbot.mouseClick(card.later_button, LEFT)
    qtbot.waitUntil(lambda: starter.times_postponed == 1)
    assert not card.isVisible()


def test_installed_models_are_used_without_a_download(qtbot, window, starter):
    card = window.starter.card
    starter.lacking = tuple(replace(item, bytes_lacking=0) for item in starter.lacking)
    window.starter.show_again()
    qtbot.waitUntil(lambda: shown(card)[0] == "Use")
    assert "on this computer already" in said(card)


def test_starter_card_fits_the_smallest_window(qtbot, window):
    card = window.starter.card
    window.show_transcript(shown=True)
    window.resize(*SMALLEST)
    qtbot.mouseClick(card.choose_button, LEFT)
    qtbot.waitUntil(lambda: card.rows[-1].isVisible())
    qtbot.wait(300)
    assert window.height() == SMALLEST[1]
    for row in card.rows:
        assert row.height() >= row.sizeHint().height()


def test_closing_the_window_stops_the_installation(qtbot, window, starter):
    starter.may_finish.clear()
    qtbot.mouseClick(window.starter.card.get_button, LEFT)
    window.close()
    assert window._session.asked("close") == [()]
