"""A user on the page of models: fetches, pauses, closes, goes on, uses, deletes, undoes."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from fake_session import FakeSession
from misbehaving import Site, drip, serving, status
from PySide6.QtCore import QObject, Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QApplication, QLabel, QPushButton, QWidget
from sample_catalog import BODY, write_catalog
from wheels import offer_only, write_wheel

from avatar_app.core.manifest import Kind
from avatar_app.models.partial_file import PartialFile
from avatar_app.models.store import Presence
from avatar_app.performance.memory_plan import MemoryPlan, PoolPlan
from avatar_app.system.extras import declared
from avatar_app.system.extras.installed import installed_extras, is_provided
from avatar_app.system.memory import MemoryFootprint
from avatar_app.system.paths import app_paths
from avatar_app.ui.pages.models.groups import ModelGroups
from avatar_app.ui.pages.models.memory_view import MemoryView
from avatar_app.ui.pages.models.page import ModelsPage
from avatar_app.ui.pages.models.words import ModelWords
from avatar_app.ui.style.theme import Theme
from avatar_app.ui.window.main_window import MainWindow

MOUSE = Qt.MouseButton.LeftButton
CONTROL = Qt.KeyboardModifier.ControlModifier
PATIENCE = 60_000
"""Milliseconds, on a busy machine."""

pytestmark = pytest.mark.usefixtures("loopback")
Opened = tuple[MainWindow, FakeSession]


@pytest.fixture
def site() -> Iterator[Site]:
    with serving(Site()) as each:
        write_catalog(
            app_paths().models,
            each,
            one={"title": "First ears"},
            two={"title": "Second ears"},
            bound={"title": "Bound ears", "license": "Bound"},
            lame={"title": "Lame voice", "kind": "tts", "engine": "coqui"},
        )
        yield each


@pytest.fixture
def page(qtbot, site: Site, opened: Callable[..., Opened]) -> ModelsPage:
    window, _ = opened()
    return on_models(qtbot, window)


def on_models(qtbot, window: MainWindow) -> ModelsPage:
    qtbot.keyClick(window, Qt.Key.Key_2, CONTROL)
    page = window.pages.shown
    assert isinstance(page, ModelsPage)
    qtbot.waitUntil(lambda: page.groups.is_complete)
    return page


def has_come(page: ModelsPage, model: str) -> bool:
    """Whether the 100 kB that the site gives first have arrived here."""
    rows = page.transfers.rows
    return model in rows and "100 kB" in rows[model].step.text()


def click(qtbot, button: QWidget) -> None:
    assert button.isVisible(), button.accessibleName()
    assert button.isEnabled(), button.accessibleName()
    until(qtbot, lambda: not button.rect().isEmpty())  # it was laid out
    qtbot.mouseClick(button, MOUSE)


def state(page: ModelsPage, model: str) -> str:
    return page.row(model).state.text()


def until(qtbot, done: Callable[[], bool]) -> None:
    qtbot.waitUntil(done, timeout=PATIENCE)


def fetched(qtbot, page: ModelsPage, model: str) -> None:
    """Have a model here, as a user does."""
    click(qtbot, page.row(model).act_button)
    until(qtbot, lambda: state(page, model) == "Installed")


def content(file: Path) -> bytes:
    """Empty where it is missing, as for a moment while a model is replaced."""
    try:
        return file.read_bytes()
    except FileNotFoundError:
        return b""


def test_a_page_without_models_yet_says_that_it_looks(qtbot) -> None:
    groups = ModelGroups(ModelWords(QObject()), Theme())
    qtbot.addWidget(groups)
    groups.show()
    (label,) = groups.findChildren(QLabel)
    assert label.isVisible()
    assert label.text() == "Looking at your models …"
    groups.search("nothing has these words")
    assert label.text() == "Looking at your models …"


def test_each_model_shows_its_size_and_whether_it_fits(page: ModelsPage) -> None:
    row = page.row("one")
    assert row.title.text() == "First ears"
    assert row.act_button.text() == "Get 300 kB"
    assert row.verdict.text() in ("Fits", "Comfortable")
    assert "of memory" in row.reason.text()
    assert "Hearing" in page.overview.memory.ram.bar.accessibleDescription()
    assert "are free" in page.overview.folder.disk.text()


def test_download_can_be_paused_and_resumed(qtbot, page: ModelsPage, site: Site) -> None:
    site.script = [drip(100_000)]
    click(qtbot, page.row("one").act_button)
    until(qtbot, lambda: "one" in page.transfers.rows)
    until(qtbot, lambda: "100 kB of 300 kB" in page.transfers.rows["one"].step.text())
    transfer = page.transfers.rows["one"]
    assert transfer.step.text().startswith("Downloading")
    assert state(page, "one") == "Downloading 33 %"
    assert not page.row("one").act_button.isVisible()
    transfer.pause_button.setFocus()
    qtbot.keyClick(transfer.pause_button, Qt.Key.Key_Space)
    until(qtbot, lambda: transfer.step.text() == "Paused  ·  100 kB of 300 kB")
    assert transfer.get_button.hasFocus()
    site.may_go_on.set()
    qtbot.keyClick(transfer.get_button, Qt.Key.Key_Space)
    until(qtbot, lambda: state(page, "one") == "Installed")
    assert not page.transfers.isVisible()
    assert site.asked[-1].range == "bytes=100000-299999"


def test_downloads_can_be_resumed_after_a_restart(
    qtbot, opened: Callable[..., Opened], site: Site
) -> None:
    window, _ = opened()
    page = on_models(qtbot, window)
    site.script = [drip(100_000)]
    for model in ("one", "two"):
        click(qtbot, page.row(model).act_button)
    until(qtbot, lambda: has_come(page, "one"))
    window.close()
    site.may_go_on.set()
    asked = len(site.asked)
    again = on_models(qtbot, opened()[0])
    until(qtbot, again.transfers.isVisible)
    steps = [row.step.text() for row in again.transfers.rows.values()]
    assert steps == ["Paused  ·  100 kB of 300 kB", "Paused  ·  0 bytes of 300 kB"]
    assert len(site.asked) == asked, "nothing is fetched unasked"
    click(qtbot, again.transfers.all_button)
    until(qtbot, lambda: state(again, "one") == state(again, "two") == "Installed")


WINDOW = """
import sys
from PySide6.QtCore import QTimer
from fake_session import FakeSession
from avatar_app.settings.schema import ThemeChoice
from avatar_app.ui.app import prepared_application
from avatar_app.ui.style.theme import Theme
from avatar_app.ui.window.main_window import MainWindow

