"""The page of privacy: stored data, deleted with undo, and allowed connections."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from PySide6.QtCore import Qt, QUrl
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from avatar_app.core.network_access import NetworkAccess
from avatar_app.session.stored_data import Deletion, StoredItem, StoredKind
from avatar_app.settings.store import SettingsChange
from avatar_app.storage.tool_log import LoggedCall
from avatar_app.system.network_guard import current_guard
from avatar_app.ui.language.formats import size_text
from avatar_app.ui.pages.calls_card import CallsCard
from avatar_app.ui.pages.memory.card import MemoryCard
from avatar_app.ui.pages.network_card import NetworkCard
from avatar_app.ui.pages.page import PageContext, PageView
from avatar_app.ui.pages.scrolling import ScrollingColumn, Section, mark_first
from avatar_app.ui.pages.tool_servers.card import ToolServersCard
from avatar_app.ui.style.theme import UNIT
from avatar_app.ui.widgets.notices import Action, Notice

ALLOWED = "network.allowed"


class StoredRow(QFrame):
    """One kind of data: what, where, how much; and the button that deletes it."""

    def __init__(self, title: str, about: str) -> None:
        super().__init__()
        self.setObjectName("voiceRow")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.title, self.about, self.amount = QLabel(title), QLabel(about), QLabel()
        self.about.setObjectName("settingHelp")
        self.about.setWordWrap(True)
        self.amount.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        self.open_button = QPushButton(self.tr("Show"))
        self.open_button.setAccessibleName(self.tr("Show the folder: {}").format(title))
        self.delete_button = QPushButton(self.tr("Delete"))
        self.delete_button.setAccessibleName(self.tr("Delete: {}").format(title))
        self.open_button.setToolTip(self.open_button.accessibleName())
        self.delete_button.setToolTip(self.tr("Delete it; can be undone for a while"))
        texts = QVBoxLayout()
        texts.setSpacing(0)
        texts.addWidget(self.title)
        texts.addWidget(self.about)
        row = QHBoxLayout(self)
        row.setContentsMargins(2 * UNIT, UNIT, 2 * UNIT, UNIT)
        row.setSpacing(UNIT)
        row.addLayout(texts, 1)
        row.addWidget(self.amount)
        for button in (self.open_button, self.delete_button):
            button.setObjectName("noticeAction")
            button.setCursor(Qt.CursorShape.PointingHandCursor)
            row.addWidget(button)

    def show_item(self, item: StoredItem) -> None:
        """How much it is now."""
        self.amount.setText(size_text(item.size) if item.size else self.tr("nothing"))
        self.open_button.setToolTip(str(item.place))
        self.setAccessibleDescription(f"{self.amount.text()}, {item.place}")
        keep = self.delete_button.sizePolicy()
        keep.setRetainSizeWhenHidden(True)
        self.delete_button.setSizePolicy(keep)
        self.delete_button.setVisible(item.deletable)


class PrivacyPage(PageView):
    """Sizes are counted when the page is opened, and after each deletion."""

    def __init__(self, context: PageContext) -> None:
        super().__init__(context, self.tr("Privacy"))
        self._store, self._stored = context.session.settings, context.session.user_data
        self._items: dict[StoredKind, StoredItem] = {}
        self._going: dict[StoredKind, Deletion] = {}
        self.network = NetworkCard(context.theme)
        self.rows: dict[StoredKind, StoredRow] = {}
        self.calls, self.memory = CallsCard(), MemoryCard(context, self.toast)
        self.servers = ToolServersCard(context, self.toast)
        self._lay_out()
        self._unfollow: Callable[[], None] = lambda: None

    def enter(self) -> None:
        self._unfollow = self._store.subscribe(
            lambda change: self.context.post(lambda: self._settings_changed(change))
        )
        self._show_access()
        self._count()
        self.servers.refresh()
        self.memory.refresh()
        self.context.work.run(self._stored.connections).then(self.network.show_attempts)

    def leave(self) -> None:
        self._unfollow()

    def stop(self) -> None:
        self._unfollow()

    def focus_first(self) -> None:
        checked = (button for button in self.network.choices.values() if button.isChecked())
        next(checked, self.close_button).setFocus()

    def delete(self, kind: StoredKind) -> None:
        """Gone at once, and for good when the toast has gone."""
        task = self.context.work.run(lambda: self._stored.delete(kind))
        task.then(partial(self._deleted, kind)).failed(self.toast.tell_error)

    def _deleted(self, kind: StoredKind, deletion: Deletion) -> None:
        self._going[kind] = deletion
        self._count()
        self.toast.dismiss_all()
        self.toast.tell(
            Notice(
                self.tr("Deleted: {}").format(self.rows[kind].title.text()),
                action=Action(self.tr("Undo"), partial(self._bring_back, kind, deletion)),
                expired=partial(self._finish, kind, deletion),
            )
        )

    def _bring_back(self, kind: StoredKind, deletion: Deletion) -> None:
        self._going.pop(kind, None)
        self.context.work.run(deletion.undo).then(lambda _nothing: self._count())

    def _finish(self, kind: StoredKind, deletion: Deletion) -> None:
        self._going.pop(kind, None)
        self.context.work.run(deletion.finish).then(lambda _nothing: self._count())

    def _count(self) -> None:
        self.context.work.run(self._stored.items).then(self._show_items)
        self.context.work.run(self._stored.calls).then(self._show_calls)

    def _show_calls(self, calls: tuple[LoggedCall, ...]) -> None:
        self.calls.show_calls(() if StoredKind.CALLS in self._going else calls)

    def _show_items(self, items: tuple[StoredItem, ...]) -> None:
        """What is going counts as gone, whenever its file shrinks."""
        self._items = {item.kind: item for item in items}
        for kind, item in self._items.items():
            gone = StoredItem(kind, item.place, 0, 0, deletable=False)
            self.rows[kind].show_item(gone if kind in self._going else item)

    def _open(self, kind: StoredKind) -> None:
        item = self._items.get(kind)
        if item is not None:
            folder = item.place if item.place.is_dir() else item.place.parent
            QDesktopServices.openUrl(QUrl.fromLocalFile(str(folder)))

    def _choose(self, access: NetworkAccess) -> None:
        task = self.context.work.run(lambda: self._store.set(ALLOWED, access.value))
        task.then(self._tell).failed(self.toast.tell_error)

    def _tell(self, change: SettingsChange) -> None:
        if change.names:
            undo = Action(self.tr("Undo"), self._undo)
            self.toast.dismiss_all()
            allowed = self._store.settings.network.allowed
            title = self.network.choices[allowed].text()
            self.toast.tell(Notice(self.tr("Connections: {}").format(title), action=undo))

    def _undo(self) -> None:
        self.context.work.run(self._store.undo)

    def _settings_changed(self, change: SettingsChange) -> None:
        if change.touches("network"):
            self._show_access()

    def _show_access(self) -> None:
        guard = current_guard()
        sealed = guard is not None and guard.sealed
        self.network.show_access(self._store.settings.network.allowed, sealed=sealed)

    def _lay_out(self) -> None:
        column = ScrollingColumn(self.tr("Privacy"))
        network = QWidget()
        inside = QVBoxLayout(network)
        inside.setContentsMargins(0, 0, 0, 0)
        inside.setSpacing(UNIT)
        heading = QLabel(self.tr("What I may connect to"))
        heading.setObjectName("section")
        inside.addWidget(heading)
        inside.addWidget(self.network)
        stored = Section(self.tr("Data stored on this computer"))
        for kind, (title, about) in self._kinds().items():
            row = self.rows[kind] = StoredRow(title, about)
            mark_first(row, first=len(self.rows) == 1)
            row.open_button.clicked.connect(partial(self._open, kind))
            row.delete_button.clicked.connect(partial(self.delete, kind))
            stored.rows.addWidget(row)
        column.add(network)
        column.add(stored)
        column.add(self.memory)
        column.add(self.calls)
        column.add(self.servers)
        self.body.addWidget(column, 1)
        self.network.chosen.connect(self._choose)

    def _kinds(self) -> dict[StoredKind, tuple[str, str]]:
        return {
            StoredKind.HISTORY: (
                self.tr("Conversations"),
                self.tr("What was said, and sentences kept for a slow voice"),
            ),
            StoredKind.MEMORY: (self.tr("Memory"), self.tr("Facts and notes that you gave me")),
            StoredKind.AGENDA: (
                self.tr("Timers and reminders"),
                self.tr("Those that are still to come"),
            ),
            StoredKind.CALLS: (
                self.tr("What I did"),
                self.tr("Every tool that I used, with what, and whether you agreed"),
            ),
            StoredKind.MEASUREMENTS: (
                self.tr("Measurements"),
                self.tr("How long each stage of a turn took"),
            ),
            StoredKind.VOICES: (
                self.tr("Cloned voices"),
                self.tr("Recordings, and the consent of their speakers"),
            ),
            StoredKind.AVATARS: (
                self.tr("Avatars"),
                self.tr("Faces made of your photos and clips"),
            ),
            StoredKind.MODELS: (self.tr("Models"), self.tr("Downloaded or taken over")),
            StoredKind.PAGES: (self.tr("Pages that I built"), self.tr("With all their steps")),
            StoredKind.CACHE: (self.tr("Caches"), self.tr("What can be made again")),
            StoredKind.LOGS: (self.tr("Logs"), self.tr("What went wrong, and what connected")),
            StoredKind.SETTINGS: (self.tr("Settings"), self.tr("What you chose")),
        }
