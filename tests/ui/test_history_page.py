"""A user in the history: searches while typing, reads, renames, pins, deletes, continues."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from fake_session import FakeSession
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtWidgets import QApplication, QFileDialog, QMenu

from avatar_app.core.errors import InputInvalid
from avatar_app.core.events import Outcome, TurnEnded
from avatar_app.session.stored_conversations import StoredConversations
from avatar_app.storage.conversations import PAGE
from avatar_app.storage.history import History
from avatar_app.ui.chat.delegate import marked
from avatar_app.ui.history.dates import group_title, length, short_time
from avatar_app.ui.history.list_model import ROW_ROLE
from avatar_app.ui.pages.history import HistoryPage
from avatar_app.ui.screenshots.sample_history import fill_history
from avatar_app.ui.window.main_window import MainWindow

MOUSE = Qt.MouseButton.LeftButton
CONTROL = Qt.KeyboardModifier.ControlModifier
SHIFT = Qt.KeyboardModifier.ShiftModifier
NOW = datetime.now(UTC)
Opened = tuple[MainWindow, FakeSession, HistoryPage]


@pytest.fixture
def page(qtbot, opened: Callable[..., tuple[MainWindow, FakeSession]]) -> Opened:
    """A window with a month of conversations, and the history open."""
    window, session = opened()
    fill_history(session.stored, NOW)
    window.resize(1280, 720)
    window.pages.open("history")
    shown = window.pages.shown
    assert isinstance(shown, HistoryPage)
    qtbot.waitUntil(lambda: len(titles(shown)) == 9)
    qtbot.waitUntil(lambda: bool(lines(shown)))
    return window, session, shown


def rows(page: HistoryPage) -> list[object]:
    model = page.list.rows
    return [model.index(row).data(ROW_ROLE) for row in range(model.rowCount())]


def titles(page: HistoryPage) -> list[str]:
    return [row.summary.title for row in rows(page) if not isinstance(row, str)]


def lines(page: HistoryPage) -> list[str]:
    return [line.answer.text for line in page.reader.model.lines]


def choose(qtbot, page: HistoryPage, title: str) -> None:
    """Click on a conversation, and wait until it can be read."""
    (row,) = [
        number
        for number, row in enumerate(rows(page))
        if not isinstance(row, str) and row.summary.title == title
    ]
    index = page.list.rows.index(row)
    page.list.scrollTo(index)
    where = page.list.visualRect(index).center()
    qtbot.mouseClick(page.list.viewport(), MOUSE, pos=where)
    qtbot.waitUntil(lambda: page.reader.title.text() == title)


def test_conversations_are_listed_by_day(page: Opened) -> None:
    _, _, shown = page
    found = rows(shown)
    assert found[0] == "Pinned"
    assert found[1].summary.title == "Weekend in Málaga"
    assert found[2] in ("Today", "Yesterday")  # shortly after midnight
    assert titles(shown)[1] == "Tell me about the moon"
    assert shown.reader.title.text() == "Weekend in Málaga"
    assert "2 turns" in shown.reader.info.text()
    assert lines(shown)[0] == "What should we see in two days?"


def test_typing_searches_highlights_matches_and_opens_the_first(qtbot, page: Opened) -> None:
    window, _, shown = page
    assert shown.search_field.hasFocus()
    qtbot.keyClicks(shown.search_field, "MALAG")
    qtbot.waitUntil(lambda: titles(shown) == ["Weekend in Málaga"])
    (row,) = [row for row in rows(shown) if not isinstance(row, str)]
    (mark,) = row.summary.title_marks
    assert row.summary.title[slice(*mark)] == "Málaga"
    shown.search_field.clear()
    qtbot.keyClicks(shown.search_field, "bulges sea")
    qtbot.waitUntil(lambda: titles(shown) == ["Tell me about the moon"])
    qtbot.waitUntil(lambda: "Why are there tides?" in " ".join(lines(shown)))
    words = shown.reader.list.delegate.words
    hit = next(text for text in lines(shown) if "bulges" in text)
    spans = words.marks(hit)
    assert [hit[start:end] for start, end in spans] == ["sea", "bulges"]
    formats = marked(spans, window.theme.palette)
    assert [each.length for each in formats] == [3, 6]
    qtbot.keyClicks(shown.search_field, " xylophone")
    qtbot.waitUntil(lambda: shown.panes.sentence.isVisible())
    assert "xylophone" in shown.panes.sentence.text()
    qtbot.keyClick(shown.search_field, Qt.Key.Key_Escape)
    qtbot.waitUntil(lambda: len(titles(shown)) == 9)
    assert window.pages.shown is shown


def test_clicking_a_word_of_an_old_answer_speaks_from_that_word(qtbot, page: Opened) -> None:
    window, session, shown = page
    qtbot.keyClicks(shown.search_field, "timer")
    qtbot.waitUntil(lambda: "I set a timer." in lines(shown))
    view = shown.reader.list
    row = lines(shown).index("I set a timer.")
    rect = view.visualRect(view.model().index(row))
    line = shown.reader.model.lines[row]
    inside = (QPoint(x, y) for y in range(0, rect.height(), 4) for x in range(0, rect.width(), 4))
    timer = next(at for at in inside if view.delegate.word_at(line, QPointF(at), rect) == 3)
    qtbot.mouseClick(view.viewport(), MOUSE, pos=rect.topLeft() + timer + QPoint(4, 2))
    assert session.asked("say_again") == [("timer.",)]
    assert window.pages.shown is shown


def test_conversation_can_be_found_and_read_with_the_keyboard_alone(qtbot, page: Opened) -> None:
    window, session, shown = page
    qtbot.keyClicks(shown.search_field, "timer")
    qtbot.waitUntil(lambda: len(titles(shown)) == 1)
    qtbot.waitUntil(lambda: "I set a timer." in lines(shown))
    qtbot.keyClick(shown.search_field, Qt.Key.Key_Down)
    assert shown.list.hasFocus()
    qtbot.keyClick(shown.list, Qt.Key.Key_Return)
    assert shown.reader.list.hasFocus()
    qtbot.keyClick(shown.reader.list, Qt.Key.Key_Down)
    qtbot.keyClick(shown.reader.list, Qt.Key.Key_Return)
    assert session.asked("say_again") == [("I set a timer.",)]
    qtbot.keyClick(shown.reader.list, Qt.Key.Key_F, CONTROL)
    assert shown.search_field.hasFocus()
    for _ in range(2):
        qtbot.keyClick(window, Qt.Key.Key_Escape)
    assert window.pages.shown is None


def test_unheard_words_of_an_answer_are_struck_through(qtbot, page: Opened) -> None:
    _, _, shown = page
    choose(qtbot, shown, "Tell me about the moon")
    qtbot.waitUntil(lambda: len(lines(shown)) == 7)
    (cut,) = [line for line in shown.reader.model.lines if line.cut_off]
    assert cut.interrupted
    assert cut.answer.text[: cut.answer.heard_length].endswith("kilometers away,")


def test_title_is_edited_in_place_and_escape_discards_the_edit(qtbot, page: Opened) -> None:
    _, session, shown = page
    shown.list.setFocus()
    qtbot.keyClick(shown.list, Qt.Key.Key_F2)
    title = shown.reader.title
    assert title.hasFocus()
    qtbot.keyClicks(title, "Holidays")
    qtbot.keyClick(title, Qt.Key.Key_Escape)
    assert title.text() == "Weekend in Málaga"
    qtbot.keyClick(shown.list, Qt.Key.Key_F2)
    qtbot.keyClicks(title, "Holidays in Spain")
    qtbot.keyClick(title, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: titles(shown)[0] == "Holidays in Spain")
    assert session.stored.conversations.list()[0].title == "Holidays in Spain"


def test_pinned_conversation_moves_to_the_top(qtbot, page: Opened) -> None:
    _, _, shown = page
    choose(qtbot, shown, "What is 17 % of 2,480?")
    qtbot.mouseClick(shown.reader.pin_button, MOUSE)
    qtbot.waitUntil(lambda: titles(shown).index("What is 17 % of 2,480?") == 1)
    assert shown.reader.title.text() == "What is 17 % of 2,480?"
    qtbot.mouseClick(shown.reader.pin_button, MOUSE)
    qtbot.waitUntil(lambda: titles(shown).index("What is 17 % of 2,480?") > 1)


def test_deletion_can_be_undone_until_the_toast_closes(qtbot, page: Opened) -> None:
    window, session, shown = page
    choose(qtbot, shown, "Tell me about the moon")
    qtbot.mouseClick(shown.reader.delete_button, MOUSE)
    qtbot.waitUntil(lambda: "Tell me about the moon" not in titles(shown))
    assert "Tell me about the moon" in shown.toast.notice.message
    qtbot.keyClick(shown, Qt.Key.Key_Z, CONTROL)
    qtbot.waitUntil(lambda: shown.reader.title.text() == "Tell me about the moon")
    qtbot.waitUntil(lambda: len(titles(shown)) == 9)
    shown.list.setFocus()
    qtbot.keyClick(shown.list, Qt.Key.Key_Delete)
    qtbot.waitUntil(lambda: len(titles(shown)) == 8)
    window.pages.close()  # nobody undoes it any more
    everything = "SELECT count(*) FROM turns WHERE user_text LIKE '%moon%'"
    (count,) = stored_row(session.stored, everything)
    qtbot.waitUntil(lambda: stored_row(session.stored, everything)[0] < count or count == 1)
    assert not any("moon" in each.title for each in session.stored.conversations.list()[:2])


def stored_row(history: History, query: str) -> tuple[int]:
    return history._file.run(lambda of: of.execute(query).fetchone(), (0,))


def test_resuming_a_conversation_loads_it_into_the_transcript(qtbot, page: Opened) -> None:
    window, session, shown = page
    choose(qtbot, shown, "Tell me about the moon")
    id = shown.list.summary.id
    qtbot.mouseClick(shown.reader.resume_button, MOUSE)
    qtbot.waitUntil(lambda: len(window.chat.model.lines) == 7)
    assert window.pages.shown is None
    assert session.asked("begin_conversation") == [(id,)]
    window.pages.open("history")
    qtbot.waitUntil(lambda: not shown.reader.resume_button.isEnabled())
    assert shown.reader.resume_button.text() == "Going on now"
    qtbot.keyClick(shown, Qt.Key.Key_N, CONTROL | SHIFT)
    qtbot.waitUntil(lambda: window.chat.model.lines == ())


def test_deleting_the_current_conversation_starts_a_new_one_and_undo_resumes_it(
    qtbot, page: Opened
) -> None:
    window, session, shown = page
    choose(qtbot, shown, "Tell me about the moon")
    id = shown.list.summary.id
    shown.list.setFocus()
    qtbot.keyClick(shown.list, Qt.Key.Key_Return, CONTROL)
    qtbot.waitUntil(lambda: session.asked("begin_conversation") == [(id,)])
    window.pages.open("history")
    qtbot.waitUntil(lambda: not shown.reader.resume_button.isEnabled())
    qtbot.mouseClick(shown.reader.delete_button, MOUSE)
    qtbot.waitUntil(lambda: session.asked("begin_conversation")[-1] == (None,))
    qtbot.mouseClick(shown.toast.action_button, MOUSE)
    qtbot.waitUntil(lambda: session.asked("begin_conversation")[-1] == (id,))


def test_new_turns_appear_and_a_hidden_page_does_not_query(qtbot, page: Opened) -> None:
    window, session, shown = page
    listening = session.listeners
    session.stored.begin()
    turn = TurnEnded(1, Outcome.FINISHED, "Something new", "Yes.", "Yes.")
    session.stored.add(turn, NOW)
    session.post(turn)
    qtbot.waitUntil(lambda: "Something new" in titles(shown))
    window.pages.close()
    assert session.listeners == listening - 1
    asked = shown._asked
    session.post(turn)
    qtbot.wait(300)
    assert (shown._asked, shown._typing.isActive()) == (asked, False)


def test_ten_thousand_turns_are_loaded_while_scrolling(qtbot, opened) -> None:
    window, session = opened()
    history = session.stored
    rows = [("s", n, "2026-01-01T00:00:00+00:00", f"Turn {n}") for n in range(10_000)]

    def fill(connection) -> None:
        connection.execute("INSERT INTO conversations DEFAULT VALUES")
        connection.executemany(
            "INSERT INTO turns (session, turn, started_at, user_text, outcome, typed, avatar_text,"
            " heard_text, marks, pictures, conversation)"
            " VALUES (?, ?, ?, ?, 'finished', 1, '', '', '{}', '{}', 1)",
            rows,
        )

    history._file.run(fill, None)
    window.pages.open("history")
    shown = window.pages.shown
    qtbot.waitUntil(lambda: bool(lines(shown)))
    assert len(lines(shown)) <= 2 * PAGE
    bar = shown.reader.list.verticalScrollBar()
    before = len(lines(shown))
    bar.setValue(bar.maximum())
    qtbot.waitUntil(lambda: len(lines(shown)) > before)
    assert lines(shown) == [f"Turn {n}" for n in range(len(lines(shown)))]
    shown.search_field.setText("9876")
    qtbot.waitUntil(lambda: "Turn 9876" in lines(shown), timeout=20_000)
    view = shown.reader.list
    row = lines(shown).index("Turn 9876")
    inside = view.viewport().rect()
    qtbot.waitUntil(lambda: inside.intersects(view.visualRect(view.model().index(row))))
    assert len(lines(shown)) <= PAGE
    first = lines(shown)[0]
    view.verticalScrollBar().setValue(0)
    qtbot.waitUntil(lambda: lines(shown)[0] == "Turn 9806")  # a page before the ten before it
    above = lines(shown).index(first)
    assert lines(shown) == [f"Turn {9806 + n}" for n in range(len(lines(shown)))]
    qtbot.waitUntil(lambda: inside.intersects(view.visualRect(view.model().index(above))))


def test_empty_or_disabled_history_is_explained(qtbot, opened) -> None:
    window, session = opened()
    window.pages.open("history")
    shown = window.pages.shown
    qtbot.waitUntil(lambda: shown.panes.sentence.text() == "Your conversations will appear here.")
    assert shown.panes.sentence.isVisible()
    session.settings.change({"history.keep": False})
    shown.refresh()
    qtbot.waitUntil(lambda: "not saved" in shown.panes.sentence.text())


def offered(qtbot, shown: HistoryPage) -> QMenu:
    qtbot.mouseClick(shown.reader.export_button, MOUSE)
    qtbot.waitUntil(lambda: isinstance(QApplication.activePopupWidget(), QMenu))
    menu = QApplication.activePopupWidget()
    assert isinstance(menu, QMenu)
    return menu


def export_as(qtbot, shown: HistoryPage, title: str, path: Path) -> None:
    """Choose a format, and a place in the dialog."""
    menu = offered(qtbot, shown)
    (action,) = [each for each in menu.actions() if each.text().startswith(title)]
    action.trigger()
    menu.close()
    qtbot.waitUntil(lambda: bool(shown.export.findChildren(QFileDialog)))
    dialog = shown.export.findChildren(QFileDialog)[-1]
    assert not dialog.isModal() or dialog.windowModality() is Qt.WindowModality.WindowModal
    assert dialog.selectedFiles()[0].endswith(path.suffix)
    dialog.fileSelected.emit(str(path))
    dialog.close()


def test_export_asks_for_a_path_and_reports_the_file(qtbot, page: Opened, tmp_path: Path) -> None:
    _, _, shown = page
    path = tmp_path / "talk.md"
    export_as(qtbot, shown, "Markdown", path)
    qtbot.waitUntil(lambda: shown.toast.notice is not None)
    assert shown.toast.notice.message == "The conversation is talk.md."
    assert path.read_text(encoding="utf-8").startswith("# Weekend in Málaga\n")
    assert "**Mira**" in path.read_text(encoding="utf-8")
    assert not shown.export.isVisible()


def test_export_to_an_unwritable_path_is_reported(qtbot, page: Opened, tmp_path: Path) -> None:
    _, _, shown = page
    (tmp_path / "file").write_text("in the way")
    export_as(qtbot, shown, "Plain text", tmp_path / "file" / "talk.txt")
    qtbot.waitUntil(lambda: shown.toast.notice is not None)
    assert shown.toast.notice.failure
    assert "cannot be written" in shown.toast.notice.message


@pytest.fixture
def slow_export(monkeypatch: pytest.MonkeyPatch) -> threading.Event:
    """Films are half done until the event is set, or the job cancelled."""
    may_finish = threading.Event()

    def export(_stored, _id, path, _format, _speakers, job):
        job.report(0.5)
        while not may_finish.wait(0.01):
            job.check()
        if path.name == "wrong.mp4":
            raise InputInvalid("No film.", "Try again.")
        return path

    monkeypatch.setattr(StoredConversations, "export", export)
    return may_finish


def test_film_export_shows_progress_and_can_be_cancelled(
    qtbot, page: Opened, tmp_path: Path, slow_export: threading.Event
) -> None:
    _, _, shown = page
    export_as(qtbot, shown, "Film", tmp_path / "talk.mp4")
    qtbot.waitUntil(lambda: shown.export.progress.value() == 500)
    assert shown.export.isVisible()
    menu = offered(qtbot, shown)
    (film,) = [each for each in menu.actions() if each.text().startswith("Film")]
    assert not film.isEnabled()  # one at a time
    menu.close()
    qtbot.mouseClick(shown.export.cancel_button, MOUSE)
    qtbot.waitUntil(lambda: shown.toast.notice is not None)
    assert "cancelled" in shown.toast.notice.message
    assert not shown.export.isVisible()
    shown.toast.dismiss()
    export_as(qtbot, shown, "Film", tmp_path / "wrong.mp4")
    slow_export.set()
    qtbot.waitUntil(lambda: shown.toast.notice is not None)
    assert shown.toast.notice.failure


def test_closing_the_window_stops_a_running_export(
    qtbot, page: Opened, tmp_path: Path, slow_export: threading.Event
) -> None:
    window, session, shown = page
    export_as(qtbot, shown, "Spoken again", tmp_path / "talk.mp3")
    qtbot.waitUntil(lambda: shown.export.is_busy)
    window.close()
    assert session.asked("close") == [()]


def test_group_titles_and_times_of_days_are_formatted() -> None:
    today = date(2026, 3, 15)

    def at(days: float) -> datetime:
        return datetime(2026, 3, 15, 14, 3) - timedelta(days=days)

    groups = [group_title(at(days), today) for days in (0, 1, 3, 10, 40, 400)]
    assert groups == ["Today", "Yesterday", "Last seven days", "March", "February", "February 2025"]
    assert group_title(at(40), today, pinned=True) == "Pinned"
    assert "03" in short_time(at(1), today)
    assert short_time(at(40), today).endswith("Feb")
    assert (length(20), length(240), length(7500)) == ("", "4 min", "2 h 5 min")
