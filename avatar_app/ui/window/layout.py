"""How the parts of the window are laid out, connected, and reached by keys."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from avatar_app.session.session import Session
from avatar_app.ui.style.theme import UNIT

if TYPE_CHECKING:
    from avatar_app.ui.window.main_window import MainWindow


def lay_out(window: MainWindow) -> None:
    """Portrait and composer to the left, the transcript beside them; the order of Tab."""
    left = QVBoxLayout()
    left.setContentsMargins(0, 0, 0, 0)
    left.setSpacing(0)
    left.addWidget(window.stage, 1)
    bar = QHBoxLayout()
    bar.setContentsMargins(2 * UNIT, 0, 2 * UNIT, 2 * UNIT)
    bar.addWidget(window.composer)
    left.addLayout(bar)
    row = QHBoxLayout(window)
    row.setContentsMargins(0, 0, 0, 0)
    row.setSpacing(0)
    row.addLayout(left, 1)
    row.addWidget(window.panel)
    stage = window.stage
    order = (
        *(window.composer.field, window.composer.stop_button, window.composer.send_button),
        *(window.composer.talk_button, window.composer.mute_button),
        *(stage.theme_button, stage.settings_button, stage.transcript_button),
        *(window.chat.copy_button, window.chat.list),
        *(stage.notices.action_button, stage.notices.close_button),
        stage.newcomer_card.cancel_button,
    )
    for before, after in pairwise(order):
        QWidget.setTabOrder(before, after)


def connect(window: MainWindow, session: Session) -> None:
    """What the controls do."""
    popover = window.popover
    window.composer.sent.connect(session.type)
    window.composer.held.connect(session.hold)
    window.composer.stopped.connect(session.interrupt)
    window.composer.mute_wanted.connect(session.mute)
    window.stage.transcript_button.clicked.connect(window.toggle_transcript)
    window.stage.theme_button.clicked.connect(window.toggle_theme)
    window.stage.settings_button.clicked.connect(window.toggle_settings)
    popover.microphone_chosen.connect(lambda n: window.run(lambda: session.use_microphone(n)))
    popover.speaker_chosen.connect(lambda n: window.run(lambda: session.use_speaker(n)))
    popover.character_chosen.connect(window.use_character)
    popover.photo_wanted.connect(window.bring_photo)
    popover.theme_chosen.connect(window.use_theme)
    popover.forget_wanted.connect(window.forget)
    popover.closed.connect(window.composer.field.setFocus)
    window.theme.changed.connect(window.restyle)


def bind_keys(window: MainWindow) -> None:
    """What the keys do, wherever the focus is."""
    keys = {
        "Esc": window.escape,
        "Ctrl+M": window.composer.toggle_mute,
        "Ctrl+N": window.bring_photo,
        "Ctrl+T": window.toggle_transcript,
        "Ctrl+D": window.toggle_theme,
        "Ctrl+,": window.toggle_settings,
        "F11": window.toggle_full_screen,
        "Ctrl+Q": window.close,
    }
    for key, act in keys.items():
        QShortcut(QKeySequence(key), window).activated.connect(act)
