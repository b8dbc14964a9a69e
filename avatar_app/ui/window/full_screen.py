"""Switches a window to full screen and back."""

from __future__ import annotations

from PySide6.QtWidgets import QWidget


def show_full_screen(window: QWidget) -> None:
    if not window.isFullScreen():
        window.showFullScreen()


def toggle_full_screen(window: QWidget) -> None:
    if window.isFullScreen():
        window.showNormal()
    else:
        window.showFullScreen()
