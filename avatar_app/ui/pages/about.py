"""The page about the program: version and license, folders, the check, software of others."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import QUrl
from PySide6.QtGui import QDesktopServices, QGuiApplication
from PySide6.QtWidgets import QListWidget

import avatar_app
from avatar_app.system.dependencies import InstalledPackage, installed_dependencies
from avatar_app.system.machine import describe_machine, describe_versions
from avatar_app.ui.language.formats import path_text
from avatar_app.ui.language.texts import translated
from avatar_app.ui.pages.about_row import AboutRow
from avatar_app.ui.pages.page import PageContext, PageView
from avatar_app.ui.pages.scrolling import ScrollingColumn, Section, mark_first
from avatar_app.ui.pages.update_row import UpdateRow
from avatar_app.ui.style.theme import UNIT
from avatar_app.ui.widgets.buttons import small_button

LICENSE = "GPL-3.0-or-later"
CHECK = "avatar-app doctor"
LIST_HEIGHT = 40 * UNIT


class AboutPage(PageView):
    """Packages are listed when the page is first shown, off the window's thread."""

    def __init__(self, context: PageContext) -> None:
        super().__init__(context, self.tr("About"))
        self._facts = ""
        self.packages = QListWidget()
        self.packages.setObjectName("plainList")
        self.packages.setAccessibleName(self.tr("Software of others"))
        self.packages.setFixedHeight(LIST_HEIGHT)
        self.program = self._program_row()
        self.update_row = UpdateRow(context)
        self.folders = self._folder_rows()
        self.check = self._check_row()
        self._lay_out()

    def enter(self) -> None:
        if self._facts:
            return
        self.context.work.run(_facts).then(self._show_facts)
        self.context.work.run(installed_dependencies).then(self._show_packages)

    @property
    def is_filled(self) -> bool:
        return bool(self._facts) and self.packages.count() > 0

    def stop(self) -> None:
        self.update_row.close_jobs()

    def _show_facts(self, facts: str) -> None:
        self._facts = facts
        self.program.about.setText("\n".join([LICENSE, *map(translated, facts.splitlines()[1:])]))

    def _show_packages(self, packages: Sequence[InstalledPackage]) -> None:
        unknown = self.tr("license not stated in the package")
        self.packages.addItems(
            [f"{each.name} {each.version}  ·  {each.license or unknown}" for each in packages]
        )

    def _program_row(self) -> AboutRow:
        tip = self.tr("Copy version, system and processor, for a report")
        button = small_button(self.tr("Copy"), tip)
        button.clicked.connect(lambda: QGuiApplication.clipboard().setText(self._facts))
        title = self.tr("Avatar {}").format(avatar_app.__version__)
        return AboutRow(title, LICENSE, button)

    def _folder_rows(self) -> list[AboutRow]:
        session = self.context.session
        places = {
            self.tr("Settings"): session.settings.user_file.parent,
            self.tr("Models"): session.models.place,
        }
        return [self._folder_row(title, path) for title, path in places.items()]

    def _folder_row(self, title: str, path: Path) -> AboutRow:
        button = small_button(self.tr("Show"), self.tr("Show the folder: {}").format(title))
        button.clicked.connect(lambda: self._open(path))
        return AboutRow(title, path_text(str(path)), button)

    def _open(self, path: Path) -> None:
        """The folder, or the first above it that exists."""
        existing = next(each for each in (path, *path.parents) if each.exists())
        QDesktopServices.openUrl(QUrl.fromLocalFile(str(existing)))

    def _check_row(self) -> AboutRow:
        button = small_button(self.tr("Copy"), self.tr("Copy what to type in a terminal"))
        button.clicked.connect(lambda: QGuiApplication.clipboard().setText(CHECK))
        return AboutRow(CHECK, self.tr("Checks every part, and a whole conversation."), button)

    def _lay_out(self) -> None:
        column = ScrollingColumn(self.tr("About"))
        sections = {
            self.tr("Program"): [self.program, self.update_row],
            self.tr("Folders"): self.folders,
            self.tr("Check"): [self.check],
        }
        for title, rows in sections.items():
            section = Section(title)
            for number, row in enumerate(rows):
                section.rows.addWidget(row)
                mark_first(row, first=number == 0)
            column.add(section)
        others = Section(self.tr("Software of others"))
        others.rows.setContentsMargins(UNIT, UNIT, UNIT, UNIT)
        others.rows.addWidget(self.packages)
        column.add(others)
        self.head.addStretch(1)
        self.body.addWidget(column, 1)


def _facts() -> str:
    """Version, system and processor, one per line."""
    machine, versions = describe_machine(), describe_versions()
    return "\n".join(
        [
            f"Avatar {versions['avatar_app']}",
            f"Python {versions['python']}, Qt {versions['PySide6-Essentials']}",
            str(machine["system"]),
            f"{machine['processor']}, {machine['cores']} cores, {machine['memory_gb']} GB",
        ]
    )
