"""The main window: shows what a session reports and passes on what the user does."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from PySide6.QtCore import QEvent, Qt, Signal
from PySide6.QtGui import QCloseEvent, QMouseEvent, QResizeEvent
from PySide6.QtWidgets import QWidget

from avatar_app.core.events import Control, TurnEnded
from avatar_app.session.session import Session
from avatar_app.settings.schema import ThemeChoice
from avatar_app.ui.chat.forgetting import forget_unless_undone
from avatar_app.ui.chat.model import ChatModel
from avatar_app.ui.chat.view import ChatView
from avatar_app.ui.language.texts import keep_translated
from avatar_app.ui.language.translator import LANGUAGE
from avatar_app.ui.pages.index import SETTINGS
from avatar_app.ui.portrait.avatar_drop import AvatarDrop
from avatar_app.ui.portrait.pane import PortraitPane
from avatar_app.ui.qt.bridge import Bridge
from avatar_app.ui.qt.work import Work
from avatar_app.ui.style.stylesheet import stylesheet
from avatar_app.ui.style.theme import Theme
from avatar_app.ui.widgets.display_name import shown_name
from avatar_app.ui.window.access import apply_access
from avatar_app.ui.window.composer import Composer
from avatar_app.ui.window.event_presenter import EventPresenter
from avatar_app.ui.window.first_steps import FirstSteps, FirstStepsBar
from avatar_app.ui.window.full_screen import show_full_screen, toggle_full_screen
from avatar_app.ui.window.layout import bind_keys, connect_session, lay_out
from avatar_app.ui.window.page_host import PageHost
from avatar_app.ui.window.parts import WindowParts
from avatar_app.ui.window.popover import Popover
from avatar_app.ui.window.preferences import THEME, TRANSCRIPT, WindowPreferences
from avatar_app.ui.window.push_to_talk import PushToTalkKey
from avatar_app.ui.window.side_panel import SidePanel
from avatar_app.ui.window.starter_card import StarterCard
from avatar_app.ui.window.starter_offer import StarterOffer

EARLIER_TURNS = 100
SIZE, SMALLEST = (1180, 760), (720, 540)


class MainWindow(QWidget):
    """Connects the parts. `start` begins the session, closing the window ends it."""

    closed = Signal()

    def __init__(self, session: Session, theme: Theme) -> None:
        super().__init__()
        self._session, self.theme = session, theme
        self.setObjectName("page")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        keep_translated(self, partial(_name, self))
        self.setMinimumSize(*SMALLEST)
        self.stage = PortraitPane(session, theme)
        self.composer = Composer(theme)
        self.chat = ChatView(ChatModel(shown_name(session.character)), theme)
        self.panel = SidePanel(self.chat)
        self.popover = Popover(self, theme)
        sides = (self.stage, self.composer, self.chat, self.panel)
        parts = WindowParts(*sides, self.popover, StarterCard(theme), FirstStepsBar(theme))
        self._parts = parts
        self.reporter = EventPresenter(parts, self)
        self.bridge = Bridge(self.reporter.receive, self)
        self.work = Work(self.bridge, self.stage.notices.tell_error)
        self.newcomer = AvatarDrop(self, self.stage, self.bridge, session)
        self.starter = StarterOffer(parts, self.bridge, session.starter)
        self.talk_key = PushToTalkKey(self, self.hold)
        self._unsubscribe = session.subscribe(self.bridge.post)
        self.preferences = WindowPreferences(session.settings, self.bridge.post, self._follow)
        shared = (theme, session, self.work, self.bridge.post, self.preferences)
        self.pages = PageHost(self, parts, *shared)
        self.first_steps = FirstSteps(parts, session.settings, self.work, self.pages.open)
        lay_out(self, parts)
        connect_session(parts, session, self.work.run)
        self._connect()
        self._restore()

    def _connect(self) -> None:
        """Connect what concerns the window as a whole."""
        self.stage.transcript_button.clicked.connect(self.toggle_transcript)
        self.stage.theme_button.clicked.connect(self.toggle_theme)
        self.stage.settings_button.clicked.connect(self.toggle_settings)
        self.stage.pages_button.clicked.connect(self.pages.toggle)
        self.popover.photo_wanted.connect(self.bring_photo)
        self.popover.theme_chosen.connect(self.use_theme)
        self.popover.forget_wanted.connect(self.forget)
        self.theme.changed.connect(self.restyle)
        self.newcomer.made.connect(self.use_character)
        self.reporter.character_shown.connect(self.show_character)
        self.reporter.control_requested.connect(lambda control: self._controls()[control]())
        self.reporter.devices_wanted.connect(self.show_settings)
        keys: dict[str, Callable[[], object]] = {
            "Esc": self.escape,
            "Ctrl+M": self.composer.toggle_mute,
            "Ctrl+N": self.bring_photo,
            "Ctrl+T": self.toggle_transcript,
            "Ctrl+D": self.toggle_theme,
            "Ctrl+,": partial(self.pages.open, SETTINGS),
            "F11": partial(toggle_full_screen, self),
            "Ctrl+Q": self.close,
            "Ctrl+B": self.pages.toggle,
            **self.pages.keys,
        }
        bind_keys(self, keys)

    def _controls(self) -> dict[Control, Callable[[], object]]:
        """Return the window actions that the avatar can request."""
        return {
            Control.SHOW_TRANSCRIPT: partial(self.show_transcript, shown=True),
            Control.HIDE_TRANSCRIPT: partial(self.show_transcript, shown=False),
            Control.SHOW_SETTINGS: self.show_settings,
            Control.USE_DARK_THEME: partial(self.use_theme, ThemeChoice.DARK),
            Control.USE_LIGHT_THEME: partial(self.use_theme, ThemeChoice.LIGHT),
            Control.FULL_SCREEN: partial(show_full_screen, self),
            Control.CLOSE: self.close,
        }

    def start(self) -> None:
        """Show the earlier conversation and start listening."""
        self.work.run(lambda: self._session.transcript(EARLIER_TURNS)).then(self._show_earlier)
        self._session.start()
        self.starter.offer()
        self.first_steps.offer()
        self.composer.field.setFocus()

    def hold(self, *, held: bool) -> None:
        self.composer.show_held(held=held)
        self._session.hold(held=held)

    def escape(self) -> None:
        """Close what lies on top, or else stop the answer."""
        if self.popover.isVisible():
            self.popover.dismiss()
        elif self.newcomer.is_busy:
            self.newcomer.cancel()
        elif not self.pages.escape():
            self._session.interrupt()

    def show_transcript(self, *, shown: bool) -> None:
        self.panel.open(opened=shown)
        self.stage.show_transcript(shown=shown)
        self.preferences.note(TRANSCRIPT, shown)

    def toggle_transcript(self) -> None:
        self.show_transcript(shown=not self.panel.opened)

    def use_theme(self, choice: ThemeChoice) -> None:
        self.theme.choose(choice)
        self.popover.show_theme(choice)
        self.preferences.note(THEME, choice)

    def toggle_theme(self) -> None:
        self.use_theme(self.theme.opposite())

    def show_settings(self) -> None:
        """Open the popover; devices are listed in the background."""
        self.work.run(self._session.devices).then(self.popover.show_devices)
        self.popover.show_characters(self._session.characters(), self._session.character)
        self.popover.open_below(self.stage.settings_button)

    def toggle_settings(self) -> None:
        if self.popover.isVisible():
            self.popover.dismiss()
        else:
            self.show_settings()

    def bring_photo(self) -> None:
        """Choose a photo or clip for a new avatar."""
        self.popover.dismiss()
        self.newcomer.choose()

    def forget(self) -> None:
        """Delete the history, unless the user undoes it in time."""
        self.popover.dismiss()
        delete = partial(self.work.run, self._session.forget)
        forget_unless_undone(self.chat.model, self.stage.notices, delete)

    def _show_earlier(self, turns: tuple[TurnEnded, ...]) -> None:
        self.chat.model.fill(turns)
        if turns:
            self.reporter.greet_again()

    def use_character(self, name: str) -> None:
        self.work.run(lambda: self._session.use_character(name))

    def show_character(self, name: str) -> None:
        """Show another character."""
        self.stage.show_name(shown_name(name))
        self.chat.list.name_avatar(shown_name(name))

    def _follow(self) -> None:
        preferences = self.preferences.now
        self.theme.choose(preferences.theme)
        self.popover.show_theme(preferences.theme)
        LANGUAGE.use(preferences.language)
        apply_access(self.preferences.access, self._parts, self.theme)
        if preferences.transcript != self.panel.opened:
            self.show_transcript(shown=preferences.transcript)

    def restyle(self) -> None:
        self.setStyleSheet(stylesheet(self.theme.palette, self.theme.text_scale))

    def _restore(self) -> None:
        self.theme.choose(self.preferences.now.theme)
        apply_access(self.preferences.access, self._parts, self.theme)
        self.restyle()
        self.popover.show_theme(self.theme.choice)
        self.resize(*SIZE)
        self.preferences.restore_geometry(self)
        self.show_transcript(shown=self.preferences.now.transcript)
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
        self.preferences.note_geometry(self)
        self._unsubscribe()
        self.preferences.stop()
        self.pages.stop()
        self.stage.notices.dismiss_all()
        self.bridge.close()
        self.hide()  # hidden at once, however long the rest takes
        self.newcomer.close()
        self.starter.close()
        self.work.close()
        self._session.close()
        super().closeEvent(event)
        self.closed.emit()


def _name(window: QWidget) -> None:
    window.setWindowTitle(window.tr("Avatar"))
    window.setAccessibleName(window.tr("Avatar"))
