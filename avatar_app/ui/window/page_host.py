"""Opens pages next to the portrait, or over it where the window is narrow; remembers the last."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import partial

from PySide6.QtCore import QCoreApplication, QEvent, QObject, Signal
from PySide6.QtWidgets import QHBoxLayout, QScrollArea, QStackedWidget, QWidget

from avatar_app.session.session import Session
from avatar_app.ui.language.texts import keep_translated
from avatar_app.ui.language.translator import is_right_to_left
from avatar_app.ui.pages.index import PAGES
from avatar_app.ui.pages.page import PageContext, PageView
from avatar_app.ui.pages.page_ids import HISTORY, SETTINGS
from avatar_app.ui.pages.remedy_actions import RemedyActions
from avatar_app.ui.qt.slices import Slices
from avatar_app.ui.qt.work import Work
from avatar_app.ui.style.stylesheet import dress
from avatar_app.ui.style.theme import Theme
from avatar_app.ui.window.event_presenter import EventPresenter
from avatar_app.ui.window.kept_page import KeptPage
from avatar_app.ui.window.page_frame import PageFrame
from avatar_app.ui.window.page_loader import PageLoader
from avatar_app.ui.window.page_rail import PageRail, shortcut_of
from avatar_app.ui.window.parts import WindowParts
from avatar_app.ui.window.preferences import LAST_PAGE, WindowPreferences
from avatar_app.ui.window.push_to_talk import application

SHARE, NARROWEST = 0.66, 760
"""Width of the pages with their rail: share of the window, and pixels."""
BESIDE = 400
"""Minimum pixels for the portrait; where pages leave it less, they cover everything."""


class PageHost(QObject):
    """Creates pages when they are first opened, and places them in the window."""

    characters_changed = Signal()
    opening = Signal()
    """Emitted before a page takes its room."""

    def __init__(
        self,
        window: QWidget,
        parts: WindowParts,
        theme: Theme,
        session: Session,
        work: Work,
        post: Callable[[Callable[[], None]], None],
        preferences: WindowPreferences,
    ) -> None:
        super().__init__(window)
        self._window, self._parts, self._preferences = window, parts, preferences
        self._entries = {entry.id: entry for entry in PAGES}
        self.remedies = RemedyActions(session, work, self.open, parts.chat.model.ask_again)
        parts.stage.notices.remedy = self.remedies.for_error
        self._context = PageContext(session, theme, work, post, self.open, self.remedies)
        self._pages: dict[str, KeptPage] = {}
        self._shown: KeptPage | None = None
        self._former: list[PageView] = []
        """Pages in the language before: calls that they wait for may still come back."""
        self._slices = Slices(self)
        """Deletes pages."""
        self._loader = PageLoader(self, PAGES, work)
        self.frame = PageFrame(window, theme)
        self.rail = PageRail(PAGES, theme)
        self.rail.chosen.connect(self._show)
        self._stack = QStackedWidget()
        row = QHBoxLayout(self.frame)
        row.setContentsMargins(1, 0, 0, 0)
        row.setSpacing(0)
        row.addWidget(self.rail)
        row.addWidget(self._stack, 1)
        self.frame.hide()
        parts.popover.settings_wanted.connect(partial(self.open, SETTINGS))
        parts.starter_card.page_wanted.connect(self.open)
        window.installEventFilter(self)
        application().focusChanged.connect(self._bring_into_sight)
        keep_translated(window, self._rebuild)
        theme.changed.connect(self._follow_theme)

    def follow(self, reporter: EventPresenter) -> None:
        """Offer pages where they help, and open the one that is asked for by voice."""
        reporter.remedy = self.remedies.for_event
        reporter.source_requested.connect(partial(self.open, HISTORY))

    @property
    def keys(self) -> dict[str, Callable[[], object]]:
        """Return the shortcuts that open pages."""
        numbered = enumerate(self._entries)
        return {key: partial(self.open, id) for n, id in numbered if (key := shortcut_of(n))}

    @property
    def shown(self) -> PageView | None:
        """Return the page on show."""
        return self._shown.view if self._shown is not None else None

    def open(self, id: str = "", words: str = "") -> None:
        """Show a page in place of the transcript, by default the last one; search it for words."""
        self.opening.emit()
        self._parts.popover.dismiss()
        self._parts.panel.setVisible(False)
        self._show(id or self._last())
        self.rail.focus_chosen()
        if (page := self.shown) is not None:
            page.focus_first()
            if words:
                page.look_for(words)

    def toggle(self) -> None:
        """Open the last page, or close the pages."""
        if self._shown is None:
            self.open()
        else:
            self.close()

    def close(self) -> None:
        """Return to the conversation."""
        if self._shown is not None:
            self._leave()
            self.frame.hide()
            self._parts.panel.setVisible(True)
            self._parts.stage.pages_button.setChecked(False)
            self._place()
            self._parts.composer.field.setFocus()

    def escape(self) -> bool:
        """Go one step back in the page, or leave it; returns False if no page is open."""
        if (page := self.shown) is None:
            return False
        if not page.escape():
            self.close()
        return True

    def stop(self) -> None:
        """Called when the window closes."""
        self._loader.stop()
        self._slices.pause()
        self._leave()
        for page in self._pages.values():
            page.view.stop()

    def _bring_into_sight(self, _before: QWidget | None, now: QWidget | None) -> None:
        """Scroll to what gets the keys: a scroll area does so only for keys that it had before."""
        if now is None or not self.frame.isAncestorOf(now):
            return
        above = now.parentWidget()
        while above is not None and above is not self.frame:
            if isinstance(above, QScrollArea):
                above.ensureWidgetVisible(now)
            above = above.parentWidget()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Resize:
            self._place()
        return super().eventFilter(watched, event)

    def _rebuild(self) -> None:
        """Create the pages once more, in another language; the one on show at once."""
        shown = self._shown.id if self._shown is not None else ""
        self._leave()
        self._slices.finish()
        self._slices.pause()  # not in this turn of the event loop
        self._slices.begin(_deleted(self._former))
        self._slices.resume()
        self._former = [page.view for page in self._pages.values()]
        self._pages = {}
        for page in self._former:
            page.stop()
            self._stack.removeWidget(page)
            page.toast.changed.connect(partial(self._pass_on, page))
        if shown:
            self._show(shown)
        self._place()

    def _pass_on(self, former: PageView) -> None:
        """Show what a page reports that is no longer on show."""
        if (page := self.shown) is not None and (notice := former.toast.notice) is not None:
            page.toast.tell(notice)

    def _last(self) -> str:
        last = self._preferences.now.page
        return last if last in self._entries else next(iter(self._entries))

    def _show(self, id: str) -> None:
        page = self._page(id)
        if page is self._shown:
            return
        self._leave()
        self._shown = page
        page.follow_theme()
        self._stack.setCurrentWidget(page.view)
        self.rail.show_chosen(id)
        self.frame.show()
        self.frame.raise_()
        self._parts.stage.pages_button.setChecked(True)
        self._place()
        self._preferences.note(LAST_PAGE, id)
        page.view.enter()

    def _leave(self) -> None:
        if (page := self.shown) is not None:
            page.toast.dismiss_all()
            page.leave()
            self._shown = None

    def _page(self, id: str) -> KeptPage:
        if id not in self._pages:
            page = self._pages[id] = KeptPage(self._entries[id], self._context)
            page.view.close_wanted.connect(self.close)
            page.view.characters_changed.connect(self.characters_changed)
            self._stack.addWidget(page.view)
        return self._pages[id]

    def _follow_theme(self) -> None:
        """Change the colors of what is seen; other pages follow when they are shown."""
        dress(self.rail, self._context.theme)
        if self._shown is not None:
            self._shown.follow_theme()

    def _place(self) -> None:
        whole, height = self._window.width(), self._window.height()
        width = max(NARROWEST, round(whole * SHARE))
        if whole - width < BESIDE:
            width = whole
        beside = width if self._shown is not None and width < whole else 0
        mirrored = is_right_to_left()
        self.frame.setGeometry(0 if mirrored else whole - width, 0, width, height)
        margins = (beside, 0, 0, 0) if mirrored else (0, 0, beside, 0)
        self._window.setContentsMargins(*margins)


def _deleted(pages: Iterable[QWidget]) -> Iterator[None]:
    """Delete pages one by one: each takes a while."""
    for page in pages:
        page.deleteLater()
        QCoreApplication.sendPostedEvents(page, QEvent.Type.DeferredDelete)
        yield
