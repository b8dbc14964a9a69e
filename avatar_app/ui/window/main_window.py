"""The main window: shows what a session reports and passes on what the user does."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from PySide6.QtCore import QEvent, QLocale, Signal
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
from avatar_app.ui.pages.page_ids import SETTINGS
from avatar_app.ui.portrait.avatar_drop import AvatarDrop
from avatar_app.ui.portrait.pane import PortraitPane
from avatar_app.ui.qt.bridge import Bridge
from avatar_app.ui.qt.work import Work
from avatar_app.ui.style.ground import Ground
from avatar_app.ui.style.lazy_dress import LazyDress
from avatar_app.ui.style.theme import Theme
from avatar_app.ui.widgets.display_name import title_of, titles_of
from avatar_app.ui.window.build_card import BuildCard
from avatar_app.ui.window.composer import Composer
from avatar_app.ui.window.consent_card import ConsentCard
from avatar_app.ui.window.desktop_presence import DesktopPresence
from avatar_app.ui.window.event_presenter import EventPresenter
from avatar_app.ui.window.first_steps import FirstSteps, FirstStepsBar
from avatar_app.ui.window.layout import bind_keys, connect_desktop, connect_session, lay_out
from avatar_app.ui.window.look import WindowLook
from avatar_app.ui.window.modes import WindowMode, WindowModes
from avatar_app.ui.window.page_host import PageHost
from avatar_app.ui.window.parts import WindowParts
from avatar_app.ui.window.popover import Popover
from avatar_app.ui.window.preferences import TRANSCRIPT, WindowPreferences
from avatar_app.ui.window.push_to_talk import PushToTalkKey
from avatar_app.ui.window.side_panel import SidePanel
from avatar_app.ui.window.starter_card import StarterCard
from avatar_app.ui.window.starter_offer import StarterOffer

EARLIER_TURNS = 100


class MainWindow(Ground):
    """Connects the parts. `start` begins the session, closing the window ends it."""

    closed = Signal()

    def __init__(self, session: Session, theme: Theme) -> None:
        super().__init__(None, theme)
        self._session = session
        keep_translated(self, partial(_name, self))
        self.stage = PortraitPane(session, theme)
        self.composer = Composer(theme)
        self.chat = ChatView(ChatModel(title_of(session.character, session.avatars)), theme)
        self.panel = SidePanel(self.chat)
        self.popover = Popover(self, theme)
        cards = (StarterCard(theme), FirstStepsBar(theme), ConsentCard(), BuildCard())
        parts = WindowParts(self.stage, self.composer, self.chat, self.panel, self.popover, *cards)
        self.reporter = EventPresenter(parts, self)
        self.bridge = Bridge(self.reporter.receive, self)
        self.work = Work(self.bridge, self.stage.notices.tell_error)
        self.avatar_drop = AvatarDrop(self, self.stage, self.bridge, session)
        self.starter = StarterOffer(parts, self.bridge, session.starter)
        self.talk_key = PushToTalkKey(self, self.hold)
        self._unsubscribe = session.subscribe(self.bridge.post)
        threads = (self.work, self.bridge.post)
        self.preferences = WindowPreferences(session.settings, *threads, self._follow)
        shared = (theme, session, *threads, self.preferences)
        self.pages = PageHost(self, parts, *shared)
        self.pages.follow(self.reporter)
        self.first_steps = FirstSteps(parts, session.settings, self.work, self.pages.open)
        self.look = WindowLook(parts, theme, self.preferences)
        self.modes = WindowModes(self, parts, self.preferences)
        self.desktop = DesktopPresence(self, self.preferences, self.work)
        lay_out(self, parts)
        LazyDress(self, theme, (*parts.in_window, self.pages.rail, self.desktop.tray.menu))
        connect_session(parts, session, self.work, self.reporter)
        self._connect()
        self._restore()

    def _connect(self) -> None:
        """Connect what concerns the window as a whole."""
        self.stage.transcript_button.clicked.connect(self.toggle_transcript)
        self.stage.settings_button.clicked.connect(self.toggle_settings)
        self.stage.pages_button.clicked.connect(self.pages.toggle)
        self.popover.photo_wanted.connect(self.bring_photo)
        self.popover.forget_wanted.connect(self.forget)
        self.avatar_drop.made.connect(self.use_character)
        self.reporter.character_shown.connect(self.show_character)
        self.reporter.control_requested.connect(lambda control: self._controls()[control]())
        connect_desktop(self.desktop, self.reporter, self.composer, self.stage, self.hold)
        self.modes.changed.connect(self.pages.close)
        self.pages.opening.connect(self.modes.leave)
        self.pages.characters_changed.connect(lambda: self.show_character(self._session.character))
        keys: dict[str, Callable[[], object]] = {
            "Esc": self.escape,
            "Ctrl+M": self.composer.toggle_mute,
            "Ctrl+N": self.bring_photo,
            "Ctrl+T": self.toggle_transcript,
            "Ctrl+D": self.look.toggle_theme,
            "Ctrl+,": partial(self.pages.open, SETTINGS),
            "F9": self.modes.toggle_compact,
            "F11": self.modes.toggle_face,
            "Ctrl+Q": self.desktop.quit,
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
            Control.USE_DARK_THEME: partial(self.look.use_theme, ThemeChoice.DARK),
            Control.USE_LIGHT_THEME: partial(self.look.use_theme, ThemeChoice.LIGHT),
            Control.FULL_SCREEN: self.modes.fill_screen,
            Control.CLOSE: self.desktop.quit,
        }

    def start(self) -> None:
        """Show the earlier conversation and start listening."""
        self.work.run(lambda: self._session.transcript(EARLIER_TURNS)).then(self._show_earlier)
        self._session.start()
        self.desktop.follow()
        if self.modes.mode is WindowMode.NORMAL:
            self.starter.offer()
            self.first_steps.offer()
        self.composer.field.setFocus()

    def hold(self, *, held: bool) -> None:
        self.composer.show_held(held=held)
        self._session.hold(held=held)

    def escape(self) -> None:
        """Close what lies on top, or else stop the answer; where there is none, leave the full
        screen."""
        if self.popover.isVisible():
            self.popover.dismiss()
        elif self.avatar_drop.is_busy:
            self.avatar_drop.cancel()
        elif not self.pages.escape():
            is_face = self.modes.mode is WindowMode.FACE
            if self.composer.stop_button.isEnabled() or not (is_face and self.modes.leave()):
                self._session.interrupt()

    def show_transcript(self, *, shown: bool) -> None:
        self.panel.open(opened=shown)
        self.stage.show_transcript(shown=shown)
        self.preferences.note(TRANSCRIPT, shown)

    def toggle_transcript(self) -> None:
        self.show_transcript(shown=not self.panel.opened)

    def show_settings(self) -> None:
        """Open the popover; devices are listed in the background."""
        self.modes.leave()
        self.work.run(self._session.devices).then(self.popover.show_devices)
        titles = titles_of(self._session.characters(), self._session.avatars)
        self.popover.show_characters(titles, self._session.character)
        self.popover.open_below(self.stage.settings_button)

    def toggle_settings(self) -> None:
        if self.popover.isVisible():
            self.popover.dismiss()
        else:
            self.show_settings()

    def bring_photo(self) -> None:
        """Choose a photo or clip for a new avatar."""
        self.popover.dismiss()
        self.avatar_drop.choose()

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
        title = title_of(name, self._session.avatars)
        self.stage.show_name(title)
        self.chat.list.name_avatar(title)

    def _follow(self) -> None:
        self.look.follow()
        self.desktop.follow()
        LANGUAGE.use(self.preferences.now.language)
        if (shown := self.preferences.now.transcript) != self.panel.opened:
            self.show_transcript(shown=shown)

    def _restore(self) -> None:
        self.look.follow()
        self.show_transcript(shown=self.preferences.now.transcript)
        self.panel.settle()
        self.modes.restore()
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
        if self.desktop.hide_instead():
            event.ignore()
            return
        self.stage.view.stop()
        self.modes.save()
        self._unsubscribe()
        self.preferences.stop()
        self.pages.stop()
        self.stage.notices.dismiss_all()
        self.bridge.close()
        self.desktop.close()
        self.hide()  # hidden at once, however long the rest takes
        self.avatar_drop.close()
        self.starter.close()
        self.work.close()
        self._session.close()
        super().closeEvent(event)
        self.closed.emit()


def _name(window: QWidget) -> None:
    window.setLocale(QLocale())  # of numbers in all that is made in it from now on
    window.setWindowTitle(window.tr("Avatar"))
    window.setAccessibleName(window.tr("Avatar"))
