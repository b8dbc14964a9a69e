"""The Qt style sheet of the whole window, generated from a palette."""

from __future__ import annotations

import re
from functools import lru_cache
from string import Template

from PySide6.QtCore import Qt
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QWidget

from avatar_app.ui.style.assets import FAMILY
from avatar_app.ui.style.theme import CONTROL, RADIUS, Palette, Theme, color

_SHEET = Template("""
* { font-family: "$family", "Segoe UI", "SF Pro Text", "Noto Sans", "DejaVu Sans";
    font-size: 14px; color: $text; outline: none; }
#panel, #composer { background: $surface; border: 1px solid $border; }
#panel { border-radius: 24px; }
#composer { border-radius: 28px; }
QLabel { background: transparent; }
#heading { font-size: 15px; font-weight: 600; }
#empty { color: $text_dim; padding: 0 32px; }
#name { color: white; font-size: 15px; font-weight: 600; background: $overlay;
    border-radius: 16px; padding: 0 14px; }
#chat { background: transparent; border: 2px solid transparent; border-radius: $radius; }
#chat:focus { border-color: $focus; }
#correction { background: $raised; border: 2px solid $focus; border-radius: 14px; padding: 4px 10px;
    color: $text; selection-background-color: $accent; selection-color: $on_accent; }
QMenu { background: $surface; border: 1px solid $border; border-radius: 10px; padding: 6px; }
QMenu::item { padding: 7px 18px 7px 10px; border-radius: 6px; }
QMenu::item:selected { background: $raised; }
QMenu::icon { padding-left: 8px; }

#field { background: transparent; border: 2px solid transparent; border-radius: 20px;
    font-size: 15px; padding: 0 12px; min-height: 36px; color: $text;
    selection-background-color: $accent; selection-color: $on_accent;
    placeholder-text-color: $text_dim; }
#field:focus { border-color: $focus_soft; }

QToolButton { border: 2px solid transparent; border-radius: $round; background: transparent; }
QToolButton:hover { background: $raised; }
QToolButton:pressed { background: $border; }
QToolButton:focus { border-color: $focus; }
QToolButton[kind="talk"], QToolButton[kind="send"] { background: $accent; }
QToolButton[kind="talk"]:hover, QToolButton[kind="send"]:hover { background: $accent_hover; }
QToolButton[kind="talk"]:pressed { background: $listening; }
QToolButton[kind="talk"]:focus, QToolButton[kind="send"]:focus { border-color: $text; }
QToolButton[kind="send"]:disabled { background: $raised; }
QToolButton[kind="toggle"]:checked { background: $danger_soft; }
QToolButton[kind="stop"] { background: $raised; }
QToolButton[kind="stop"]:hover { background: $danger_soft; }
QToolButton[kind="stop"]:disabled { background: transparent; }
QToolButton[kind="stage"] { background: $overlay; }
QToolButton[kind="stage"]:hover { background: rgba(11, 12, 16, 190); }
QToolButton[kind="stage"]:checked { background: rgba(11, 12, 16, 200); }
QToolButton[kind="stage"]:focus { border-color: white; }

#noticeMessage { font-weight: 600; }
#noticeHint { color: $text_dim; }
#noticeAction { background: $raised; border: 2px solid transparent; border-radius: 10px;
    padding: 6px 14px; font-weight: 600; color: $accent_text; }
#noticeAction:hover { background: $border; }
#noticeAction:focus { border-color: $focus; }
#noticeAction:checked { background: $border; }
#noticeAction:disabled { color: $text_faint; }
#primary { background: $accent; border: 2px solid transparent; border-radius: 10px;
    padding: 6px 18px; font-weight: 600; color: $on_accent; }
#primary:hover { background: $accent_hover; }
#primary:focus { border-color: $text; }
#primary:disabled { background: $raised; color: $text_faint; }
#starter { background: $surface; border: 1px solid $border; border-radius: 20px; }
#starter #choice { padding: 3px 4px; color: $text_dim; }
#starter #choice:checked { font-weight: 400; color: $text; }
#command { background: $raised; border: 2px solid transparent; border-radius: 8px;
    padding: 4px 8px; font-family: monospace; font-size: 12px; }
#command:focus { border-color: $focus_soft; }

QProgressBar { background: $raised; border: none; border-radius: 3px; max-height: 6px; }
QProgressBar::chunk { background: $accent; border-radius: 3px; }

#popoverBody, QScrollArea { background: transparent; }
#section { color: $text_dim; font-size: 12px; font-weight: 600; padding: 4px 12px 2px 12px; }
#choice, #bring, #forget { text-align: left; border: 2px solid transparent; border-radius: 10px;
    padding: 5px 10px; background: transparent; }
#choice:hover, #bring:hover, #forget:hover { background: $raised; }
#choice:checked { font-weight: 600; }
#choice:focus, #bring:focus, #forget:focus { border-color: $focus; }
#forget { color: $danger; }

#rail { background: $surface; border-right: 1px solid $border; }
#railBody { background: transparent; }
QToolButton#railButton { border-radius: 12px; font-size: 11px; color: $text_dim; padding: 4px 0; }
QToolButton#railButton:hover { color: $text; }
QToolButton#railButton:checked { background: $raised; color: $text; font-weight: 600; }
QToolButton#railButton:focus { border-color: $focus; }
#reader { background: $surface; border: 1px solid $border; border-radius: 16px; }
#fieldName { color: $text_dim; font-size: 12px; font-weight: 600; padding: 6px 0 0 0; }
#description { background: $raised; border: 2px solid $raised; border-radius: 10px;
    padding: 6px 8px; color: $text; selection-background-color: $accent;
    selection-color: $on_accent; }
#description:focus { border-color: $focus; }
#strip { background: $surface; border: 1px solid $border; border-radius: 12px; }
#conversations { background: transparent; border: none; }
#conversationTitle { background: transparent; border: 2px solid transparent; border-radius: 10px;
    padding: 3px 6px; font-size: 18px; font-weight: 600; color: $text;
    selection-background-color: $accent; selection-color: $on_accent; }
#conversationTitle:hover { background: $raised; }
#conversationTitle:focus { background: $raised; border-color: $focus; }
#pageHeading { font-size: 20px; font-weight: 600; }
#formBody { background: transparent; }
#voiceRow { border-top: 1px solid $border; }
#voiceRow[first="true"] { border-top: none; }
#voiceRow:focus { border: 2px solid $focus; border-radius: 10px; }
#voiceName[current="true"] { font-weight: 600; color: $accent_text; }
#readAloud { font-size: 20px; font-weight: 600; padding: 8px 0; }
#figure { font-size: 20px; font-weight: 600; }
#formCard { background: $surface; border: 1px solid $border; border-radius: 16px; }
#formCard QLabel:disabled { color: $text_faint; }
#settingRow { border-top: 1px solid $border; }
#settingRow[first="true"] { border-top: none; }
#settingTitle[modified="true"] { font-weight: 600; color: $accent_text; }
#settingHelp { color: $text_dim; font-size: 13px; }
#settingProblem { color: $danger; font-size: 13px; }
#settingRow QToolButton { border-radius: 16px; }
#rowTitle { font-weight: 600; }
#chip { background: $raised; color: $text_dim; border-radius: 9px; padding: 1px 9px;
    min-height: 16px; font-size: 12px; font-weight: 600; }
#chip[tone="accent"] { background: $accent; color: $on_accent; }
#verdict { font-size: 13px; font-weight: 600; color: $text_dim; }
#verdict[tone="good"] { color: $good_text; }
#verdict[tone="warn"] { color: $warn_text; }
#verdict[tone="bad"] { color: $danger; }
#plainList { background: transparent; border: 2px solid transparent; border-radius: 10px;
    selection-background-color: $raised; }
#plainList:focus { border-color: $focus; }
#plainList::item { padding: 3px 8px; color: $text; border-radius: 8px; }
#plainList::item:selected { background: $raised; color: $text; }
#plainList QHeaderView, #plainList QHeaderView::section { background: transparent; border: none;
    color: $text_dim; font-size: 12px; font-weight: 600; }
#plainList QHeaderView::section { padding: 3px 11px; }
#pages { background: transparent; border: none; }
#pages::item { padding: 8px 12px; border: 2px solid transparent; border-radius: 10px;
    color: $text; }
#pages::item:hover { background: $raised; }
#pages::item:selected { background: $surface; border-color: $border; color: $text; }
#pages::item:selected:focus { border-color: $focus; }
#pages::item:disabled { color: $text_faint; background: transparent; border-color: transparent; }
#search, #filter, #formCard QLineEdit, #formCard QComboBox, #settingRow QAbstractSpinBox {
    background: $raised; border: 2px solid $raised; border-radius: 10px; padding: 5px 10px;
    min-height: 20px; color: $text; selection-background-color: $accent;
    selection-color: $on_accent; placeholder-text-color: $text_dim; }
QAbstractSpinBox::up-button, QAbstractSpinBox::down-button { width: 0; border: none; }
#settingRow QAbstractSpinBox QLineEdit { padding: 0; border: none; min-height: 0;
    background: transparent; }
#search, #filter { background: $surface; border-color: $border; }
#search:focus, #filter:focus, #formCard QLineEdit:focus, #formCard QComboBox:focus,
#settingRow QAbstractSpinBox:focus { border-color: $focus; }
QComboBox::drop-down { border: none; width: 24px; }
QComboBox QAbstractItemView { background: $surface; border: 1px solid $border; color: $text;
    padding: 4px; }
QComboBox QAbstractItemView::item { padding: 6px 8px; border-radius: 8px; color: $text; }
QComboBox QAbstractItemView::item:selected { background: $raised; color: $text; }
QComboBoxPrivateContainer { background: $surface; border: none; }
QSlider::groove:horizontal { background: $raised; height: 6px; border-radius: 3px; }
QSlider::sub-page:horizontal { background: $accent; border-radius: 3px; }
QSlider[mirrored="true"]::sub-page:horizontal { background: $raised; }
QSlider[mirrored="true"]::add-page:horizontal { background: $accent; border-radius: 3px; }
QSlider::handle:horizontal { background: white; border: 2px solid $accent; width: 14px;
    margin: -6px 0; border-radius: 9px; }
QSlider::handle:horizontal:focus { border: 3px solid $focus; }

QScrollBar:vertical { background: transparent; width: 10px; margin: 4px 2px; }
QScrollBar::handle:vertical { background: $border; border-radius: 3px; min-height: 32px; }
QScrollBar::handle:vertical:hover { background: $text_faint; }
QScrollBar::add-line, QScrollBar::sub-line { height: 0; }
QScrollBar::add-page, QScrollBar::sub-page { background: transparent; }
QToolTip { background: $raised; color: $text; border: 1px solid $border; padding: 6px 8px; }
""")


