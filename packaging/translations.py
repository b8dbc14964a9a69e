"""Renews the catalogs of translations: `python packaging/translations.py [--missing CODE]`.

New texts are added without a translation, changed ones are new, and lost ones leave.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable
from pathlib import Path
from tempfile import TemporaryDirectory

import polib
from messages.documents import document_messages
from messages.message import Message, numbered
from messages.page import page_messages
from messages.rooms import room_messages
from messages.window import window_files, window_messages

import avatar_app

__all__ = ["PLURALS", "all_messages", "numbered", "renew", "window_files"]

PACKAGE = Path(avatar_app.__file__).parent
FOLDER = PACKAGE.parent / "assets" / "translations"
PLURALS = {
    "de": "nplurals=2; plural=(n != 1);",
    "es": "nplurals=2; plural=(n != 1);",
    "fr": "nplurals=2; plural=(n > 1);",
    "zh": "nplurals=1; plural=0;",
    "ar": "nplurals=6; plural=(n==0 ? 0 : n==1 ? 1 : n==2 ? 2 : n%100>=3 && n%100<=10 ? 3 : "
    "n%100>=11 ? 4 : 5);",
}
"""How each language counts, by the rules of Unicode's CLDR."""


def all_messages() -> list[Message]:
    """Return each text once, in the order of the alphabet, with all its places."""
    with TemporaryDirectory() as folder:
        found = [
            *window_messages(PACKAGE),
            *room_messages(PACKAGE),
            *document_messages(Path(folder)),
            *page_messages(PACKAGE),
        ]
    merged: dict[str, Message] = {}
    for message in found:
        known = merged.get(message.text, message)
        plural = known.plural or message.plural
        merged[message.text] = Message(message.text, plural, known.where)
    return sorted(merged.values(), key=lambda message: message.text.casefold())


def renew(path: Path, messages: Iterable[Message]) -> polib.POFile:
    """Write a catalog that has exactly these texts; translations of texts that stay are kept."""
    code = path.stem
    known = polib.pofile(str(path), encoding="utf-8") if path.exists() else polib.POFile()
    translations = {entry.msgid: entry for entry in known}
    catalog = polib.POFile(wrapwidth=100)
    catalog.metadata = {
        "Project-Id-Version": "avatar_app",
        "Language": code,
        "MIME-Version": "1.0",
        "Content-Type": "text/plain; charset=utf-8",
        "Content-Transfer-Encoding": "8bit",
        "Plural-Forms": PLURALS[code],
    }
    for message in messages:
        catalog.append(_entry(message, translations.get(message.text), code))
    catalog.save(str(path))
    return catalog


def _entry(message: Message, known: polib.POEntry | None, code: str) -> polib.POEntry:
    entry = polib.POEntry(msgid=message.text)
    if message.plural:
        forms = int(PLURALS[code].partition("=")[2][0])
        kept = known.msgstr_plural if known else {}
        entry.msgid_plural = message.plural
        entry.msgstr_plural = {form: kept.get(form, "") for form in range(forms)}
    else:
        entry.msgstr = known.msgstr if known else ""
    return entry


def main() -> None:
    """Renew every catalog, or list what one of them lacks."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--missing", choices=sorted(PLURALS), help="only list what is missing")
    wanted = parser.parse_args().missing
    messages = all_messages()
    for code in [wanted] if wanted else sorted(PLURALS):
        path = FOLDER / f"{code}.po"
        if wanted or path.exists():
            catalog = renew(path, messages)
            lacking = catalog.untranslated_entries()
            if wanted:
                for entry in lacking:
                    sys.stdout.write(f"{entry.msgid}\n")
            else:
                sys.stdout.write(f"{code}: {len(catalog)} texts, {len(lacking)} missing\n")


if __name__ == "__main__":
    main()
