"""Arguments of foreign tools: checked by their schema, and held to the folders that were named."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from avatar_app.core.home import expanded

_TYPES: dict[str, tuple[type, ...]] = {
    "string": (str,),
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
    "array": (list,),
    "object": (dict,),
    "null": (type(None),),
}


def wrong_argument(arguments: Mapping[str, Any], schema: Mapping[str, Any]) -> str:
    """Return what is wrong, as a part of a sentence; empty if nothing is. Checks the top level
    only, where models go wrong; the server checks the rest."""
    known = schema.get("properties")
    known = known if isinstance(known, dict) else {}
    for name in schema.get("required") or ():
        if name not in arguments:
            return f"{name} is missing"
    for name, value in arguments.items():
        if name not in known:
            if schema.get("additionalProperties") is False:
                return f"{name} is not known"
            continue
        if not _fits(value, known[name]):
            return f"{name} must be of type {known[name]['type']}"
    return ""


def outside(arguments: Any, folders: Sequence[Path]) -> str:
    """Return the first path in the arguments that lies in none of the folders; empty if there is
    none. Links are followed: a link out of a folder lies outside."""
    if not folders:
        return ""
    for text in _texts(arguments):
        path = _path(text, folders[0])
        if path is not None and not any(path.is_relative_to(folder) for folder in folders):
            return text
    return ""


def _fits(value: Any, schema: Any) -> bool:
    wanted = schema.get("type") if isinstance(schema, dict) else None
    if not isinstance(wanted, str) or wanted not in _TYPES:
        return True
    if isinstance(value, bool) and wanted in ("integer", "number"):
        return False
    return isinstance(value, _TYPES[wanted])


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for each in value.values():
            yield from _texts(each)
    elif isinstance(value, list | tuple):
        for each in value:
            yield from _texts(each)


def _path(text: str, base: Path) -> Path | None:
    """Return the file that a text names; None for a text that names none."""
    if text.startswith("file:"):
        text = unquote(urlsplit(text).path)
    looks_like_one = text.startswith(("/", "~", "\\")) or ".." in text or text[1:3] == ":\\"
    if not looks_like_one or "\n" in text or len(text) > 4096:
        return None
    try:
        return (base / expanded(text)).resolve()
    except (OSError, RuntimeError, ValueError):
        return base.parent  # what cannot be resolved lies nowhere
