"""The rest about a model: license and its acceptance, packages, checks, measuring, delete."""

from __future__ import annotations

from PySide6.QtCore import Qt, QUrl, Signal
from PySide6.QtGui import QDesktopServices, QGuiApplication
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QLineEdit, QVBoxLayout, QWidget

from avatar_app.core.manifest import Kind
from avatar_app.models.abilities import Ability
from avatar_app.models.catalog import Model
from avatar_app.models.store import Presence
from avatar_app.performance.memory_plan import MemoryPlan
from avatar_app.session.model_downloads import ModelTransfer
from avatar_app.session.model_listing import ListedModel
from avatar_app.session.model_upkeep import Upkeep, UpkeepTask
from avatar_app.ui.language.texts import translated
from avatar_app.ui.pages.models.memory_view import MemoryView
from avatar_app.ui.pages.models.words import ModelWords
from avatar_app.ui.style.theme import UNIT, Theme
from avatar_app.ui.widgets.buttons import small_button

ACCEPT, VERIFY, MEASURE = "accept", "verify", "measure"
REPAIR, DELETE, FREE = "repair", "delete", "free"
INSTALL, STOP = "install", "stop"
_MEASURED = (Kind.ASR, Kind.TTS, Kind.DIALOGUE)
"""Kinds that can be tried with nothing but a model; a face needs somebody to be seen."""


