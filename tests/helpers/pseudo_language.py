"""A language that marks what it translates: ⟦text⟧. What stays bare was never translated."""

from __future__ import annotations

import importlib
import sys
from functools import cache
from pathlib import Path
from types import ModuleType

import polib

from avatar_app.system.translation.catalog import TextCatalog

PACKAGING = Path(__file__).parents[2] / "packaging"


@cache
def extraction() -> ModuleType:
    """Return the script that finds the window's texts."""
    sys.path.insert(0, str(PACKAGING))
    try:
        return importlib.import_module("translations")
    finally:
        sys.path.remove(str(PACKAGING))


@cache
def all_messages() -> tuple[object, ...]:
    return tuple(extraction().all_messages())


def pseudo_catalog(folder: Path) -> TextCatalog:
    """Write a catalog of every text, and read it."""
    written = polib.POFile()
    written.metadata = {
        "Content-Type": "text/plain; charset=utf-8",
        "Plural-Forms": "nplurals=2; plural=(n != 1);",
    }
    for message in all_messages():
        entry = polib.POEntry(msgid=message.text)
        if message.plural:
            entry.msgid_plural = message.plural
            entry.msgstr_plural = {0: f"⟦{message.text}⟧", 1: f"⟦{message.plural}⟧"}
        else:
            entry.msgstr = f"⟦{message.text}⟧"
        written.append(entry)
    path = folder / "pseudo.po"
    written.save(str(path))
    return TextCatalog(path)