_EDGES = Template("""
#noticeAction, #description, #command, #search, #filter, #formCard QLineEdit, #formCard QComboBox,
#settingRow QAbstractSpinBox, QToolButton[kind="stop"], #chip, #pages::item:selected {
    border-color: $border; }
#name { border: 1px solid white; }
QToolButton[kind="stage"] { border-color: #b0b0b0; }
QToolButton[kind="stage"]:focus { border-color: $focus; }
#noticeAction:focus, #description:focus, #command:focus, #search:focus, #filter:focus,
#formCard QLineEdit:focus, #formCard QComboBox:focus, #settingRow QAbstractSpinBox:focus,
#field:focus, QToolButton:focus, #primary:focus, #pages::item:selected:focus {
    border-color: $focus; }
""")
"""What high contrast adds: an edge around everything that can be used."""
_FONT_SIZE = re.compile(r"font-size: (\d+)px")


def dress(part: QWidget, theme: Theme) -> None:
    """Style a part of the window, unless it looks as the theme says already. Qt goes through all
    widgets of the part for it, so each part has a style sheet of its own, and waits until it is
    seen."""
    sheet = stylesheet(theme.palette, theme.text_scale)
    if part.styleSheet() != sheet:
        part.setStyleSheet(sheet)


def mark(part: QWidget, name: str, value: object) -> None:
    """Give a part a property that style sheets ask for. It is styled again where it was styled
    before: what was never seen is when it is first shown."""
    if part.property(name) != value:
        part.setProperty(name, value)
        if part.testAttribute(Qt.WidgetAttribute.WA_WState_Polished):
            part.style().unpolish(part)
            part.style().polish(part)