class ModelDetails(QFrame):
    """Below a row. `wanted` says what the user chose."""

    wanted = Signal(str, str)

    def __init__(self, model: Model, words: ModelWords, theme: Theme) -> None:
        super().__init__()
        self.memory = MemoryView(theme, words)
        self._model, self._words = model, words
        self.facts, self.terms, self.used_by = QLabel(), QLabel(), QLabel()
        self.said = QLabel()
        for label in (self.facts, self.terms, self.used_by, self.said):
            label.setWordWrap(True)
            label.setTextFormat(Qt.TextFormat.PlainText)
            label.setObjectName("settingHelp")
        self.command = QLineEdit()
        self.command.setObjectName("command")
        self.command.setReadOnly(True)
        self.command.setAccessibleName(self.tr("What to type in a terminal"))
        self.command.setToolTip(self.tr("What to type in a terminal"))
        self._make_buttons()
        self._lay_out()

    def show_model(
        self, entry: ListedModel, transfer: ModelTransfer | None, upkeep: Upkeep | None
    ) -> None:
        """The state as it is now."""
        installed, busy = (
            entry.presence is Presence.INSTALLED,
            upkeep is not None and not upkeep.done,
        )
        license = entry.model.license
        self.facts.setText(self._words.facts(entry))
        self.terms.setText(translated(license.terms))
        self.terms.setVisible(bool(license.terms))
        self.accept_button.setVisible(not entry.is_accepted)
        self.accept_button.setText(self.tr("Accept") if installed else self.tr("Accept and get"))
        self.used_by.setText(self.tr("Chosen by the setting {}.").format(", ".join(entry.used_by)))
        self.used_by.setVisible(bool(entry.used_by))
        self._show_missing(entry, upkeep)
        said = self._words.upkeep(upkeep) if upkeep is not None else ""
        self.said.setText(said)
        self.said.setVisible(bool(said))
        self.verify_button.setVisible(installed)
        self.verify_button.setEnabled(not busy)
        can_measure = installed and entry.can_be_used and entry.model.kind in _MEASURED
        self.measure_button.setVisible(can_measure and not entry.missing_packages)
        self.measure_button.setEnabled(not busy)
        self.repair_button.setVisible(upkeep is not None and bool(upkeep.flaws))
        self.delete_button.setVisible(bool(entry.installed_bytes) and transfer is None)
        self.free_button.setVisible(bool(entry.deleted_bytes))

    def show_plan(self, plan: MemoryPlan | None, entry: ListedModel) -> None:
        """Show what the memory would be with the model; nothing for one that is in use."""
        kind, weight = entry.model.kind, entry.fitness.weight
        talks = entry.can_be_used and entry.ability is not Ability.PHOTOS
        is_news = plan is not None and kind in plan.engines_mb and talks and not entry.used_by
        self.memory.setVisible(is_news)
        if plan is not None and is_news:
            self.memory.show_plan(plan.with_engine(kind, weight), entry.model.title)

    def _show_missing(self, entry: ListedModel, upkeep: Upkeep | None) -> None:
        """Packages that the engine lacks, or would be faster with: a button installs an extra, a
        command whatever is in none."""
        missing, extra = ", ".join(entry.missing_packages), entry.extra
        installing = _is_under_way(upkeep, UpkeepTask.INSTALL)
        if extra is None:
            self.missing.setText(self.tr("Needs {}. Type, then start again:").format(missing))
        else:
            self.missing.setText(self.tr("Needs {}.").format(missing))
            self.install_button.setText(self._words.extra(extra))
            self.install_button.setToolTip(extra.summary)
        self.command.setText(entry.install_command)
        self.command.setCursorPosition(0)
        self.missing.setVisible(bool(missing))
        self.command.setVisible(bool(missing) and extra is None)
        self.copy_button.setVisible(bool(missing) and extra is None)
        self.install_button.setVisible(extra is not None and not installing)
        self.stop_button.setVisible(installing)

    @property
    def controls(self) -> tuple[QWidget, ...]:
        """In the order of Tab."""
        return (
            self.command,
            self.copy_button,
            self.install_button,
            self.stop_button,
            self.accept_button,
            self.license_button,
            self.verify_button,
            self.measure_button,
            self.repair_button,
            self.delete_button,
            self.free_button,
        )

    def ask_first(self) -> None:
        """Put the keys where something is asked before the model can be had."""
        for part in (self.accept_button, self.install_button, self.copy_button):
            if not part.isHidden():
                part.setFocus(Qt.FocusReason.OtherFocusReason)
                return

    def _make_buttons(self) -> None:
        title = self._model.title
        self.missing = QLabel()
        self.missing.setObjectName("settingHelp")
        self.missing.setWordWrap(True)
        self.license_button = small_button(
            self.tr("Read the license"), self.tr("Read the license of {}").format(title)
        )
        self.license_button.clicked.connect(
            lambda: QDesktopServices.openUrl(QUrl(self._model.license.url))
        )
        self.accept_button = small_button(
            self.tr("Accept and get"), self.tr("Accept the license of {}").format(title)
        )
        self.accept_button.setObjectName("primary")
        self.copy_button = small_button(self.tr("Copy"), self.tr("Copy what to type"))
        self.copy_button.clicked.connect(
            lambda: QGuiApplication.clipboard().setText(self.command.text())
        )
        self.install_button = small_button(
            self.tr("Install"), self.tr("Install what {} needs").format(title)
        )
        self.install_button.setObjectName("primary")
        self.stop_button = small_button(
            self.tr("Cancel"), self.tr("Cancel the installation for {}").format(title)
        )
        self.verify_button = small_button(
            self.tr("Verify"), self.tr("Check that {} is still as it came").format(title)
        )
        self.measure_button = small_button(
            self.tr("Measure"), self.tr("Measure how fast {} is on this computer").format(title)
        )
        self.repair_button = small_button(
            self.tr("Download again"),
            self.tr("Download the damaged files of {} again").format(title),
        )
        self.delete_button = small_button(
            self.tr("Delete"), self.tr("Delete {}; can be undone").format(title)
        )
        self.free_button = small_button(
            self.tr("Free the disk now"), self.tr("Delete {} for good").format(title)
        )
        chosen = {
            ACCEPT: self.accept_button,
            INSTALL: self.install_button,
            STOP: self.stop_button,
            VERIFY: self.verify_button,
            MEASURE: self.measure_button,
            REPAIR: self.repair_button,
            DELETE: self.delete_button,
            FREE: self.free_button,
        }
        for action, button in chosen.items():
            button.clicked.connect(lambda _=False, a=action: self.wanted.emit(a, self._model.id))

    def _lay_out(self) -> None:
        install = _line(self.command, self.copy_button)
        install.setStretch(0, 1)
        actions = _line(
            self.install_button,
            self.stop_button,
            self.accept_button,
            self.license_button,
            self.verify_button,
            self.measure_button,
            self.repair_button,
            self.delete_button,
            self.free_button,
        )
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(UNIT)
        for label in (self.facts, self.terms, self.used_by, self.missing):
            column.addWidget(label)
        column.addWidget(self.memory)
        column.addLayout(install)
        column.addWidget(self.said)
        column.addLayout(actions)


def _is_under_way(upkeep: Upkeep | None, task: UpkeepTask) -> bool:
    return upkeep is not None and upkeep.task is task and not upkeep.done


def _line(*widgets: QWidget) -> QHBoxLayout:
    line = QHBoxLayout()
    line.setSpacing(UNIT)
    for widget in widgets:
        line.addWidget(widget)
    line.addStretch(0)
    return line
