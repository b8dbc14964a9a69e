"""The window: shows what a session reports and passes on what the user does. Keeps nothing else."""

from __future__ import annotations

import base64
from typing import Any

from PySide6.QtCore import QByteArray, QEvent, QPoint, Qt, Signal
from PySide6.QtGui import QCloseEvent, QMouseEvent, QResizeEvent
from PySide6.QtWidgets import QWidget

from avatar_app.core.errors import AvatarError
from avatar_app.core.events import TurnEnded
from avatar_app.session.session import Preference, Session
from avatar_app.settings.schema import ThemeChoice
from avatar_app.ui.chat.model import ChatModel
from avatar_app.ui.chat.view import ChatView
from avatar_app.ui.portrait.avatar_drop import AvatarDrop
from avatar_app.ui.portrait.pane import PortraitPane
from avatar_app.ui.qt.bridge import Bridge
from avatar_app.ui.qt.work import Work
from avatar_app.ui.style.stylesheet import stylesheet
from avatar_app.ui.style.theme import UNIT, Theme
from avatar_app.ui.widgets.display_name import shown_name
from avatar_app.ui.window.composer import Composer
from avatar_app.ui.window.event_presenter import EventPresenter
from avatar_app.ui.window.layout import bind_keys, connect, lay_out
from avatar_app.ui.window.notices import Action, Notice
from avatar_app.ui.window.popover import Popover
from avatar_app.ui.window.push_to_talk import PushToTalkKey
from avatar_app.ui.window.side_panel import SidePanel

EARLIER_TURNS = 100
SIZE, SMALLEST = (1180, 760), (720, 540)


