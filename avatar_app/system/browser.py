"""Opens a page of this computer in the user's browser."""

from __future__ import annotations

import webbrowser
from pathlib import Path

from avatar_app.core.errors import DeviceUnavailable


def open_in_browser(page: Path) -> None:
    """Open a file. Raises DeviceUnavailable where there is no browser."""
    try:
        opened = webbrowser.open(page.resolve().as_uri())
    except (webbrowser.Error, OSError) as error:
        raise _none(page) from error
    if not opened:
        raise _none(page)


def _none(page: Path) -> DeviceUnavailable:
    return DeviceUnavailable("I can't open a browser here.", f"The page is {page}.")
