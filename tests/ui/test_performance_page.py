"""A user on the page of performance: sees the last turn, applies a suggestion, takes it back."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from fake_session import FakeSession
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QHelpEvent
from PySide6.QtWidgets import QApplication, QToolTip
from sample_turns import MARKS

from avatar_app.core.events import Outcome, TurnEnded
from avatar_app.core.values import Pictures
from avatar_app.session.performance_reports import (
    EngineProcess,
    PerformanceReports,
    ProcessLoad,
)
from avatar_app.settings.store import SettingsStore
from avatar_app.system.paths import app_paths
from avatar_app.ui.pages.performance.page import PerformancePage
from avatar_app.ui.window.main_window import MainWindow

MOUSE = Qt.MouseButton.LeftButton
CONTROL = Qt.KeyboardModifier.ControlModifier
DELAY = "turn_detection.min_endpointing_delay"
TURN = TurnEnded(
    1, Outcome.FINISHED, "Hello", "Hi there", "Hi there",
    marks=MARKS,
    pictures=Pictures(shown=97, dropped=3, skew_p50_ms=8.0, skew_p99_ms=20.0),
)  # fmt: skip


@pytest.fixture
def page(
    qtbot, opened: Callable[..., tuple[MainWindow, FakeSession]]
) -> tuple[PerformancePage, FakeSession]:
    window, session = opened()
    qtbot.keyClick(window, Qt.Key.Key_4, CONTROL)
    shown = window.pages.shown
    assert isinstance(shown, PerformancePage)
    qtbot.waitUntil(lambda: bool(shown.headline.text()))
    return shown, session


def test_empty_page_explains_how_to_get_measurements(page) -> None:
    shown, _ = page
    assert shown.headline.text() == "Nothing was measured yet."
    assert "Talk for a while" in shown.usual.text()
    assert not shown.waterfall.isVisible()
    assert not shown.apply_button.isVisible()


def test_turn_is_displayed_as_soon_as_it_ends(qtbot, page) -> None:
    shown, session = page
    session.performance(TURN)
    qtbot.waitUntil(shown.waterfall.isVisible)
    assert shown.headline.text() == "Last turn: heard after 1.25 s"
    description = shown.waterfall.accessibleDescription()
    assert description.startswith("End of turn: 600 ms. Recognition: 400 ms. First word: 300 ms.")
    assert "3 left out (3.0 %)" in shown.pictures.text()
    assert "8 ms apart, 20 ms at most" in shown.pictures.text()


def test_suggestion_can_be_applied_and_undone(qtbot, page) -> None:
    shown, session = page
    session.performance(TURN)
    qtbot.waitUntil(shown.apply_button.isVisible)
    assert shown.advice.text().startswith("End of turn took longest. End your turn after 0.43 s")
    qtbot.mouseClick(shown.apply_button, MOUSE)
    qtbot.waitUntil(lambda: session.settings.get(DELAY) == 0.43)
    qtbot.waitUntil(lambda: shown.toast.notice is not None)
    qtbot.waitUntil(lambda: "after 0.35 s" in shown.advice.text())
    qtbot.mouseClick(shown.toast.action_button, MOUSE)
    qtbot.waitUntil(lambda: session.settings.get(DELAY) == 0.58)
    qtbot.waitUntil(lambda: "after 0.43 s" in shown.advice.text())


def test_waterfall_bar_has_a_tooltip(qtbot, page) -> None:
    shown, session = page
    session.performance(TURN)
    qtbot.waitUntil(shown.waterfall.isVisible)
    at = QPoint(300, 10)
    event = QHelpEvent(QHelpEvent.Type.ToolTip, at, shown.waterfall.mapToGlobal(at))
    QApplication.sendEvent(shown.waterfall, event)
    assert (
        QToolTip.text() == "Silence until it is clear that you have finished\nEnd of turn: 600 ms"
    )


def test_processes_are_sampled_only_while_the_page_is_visible(qtbot, page) -> None:
    shown, _ = page
    qtbot.waitUntil(lambda: len(shown.loads) == 2)
    assert shown.loads[0].text() == "Window and conversation"
    assert shown.loads[1].text().endswith(("MB", "GB"))
    shown._look()
    qtbot.waitUntil(lambda: "% of a core" in shown.loads[1].text())
    qtbot.keyClick(shown.window(), Qt.Key.Key_Escape)
    assert not shown._timer.isActive()
    assert not shown._reports._listeners


def test_memory_of_the_graphics_card_is_shown_where_it_is_known(page) -> None:
    words = page[0]._words
    assert words.load(ProcessLoad("", 0.5, 100.0)) == (
        "Window and conversation",
        "50 % of a core  ·  105 MB",
    )
    title, figures = words.load(ProcessLoad("Whisper", None, 100.0, 2000.0))
    assert (title, figures) == ("Whisper", "105 MB  ·  2.1 GB of the graphics card")


def test_ended_process_is_left_out() -> None:
    here = (EngineProcess("Gone", 2**22 + 1),)
    reports = PerformanceReports(
        SettingsStore(app_paths().settings_file, {}), app_paths(), None, lambda: here
    )
    (own,) = reports.loads()
    assert own.cores is None
    assert own.ram_mb > 1
    (again,) = reports.loads()
    assert again.cores is not None
