"""The page in its user's language: which one a browser asks for, and the texts in it.

In HTML a text is `{{Send}}`; with a value that is never translated, `{{Type {0}.|<b>this</b>}}`. In
JavaScript it is `text("Send")`, or `text("The server answers {0}.", status)`.
"""

from __future__ import annotations

import html
import json
import re
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

from avatar_app.system.translation.catalog import SOURCE, catalog_of, languages

FOLDER = Path(__file__).parent / "static"
RIGHT_TO_LEFT = frozenset(("ar",))
MOST_ASKED = 20
"""Languages of one request that are looked at."""
_IN_HTML = re.compile(r"\{\{(.+?)(?:\|(.+?))?\}\}")
_IN_SCRIPT = re.compile(r'\btext\("([^"]+)"')
_SCRIPT = """const TEXTS = %s;
export const LANGUAGE = %s;
export function text(english, ...values) {
  return (TEXTS[english] ?? english).replace(/\\{(\\d)\\}/g, (_, place) => values[place]);
}
"""


def language_of(accepted: str) -> str:
    """Return the language that a browser likes best of those that there are, by its header
    Accept-Language (RFC 9110, 12.5.4); SOURCE where it likes none of them."""
    known = languages()
    liked = [_preference(each) for each in accepted.split(",")[:MOST_ASKED]]
    for code, quality in sorted(liked, key=lambda each: -each[1]):
        if quality > 0 and code in known:
            return code
    return SOURCE


def _preference(part: str) -> tuple[str, float]:
    """Return the language of one part of the header, without its country, and its quality."""
    tag, _, parameter = part.strip().partition(";")
    found = re.fullmatch(r"\s*q\s*=\s*([01](?:\.\d{0,3})?)\s*", parameter)
    quality = float(found[1]) if found else 0.0 if parameter else 1.0
    return tag.strip().partition("-")[0].lower(), quality


def texts_of(source: str, suffix: str) -> Iterator[str]:
    """Yield each text of a file of the page."""
    pattern = _IN_HTML if suffix == ".html" else _IN_SCRIPT
    return (found[1] for found in pattern.finditer(source))


@lru_cache(maxsize=16)
def page_in(code: str, path: Path) -> str:
    """Return an HTML file in a language."""
    catalog = catalog_of(code)

    def translated(found: re.Match[str]) -> str:
        text = html.escape(catalog.exact(found[1]) or found[1])
        return text.replace("{0}", found[2] or "")

    return _IN_HTML.sub(translated, path.read_text(encoding="utf-8")).replace(
        '<html lang="en">', f'<html lang="{code}" dir="{direction_of(code)}">', 1
    )


@lru_cache(maxsize=16)
def script_in(code: str) -> str:
    """Return the module by which the page's scripts find their texts."""
    catalog = catalog_of(code)
    scripts = sorted(FOLDER.glob("*.js"))
    texts = (text for path in scripts for text in texts_of(path.read_text(encoding="utf-8"), ".js"))
    found = {text: translation for text in texts if (translation := catalog.exact(text))}
    return _SCRIPT % (json.dumps(found, ensure_ascii=False, indent=1), json.dumps(code))


def direction_of(code: str) -> str:
    """Return HTML's name of the direction in which a language is written."""
    return "rtl" if code in RIGHT_TO_LEFT else "ltr"
