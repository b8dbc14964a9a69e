"""Numbers, sizes, durations and moments as the window's language writes them."""

from __future__ import annotations

import re
from datetime import datetime

from PySide6.QtCore import QDate, QDateTime, QLocale, QTime

from avatar_app.ui.language.texts import translated
from avatar_app.ui.language.translator import is_right_to_left

THOUSAND = 1000.0
_UNITS = {"kB": THOUSAND, "MB": THOUSAND**2, "GB": THOUSAND**3}
_SIZE = re.compile(r"(\d+(?:\.\d+)?) (kB|MB|GB)\b")
_DECIMAL = re.compile(r"(?<=\d)\.(?=\d)")


def number_text(value: float, decimals: int = 0) -> str:
    """Return a number with the separators of the language: 1,234.5 or 1.234,5."""
    return QLocale().toString(float(value), "f", decimals).replace("-", "−")


def figures_of(text: str) -> str:
    """Return a finished text of another room with its sizes and decimals as the language writes
    them: `1.2 GB` is `1,2 Go` in French."""
    return _DECIMAL.sub(QLocale().decimalPoint(), _SIZE.sub(_size_of, text))


def _size_of(found: re.Match[str]) -> str:
    return size_text(float(found[1]) * _UNITS[found[2]])


def percent_text(share: float) -> str:
    """Return a share of 1 in whole percent."""
    return translated("{0} %").replace("{0}", number_text(round(100 * share)))


def size_text(size: float) -> str:
    """Return a number of bytes; decimal units, as disks are sold."""
    decimals = 1 if size >= THOUSAND**3 else 0
    form = QLocale.DataSizeFormat.DataSizeSIFormat
    return QLocale().formattedDataSize(round(size), decimals, form)


def rate_text(bytes_per_second: float) -> str:
    """Return how fast bytes arrive."""
    return translated("{0}/s").replace("{0}", size_text(bytes_per_second))


def duration_text(seconds: float) -> str:
    """Return a duration: 40 s, 3 min, 2 h 5 min."""
    whole = round(seconds)
    if whole < 60:
        return translated("{0} s").replace("{0}", number_text(whole))
    if whole < 3600:
        return translated("{0} min").replace("{0}", number_text(whole // 60))
    hours, minutes = number_text(whole // 3600), number_text(whole % 3600 // 60)
    return translated("{0} h {1} min").replace("{0}", hours).replace("{1}", minutes)


def clock_text(at: datetime) -> str:
    """Return the time of day."""
    return QLocale().toString(QTime(at.hour, at.minute), QLocale.FormatType.ShortFormat)


def day_text(at: datetime, form: str = "") -> str:
    """Return a day, in full or in a form of QLocale's."""
    day = QDate(at.year, at.month, at.day)
    return QLocale().toString(day, form or QLocale.FormatType.LongFormat)


def moment_text(at: datetime) -> str:
    """Return a day and the time of day, in the usual short form, where the user is."""
    moment = QDateTime.fromSecsSinceEpoch(round(at.timestamp()))
    return QLocale().toString(moment, QLocale.FormatType.ShortFormat)


def path_text(path: str) -> str:
    """Return a path, or a name in Latin letters, for a sentence: read from left to right also in a
    language that is not, where its slashes and the sentence's full stop would change their places.
    """
    return f"\u2066{path}\u2069" if is_right_to_left() else path
