"""Shows a page so that it reaches nothing outside: a copy with a content security policy.

https://www.w3.org/TR/CSP3/: the browser then loads and sends nothing over the network for it,
whatever a model wrote into it.
"""

from __future__ import annotations

import re
import shutil
from pathlib import Path

from avatar_app.core.errors import InputInvalid

POLICY = (
    '<meta http-equiv="Content-Security-Policy" content="default-src \'self\' file: data: blob:'
    " 'unsafe-inline' 'unsafe-eval'; form-action 'none'\">"
)
_BEGINNING = re.compile(r"\A\s*(?:<!doctype[^>]*>)?", re.IGNORECASE)
_PAGES = frozenset((".html", ".htm"))


def contained_copy(site: Path, copy: Path) -> None:
    """Copy a site's files in place of an earlier copy; links are left out. Raises InputInvalid."""
    shutil.rmtree(copy, ignore_errors=True)
    try:
        for path in sorted(site.rglob("*")):
            if path.is_symlink() or not path.is_file():
                continue
            target = copy / path.relative_to(site)
            target.parent.mkdir(parents=True, exist_ok=True)
            content = path.read_bytes()
            if path.suffix.lower() in _PAGES:
                content = contained(content.decode("utf-8", errors="replace")).encode()
            target.write_bytes(content)
    except OSError as error:
        raise InputInvalid(f"{copy} can't be written: {error.strerror}.") from error


def contained(page: str) -> str:
    """Return a page with the policy before all that it could restrict."""
    end = _BEGINNING.match(page)
    at = end.end() if end else 0
    return page[:at] + POLICY + page[at:]
