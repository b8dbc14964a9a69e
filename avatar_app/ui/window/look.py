"""The look of the window: theme, captions, size of text, high contrast and reduced motion."""

from __future__ import annotations

from PySide6.QtWidgets import QApplication

from avatar_app.settings.schema import ThemeChoice
from avatar_app.ui.style.assets import BODY, unscaled_font
from avatar_app.ui.style.theme import Theme
from avatar_app.ui.window.parts import WindowParts
from avatar_app.ui.window.preferences import THEME, WindowPreferences


class WindowLook:
    """Follows the settings, and changes the theme for the user."""

    def __init__(self, parts: WindowParts, theme: Theme, preferences: WindowPreferences) -> None:
        self._parts = parts
        self._theme, self._preferences = theme, preferences
        parts.popover.theme_chosen.connect(self.use_theme)
        parts.stage.theme_button.clicked.connect(self.toggle_theme)

    def follow(self) -> None:
        """Look as the settings say."""
        choice, access = self._preferences.now.theme, self._preferences.access
        self._theme.choose(choice)
        self._parts.popover.show_theme(choice)
        font = unscaled_font(round(BODY * access.font_scale))
        if QApplication.font() != font:  # Qt goes through all widgets, even for the same
            QApplication.setFont(font)
        self._parts.panel.slides = not access.reduced_motion
        self._parts.stage.view.light.still = access.reduced_motion
        self._parts.stage.captions.adapt(
            words=access.captions, scale=access.caption_size, strong=access.high_contrast
        )
        self._theme.adapt(strong=access.high_contrast, text_scale=access.font_scale)

    def use_theme(self, choice: ThemeChoice) -> None:
        self._theme.choose(choice)
        self._parts.popover.show_theme(choice)
        self._preferences.note(THEME, choice)

    def toggle_theme(self) -> None:
        self.use_theme(self._theme.opposite())