class MainWindow(QWidget):
    """Joins the parts. `start` begins the session, closing the window ends it."""

    closed = Signal()

    def __init__(self, session: Session, theme: Theme) -> None:
        super().__init__()
        self._session, self.theme = session, theme
        self.setObjectName("page")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.setWindowTitle(self.tr("Avatar"))
        self.setAccessibleName(self.tr("Avatar"))
        self.setMinimumSize(*SMALLEST)
        self.stage = PortraitPane(session, theme)
        self.composer = Composer(theme)
        self.chat = ChatView(ChatModel(shown_name(session.character)), theme)
        self.panel = SidePanel(self.chat)
        self.popover = Popover(self, theme)
        self.reporter = EventPresenter(self)
        self.bridge = Bridge(self.reporter.receive, self)
        self.work = Work(self.bridge, self.tell_error)
        self.newcomer = AvatarDrop(self, session)
        self.talk_key = PushToTalkKey(self, self.hold)
        self._unsubscribe = session.subscribe(self.bridge.post)
        lay_out(self)
        connect(self, session)
        bind_keys(self)
        self._restore()

    def start(self) -> None:
        """Show what was said before and begin to listen."""
        self.work.run(lambda: self._session.transcript(EARLIER_TURNS)).then(self._show_earlier)
        self._session.start()
        self.composer.field.setFocus()

    # What the user does

    def hold(self, held: bool) -> None:
        self.composer.show_held(held)
        self._session.hold(held)

    def escape(self) -> None:
        """Close what lies on top, or else stop the answer."""
        if self.popover.isVisible():
            self.popover.dismiss()
        elif self.newcomer.is_busy:
            self.newcomer.cancel()
        else:
            self._session.interrupt()

    def show_transcript(self, shown: bool) -> None:
        self.panel.open(shown)
        self.stage.transcript_button.setChecked(shown)
        name = self.tr("Hide the transcript") if shown else self.tr("Show the transcript")
        self.stage.transcript_button.name_it(name, "Ctrl+T")
        self._remember(Preference.TRANSCRIPT_SHOWN, shown)

    def toggle_transcript(self) -> None:
        self.show_transcript(not self.panel.opened)

    def use_theme(self, choice: ThemeChoice) -> None:
        self.theme.choose(choice)
        self.popover.show_theme(choice)
        self._remember(Preference.THEME, choice.value)

    def toggle_theme(self) -> None:
        self.use_theme(self.theme.opposite())

    def show_full_screen(self) -> None:
        if not self.isFullScreen():
            self.showFullScreen()

    def toggle_full_screen(self) -> None:
        if self.isFullScreen():
            self.showNormal()
        else:
            self.showFullScreen()

    def show_settings(self) -> None:
        """Open the choices; devices are listed meanwhile."""
        self.work.run(self._session.devices).then(self.popover.show_devices)
        self.popover.show_characters(self._session.characters(), self._session.character)
        corner = self.stage.settings_button.mapTo(self, QPoint(0, 0))
        right = corner.x() + self.stage.settings_button.width() + 6 * UNIT
        top = corner.y() + self.stage.settings_button.height() + UNIT
        self.popover.open_at(right, top, self.height() - top - 2 * UNIT)

    def toggle_settings(self) -> None:
        if self.popover.isVisible():
            self.popover.dismiss()
        else:
            self.show_settings()

    def bring_photo(self) -> None:
        """Choose a photo or clip that becomes the face on show."""
        self.popover.dismiss()
        self.newcomer.choose()

    def forget(self) -> None:
        """Delete the history, unless the user thinks better of it in time."""
        self.popover.dismiss()
        kept = self.chat.model.lines
        self.chat.model.clear()
        self.stage.notices.tell(
            Notice(
                self.tr("The history is deleted."),
                self.tr("You can still undo this."),
                action=Action(self.tr("Undo"), lambda: self.chat.model.bring_back(kept)),
                expired=lambda: self.run(self._session.forget),
            )
        )

    # What is shown

    def tell_error(self, error: AvatarError) -> None:
        self.stage.notices.tell(Notice(error.message, error.hint, failure=True))

    def _show_earlier(self, turns: tuple[TurnEnded, ...]) -> None:
        self.chat.model.fill(turns)
        if turns:
            self.reporter.greet_again()

    def use_character(self, name: str) -> None:
        self.run(lambda: self._session.use_character(name))

    def show_character(self, name: str) -> None:
        """Somebody else is on show."""
        self.stage.show_name(shown_name(name))
        self.chat.name_avatar(shown_name(name))

    def run(self, job: Any) -> None:
        """Do what may take a moment, off the window's thread."""
        self.work.run(job)

    def restyle(self) -> None:
        self.setStyleSheet(stylesheet(self.theme.palette))

    def _remember(self, preference: Preference, value: Any) -> None:
        self._session.set_preference(preference, value)

    # The window itself

    def _restore(self) -> None:
        choice = self._session.preference(Preference.THEME)
        if choice in set(ThemeChoice):
            self.theme.choose(ThemeChoice(choice))
        self.restyle()
        self.popover.show_theme(self.theme.choice)
        self.resize(*SIZE)
        geometry = self._session.preference(Preference.WINDOW_GEOMETRY)
        if isinstance(geometry, str):
            self.restoreGeometry(QByteArray.fromBase64(geometry.encode()))
        shown = self._session.preference(Preference.TRANSCRIPT_SHOWN)
        self.show_transcript(True if shown is None else bool(shown))
        self.panel.settle()
        self.reporter.greet()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.panel.fit(self.width())
        self.popover.dismiss()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        self.popover.dismiss()
        super().mousePressEvent(event)

    def changeEvent(self, event: QEvent) -> None:
        if event.type() == QEvent.Type.ActivationChange and not self.isActiveWindow():
            self.talk_key.release()
        super().changeEvent(event)

    def closeEvent(self, event: QCloseEvent) -> None:
        self.talk_key.stop()
        self.stage.view.stop()
        geometry = base64.b64encode(self.saveGeometry().data()).decode()
        self._remember(Preference.WINDOW_GEOMETRY, geometry)
        self._unsubscribe()
        self.stage.notices.dismiss_all()
        self.bridge.close()
        self.hide()  # gone at once for the eye, whatever the rest takes
        self.newcomer.close()
        self.work.close()
        self._session.close()
        super().closeEvent(event)
        self.closed.emit()
