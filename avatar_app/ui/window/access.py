"""Applies the access settings: captions, size of text, high contrast and reduced motion."""

from __future__ import annotations

from PySide6.QtWidgets import QApplication

from avatar_app.settings.schema import AccessSettings
from avatar_app.ui.style.assets import BODY, unscaled_font
from avatar_app.ui.style.theme import Theme
from avatar_app.ui.window.parts import WindowParts


def apply_access(access: AccessSettings, parts: WindowParts, theme: Theme) -> None:
    """Show the window as `access` says, from now on."""
    QApplication.setFont(unscaled_font(round(BODY * access.font_scale)))
    parts.panel.slides = not access.reduced_motion
    parts.stage.view.light.still = access.reduced_motion
    parts.stage.captions.adapt(
        words=access.captions, scale=access.caption_size, strong=access.high_contrast
    )
    theme.adapt(strong=access.high_contrast, text_scale=access.font_scale)