application = prepared_application()
window = MainWindow(FakeSession(), Theme(ThemeChoice.DARK))
window.show()
window.start()
window.pages.open("models")
page = window.pages.shown

def look():
    if page.groups.is_complete and "one" not in page.transfers.rows:
        page.row("one").act_button.click()
    elif "one" in page.transfers.rows and "100 kB" in page.transfers.rows["one"].step.text():
        print("fetching", flush=True)

timer = QTimer()
timer.timeout.connect(look)
timer.start(20)
application.exec()
"""


def partial_files() -> list[PartialFile]:
    """What the disk holds of downloads."""
    notes = app_paths().models.rglob("*.part.json")
    return [PartialFile.of(note.with_name(note.name.removesuffix(".part.json"))) for note in notes]


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX signals")
def test_a_download_goes_on_after_its_window_was_killed(
    qtbot, opened: Callable[..., Opened], site: Site
) -> None:
    site.script = [drip(100_000)]
    path = os.pathsep.join(each for each in sys.path if each)
    with subprocess.Popen(
        [sys.executable, "-c", WINDOW],
        stdout=subprocess.PIPE,
        text=True,
        env=os.environ | {"PYTHONPATH": path, "QT_QPA_PLATFORM": "offscreen"},
    ) as window:
        assert window.stdout is not None
        try:
            assert window.stdout.readline() == "fetching\n"
            until(qtbot, lambda: [noted.done for noted in partial_files()] == [100_000])
        finally:
            window.kill()
    assert window.returncode == -signal.SIGKILL
    site.may_go_on.set()
    page = on_models(qtbot, opened()[0])
    until(qtbot, page.transfers.isVisible)
    transfer = page.transfers.rows["one"]
    assert transfer.step.text() == "Paused  ·  100 kB of 300 kB"
    click(qtbot, transfer.get_button)
    until(qtbot, lambda: state(page, "one") == "Installed")
    assert site.asked[-1].range == "bytes=100000-299999"


def test_cancelled_download_can_be_resumed_from_its_row(
    qtbot, page: ModelsPage, site: Site
) -> None:
    site.script = [drip(100_000)]
    click(qtbot, page.row("one").act_button)
    until(qtbot, lambda: has_come(page, "one"))
    click(qtbot, page.transfers.rows["one"].cancel_button)
    until(qtbot, lambda: page.row("one").act_button.text() == "Get 200 kB")
    assert not page.transfers.isVisible()


def test_failed_download_shows_the_reason_until_a_retry_succeeds(
    qtbot, page: ModelsPage, site: Site
) -> None:
    site.script = [status(404)]
    click(qtbot, page.row("one").act_button)
    until(qtbot, lambda: "one" in page.transfers.rows)
    row = page.transfers.rows["one"]
    until(qtbot, row.problem.isVisible)
    assert "no longer has the file" in row.problem.text()
    assert "Type the same command" not in row.problem.text()
    assert row.get_button.text() == "Try again"
    click(qtbot, row.get_button)
    until(qtbot, lambda: state(page, "one") == "Installed")


def test_using_a_model_applies_immediately_and_can_be_undone(qtbot, page: ModelsPage) -> None:
    settings = page.context.session.settings
    fetched(qtbot, page, "one")
    assert page.row("one").act_button.text() == "Use"
    click(qtbot, page.row("one").act_button)
    until(qtbot, lambda: state(page, "one") == "In use")
    assert (settings.get("asr.engine"), settings.get("asr.options.model")) == ("whisper", "one")
    assert page.toast.notice.message == "First ears is used from now on."
    click(qtbot, page.toast.action_button)
    until(qtbot, lambda: state(page, "one") == "Installed")
    assert settings.get("asr.engine") == "pocketsphinx"


def test_deletion_can_be_undone_or_frees_disk_space(qtbot, page: ModelsPage) -> None:
    fetched(qtbot, page, "one")
    row, library = page.row("one"), page.context.session.models
    click(qtbot, row.more_button)
    click(qtbot, row.details.delete_button)
    until(qtbot, lambda: state(page, "one").startswith("Deleted."))
    click(qtbot, page.toast.action_button)
    until(qtbot, lambda: state(page, "one") == "Installed")
    click(qtbot, row.details.delete_button)
    until(qtbot, lambda: row.act_button.text() == "Undo")
    click(qtbot, row.act_button)
    until(qtbot, lambda: state(page, "one") == "Installed")
    click(qtbot, row.details.delete_button)
    until(qtbot, row.details.free_button.isVisible)
    click(qtbot, row.details.free_button)
    until(qtbot, lambda: row.act_button.text() == "Get 300 kB")
    assert library.trash.held() == {}


def test_license_must_be_accepted_before_the_download_begins(
    qtbot, page: ModelsPage, site: Site
) -> None:
    row = page.row("bound")
    click(qtbot, row.act_button)
    assert row.details.isVisible()
    assert row.details.terms.text() == "Not for sale."
    until(qtbot, row.details.accept_button.hasFocus)
    assert site.asked == []
    qtbot.keyClick(row.details.accept_button, Qt.Key.Key_Space)
    until(qtbot, lambda: state(page, "bound") == "Installed")


def test_damaged_model_is_detected_and_repaired(qtbot, page: ModelsPage) -> None:
    fetched(qtbot, page, "one")
    library, row = page.context.session.models, page.row("one")
    library.store.path(row.entry.model).write_bytes(BODY[::-1])
    click(qtbot, row.more_button)
    click(qtbot, row.details.verify_button)
    until(qtbot, lambda: row.details.said.text().startswith("Damaged: one.bin"))
    click(qtbot, row.details.repair_button)
    file = library.store.path(row.entry.model)
    until(qtbot, lambda: content(file) == BODY)
    until(qtbot, lambda: library.downloads.transfers() == () and state(page, "one") == "Installed")
    click(qtbot, row.details.verify_button)
    until(qtbot, lambda: row.details.said.text() == "Verified: as it came.")


def test_missing_packages_without_an_extra_show_the_pip_command(
    qtbot, page: ModelsPage, monkeypatch
) -> None:
    library = page.context.session.models
    monkeypatch.setattr(library._registry, "missing_packages", lambda _manifest: ("heather",))
    fetched(qtbot, page, "lame")
    row = page.row("lame")
    until(qtbot, lambda: row.act_button.text() == "Install …")
    click(qtbot, row.act_button)
    assert "Needs heather." in row.details.missing.text()
    assert row.details.command.text().endswith("install heather")
    assert not row.details.install_button.isVisible()
    click(qtbot, row.details.copy_button)
    assert QGuiApplication.clipboard().text() == row.details.command.text()


@pytest.fixture
def wheels_folder(tmp_path: Path, page: ModelsPage, monkeypatch) -> Path:
    """What pip finds; the model `lame` needs lavender, which the extra `garden` brings."""
    monkeypatch.setattr(declared.metadata, "requires", lambda _: ['lavender; extra == "garden"'])
    library, extras = page.context.session.models, app_paths().extras

    def missing(_manifest: object) -> tuple[str, ...]:
        return () if is_provided("lavender", extras) else ("lavender",)

    monkeypatch.setattr(library._registry, "missing_packages", missing)
    offer_only(tmp_path, monkeypatch)
    return tmp_path


def test_install_button_installs_the_missing_extra(
    qtbot, page: ModelsPage, wheels_folder: Path
) -> None:
    fetched(qtbot, page, "lame")
    row = page.row("lame")
    until(qtbot, lambda: row.act_button.text() == "Install …")
    click(qtbot, row.act_button)
    details = row.details
    assert not details.command.isVisible()
    assert details.install_button.text() == "Install garden"
    assert details.install_button.hasFocus()
    qtbot.keyClick(details.install_button, Qt.Key.Key_Space)
    until(qtbot, lambda: "No matching distribution" in details.said.text())
    write_wheel(wheels_folder, "lavender")
    click(qtbot, details.install_button)
    until(qtbot, lambda: details.stop_button.isVisible())
    assert details.said.text().startswith("Installing …")
    assert not details.install_button.isVisible()
    until(qtbot, lambda: details.said.text() == "Installed. It can be used now.")
    until(qtbot, lambda: row.act_button.text() == "Use")
    assert not details.missing.isVisible()


def test_an_extra_that_only_makes_it_faster_is_offered(
    qtbot, page: ModelsPage, wheels_folder: Path, monkeypatch
) -> None:
    registry, extras = page.context.session.models._registry, app_paths().extras
    monkeypatch.setattr(registry, "missing_packages", lambda _manifest: ())
    monkeypatch.setattr(
        registry,
        "faster_packages",
        lambda _manifest: () if is_provided("lavender", extras) else ("lavender",),
    )
    write_wheel(wheels_folder, "lavender")
    fetched(qtbot, page, "lame")
    row = page.row("lame")
    until(qtbot, lambda: row.act_button.text() == "Use")
    click(qtbot, row.more_button)
    assert not row.details.missing.isVisible()
    assert row.details.install_button.text() == "Install garden"
    click(qtbot, row.details.install_button)
    until(qtbot, lambda: bool(installed_extras(extras)))
    until(qtbot, lambda: not row.details.install_button.isVisible())
    assert row.act_button.text() == "Use"


def test_cancelled_installation_can_be_restarted(
    qtbot, page: ModelsPage, wheels_folder: Path
) -> None:
    write_wheel(wheels_folder, "lavender")
    fetched(qtbot, page, "lame")
    row = page.row("lame")
    until(qtbot, lambda: row.act_button.text() == "Install …")
    click(qtbot, row.act_button)
    click(qtbot, row.details.install_button)
    until(qtbot, lambda: row.details.stop_button.isVisible())
    click(qtbot, row.details.stop_button)
    until(qtbot, lambda: row.details.install_button.isVisible())
    assert not installed_extras(app_paths().extras)


def test_search_filters_models_and_reports_no_match(qtbot, page: ModelsPage) -> None:
    qtbot.keyClicks(page.search_field, "second")
    shown = [id for id, row in page.groups.rows.items() if row.isVisible()]
    assert shown == ["two"]
    qtbot.keyClicks(page.search_field, " xyzzy")
    assert page.groups._nothing.isVisible()
    qtbot.keyClick(page.search_field, Qt.Key.Key_Escape)
    assert page.row("one").isVisible()
    assert page.isVisible()


def test_hidden_page_does_not_poll_downloads(qtbot, page: ModelsPage, site: Site) -> None:
    library = page.context.session.models
    window = page.window()
    site.script = [drip(100_000)]
    click(qtbot, page.row("one").act_button)
    until(qtbot, lambda: site.drips.acquire(blocking=False))
    qtbot.keyClick(window, Qt.Key.Key_Escape)
    assert not page.isVisible()
    assert not library._changed
    site.may_go_on.set()
    until(qtbot, lambda: library.downloads.transfers() == ())
    until(qtbot, lambda: not page._reading)
    before = state(page, "one")
    assert before != "Installed"
    on_models(qtbot, window)
    until(qtbot, lambda: state(page, "one") == "Installed")
    entry = page.row("one").entry
    assert entry.presence is Presence.INSTALLED


def test_every_control_of_an_open_row_is_named_and_reachable_by_tab(
    qtbot, page: ModelsPage
) -> None:
    fetched(qtbot, page, "one")
    row = page.row("one")
    qtbot.keyClick(page.search_field, Qt.Key.Key_Tab)
    row.more_button.setFocus()
    qtbot.keyClick(row.more_button, Qt.Key.Key_Space)
    assert row.details.isVisible()
    buttons = [each for each in row.findChildren(QPushButton) if each.isVisible()]
    assert [each.text() for each in buttons if not each.accessibleName()] == []
    reached: set[QWidget | None] = set()
    for _ in range(12):
        focused = QApplication.focusWidget()
        reached.add(focused)
        qtbot.keyClick(focused, Qt.Key.Key_Tab)
    assert {row.details.verify_button, row.details.delete_button} <= reached


def test_the_folder_moves_with_progress_and_back(
    qtbot, page: ModelsPage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fetched(qtbot, page, "one")
    folder, disk = page.overview.folder, tmp_path / "disk"
    seen: list[str] = []
    shown = folder.show_upkeep
    monkeypatch.setattr(
        page.overview.folder,
        "show_upkeep",
        lambda upkeep: (shown(upkeep), seen.append(folder.step.text())),
    )
    page.move_to(disk)
    until(qtbot, lambda: str(disk) in folder.place.text())
    assert (disk / "one" / "one.bin").read_bytes() == BODY
    assert state(page, "one") == "Installed"
    assert any("Moving the models" in text for text in seen)
    until(qtbot, folder.back_button.isVisible)
    assert not folder.bar.isVisible()
    fetched(qtbot, page, "two")
    assert (disk / "two" / "two.bin").exists(), "what comes later goes there, too"
    click(qtbot, folder.back_button)
    until(qtbot, lambda: not disk.exists())
    until(qtbot, lambda: not folder.back_button.isVisible())
    assert not app_paths().models.is_symlink()
    assert state(page, "two") == "Installed"


def test_a_move_that_is_over_before_the_page_looks(qtbot, page: ModelsPage, tmp_path: Path) -> None:
    folder, upkeep = page.overview.folder, page.context.session.models.upkeep
    page.move_to(tmp_path / "disk")
    until(qtbot, folder.back_button.isVisible)
    until(qtbot, lambda: not page._reading)
    page._reading = True  # as if a slow look had just begun
    click(qtbot, folder.back_button)
    until(qtbot, lambda: upkeep.times_ended == 2)
    until(qtbot, lambda: page._again)
    page._done_reading()
    until(qtbot, lambda: not folder.back_button.isVisible())


def test_a_move_that_cannot_be_says_why(qtbot, page: ModelsPage) -> None:
    page.move_to(app_paths().models / "inside")
    until(qtbot, lambda: page.toast.notice is not None)
    assert "lies in the models' folder" in page.toast.notice.message


def test_a_cancelled_move_leaves_everything(
    qtbot, page: ModelsPage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fetched(qtbot, page, "one")
    may_go_on, copying = threading.Event(), threading.Event()

    def fsync(_handle: int) -> None:
        copying.set()
        assert may_go_on.wait(PATIENCE / 1000)

    monkeypatch.setattr("avatar_app.models.relocation.os.fsync", fsync)
    page.move_to(tmp_path / "disk")
    until(qtbot, copying.is_set)
    until(qtbot, page.overview.folder.cancel_button.isVisible)
    click(qtbot, page.overview.folder.cancel_button)
    may_go_on.set()
    until(qtbot, page.overview.folder.move_button.isVisible)
    assert not (tmp_path / "disk").exists()
    assert state(page, "one") == "Installed"


def test_the_details_show_what_the_memory_would_be_with_a_model(qtbot, page: ModelsPage) -> None:
    row = page.row("one")
    click(qtbot, row.more_button)
    memory = row.details.memory
    assert memory.isVisible()
    assert memory.ram.total.text().endswith("with First ears")
    assert "Hearing" in memory.ram.bar.accessibleDescription()
    assert not memory.card.isVisible(), "there is no graphics card here"
    assert "the avatar takes" in page.overview.memory.ram.total.text()


def test_a_graphics_card_has_a_bar_of_its_own(qtbot) -> None:
    words = ModelWords()
    view = MemoryView(Theme(), words)
    qtbot.addWidget(view)
    card = PoolPlan(12_000, 1_000, {Kind.DIALOGUE: 4_000}, title="Big card")
    plan = MemoryPlan(16_000, 4_000, {Kind.DIALOGUE: 500, Kind.ASR: 400}, card=card)
    view.show_plan(plan)
    view.show()
    assert view.card.isVisible()
    assert view.card.title.text() == "Graphics card  ·  Big card"
    assert view.card.total.text() == "5.2 GB of 12.6 GB with the engines in use"
    view.show_plan(plan.with_engine(Kind.DIALOGUE, MemoryFootprint(500, 8_000)), "Bigger")
    assert view.card.total.text() == "9.4 GB of 12.6 GB with Bigger"
    assert "Brain 8.4 GB" in view.card.bar.accessibleDescription()
