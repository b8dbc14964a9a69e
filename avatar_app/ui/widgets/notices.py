"""A notice bar that never interrupts: one notice at a time, in order."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtWidgets import QBoxLayout, QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from avatar_app.core.errors import AvatarError
from avatar_app.ui.language.texts import keep_translated, translated
from avatar_app.ui.style.assets import Glyph, pixmap, text_scale
from avatar_app.ui.style.theme import UNIT, Theme
from avatar_app.ui.widgets.buttons import IconButton
from avatar_app.ui.widgets.card import SHADOW, Card
from avatar_app.ui.widgets.message import button_text, message_and_hint

READ_MS = 7_000
"""How long a notice that is not an error stays."""
NARROW = 34 * UNIT
"""Pixels beside the buttons that text of the usual size needs."""
MOST = 12
"""Maximum queue length; beyond it, the oldest notice that is not an error is dropped."""


@dataclass(frozen=True, slots=True)
class Action:
    """An action that a notice offers."""

    title: str
    do: Callable[[], None]


@dataclass(frozen=True, slots=True)
class Notice:
    """One sentence, a hint, and an optional action."""

    message: str
    hint: str = ""
    failure: bool = False
    """Errors stay until they are closed."""
    action: Action | None = None
    other: Action | None = None
    """A second one, offered before it."""
    expired: Callable[[], object] | None = None
    """Called when it disappeared without its action being chosen."""

    def says_the_same(self, other: Notice | None) -> bool:
        return other is not None and (self.message, self.hint) == (other.message, other.hint)


class NoticeBar(Card):
    """Shows the oldest notice; the next one when that is gone."""

    changed = Signal()
    """Emitted when it appears, disappears or changes."""

    def __init__(self, parent: QWidget, theme: Theme) -> None:
        super().__init__(parent, theme)
        self._waiting: deque[Notice] = deque()
        self.notice: Notice | None = None
        self.remedy: Callable[[AvatarError], Action | None] = _nothing
        self.setObjectName("notice")
        self._sign = QLabel()
        self._message, self._hint = message_and_hint()
        self.action_button = QPushButton()
        self.action_button.setObjectName("noticeAction")
        self.action_button.clicked.connect(lambda: self._act(_action))
        self.other_button = QPushButton()
        self.other_button.setObjectName("noticeAction")
        self.other_button.clicked.connect(lambda: self._act(_other))
        self.close_button = IconButton(theme, Glyph.CLOSE, "")
        self.close_button.setFixedSize(4 * UNIT, 4 * UNIT)
        self.close_button.clicked.connect(self.dismiss)
        self._lay_out()
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.timeout.connect(self.dismiss)
        theme.changed.connect(self._paint_sign)
        keep_translated(self, self._name_parts)
        self.hide()

    def tell_error(self, error: AvatarError) -> None:
        """Show an error and its hint, with a button if something helps."""
        action = self.remedy(error)
        self.tell(Notice(error.message, error.hint, failure=True, action=action))

    def _name_parts(self) -> None:
        self.setAccessibleName(self.tr("Notice"))
        self._sign.setAccessibleName(self.tr("Kind of notice"))
        self.close_button.name_it(self.tr("Close this notice"))
        if self.notice is not None:
            self._fill(self.notice)
        else:
            for button in (self.other_button, self.action_button):
                button.setAccessibleName(self.tr("No action"))

    def _lay_out(self) -> None:
        self._row = QBoxLayout(QBoxLayout.Direction.LeftToRight, self)
        self._row.setContentsMargins(SHADOW + 12, SHADOW + 12, SHADOW + 12, SHADOW + 12)
        self._row.setSpacing(12)
        signed = QHBoxLayout()
        signed.setSpacing(12)
        signed.addWidget(self._sign, 0, Qt.AlignmentFlag.AlignTop)
        texts = QVBoxLayout()
        texts.setSpacing(2)
        texts.addWidget(self._message)
        texts.addWidget(self._hint)
        signed.addLayout(texts, 1)
        buttons = QHBoxLayout()
        buttons.setSpacing(12)
        buttons.addStretch(1)
        buttons.addWidget(self.other_button, 0, Qt.AlignmentFlag.AlignVCenter)
        buttons.addWidget(self.action_button, 0, Qt.AlignmentFlag.AlignVCenter)
        buttons.addWidget(self.close_button, 0, Qt.AlignmentFlag.AlignVCenter)
        self._row.addLayout(signed, 1)
        self._row.addLayout(buttons)

    def height_for(self, width: int) -> int:
        """Return the height it needs at this width. Its buttons are below the text where they would
        leave it too little room."""
        shown = [each for each in self.action_buttons if each.isVisibleTo(self)]
        taken = sum(each.sizeHint().width() + 12 for each in shown)
        is_narrow = taken > 0 and width - 2 * SHADOW - taken < NARROW * text_scale()
        ways = QBoxLayout.Direction
        self._row.setDirection(ways.TopToBottom if is_narrow else ways.LeftToRight)
        return max(self._row.totalHeightForWidth(width), self._row.totalSizeHint().height())

    @property
    def action_buttons(self) -> tuple[QPushButton, QPushButton]:
        """In the order of Tab."""
        return self.other_button, self.action_button

    @property
    def waiting(self) -> int:
        """Return the notices behind the one on show."""
        return len(self._waiting)

    def tell(self, notice: Notice) -> None:
        """Show `notice` as soon as those before it are gone; duplicates are ignored."""
        if any(notice.says_the_same(other) for other in (self.notice, *self._waiting)):
            return
        self._waiting.append(notice)
        if len(self._waiting) > MOST:
            self._leave_one_out()
        if self.notice is None:
            self._next()

    def dismiss(self) -> None:
        """Remove the notice without its action."""
        notice = self.notice
        if notice is not None:
            self._next()
            if notice.expired is not None:
                notice.expired()

    def dismiss_all(self) -> None:
        """The user leaves: remove all notices without their actions."""
        while self.notice is not None:
            self.dismiss()

    def _act(self, chosen: Callable[[Notice], Action | None]) -> None:
        notice = self.notice
        if notice is not None and (action := chosen(notice)) is not None:
            self._next()
            action.do()

    def _leave_one_out(self) -> None:
        spare = next((n for n in self._waiting if not n.failure and n.expired is None), None)
        self._waiting.remove(spare or self._waiting[0])

    def _next(self) -> None:
        self.notice = self._waiting.popleft() if self._waiting else None
        self._timer.stop()
        if self.notice is not None:
            self._fill(self.notice)
            if not self.notice.failure:
                self._timer.start(READ_MS)
        self.setVisible(self.notice is not None)
        self.changed.emit()

    def _fill(self, notice: Notice) -> None:
        message, hint = translated(notice.message), translated(notice.hint)
        self._message.setText(message)
        self._hint.setText(hint)
        self._hint.setVisible(bool(hint))
        self.setAccessibleDescription(f"{message} {hint}".strip())
        for button, action in zip(self.action_buttons, (notice.other, notice.action), strict=True):
            title = action.title if action else ""
            button.setVisible(action is not None)
            button.setText(button_text(title))
            button.setAccessibleName(title or self.tr("No action"))
            button.setToolTip(title)
        self._paint_sign()

    def _paint_sign(self) -> None:
        palette = self._theme.palette
        failure = self.notice is not None and self.notice.failure
        glyph = Glyph.WARNING if failure else Glyph.INFORMATION
        shade = palette.danger if failure else palette.accent
        self._sign.setPixmap(pixmap(glyph, shade, 20, self.devicePixelRatioF()))


def _nothing(_error: AvatarError) -> None:
    """Until somebody knows what helps."""


def _action(notice: Notice) -> Action | None:
    return notice.action


def _other(notice: Notice) -> Action | None:
    return notice.other
