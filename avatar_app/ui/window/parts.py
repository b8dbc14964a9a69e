"""The parts of the window, shared with its helpers."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtWidgets import QWidget

from avatar_app.ui.chat.view import ChatView
from avatar_app.ui.portrait.pane import PortraitPane
from avatar_app.ui.window.build_card import BuildCard
from avatar_app.ui.window.composer import Composer
from avatar_app.ui.window.consent_card import ConsentCard
from avatar_app.ui.window.first_steps import FirstStepsBar
from avatar_app.ui.window.popover import Popover
from avatar_app.ui.window.side_panel import SidePanel
from avatar_app.ui.window.starter_card import StarterCard


@dataclass(frozen=True, slots=True, eq=False)
class WindowParts:
    """Created once by the main window, which owns them."""

    stage: PortraitPane
    composer: Composer
    chat: ChatView
    panel: SidePanel
    """The chat is in it."""
    popover: Popover
    starter_card: StarterCard
    first_steps: FirstStepsBar
    consent_card: ConsentCard
    build_card: BuildCard

    @property
    def in_window(self) -> tuple[QWidget, ...]:
        """Return those that lie in the window itself, not in one another."""
        cards = (self.starter_card, self.first_steps, self.consent_card, self.build_card)
        return (self.stage, self.composer, self.panel, self.popover, *cards)
