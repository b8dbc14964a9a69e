"""The window's layout, signal connections and keyboard shortcuts."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import pairwise

from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from avatar_app.session.session import Session
from avatar_app.ui.portrait.pane import PortraitPane
from avatar_app.ui.qt.work import Work
from avatar_app.ui.style.theme import UNIT
from avatar_app.ui.window.attendance import Attendance
from avatar_app.ui.window.composer import Composer
from avatar_app.ui.window.desktop_presence import DesktopPresence
from avatar_app.ui.window.event_presenter import EventPresenter
from avatar_app.ui.window.parts import WindowParts
from avatar_app.ui.window.push_to_talk import Hold
from avatar_app.ui.window.showing import Showing

MICROPHONE, SPEAKER = "audio.microphone", "audio.speaker"
"""Settings that the popover changes."""


def lay_out(window: QWidget, parts: WindowParts) -> None:
    """Lay out portrait and composer to the left, the transcript to the right, and the Tab order."""
    left = QVBoxLayout()
    left.setContentsMargins(0, 0, 0, 0)
    left.setSpacing(0)
    left.addWidget(parts.stage, 1)
    cards = QVBoxLayout()  # takes no room while all are hidden
    cards.setContentsMargins(2 * UNIT, 0, 2 * UNIT, UNIT)
    cards.setSpacing(UNIT)
    cards.addWidget(parts.consent_card)
    cards.addWidget(parts.build_card)
    cards.addWidget(parts.starter_card)
    cards.addWidget(parts.first_steps)
    left.addLayout(cards)
    bar = QHBoxLayout()
    bar.setContentsMargins(2 * UNIT, 0, 2 * UNIT, 2 * UNIT)
    bar.addWidget(parts.composer, 1)
    bar.addStretch(0)  # else the portrait would be as narrow as this is without the composer
    left.addLayout(bar)
    row = QHBoxLayout(window)
    row.setContentsMargins(0, 0, 0, 0)
    row.setSpacing(0)
    row.addLayout(left, 1)
    row.addWidget(parts.panel)
    for before, after in pairwise(_tab_order(parts)):
        QWidget.setTabOrder(before, after)


def _tab_order(parts: WindowParts) -> tuple[QWidget, ...]:
    stage, composer, chat = parts.stage, parts.composer, parts.chat
    return (
        composer.field,
        composer.stop_button,
        composer.send_button,
        composer.talk_button,
        composer.mute_button,
        composer.look_button,
        *parts.consent_card.buttons,
        *parts.build_card.buttons,
        stage.theme_button,
        stage.settings_button,
        stage.transcript_button,
        stage.pages_button,
        chat.new_button,
        chat.copy_button,
        chat.list,
        *stage.notices.action_buttons,
        stage.notices.close_button,
        stage.avatar_drop_card.cancel_button,
        *parts.starter_card.buttons,
        *parts.first_steps.links,
        parts.first_steps.close_button,
    )


def connect_session(
    parts: WindowParts, session: Session, work: Work, reporter: EventPresenter
) -> None:
    """Connect controls that only pass on the user's actions; `work` calls them outside the window's
    thread."""
    run = work.run
    Attendance(parts.stage.window(), session.attend)
    reporter.looking_changed.connect(Showing(parts, session, work).show_light)
    composer, popover, change = parts.composer, parts.popover, session.settings.set
    composer.sent.connect(session.type)
    composer.held.connect(lambda held: session.hold(held=held))
    composer.stopped.connect(session.interrupt)
    composer.mute_wanted.connect(lambda muted: session.mute(muted=muted))
    popover.microphone_chosen.connect(lambda name: run(lambda: change(MICROPHONE, name)))
    popover.speaker_chosen.connect(lambda name: run(lambda: change(SPEAKER, name)))
    popover.character_chosen.connect(lambda name: run(lambda: session.use_character(name)))
    parts.consent_card.decide = lambda request, agreed: session.decide(request, agreed=agreed)
    parts.build_card.act = lambda act: run(lambda: session.act_on_page(act))
    popover.closed.connect(composer.field.setFocus)
    parts.first_steps.talk_button.clicked.connect(lambda: composer.field.setFocus())
    parts.chat.messages.say_again.connect(session.say_again)
    parts.chat.model.corrected.connect(session.correct)
    parts.chat.new_button.clicked.connect(lambda: session.conversations.begin())


def connect_desktop(
    desktop: DesktopPresence,
    reporter: EventPresenter,
    composer: Composer,
    stage: PortraitPane,
    hold: Hold,
) -> None:
    """Connect what happens outside the window: tray, notifications, the global key."""
    reporter.announced.connect(desktop.announce)
    reporter.muted.connect(desktop.show_muted)
    desktop.mute_wanted.connect(composer.toggle_mute)
    desktop.talk_key.held.connect(lambda held: hold(held=held))
    desktop.talk_key.problem.connect(stage.notices.tell_error)


def bind_keys(window: QWidget, keys: Mapping[str, Callable[[], object]]) -> None:
    """Bind the keyboard shortcuts, wherever the focus is."""
    for key, act in keys.items():
        QShortcut(QKeySequence(key), window).activated.connect(act)