@lru_cache(maxsize=8)
def stylesheet(palette: Palette, text_scale: float = 1.0) -> str:
    """Return the style sheet for `palette`, with all text `text_scale` times as large."""
    sheet = _colored(palette)
    if palette.strong:
        sheet += _EDGES.substitute(border=palette.border, focus=palette.focus)
    return _FONT_SIZE.sub(lambda found: _scaled(found, text_scale), sheet)


def _scaled(found: re.Match[str], scale: float) -> str:
    return f"font-size: {round(int(found.group(1)) * scale)}px"


def _colored(palette: Palette) -> str:
    return _SHEET.substitute(
        family=FAMILY,
        radius=f"{RADIUS}px",
        round=f"{CONTROL // 2}px",
        page=palette.page,
        surface=palette.surface,
        raised=palette.raised,
        border=palette.border,
        text=palette.text,
        text_dim=palette.text_dim,
        text_faint=palette.text_faint,
        accent=palette.accent,
        accent_text=palette.focus,
        accent_hover=color(palette.accent).lighter(108).name(),
        on_accent=palette.on_accent,
        danger=palette.danger,
        danger_soft=_rgba(palette.danger, 0.18),
        listening=palette.listening,
        good_text=palette.good_text,
        warn_text=palette.warn_text,
        focus=palette.focus,
        overlay=_rgba(palette.overlay, 1.0),
        focus_soft=_mixed(palette.surface, palette.focus, 0.6),
    )


def _mixed(ground: str, over: str, share: float) -> str:
    """Mix two colors: opaque, because Qt draws the joints of a translucent border twice."""
    one, other = color(ground), color(over)
    rest = 1.0 - share
    return QColor.fromRgbF(
        rest * one.redF() + share * other.redF(),
        rest * one.greenF() + share * other.greenF(),
        rest * one.blueF() + share * other.blueF(),
    ).name()


def _rgba(value: str, alpha: float) -> str:
    shade = color(value)
    return f"rgba({shade.red()}, {shade.green()}, {shade.blue()}, {round(shade.alpha() * alpha)})"
