"""A user on the page about the program: reads, copies for a report, opens folders."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from misbehaving import Site, serving
from PySide6.QtCore import Qt
from PySide6.QtGui import QDesktopServices, QGuiApplication
from update_repository import Publisher, publishing_tool

import avatar_app
from avatar_app.system.dependencies import installed_dependencies
from avatar_app.system.paths import app_paths
from avatar_app.system.updates.client import UpdateClient
from avatar_app.ui.pages.about import CHECK, AboutPage

MOUSE = Qt.MouseButton.LeftButton


@pytest.fixture
def page(qtbot, opened) -> AboutPage:
    window, _ = opened()
    window.pages.open("about")
    shown = window.pages.shown
    assert isinstance(shown, AboutPage)
    qtbot.waitUntil(lambda: shown.packages.count() > 0, timeout=60_000)
    return shown


def test_version_license_and_machine_are_displayed_and_copied(qtbot, page: AboutPage) -> None:
    assert page.program.title.text() == f"Avatar {avatar_app.__version__}"
    assert page.program.about.text().startswith("GPL-3.0-or-later\nPython 3")
    qtbot.mouseClick(page.program.button, MOUSE)
    copied = QGuiApplication.clipboard().text()
    assert copied.startswith(f"Avatar {avatar_app.__version__}\nPython")
    assert "cores" in copied
    qtbot.mouseClick(page.check.button, MOUSE)
    assert QGuiApplication.clipboard().text() == CHECK


def test_folder_buttons_open_the_folder_or_its_nearest_existing_parent(
    qtbot, page: AboutPage, monkeypatch
) -> None:
    opened = []
    monkeypatch.setattr(QDesktopServices, "openUrl", lambda url: opened.append(url.toLocalFile()))
    for row in page.folders:
        qtbot.mouseClick(row.button, MOUSE)
    assert opened == [str(app_paths().config)] * 2  # no models were fetched
    app_paths().models.mkdir()
    qtbot.mouseClick(page.folders[1].button, MOUSE)
    assert opened[-1] == str(app_paths().models)


def test_package_list_shows_the_installed_dependencies_with_licenses(page: AboutPage) -> None:
    listed = [page.packages.item(row).text() for row in range(page.packages.count())]
    assert any(line.startswith("numpy ") and "BSD" in line for line in listed)
    packages = installed_dependencies()
    names = {each.name.lower() for each in packages}
    assert {"numpy", "pydantic", "pydantic_core"} <= names
    assert "avatar-app" not in names
    assert sum(bool(each.license) for each in packages) > 0.8 * len(packages)
    assert installed_dependencies("no-such-distribution") == ()


@pytest.fixture
def publisher(
    page: AboutPage, tmp_path: Path, loopback: None, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Publisher]:
    """The page looks for updates at this one."""
    for name in [name for name in os.environ if name.lower().endswith("_proxy")]:
        monkeypatch.delenv(name)
    with serving(Site()) as site:
        made = Publisher(tmp_path, site, publishing_tool())
        made.begin()
        page.update_row._client = UpdateClient(app_paths().updates, made.source)
        yield made


def test_update_button_checks_downloads_and_opens_the_installer(
    qtbot, page: AboutPage, publisher: Publisher, monkeypatch
) -> None:
    row, opened = page.update_row, []
    monkeypatch.setattr(QDesktopServices, "openUrl", lambda url: opened.append(url.toLocalFile()))
    assert publisher.site.asked == []
    qtbot.mouseClick(row.button, MOUSE)
    qtbot.waitUntil(lambda: "has no latest.json" in row.about.text())
    publisher.publish(avatar_app.__version__)
    assert row.button.text() == "Try again"
    qtbot.mouseClick(row.button, MOUSE)
    qtbot.waitUntil(lambda: "is the newest version" in row.about.text())
    publisher.publish("99.1")
    qtbot.keyClick(row.button, Qt.Key.Key_Space)
    qtbot.waitUntil(lambda: row.about.text() == "99.1 can be had.")
    assert row.button.text().startswith("Download ")
    qtbot.mouseClick(row.button, MOUSE)
    qtbot.waitUntil(lambda: row.button.text() == "Open the installer")
    qtbot.mouseClick(row.button, MOUSE)
    assert Path(opened[0]).read_bytes() == b"an installer"


def test_build_without_update_source_says_where_to_get_new_versions(qtbot, page: AboutPage) -> None:
    qtbot.mouseClick(page.update_row.button, MOUSE)
    qtbot.waitUntil(lambda: "names no source of updates" in page.update_row.about.text())
    assert page.update_row.button.text() == "Try again"
