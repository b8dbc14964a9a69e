"""A user in the studio: makes a clip of a recipe, stops one, exports it, works on the queue."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest
from avatar_folders import ASTRONAUT
from fake_session import FakeSession
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QWheelEvent
from PySide6.QtWidgets import QApplication
from studio_parts import add_painter

from avatar_app.core.errors import InputInvalid
from avatar_app.core.jobs import Job
from avatar_app.session.clip_studio import MadeClip
from avatar_app.storage.clip_queue import ClipState
from avatar_app.system.paths import app_paths
from avatar_app.ui.pages.studio.page import StudioPage
from avatar_app.ui.window.main_window import MainWindow

MOUSE = Qt.MouseButton.LeftButton
PATIENCE = 120_000


@pytest.fixture
def page(
    qtbot, opened: Callable[..., tuple[MainWindow, FakeSession]]
) -> Iterator[tuple[StudioPage, FakeSession]]:
    window, session = opened()
    qtbot.keyClick(window, Qt.Key.Key_0, Qt.KeyboardModifier.ControlModifier)
    shown = window.pages.shown
    assert isinstance(shown, StudioPage)
    yield shown, session
    shown.cancel()


def write(shown: StudioPage, script: str = "Hello there.") -> None:
    shown.form.script.setPlainText(script)


def test_without_a_script_nothing_can_be_made(page) -> None:
    shown, _ = page
    assert not shown.make_button.isEnabled()
    assert not shown.add_button.isEnabled()
    write(shown)
    assert shown.make_button.isEnabled()
    assert shown.viewer.picture.is_empty
    assert not shown.viewer.picture.isVisible()


def test_a_clip_needs_somebody_who_is_seen(page) -> None:
    shown, _ = page
    write(shown)
    source = shown.form.source
    source.setCurrentIndex(source.findData("photo"))
    assert not shown.make_button.isEnabled()
    assert not shown.add_button.isEnabled()
    shown.form.take_photo(ASTRONAUT)
    assert shown.make_button.isEnabled()
    source.setCurrentIndex(source.findData("prompt"))
    assert not shown.make_button.isEnabled()
    assert not shown.form.portrait_button.isEnabled()
    shown.form.prompt.setText("a friendly baker")
    assert shown.make_button.isEnabled()
    assert shown.form.portrait_button.isEnabled()


def test_the_wheel_scrolls_the_page_and_changes_no_number(page) -> None:
    shown, _ = page
    speed = shown.form.speed
    middle = QPointF(speed.rect().center())
    turn = QWheelEvent(
        middle,
        speed.mapToGlobal(middle),
        QPoint(),
        QPoint(0, 120),
        Qt.MouseButton.NoButton,
        Qt.KeyboardModifier.NoModifier,
        Qt.ScrollPhase.NoScrollPhase,
        False,  # noqa: FBT003 Qt takes it by place
    )
    QApplication.sendEvent(speed, turn)
    assert speed.value() == 1.0


def test_a_clip_is_made_shown_and_exported(qtbot, page, tmp_path: Path) -> None:
    shown, _ = page
    write(shown)
    bar = shown.area.verticalScrollBar()
    shown.area.ensureWidgetVisible(shown.make_button)
    assert bar.value() > 0
    qtbot.mouseClick(shown.make_button, MOUSE)
    assert bar.value() == 0  # what is made is seen, above the recipe
    assert shown.viewer.cancel_button.isVisible()
    assert not shown.make_button.isEnabled()
    qtbot.waitUntil(shown.viewer.play_button.isVisible, timeout=PATIENCE)
    assert shown.viewer.step.text() == "The clip is ready"
    assert "clip.mp4" in shown.viewer.facts.text()
    assert not shown.viewer.picture.is_empty
    assert shown.viewer.picture.isVisible()
    assert not shown.viewer.avatar_button.isVisible()
    clip = shown._clip
    assert clip is not None
    shown.save(clip, tmp_path / "mine")
    qtbot.waitUntil((tmp_path / "mine.mp4").exists)


def test_a_clip_that_is_cancelled_leaves_the_recipe(qtbot, page) -> None:
    shown, session = page
    write(shown, "One two three four five six seven. " * 5)
    shown.make()
    qtbot.waitUntil(lambda: shown.viewer.step.text() == "Drawing", timeout=PATIENCE)
    assert not shown.viewer.picture.is_empty
    qtbot.mouseClick(shown.viewer.cancel_button, MOUSE)
    assert shown.viewer.step.text() == "Nothing was made yet"
    assert shown.make_button.isEnabled()
    assert shown.form.is_complete
    shown._job.close()
    assert not list(session.clips.folder.glob("*.mp4"))


def test_what_is_wrong_is_said_and_a_prompt_needs_an_engine(qtbot, page) -> None:
    shown, _ = page
    write(shown)
    shown.form.source.setCurrentIndex(shown.form.source.findData("prompt"))
    assert shown.form.prompt.isVisible()
    assert not shown.form.avatar.isVisible()
    shown.form.prompt.setText("a friendly baker")
    shown.make()
    qtbot.waitUntil(lambda: shown.toast.notice is not None, timeout=PATIENCE)
    assert "a friendly baker" in shown.toast.notice.message
    assert shown.make_button.isEnabled()


def test_a_photo_speaks_and_becomes_the_avatar(qtbot, page) -> None:
    shown, session = page
    write(shown, "Hi.")
    shown.form.take_photo(ASTRONAUT)
    assert shown.form.photo_name.text() == "astronaut.png"
    assert shown.form.document()["visual"]["photo"] == str(ASTRONAUT)
    shown.make()
    qtbot.waitUntil(shown.viewer.avatar_button.isVisible, timeout=PATIENCE)
    qtbot.waitUntil(shown.viewer.before.isVisible, timeout=PATIENCE)
    assert shown.viewer.before_title.isVisible()
    assert not shown.viewer.before.is_empty
    qtbot.mouseClick(shown.viewer.avatar_button, MOUSE)
    qtbot.waitUntil(lambda: bool(session.asked("use_character")), timeout=PATIENCE)


def test_a_prompt_is_previewed_speaks_and_can_become_the_avatar(qtbot, page) -> None:
    shown, session = page
    add_painter()
    session.settings.set("studio.image.engine", "painter")
    write(shown, "Hi.")
    shown.form.source.setCurrentIndex(shown.form.source.findData("prompt"))
    shown.form.prompt.setText("a woman in a space suit")
    qtbot.mouseClick(shown.form.portrait_button, MOUSE)
    qtbot.waitUntil(shown.viewer.avatar_button.isVisible, timeout=PATIENCE)
    assert shown.viewer.step.text() == "The portrait is drawn"
    assert not shown.viewer.before.isVisible()
    shown.make()
    assert shown.viewer.picture.is_empty  # the portrait is not the clip
    assert not shown.viewer.avatar_button.isVisible()
    qtbot.waitUntil(shown.viewer.before.isVisible, timeout=PATIENCE)
    assert shown.viewer.step.text() == "The clip is ready"
    qtbot.mouseClick(shown.viewer.avatar_button, MOUSE)
    qtbot.waitUntil(lambda: bool(session.asked("use_character")), timeout=PATIENCE)
    shown.form.source.setCurrentIndex(shown.form.source.findData("avatar"))
    shown.make()
    assert not shown.viewer.before.isVisible()


def test_only_subtitles_of_the_clip_itself_are_exported(page, tmp_path: Path) -> None:
    shown, session = page
    write(shown, "Hi.")
    clips = []
    for form in ("avi", "mp4"):
        shown.form.format.setCurrentIndex(shown.form.format.findData(form))
        recipe = session.clips.recipe(shown.form.document())
        clips.append(Job[MadeClip]("", partial(session.clips.make, recipe)).run())
        session.clips.export(clips[-1], tmp_path / form)
    names = {path.name for path in tmp_path.iterdir()}
    assert {"avi.avi", "avi.srt", "mp4.mp4"} <= names
    assert "mp4.srt" not in names


def test_clips_of_the_queue_are_added_cancelled_and_removed(qtbot, page) -> None:
    shown, session = page
    write(shown)
    qtbot.mouseClick(shown.add_button, MOUSE)
    shown.form.format.setCurrentIndex(shown.form.format.findData("gif"))
    qtbot.mouseClick(shown.add_button, MOUSE)
    table = shown.queue.table
    qtbot.waitUntil(lambda: table.rowCount() == 2)
    assert [table.item(row, 0).text() for row in range(2)] == ["clip.mp4", "clip.gif"]
    assert not shown.queue.remove_button.isEnabled()
    table.selectRow(0)
    seen, cell = table.viewport().grab().toImage(), table.visualRect(table.model().index(0, 1))
    middle = seen.pixelColor(cell.right() - 20, cell.center().y())
    assert seen.pixelColor(cell.topLeft()) == middle  # the whole row, without corners
    qtbot.mouseClick(shown.queue.cancel_button, MOUSE)
    qtbot.waitUntil(lambda: session.clips.clips()[0].state is ClipState.CANCELLED)
    qtbot.waitUntil(lambda: table.item(0, 1).text() == "Cancelled")
    qtbot.mouseClick(shown.queue.retry_button, MOUSE)
    qtbot.waitUntil(lambda: table.item(0, 1).text() == "Waiting")
    qtbot.mouseClick(shown.queue.remove_button, MOUSE)
    qtbot.waitUntil(lambda: table.rowCount() == 1)


def test_the_queue_is_worked_through(qtbot, page) -> None:
    shown, session = page
    write(shown, "Hi.")
    shown.add()
    qtbot.waitUntil(shown.queue.run_button.isEnabled)
    qtbot.mouseClick(shown.queue.run_button, MOUSE)
    qtbot.waitUntil(lambda: session.clips.clips()[0].state is ClipState.DONE, timeout=2 * PATIENCE)
    assert (app_paths().videos / "clip.mp4").exists()
    qtbot.waitUntil(lambda: shown.queue.table.item(0, 1).text() == "Done")
    session.clips.stop()


def test_two_clips_of_one_name_get_files_of_their_own(page) -> None:
    shown, session = page
    write(shown)
    recipe = session.clips.recipe(shown.form.document())
    for _ in range(2):
        session.clips.enqueue(recipe)
    assert [clip.output.name for clip in session.clips.clips()] == ["clip.mp4", "clip 2.mp4"]


def test_a_folder_that_cannot_be_written_is_said(page, tmp_path: Path) -> None:
    shown, session = page
    write(shown, "Hi.")
    made = MadeClip(tmp_path / "none.mp4", (), 24.0, 1.0, ())
    with pytest.raises(InputInvalid, match="cannot be written"):
        session.clips.export(made, tmp_path / "out.mp4")
